// expect: a PUSH only sends; the other end is a PULL
#include <cozmq/cozmq.hpp>

void wrong(cozmq::push_socket& push)
{
  push.async_recv([](std::error_code, cozmq::message) {});
}
