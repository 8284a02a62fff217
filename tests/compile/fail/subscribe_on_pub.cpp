// expect: subscribe
#include <cozmq/cozmq.hpp>

void wrong(cozmq::pub_socket& pub)
{
  pub.subscribe("10001 ");
}
