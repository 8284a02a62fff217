// cozmq, many DEALERs that connect to one ROUTER: how fast, and what an idle connection holds.
#pragma once

#include "bench_cozmq/loop.hpp"
#include "bench_cozmq/security.hpp"
#include "support/crowd.hpp"
#include "support/descriptors.hpp"
#include "support/endpoint.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/worker.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bench::with_cozmq {

inline asio::awaitable<void> connect_all(cozmq::context& ctx, std::string endpoint, plan p)
{
  std::vector<cozmq::dealer_socket> dealers;
  dealers.reserve(p.peers);
  for (std::size_t i = 0; i < p.peers; ++i) {
    secure_connecting(dealers.emplace_back(ctx), p);
    dealers.back().connect(endpoint);
    co_await dealers.back().send("here");
  }
  co_await dealers[0].recv();  // never comes
}

inline asio::awaitable<void> hear_all(loop& l, cozmq::router_socket router, crowd& c)
{
  while (!c.arrived())
    co_await router.recv();
  asio::steady_timer rest{router.get_executor(), std::chrono::milliseconds{200}};
  co_await rest.async_wait(asio::use_awaitable);
  c.rest();
  l.stop();
}

inline report connections(plan const& p)
{
  reject_inproc(p);
  allow_descriptors(2 * p.peers + 100);
  scratch_directory scratch;
  line_pipe endpoint;
  partner clients{[&] {
    loop l;
    l.start(connect_all(l.context(), endpoint.read(), p));
    l.run();
  }};
  loop l;
  cozmq::router_socket router{l.context()};
  secure_binding(router, p);
  std::string const address = router.bind(endpoint_to_bind(p.transport, scratch));
  crowd c{p, clients.pid()};
  endpoint.write(address);
  l.start(hear_all(l, std::move(router), c));
  l.run();
  return c.result();
}

}  // namespace bench::with_cozmq
