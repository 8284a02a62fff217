// expect: a PUSH only sends; the other end is a PULL
#include <cozmq/cozmq.hpp>

#include <array>

asio::awaitable<void> wrong(cozmq::push_socket& push)
{
  std::array<cozmq::message, 4> several;
  co_await push.recv_some(several);
}
