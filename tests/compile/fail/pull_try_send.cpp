// expect: a PULL only receives; the other end is a PUSH
#include <cozmq/cozmq.hpp>

bool wrong(cozmq::pull_socket& pull)
{
  cozmq::message m{"hello"};
  return pull.try_send(m);
}
