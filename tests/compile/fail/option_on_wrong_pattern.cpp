// expect: this socket type has no use for this option
#include <cozmq/cozmq.hpp>

void wrong(cozmq::pull_socket& pull)
{
  pull.set_option(cozmq::option::send_hwm{10'000});
}
