// cozmq, one subscriber with very many topics: messages that match one of them, and messages that match none.
#pragma once

#include "bench_cozmq/loop.hpp"
#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/topics.hpp"
#include "support/worker.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bench::with_cozmq {

inline asio::awaitable<void> publish_topics(cozmq::pub_socket pub, plan p)
{
  co_await pub.wait_subscribers(topic(p.topics - 1));  // the last one: the others came before it
  for (topical_payload payload{p, 0};;) {
    co_await pub.send(std::string_view{payload.next()});
  }
}

inline asio::awaitable<void> publish_for_window(loop& l, cozmq::pub_socket pub, plan p, meter& m)
{
  co_await pub.wait_subscribers(topic(p.topics - 1));
  topical_payload payload{p, p.topics};
  do {
    co_await pub.send(std::string_view{payload.next()});
  } while (!m.count());
  l.stop();
}

inline asio::awaitable<void> receive_topics(loop& l, std::string endpoint, std::size_t topics, meter* m)
{
  cozmq::sub_socket sub{l.context()};
  for (std::size_t i = 0; i < topics; ++i) {
    sub.subscribe(topic(i));
  }
  sub.connect(endpoint);
  for (bool over = false; !over;) {
    cozmq::message const received = co_await sub.recv();
    [[maybe_unused]] char const volatile touched = received[0].view().front();
    over = m != nullptr && m->count();
  }
  l.stop();
}

inline report topics_hit(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner publisher{[&] {
    loop l;
    cozmq::pub_socket pub{l.context()};
    pub.set_option(cozmq::option::xpub_nodrop{true});
    endpoint.write(pub.bind(endpoint_to_bind(p.transport, scratch)));
    l.start(publish_topics(std::move(pub), p));
    l.run();
  }};
  loop l;
  meter m{p, publisher.pid()};
  l.start(receive_topics(l, endpoint.read(), p.topics, &m));
  l.run();
  return {p, m.result()};
}

inline report topics_missed(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner subscriber{[&] {
    loop l;
    l.start(receive_topics(l, endpoint.read(), p.topics, nullptr));
    l.run();
  }};
  loop l;
  cozmq::pub_socket pub{l.context()};
  pub.set_option(cozmq::option::xpub_nodrop{true});
  endpoint.write(pub.bind(endpoint_to_bind(p.transport, scratch)));
  meter m{p, subscriber.pid()};
  l.start(publish_for_window(l, std::move(pub), p, m));
  l.run();
  return {p, m.result()};
}

}  // namespace bench::with_cozmq
