// expect: this option is for one socket: set it there
#include <cozmq/cozmq.hpp>

void wrong(cozmq::context& ctx)
{
  ctx.set_default(cozmq::option::use_fd{3});
}
