// expect: a PULL only receives; the other end is a PUSH
#include <cozmq/cozmq.hpp>

cozmq::shared_sender wrong(cozmq::pull_socket& sink)
{
  return cozmq::shared_sender{sink};
}
