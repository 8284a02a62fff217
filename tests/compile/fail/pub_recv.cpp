// expect: a PUB only sends; the other end is a SUB
#include <cozmq/cozmq.hpp>

asio::awaitable<void> wrong(cozmq::pub_socket& pub)
{
  co_await pub.recv();
}
