// expect: let them share a DEALER or a ROUTER
#include <cozmq/cozmq.hpp>

cozmq::shared_sender wrong(cozmq::req_socket& client)
{
  return cozmq::shared_sender{client};
}
