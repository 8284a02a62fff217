// cozmq, PUB to many SUB: messages delivered, with a publisher that waits for full queues (xpub_nodrop).
#pragma once

#include "bench_cozmq/loop.hpp"
#include "support/audience.hpp"
#include "support/endpoint.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/sequence.hpp"
#include "support/worker.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bench::with_cozmq {

inline asio::awaitable<void> publish_for_ever(cozmq::pub_socket pub, plan p)
{
  co_await pub.wait_subscribers("", p.peers);
  for (numbered_payload payload{p};;) {
    co_await pub.send(std::string_view{payload.next()});
  }
}

inline asio::awaitable<void> listen_for_window(loop& l, std::string endpoint, std::size_t which,
                                               audience& all)
{
  cozmq::sub_socket sub{l.context()};
  sub.subscribe("");
  sub.connect(endpoint);
  for (bool over = false; !over;) {
    cozmq::message const received = co_await sub.recv();
    over = all.deliver(which, received[0].view().data());
  }
  l.stop();
}

inline report fanout(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner publisher{[&] {
    loop l;
    cozmq::pub_socket pub{l.context()};
    pub.set_option(cozmq::option::xpub_nodrop{true});
    endpoint.write(pub.bind(endpoint_to_bind(p.transport, scratch)));
    l.start(publish_for_ever(std::move(pub), p));
    l.run();
  }};
  loop l;
  std::string const address = endpoint.read();
  audience all{p, publisher.pid()};
  for (std::size_t i = 0; i < p.peers; ++i) {
    l.start(listen_for_window(l, address, i, all));
  }
  l.run();
  return all.result();
}

}  // namespace bench::with_cozmq
