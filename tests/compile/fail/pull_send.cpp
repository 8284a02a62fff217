// expect: a PULL only receives; the other end is a PUSH
#include <cozmq/cozmq.hpp>

asio::awaitable<void> wrong(cozmq::pull_socket& pull)
{
  co_await pull.send("hello");
}
