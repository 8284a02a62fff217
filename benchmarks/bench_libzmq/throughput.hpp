// libzmq, PUSH to PULL as fast as it goes: zmq_send against zmq_msg_recv.
#pragma once

#include "bench_libzmq/handles.hpp"
#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"

#include <cstddef>
#include <exception>
#include <string>
#include <thread>

namespace bench::libzmq {

inline void send_for_ever(context& ctx, std::string const& endpoint, plan const& p)
{
  socket push{ctx, ZMQ_PUSH};
  push.secure_connecting(p);
  push.connect(endpoint);
  std::string const payload(p.size, 'x');
  for (;;) {
    push.send(payload);
  }
}

inline void receive_window(socket& pull, meter& m)
{
  message received;
  do {
    pull.receive(received);
    [[maybe_unused]] char const volatile touched = *received.data();
  } while (!m.count());
}

inline report throughput_between_processes(plan const& p)
{
  scratch_directory scratch;
  line_pipe endpoint;
  partner sender{[&] {
    context ctx;
    send_for_ever(ctx, endpoint.read(), p);
  }};
  context ctx;
  socket pull{ctx, ZMQ_PULL};
  pull.secure_binding(p);
  endpoint.write(pull.bind(endpoint_to_bind(p.transport, scratch)));
  meter m{p, sender.pid()};
  receive_window(pull, m);
  return {p, m.result()};
}

// libzmq's inproc joins threads: one context, the sender in a thread of its own.
inline report throughput_between_threads(plan const& p)
{
  context ctx;
  socket pull{ctx, ZMQ_PULL};
  std::string const endpoint = pull.bind("inproc://bench");
  std::thread sender{[&] {
    try {
      send_for_ever(ctx, endpoint, p);
    } catch (std::exception const&) {
      // the context was shut down: the window is over
    }
  }};
  meter m{p, 0};
  receive_window(pull, m);
  ctx.shut_down();
  sender.join();
  return {p, m.result()};
}

inline report throughput(plan const& p)
{
  return p.transport == "inproc" ? throughput_between_threads(p) : throughput_between_processes(p);
}

}  // namespace bench::libzmq
