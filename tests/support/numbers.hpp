// Messages that are numbers, in order: what arrives can be counted.
#pragma once

#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>

#include <string>

namespace cozmq::test {

template <typename Socket>
asio::awaitable<void> send_numbers(Socket& socket, int count)
{
  for (int i = 0; i < count; ++i)
    co_await socket.send(std::to_string(i));
}

// How many came in order: less than `count` if one is missing, and then no more is received.
template <typename Socket>
asio::awaitable<int> receive_numbers(Socket& socket, int count)
{
  for (int i = 0; i < count; ++i)
    if (message const m = co_await socket.recv(); m[0].view() != std::to_string(i))
      co_return i;
  co_return count;
}

}  // namespace cozmq::test
