// Any completion token, for those who do not use coroutines.
#include <cozmq/cozmq.hpp>

#include <asio/use_future.hpp>

#include <future>
#include <system_error>

std::future<cozmq::message> receive_twice(cozmq::pull_socket& socket)
{
  socket.async_recv(
      [](std::error_code ec, cozmq::message m) { static_cast<void>(ec), static_cast<void>(m); });
  std::future<cozmq::message> f = socket.async_recv(asio::use_future);
  return f;
}

template <class Pattern>
  requires cozmq::can_receive<Pattern> && (!cozmq::can_send<Pattern>)
asio::awaitable<void> drain(cozmq::basic_socket<Pattern>& socket)
{
  for (;;)
    co_await socket.recv();
}

template asio::awaitable<void> drain(cozmq::basic_socket<cozmq::pattern::sub>&);
