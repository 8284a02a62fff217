// Waiting for a time to pass, alone or in `||`.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>

namespace cozmq {

/// Completes after a time: `co_await timeout(1s)`, or `co_await (socket.recv() || timeout(1s))`.
class [[nodiscard]] timeout_awaitable : public asio::awaitable<void> {
 public:
  explicit timeout_awaitable(std::chrono::steady_clock::duration after)
      : awaitable{wait(after)}, after_{after}
  {
  }
  std::chrono::steady_clock::duration after() const noexcept { return after_; }

 private:
  static asio::awaitable<void> wait(std::chrono::steady_clock::duration after)
  {
    asio::steady_timer timer{co_await asio::this_coro::executor, after};
    co_await timer.async_wait(asio::use_awaitable);
  }

  std::chrono::steady_clock::duration after_;
};

/// An awaitable that completes when `after` has passed.
inline timeout_awaitable timeout(std::chrono::steady_clock::duration after)
{
  return timeout_awaitable{after};
}

}  // namespace cozmq
