// Waiting for peers: connected ones, subscribers of a topic, publishers that know ours.
#pragma once

#include <cozmq/socket/core.hpp>

#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

namespace cozmq::detail {

/// Waits until `condition()` holds; looks at it again whenever anything happens to peers, and throws when nothing more can.
template <class Condition>
asio::awaitable<void> wait_until(engine::socket_core* s, Condition condition)
{
  if (errc const e = s->misuse(); e != errc{})
    throw error{e};
  while (!condition()) {
    if (s->ended() != errc{})
      throw error{s->ended()};
    std::string why;
    if (std::error_code const given_up = s->hopeless(why))
      throw error{given_up, why};
    std::error_code ec;
    co_await s->watchers.async_wait(s->executor(), asio::redirect_error(asio::use_awaitable, ec));
    if (ec)
      throw error{ec};
  }
}

inline asio::awaitable<void> wait_connected(engine::socket_core* s, std::size_t count)
{
  return wait_until(s, [s, count] { return s->connected_peers() >= count; });
}

template <class Pattern>
asio::awaitable<void> wait_subscribers(core<Pattern>* s, std::string topic, std::size_t count)
{
  return wait_until(s, [s, topic = std::move(topic), count] {
    return s->exchange().outbound().subscribers(as_bytes(topic)) >= count;
  });
}

template <class Pattern>
asio::awaitable<void> wait_subscribed(core<Pattern>* s, std::size_t count)
{
  return wait_until(s, [s, count] { return s->exchange().inbound().active_at() >= count; });
}

}  // namespace cozmq::detail
