// libzmq, REQ and REP: one request at a time, the whole round trip timed at the client.
#pragma once

#include "bench_libzmq/handles.hpp"
#include "support/endpoint.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/round_trips.hpp"
#include "support/worker.hpp"

#include <string>

namespace bench::libzmq {

inline report latency(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner server{[&] {
    context ctx;
    socket rep{ctx, ZMQ_REP};
    endpoint.write(rep.bind(endpoint_to_bind(p.transport, scratch)));
    for (message m;;) {
      rep.receive(m);
      rep.send(m);
    }
  }};
  context ctx;
  socket req{ctx, ZMQ_REQ};
  req.connect(endpoint.read());
  std::string const payload(p.size, 'x');
  message reply;
  round_trips trips{p, server.pid()};
  do {
    req.send(payload);
    req.receive(reply);
    [[maybe_unused]] char const volatile touched = *reply.data();
  } while (!trips.lap());
  report result{p, trips.result()};
  result.round_trip_quantiles(trips);
  return result;
}

}  // namespace bench::libzmq
