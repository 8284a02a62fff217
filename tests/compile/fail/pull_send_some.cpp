// expect: a PULL only receives; the other end is a PUSH
#include <cozmq/cozmq.hpp>

#include <array>

asio::awaitable<void> wrong(cozmq::pull_socket& pull)
{
  std::array<cozmq::message, 4> several;
  co_await pull.send_some(several);
}
