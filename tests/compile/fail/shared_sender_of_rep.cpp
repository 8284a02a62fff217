// expect: let them share a DEALER or a ROUTER
#include <cozmq/cozmq.hpp>

cozmq::shared_sender wrong(cozmq::blocking<cozmq::rep_socket>& server)
{
  return cozmq::shared_sender{server};
}
