// expect: this socket type has no use for this option
#include <cozmq/cozmq.hpp>

void wrong(cozmq::push_socket& push)
{
  push.set_option(cozmq::option::receive_metadata{true});
}
