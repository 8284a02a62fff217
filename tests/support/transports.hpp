// The endpoints that a test of any transport runs with, and two sockets joined through one.
#pragma once

#include "support/catch.hpp"

#include <asio/awaitable.hpp>

#include <string>

namespace cozmq::test {

// Runs the rest of the test case once for each transport. To be called once in a test case.
inline std::string every_transport()
{
  return GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*", "inproc://name");
}

// Binds one, connects the other, and returns the endpoint as it was bound.
template <typename Binding, typename Connecting>
std::string join(Binding& binding, Connecting& connecting, std::string const& endpoint)
{
  std::string bound = binding.bind(endpoint);
  connecting.connect(bound);
  return bound;
}

// The one frame of the next message, as text.
template <typename Socket>
asio::awaitable<std::string> text_from(Socket& socket)
{
  auto const received = co_await socket.recv();
  REQUIRE(received.size() == 1);
  co_return received[0].str();
}

}  // namespace cozmq::test
