// libzmq, several PUSHes to one PULL whose context has a number of I/O threads.
#pragma once

#include "bench_libzmq/handles.hpp"
#include "bench_libzmq/throughput.hpp"
#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/worker.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace bench::libzmq {

inline report serving(plan const& p)
{
  reject_all_but_tcp(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner senders{[&] {
    context ctx;
    std::string const address = endpoint.read();
    std::vector<socket> pushes;
    for (std::size_t i = 0; i < p.peers; ++i)
      pushes.emplace_back(ctx, ZMQ_PUSH).connect(address);
    std::string const payload(p.size, 'x');
    for (;;)
      for (socket& push : pushes)
        push.send(payload);
  }};
  context ctx;
  ctx.use_io_threads(p.threads);
  socket pull{ctx, ZMQ_PULL};
  endpoint.write(pull.bind(endpoint_to_bind(p.transport, scratch)));
  meter m{p, senders.pid()};
  receive_window(pull, m);
  return {p, m.result()};
}

}  // namespace bench::libzmq
