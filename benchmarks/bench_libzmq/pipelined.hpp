// libzmq, DEALER and ROUTER with many requests in flight; directly, or through a proxy in a third process.
#pragma once

#include "bench_libzmq/handles.hpp"
#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/worker.hpp"

#include <cstddef>
#include <string>

namespace bench::libzmq {

// Sends every message of two frames back.
inline void echo_for_ever(socket& s)
{
  message id;
  message body;
  for (;;) {
    s.receive(id);
    s.receive(body);
    s.send(id, ZMQ_SNDMORE);
    s.send(body);
  }
}

inline void ask_for_window(std::string const& endpoint, plan const& p, meter& m)
{
  context ctx;
  socket dealer{ctx, ZMQ_DEALER};
  dealer.connect(endpoint);
  std::string const payload(p.size, 'x');
  for (std::size_t i = 0; i < p.window; ++i) {
    dealer.send(payload);
  }
  message reply;
  do {
    dealer.receive(reply);
    [[maybe_unused]] char const volatile touched = *reply.data();
    dealer.send(payload);
  } while (!m.count());
}

inline report pipelined(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner server{[&] {
    context ctx;
    socket router{ctx, ZMQ_ROUTER};
    endpoint.write(router.bind(endpoint_to_bind(p.transport, scratch)));
    echo_for_ever(router);
  }};
  meter m{p, server.pid()};
  ask_for_window(endpoint.read(), p, m);
  return {p, m.result()};
}

inline report proxied(plan const& p)
{
  reject_inproc(p);
  scratch_directory for_clients;
  scratch_directory for_workers;
  line_pipe front;
  line_pipe back;
  partner proxy{[&] {
    context ctx;
    socket router{ctx, ZMQ_ROUTER};
    socket dealer{ctx, ZMQ_DEALER};
    front.write(router.bind(endpoint_to_bind(p.transport, for_clients)));
    back.write(dealer.bind(endpoint_to_bind(p.transport, for_workers)));
    check(zmq_proxy(router.get(), dealer.get(), nullptr), "zmq_proxy");
  }};
  partner worker{[&] {
    context ctx;
    socket dealer{ctx, ZMQ_DEALER};
    dealer.connect(back.read());
    echo_for_ever(dealer);
  }};
  meter m{p, proxy.pid()};
  ask_for_window(front.read(), p, m);
  return {p, m.result()};
}

}  // namespace bench::libzmq
