// libzmq, inproc between two threads: PUSH to PULL is throughput.hpp; here REQ to REP.
#pragma once

#include "bench_libzmq/handles.hpp"
#include "bench_libzmq/throughput.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/round_trips.hpp"

#include <exception>
#include <string>
#include <thread>

namespace bench::libzmq {

inline report crossing(plan const& p)
{
  return throughput_between_threads(p);
}

inline report crossing_latency(plan const& p)
{
  context ctx;
  socket rep{ctx, ZMQ_REP};
  socket req{ctx, ZMQ_REQ};
  req.connect(rep.bind("inproc://bench"));
  std::thread server{[&ctx, rep = std::move(rep)]() mutable {
    try {
      for (message m;;) {
        rep.receive(m);
        rep.send(m);
      }
    } catch (std::exception const&) {
      // the context was shut down: the window is over
    }
  }};
  std::string const payload(p.size, 'x');
  message reply;
  round_trips trips{p, 0};
  do {
    req.send(payload);
    req.receive(reply);
    [[maybe_unused]] char const volatile touched = *reply.data();
  } while (!trips.lap());
  ctx.shut_down();
  server.join();
  report result{p, trips.result()};
  result.round_trip_quantiles(trips);
  return result;
}

}  // namespace bench::libzmq
