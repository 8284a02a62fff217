// cozmq, DEALER and ROUTER with many requests in flight; directly, or through a proxy in a third process.
#pragma once

#include "bench_cozmq/loop.hpp"
#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/worker.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bench::with_cozmq {

template <class Socket>
asio::awaitable<void> echo_for_ever(Socket socket)
{
  for (;;) {
    cozmq::message m = co_await socket.recv();
    co_await socket.send(std::move(m));
  }
}

inline asio::awaitable<void> keep_window_full(loop& l, std::string endpoint, plan p, meter& m)
{
  cozmq::dealer_socket dealer{l.context()};
  dealer.connect(endpoint);
  std::string const payload(p.size, 'x');
  for (std::size_t i = 0; i < p.window; ++i) {
    co_await dealer.send(std::string_view{payload});
  }
  do {
    cozmq::message const reply = co_await dealer.recv();
    [[maybe_unused]] char const volatile touched = reply[0].view().front();
    co_await dealer.send(std::string_view{payload});
  } while (!m.count());
  l.stop();
}

inline asio::awaitable<void> forward_for_ever(cozmq::router_socket front, cozmq::dealer_socket back)
{
  co_await cozmq::proxy(front, back);
}

inline report pipelined(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner server{[&] {
    loop l;
    cozmq::router_socket router{l.context()};
    endpoint.write(router.bind(endpoint_to_bind(p.transport, scratch)));
    l.start(echo_for_ever(std::move(router)));
    l.run();
  }};
  loop l;
  meter m{p, server.pid()};
  l.start(keep_window_full(l, endpoint.read(), p, m));
  l.run();
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
    loop l;
    cozmq::router_socket router{l.context()};
    cozmq::dealer_socket dealer{l.context()};
    front.write(router.bind(endpoint_to_bind(p.transport, for_clients)));
    back.write(dealer.bind(endpoint_to_bind(p.transport, for_workers)));
    l.start(forward_for_ever(std::move(router), std::move(dealer)));
    l.run();
  }};
  partner worker{[&] {
    loop l;
    cozmq::dealer_socket dealer{l.context()};
    dealer.connect(back.read());
    l.start(echo_for_ever(std::move(dealer)));
    l.run();
  }};
  loop l;
  meter m{p, proxy.pid()};
  l.start(keep_window_full(l, front.read(), p, m));
  l.run();
  return {p, m.result()};
}

}  // namespace bench::with_cozmq
