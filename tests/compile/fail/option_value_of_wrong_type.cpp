// expect: linger
#include <cozmq/cozmq.hpp>

void wrong(cozmq::pull_socket& pull)
{
  pull.set_option(cozmq::option::linger{10});
}
