// Debug builds notice when a socket is used on a wrong thread, or on two at a time; others spend nothing on it.
#pragma once

#include <cozmq/core/config.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/core/socket_type.hpp>

#include <atomic>
#include <memory>
#include <string_view>
#include <thread>
#include <type_traits>

namespace cozmq::engine {

/// Which thread is inside a socket: in a call of the application, or in a handler of the engine with all that it continues.
class use_mark {
 public:
  /// `home`: the thread of the context where the socket lives; none when the application runs its executor.
  explicit use_mark(std::thread::id home) : home_{home} {}

  /// False, and nothing happens, on a thread that must not be here.
  bool enter() noexcept
  {
    // Relaxed: what is not in order otherwise is to stay visible to a thread sanitizer.
    std::thread::id const me = std::this_thread::get_id();
    std::thread::id inside{};
    std::thread::id const home = home_.load(std::memory_order_relaxed);
    if (home != std::thread::id{} && home != me)
      return false;
    if (!inside_.compare_exchange_strong(inside, me, std::memory_order_relaxed) && inside != me)
      return false;
    ++depth_;
    return true;
  }

  void leave() noexcept
  {
    if (--depth_ == 0)
      inside_.store({}, std::memory_order_relaxed);
  }

  /// The thread has ended: whoever still has the socket may use it.
  void leave_home() noexcept { home_.store({}, std::memory_order_relaxed); }

  /// Once for a socket: it goes wrong again and again.
  void complain(socket_type type) noexcept
  {
    if (complained_.exchange(true, std::memory_order_relaxed))
      return;
    std::string_view const how =
        home_.load(std::memory_order_relaxed) == std::thread::id{}
            ? "is used on two threads at a time: give it a strand, and use it there only"
            : "lives on a thread of its context and is used on another one: use asio::co_spawn or asio::post "
              "with "
              "its executor";
    write_log(log_level::error, "a {} {}", to_string(type), how);
  }

 private:
  std::atomic<std::thread::id> home_;
  std::atomic<std::thread::id> inside_{};
  int depth_ = 0;  // of calls and handlers in one another, of the thread that is inside
  std::atomic<bool> complained_ = false;
};

/// Being inside a socket. Its host may go meanwhile.
class checked_use {
 public:
  template <class Host>
  explicit checked_use(Host* h)
  {
    if (h == nullptr || h->mark() == nullptr)
      return;
    if (h->mark()->enter()) {
      mark_ = h->mark();
    } else {
      h->mark()->complain(h->type());
      refused_ = errc::wrong_thread;
    }
  }
  checked_use(checked_use const&) = delete;
  checked_use& operator=(checked_use const&) = delete;
  ~checked_use()
  {
    if (mark_)
      mark_->leave();
  }

  /// Zero, or `wrong_thread`.
  errc refused() const noexcept { return refused_; }

 private:
  std::shared_ptr<use_mark> mark_;
  errc refused_{};
};

class [[maybe_unused]] unchecked_use {
 public:
  template <class Host>
  explicit constexpr unchecked_use(Host*) noexcept
  {
  }
  static constexpr errc refused() noexcept { return {}; }
};

using use_scope = std::conditional_t<cozmq::detail::checks_threads, checked_use, unchecked_use>;

}  // namespace cozmq::engine
