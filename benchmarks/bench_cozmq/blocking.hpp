// cozmq, PUSH to PULL by two threads that block, as libzmq's users write it.
#pragma once

#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/worker.hpp"
#include <cozmq/cozmq.hpp>

#include <string>
#include <string_view>

namespace bench::with_cozmq {

inline report blocking(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner sender{[&] {
    cozmq::context ctx;
    cozmq::blocking<cozmq::push_socket> push{ctx};
    push.connect(endpoint.read());
    std::string const payload(p.size, 'x');
    for (;;)
      push.send(std::string_view{payload});
  }};
  cozmq::context ctx;
  cozmq::blocking<cozmq::pull_socket> pull{ctx};
  endpoint.write(pull.bind(endpoint_to_bind(p.transport, scratch)));
  meter m{p, sender.pid()};
  do {
    cozmq::message const received = pull.recv();
    [[maybe_unused]] char const volatile touched = received[0].view().front();
  } while (!m.count());
  return {p, m.result()};
}

}  // namespace bench::with_cozmq
