// Waiting for peers: connected ones, and subscribers of a topic.
#pragma once

#include <cozmq/socket/core.hpp>

#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <cstddef>
#include <string>
#include <system_error>

namespace cozmq::detail {

inline asio::awaitable<void> wait_connected(engine::socket_core* s, std::size_t count)
{
  while (s->connected_peers() < count) {
    if (s->ended() != errc{})
      throw error{s->ended()};
    std::error_code ec;
    co_await s->watchers.async_wait(s->executor(), asio::redirect_error(asio::use_awaitable, ec));
    if (ec)
      throw error{ec};
  }
}

template <class Pattern>
asio::awaitable<void> wait_subscribers(core<Pattern>* s, std::string topic, std::size_t count)
{
  while (s->exchange().outbound().subscribers(as_bytes(topic)) < count) {
    if (s->ended() != errc{})
      throw error{s->ended()};
    std::error_code ec;
    co_await s->watchers.async_wait(s->executor(), asio::redirect_error(asio::use_awaitable, ec));
    if (ec)
      throw error{ec};
  }
}

}  // namespace cozmq::detail
