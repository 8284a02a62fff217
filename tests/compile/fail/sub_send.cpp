// expect: a SUB only receives; the other end is a PUB
#include <cozmq/cozmq.hpp>

asio::awaitable<void> wrong(cozmq::sub_socket& sub)
{
  co_await sub.send("hello");
}
