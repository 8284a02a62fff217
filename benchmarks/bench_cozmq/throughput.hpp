// cozmq, PUSH to PULL as fast as it goes: one co_await per message on both sides.
#pragma once

#include "bench_cozmq/loop.hpp"
#include "bench_cozmq/security.hpp"
#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bench::with_cozmq {

inline asio::awaitable<void> send_for_ever(cozmq::context& ctx, std::string endpoint, plan p)
{
  cozmq::push_socket push{ctx};
  secure_connecting(push, p);
  push.connect(endpoint);
  std::string const payload(p.size, 'x');
  for (;;) {
    co_await push.send(std::string_view{payload});
  }
}

inline asio::awaitable<void> receive_window(loop& l, cozmq::pull_socket pull, meter& m)
{
  do {
    cozmq::message const received = co_await pull.recv();
    [[maybe_unused]] char const volatile touched = received[0].view().front();
  } while (!m.count());
  l.stop();
}

inline report throughput_between_processes(plan const& p)
{
  scratch_directory scratch;
  line_pipe endpoint;
  partner sender{[&] {
    loop l;
    l.start(send_for_ever(l.context(), endpoint.read(), p));
    l.run();
  }};
  loop l;
  cozmq::pull_socket pull{l.context()};
  secure_binding(pull, p);
  endpoint.write(pull.bind(endpoint_to_bind(p.transport, scratch)));
  meter m{p, sender.pid()};
  l.start(receive_window(l, std::move(pull), m));
  l.run();
  return {p, m.result()};
}

// Both sockets on one executor, in one thread: how two parts of one program talk.
inline report throughput_on_one_executor(plan const& p)
{
  loop l;
  cozmq::pull_socket pull{l.context()};
  std::string const endpoint = pull.bind("inproc://bench");
  meter m{p, 0};
  l.start(receive_window(l, std::move(pull), m));
  l.start(send_for_ever(l.context(), endpoint, p));
  l.run();
  return {p, m.result()};
}

inline report throughput(plan const& p)
{
  return p.transport == "inproc" ? throughput_on_one_executor(p) : throughput_between_processes(p);
}

}  // namespace bench::with_cozmq
