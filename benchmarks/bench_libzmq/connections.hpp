// libzmq, many DEALERs that connect to one ROUTER: how fast, and what an idle connection holds.
#pragma once

#include "bench_libzmq/handles.hpp"
#include "support/crowd.hpp"
#include "support/descriptors.hpp"
#include "support/endpoint.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/worker.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace bench::libzmq {

inline report connections(plan const& p)
{
  reject_inproc(p);
  allow_descriptors(2 * p.peers + 100);
  scratch_directory scratch;
  line_pipe endpoint;
  partner clients{[&] {
    context ctx;
    ctx.allow_sockets(p.peers + 10);
    std::string const address = endpoint.read();
    std::vector<socket> dealers;
    dealers.reserve(p.peers);
    for (std::size_t i = 0; i < p.peers; ++i) {
      dealers.emplace_back(ctx, ZMQ_DEALER).secure_connecting(p);
      dealers.back().connect(address);
      dealers.back().send("here");
    }
    message never;
    dealers[0].receive(never);
  }};
  context ctx;
  socket router{ctx, ZMQ_ROUTER};
  router.secure_binding(p);
  // With its default it would measure how the system tries again after a second.
  router.set(ZMQ_BACKLOG, 4096);
  std::string const address = router.bind(endpoint_to_bind(p.transport, scratch));
  crowd c{p, clients.pid()};
  endpoint.write(address);
  message received;
  while (!c.arrived()) {
    router.receive(received);  // the routing id
    router.receive(received);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds{200});
  c.rest();
  return c.result();
}

}  // namespace bench::libzmq
