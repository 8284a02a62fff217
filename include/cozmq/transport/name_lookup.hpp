// Asks the system for the addresses of a host, on a thread that nobody ever waits for.
#pragma once

#include <cozmq/transport/asio.hpp>

#include <asio/execution/context.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/execution_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace cozmq::transport {

using tcp_endpoints = std::vector<asio::ip::tcp::endpoint>;

namespace detail {

// All that the system knows, empty when it knows nothing. May take as long as a name server does not answer.
inline tcp_endpoints addresses_of(std::string const& host, std::uint16_t port, bool with_v6)
{
  addrinfo hints{};
  hints.ai_family = with_v6 ? AF_UNSPEC : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0)
    return {};
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const owner{found, &::freeaddrinfo};
  tcp_endpoints result;
  for (; found != nullptr; found = found->ai_next) {
    asio::ip::tcp::endpoint each;
    if (found->ai_addrlen > each.capacity())
      continue;
    std::memcpy(each.data(), found->ai_addr, found->ai_addrlen);
    each.resize(found->ai_addrlen);
    each.port(port);
    result.push_back(each);
  }
  return result;
}

struct lookup {
  std::string host;
  std::uint16_t port;
  bool with_v6;
  std::function<void(tcp_endpoints)> handler;  // empty: nobody waits any more
  asio::any_io_executor executor;              // has work as long as somebody waits

  void drop() noexcept
  {
    handler = nullptr;
    executor = {};
  }
};

// The lookups of one execution context. Its thread shares it, and may be the last to go. Thread-safe.
class lookup_desk : public std::enable_shared_from_this<lookup_desk> {
 public:
  void add(std::shared_ptr<lookup> const& asked)
  {
    std::lock_guard const lock{mutex_};
    waiting_.push_back(asked);
    if (attended_)
      return;
    try {
      std::thread{[self = shared_from_this()] { self->attend(); }}.detach();
      attended_ = true;
    } catch (std::system_error const&) {  // no thread is to be had: as a name server that says so
      (void)answer(*asked, {});
      waiting_.clear();
    }
  }

  // Its handler is not called any more; it is destroyed here and now.
  void forget(lookup& asked) noexcept
  {
    std::lock_guard const lock{mutex_};
    asked.drop();
    auto const at = std::find_if(waiting_.begin(), waiting_.end(),
                                 [&asked](auto const& each) { return each.get() == &asked; });
    if (at != waiting_.end() && at != waiting_.begin())
      waiting_.erase(at);  // the first one may be under way
  }

  void forget_all() noexcept
  {
    std::lock_guard const lock{mutex_};
    for (auto const& each : waiting_)
      each->drop();
  }

 private:
  void attend()
  {
    std::unique_lock lock{mutex_};
    for (; !waiting_.empty(); waiting_.pop_front()) {
      lookup& first = *waiting_.front();
      if (!first.handler)
        continue;
      lock.unlock();
      tcp_endpoints found;
      try {
        found = addresses_of(first.host, first.port, first.with_v6);
      } catch (std::bad_alloc const&) {  // as a name that is not known: it will be asked for again
      }
      lock.lock();
      while (first.handler && !answer(first, found)) {
        lock.unlock();
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
        lock.lock();
      }
    }
    attended_ = false;
  }

  // Under the lock: who ends the execution context has to forget the lookup first, and waits for the lock.
  // False when there is no memory for that.
  static bool answer(lookup& asked, tcp_endpoints const& found) noexcept
  {
    try {
      asio::post(asked.executor, [handler = asked.handler, found] { handler(found); });
    } catch (std::bad_alloc const&) {
      return false;
    }
    asked.drop();
    return true;
  }

  std::mutex mutex_;
  std::deque<std::shared_ptr<lookup>> waiting_;  // the first is under way
  bool attended_ = false;
};

class lookup_service final : public asio::execution_context::service {
 public:
  using key_type = lookup_service;
  inline static asio::execution_context::id id;

  explicit lookup_service(asio::execution_context& context) : service{context} {}

  std::shared_ptr<lookup_desk> const& desk() const noexcept { return desk_; }

 private:
  void shutdown() noexcept override { desk_->forget_all(); }

  std::shared_ptr<lookup_desk> desk_ = std::make_shared<lookup_desk>();
};

}  // namespace detail

/// One lookup at a time; those of an execution context have their turns. Used by one thread at a time.
///
/// Asio's resolver has a thread, too, but joins it when its context ends: a name server that does not answer then holds
/// up the end of the program for as long as the system has patience, and nothing can interrupt that.
class name_lookup {
 public:
  explicit name_lookup(asio::any_io_executor executor) : executor_{std::move(executor)} {}
  name_lookup(name_lookup const&) = delete;
  name_lookup& operator=(name_lookup const&) = delete;
  ~name_lookup() { cancel(); }

  /// Calls `handler(tcp_endpoints)` through the executor, with no address when the name is not known; destroys it
  /// uncalled when the lookup is cancelled or the execution context ends. `handler` is copyable, and owns nothing that
  /// must not end in `cancel()`.
  template <class Handler>
  void start(std::string host, std::uint16_t port, bool with_v6, Handler handler)
  {
    cancel();
    desk_ =
        asio::use_service<detail::lookup_service>(asio::query(executor_, asio::execution::context)).desk();
    asio::any_io_executor busy = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
    asked_.reset(new detail::lookup{std::move(host), port, with_v6, std::move(handler), std::move(busy)});
    desk_->add(asked_);
  }

  /// The handler is not called after this.
  void cancel() noexcept
  {
    if (asked_)
      desk_->forget(*std::exchange(asked_, nullptr));
  }

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<detail::lookup_desk> desk_;  // there even if the execution context has ended
  std::shared_ptr<detail::lookup> asked_;
};

}  // namespace cozmq::transport
