// libzmq, one subscriber with very many topics: messages that match one of them, and messages that match none.
#pragma once

#include "bench_libzmq/handles.hpp"
#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/topics.hpp"
#include "support/worker.hpp"

#include <cstddef>
#include <string>

namespace bench::libzmq {

// With default options a SUB keeps the first 1000 subscriptions of a burst only, and an XPUB tells of as many.
inline socket publisher_socket(context& ctx)
{
  socket pub{ctx, ZMQ_XPUB};
  pub.set(ZMQ_XPUB_NODROP, 1);
  pub.set(ZMQ_RCVHWM, 0);
  return pub;
}

inline void wait_for_topics(socket& pub, std::size_t topics)
{
  message subscription;
  for (std::size_t i = 0; i < topics; ++i) {
    pub.receive(subscription);
  }
}

inline socket subscriber_socket(context& ctx, std::string const& endpoint, std::size_t topics)
{
  socket sub{ctx, ZMQ_SUB};
  sub.set(ZMQ_SNDHWM, 0);
  for (std::size_t i = 0; i < topics; ++i) {
    sub.subscribe(topic(i));
  }
  sub.connect(endpoint);
  return sub;
}

inline report topics_hit(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner publisher{[&] {
    context ctx;
    socket pub = publisher_socket(ctx);
    endpoint.write(pub.bind(endpoint_to_bind(p.transport, scratch)));
    wait_for_topics(pub, p.topics);
    for (topical_payload payload{p, 0};;) {
      pub.send(payload.next());
    }
  }};
  context ctx;
  socket sub = subscriber_socket(ctx, endpoint.read(), p.topics);
  meter m{p, publisher.pid()};
  message received;
  do {
    sub.receive(received);
    [[maybe_unused]] char const volatile touched = *received.data();
  } while (!m.count());
  return {p, m.result()};
}

inline report topics_missed(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner subscriber{[&] {
    context ctx;
    socket sub = subscriber_socket(ctx, endpoint.read(), p.topics);
    for (message never;;) {
      sub.receive(never);
    }
  }};
  context ctx;
  socket pub = publisher_socket(ctx);
  endpoint.write(pub.bind(endpoint_to_bind(p.transport, scratch)));
  wait_for_topics(pub, p.topics);
  meter m{p, subscriber.pid()};
  topical_payload payload{p, p.topics};
  do {
    pub.send(payload.next());
  } while (!m.count());
  return {p, m.result()};
}

}  // namespace bench::libzmq
