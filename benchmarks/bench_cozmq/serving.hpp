// cozmq, several PUSHes to one endpoint that a number of I/O threads serve, each with a PULL of its own.
#pragma once

#include "bench_cozmq/loop.hpp"
#include "bench_cozmq/throughput.hpp"
#include "support/endpoint.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/tally.hpp"
#include "support/worker.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace bench::with_cozmq {

inline asio::awaitable<void> count_for_ever(cozmq::pull_socket pull, tally& t, std::size_t which)
{
  for (;;) {
    cozmq::message const received = co_await pull.recv();
    [[maybe_unused]] char const volatile touched = received[0].view().front();
    t.count(which);
  }
}

inline report serving(plan const& p)
{
  reject_all_but_tcp(p);
  line_pipe endpoint;
  partner senders{[&] {
    loop l;
    std::string const address = endpoint.read();
    for (std::size_t i = 0; i < p.peers; ++i)
      l.start(send_for_ever(l.context(), address, p));
    l.run();
  }};
  tally t{p.threads};
  cozmq::context ctx{cozmq::io_threads{p.threads}};
  ctx.set_default(cozmq::option::reuse_port{true});
  std::string address = "tcp://127.0.0.1:*";
  for (std::size_t i = 0; i < p.threads; ++i) {
    cozmq::pull_socket pull{ctx, ctx.get_executor(i)};
    secure_binding(pull, p);
    address = pull.bind(address);
    asio::co_spawn(ctx.get_executor(i), count_for_ever(std::move(pull), t, i), asio::detached);
  }
  endpoint.write(address);
  report const result{p, t.measure(p, senders.pid())};
  senders.stop();
  return result;
}

}  // namespace bench::with_cozmq
