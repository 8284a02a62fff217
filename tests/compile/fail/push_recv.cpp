// expect: a PUSH only sends; the other end is a PULL
#include <cozmq/cozmq.hpp>

asio::awaitable<void> wrong(cozmq::push_socket& push)
{
  co_await push.recv();
}
