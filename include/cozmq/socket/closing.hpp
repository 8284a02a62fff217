// Waiting for the end of delivery.
#pragma once

#include <cozmq/engine/socket_core.hpp>

#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::detail {

/// Closes a socket whichever thread calls. A thread of the context does not wait for another one, which may be waiting for
/// it: the socket closes a moment later.
inline void close(engine::socket_core& s) noexcept
{
  if (!s.is_elsewhere()) {
    engine::use_scope const inside{&s};  // says so if it must not, and has to go all the same
    return s.close();
  }
  try {
    auto const call = [&s] { s.close(); };
    if (s.on_some_thread())
      s.way()->post([kept = s.shared_from_this()] { kept->close(); });
    else
      s.way()->call(call);
  } catch (std::system_error const&) {
    // Its thread has ended meanwhile, and with it the socket.
  }
}

/// Completes when a socket that was closed has delivered or given up what was queued. On the socket's executor.
inline asio::awaitable<close_report> closed(std::shared_ptr<engine::socket_core> s)
{
  if (s == nullptr)
    co_return close_report{};
  // A coroutine that was spawned heeds terminal cancellation only, unless it asks for more.
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  while (!s->over()) {
    std::error_code ec;
    co_await s->closers.async_wait(s->executor(), asio::redirect_error(asio::use_awaitable, ec));
    if (ec)
      throw error{ec};
  }
  co_return s->report();
}

/// The same of several sockets, which may live on different executors.
inline asio::awaitable<close_report> all_closed(std::vector<std::shared_ptr<engine::socket_core>> sockets)
{
  close_report sum;
  for (auto const& s : sockets)
    if (s != nullptr)
      sum += co_await asio::co_spawn(s->executor(), closed(s), asio::use_awaitable);
  co_return sum;
}

}  // namespace cozmq::detail
