// The way to a socket's executor from other threads.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/engine/whereabouts.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <semaphore>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace cozmq::engine {

/// What went wrong on another thread, to be thrown again on this one: as a new exception, where it has an error code.
class carried_failure {
 public:
  carried_failure() = default;
  explicit carried_failure(std::error_code code) : code_{code}, text_{code.message()} {}
  explicit carried_failure(std::exception_ptr thrown)
  {
    if (!thrown)
      return;
    try {
      std::rethrow_exception(thrown);
    } catch (std::system_error const& e) {
      code_ = e.code();
      text_ = e.what();
    } catch (...) {
      other_ = std::move(thrown);
    }
  }

  void rethrow() const
  {
    if (other_)
      std::rethrow_exception(other_);
    if (code_)
      throw error{code_, text_};
  }

 private:
  std::error_code code_;
  std::string text_;
  std::exception_ptr other_;
};

/// Lets other threads post to an executor as long as its execution context lives: closed before that goes, it lets nothing
/// through any more. Thread-safe.
class door {
 public:
  explicit door(asio::any_io_executor executor) : executor_{std::move(executor)} {}

  /// Is it this executor that the door leads to? Not when it is closed.
  bool leads_to(asio::any_io_executor const& other)
  {
    std::lock_guard const lock{mutex_};
    return state_ == state::open && executor_ == other;
  }

  /// Does the calling thread run this executor? As far as that can be known; not when the door is closed.
  bool is_inside()
  {
    std::lock_guard const lock{mutex_};
    return state_ == state::open && runs_here(executor_);
  }

  /// Posts `work`. False when the door is closed: nothing has happened.
  template <class Work>
  bool post(Work&& work)
  {
    std::lock_guard const lock{mutex_};
    if (state_ != state::open)
      return false;
    asio::post(executor_, std::forward<Work>(work));
    return true;
  }

  /// As post. False also when there is no memory for it: for wakes, which can be told again later.
  template <class Work>
  bool try_post(Work&& work)
  {
    try {
      return post(std::forward<Work>(work));
    } catch (std::bad_alloc const&) {
      return false;
    }
  }

  /// Runs `call` over there and waits for its result; what it throws is thrown here. For threads that may wait. When the
  /// executor is gone, nobody else is at what it works on, and it runs here; when it goes meanwhile, that is
  /// `errc::terminated`. Two threads that call each other like this wait for ever.
  template <class Call>
  auto call(Call& call)
  {
    using result = std::invoke_result_t<Call&>;
    waiting_call<Call, result> waiting{call};
    if (!post(runner<Call, result>{&waiting})) {
      waiting.over.acquire();  // the runner that was not posted
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return state_ == state::gone; });
      lock.unlock();
      return call();
    }
    waiting.over.acquire();
    waiting.failure.rethrow();
    if constexpr (!std::is_void_v<result>)
      return std::move(*waiting.value);
  }

  /// Nothing passes any more: the execution context is going.
  void close() noexcept { become(state::closing); }
  /// And now what was behind the door is at rest, for whoever holds it.
  void be_gone() noexcept { become(state::gone); }

 private:
  template <class Call, class Result>
  struct waiting_call {
    Call& call;
    std::binary_semaphore over{0};
    carried_failure failure{errc::terminated};
    std::optional<std::conditional_t<std::is_void_v<Result>, bool, Result>> value{};
  };

  // Ends the wait when it has run, or is destroyed before.
  template <class Call, class Result>
  struct runner {
    explicit runner(waiting_call<Call, Result>* s) : state{s} {}
    runner(runner&& other) noexcept : state{std::exchange(other.state, nullptr)} {}
    runner& operator=(runner&&) = delete;
    ~runner()
    {
      if (state != nullptr)
        state->over.release();
    }

    void operator()()
    {
      try {
        if constexpr (std::is_void_v<Result>)
          state->call();
        else
          state->value.emplace(state->call());
        state->failure = {};
      } catch (...) {
        state->failure = carried_failure{std::current_exception()};
      }
    }

    waiting_call<Call, Result>* state;
  };

  enum class state : std::uint8_t { open, closing, gone };

  void become(state next) noexcept
  {
    std::lock_guard const lock{mutex_};
    state_ = next;
    executor_ = {};  // whoever still has the door keeps nothing of the execution context
    changed_.notify_all();
  }

  asio::any_io_executor executor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  state state_ = state::open;
};

}  // namespace cozmq::engine
