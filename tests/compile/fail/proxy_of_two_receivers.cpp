// expect: neither socket sends what the other receives
#include <cozmq/cozmq.hpp>

asio::awaitable<void> wrong(cozmq::pull_socket& front, cozmq::sub_socket& back)
{
  co_await cozmq::proxy(front, back);
}
