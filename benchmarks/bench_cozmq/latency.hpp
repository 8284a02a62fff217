// cozmq, REQ and REP: one request at a time, the whole round trip timed at the client.
#pragma once

#include "bench_cozmq/loop.hpp"
#include "support/endpoint.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/round_trips.hpp"
#include "support/worker.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bench::with_cozmq {

inline asio::awaitable<void> answer_for_ever(cozmq::rep_socket rep)
{
  for (;;) {
    cozmq::message request = co_await rep.recv();
    co_await rep.send(std::move(request));
  }
}

inline asio::awaitable<void> ask_for_window(loop& l, std::string endpoint, std::size_t size,
                                            round_trips& trips)
{
  cozmq::req_socket req{l.context()};
  req.connect(endpoint);
  std::string const payload(size, 'x');
  do {
    co_await req.send(std::string_view{payload});
    cozmq::message const reply = co_await req.recv();
    [[maybe_unused]] char const volatile touched = reply[0].view().front();
  } while (!trips.lap());
  l.stop();
}

inline report latency(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner server{[&] {
    loop l;
    cozmq::rep_socket rep{l.context()};
    endpoint.write(rep.bind(endpoint_to_bind(p.transport, scratch)));
    l.start(answer_for_ever(std::move(rep)));
    l.run();
  }};
  loop l;
  std::string const address = endpoint.read();
  round_trips trips{p, server.pid()};
  l.start(ask_for_window(l, address, p.size, trips));
  l.run();
  report result{p, trips.result()};
  result.round_trip_quantiles(trips);
  return result;
}

}  // namespace bench::with_cozmq
