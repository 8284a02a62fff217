// libzmq, PUB to many SUB: messages delivered, with a publisher that waits for full queues (ZMQ_XPUB_NODROP).
#pragma once

#include "bench_libzmq/handles.hpp"
#include "support/audience.hpp"
#include "support/endpoint.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/sequence.hpp"
#include "support/worker.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace bench::libzmq {

// One thread reads all subscribers: poll them, then empty each one that has something, a queue's worth at a time.
inline void receive_window(std::vector<socket>& subscribers, audience& all)
{
  std::vector<zmq_pollitem_t> items;
  for (socket& s : subscribers) {
    items.push_back({s.get(), 0, ZMQ_POLLIN, 0});
  }
  message received;
  for (;;) {
    check(zmq_poll(items.data(), static_cast<int>(items.size()), -1), "zmq_poll");
    for (std::size_t i = 0; i < items.size(); ++i) {
      for (int n = 0; items[i].revents != 0 && n < 1000 && subscribers[i].try_receive(received); ++n) {
        if (all.deliver(i, received.data())) {
          return;
        }
      }
    }
  }
}

inline report fanout(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  line_pipe endpoint;
  partner publisher{[&] {
    context ctx;
    socket pub{ctx, ZMQ_PUB};
    pub.set(ZMQ_XPUB_NODROP, 1);
    endpoint.write(pub.bind(endpoint_to_bind(p.transport, scratch)));
    for (numbered_payload payload{p};;) {
      pub.send(payload.next());
    }
  }};
  context ctx;
  std::string const address = endpoint.read();
  std::vector<socket> subscribers;
  for (std::size_t i = 0; i < p.peers; ++i) {
    subscribers.emplace_back(ctx, ZMQ_SUB);
    subscribers.back().subscribe("");
    subscribers.back().connect(address);
  }
  audience all{p, publisher.pid()};
  receive_window(subscribers, all);
  return all.result();
}

}  // namespace bench::libzmq
