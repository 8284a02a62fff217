// SUB: receives the messages whose first frame starts with a subscribed topic.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/filtered_queue.hpp>

namespace cozmq::pattern {

/// [RFC 29] A subscriber. Without a subscription it receives nothing.
struct sub {
  static constexpr socket_type type = socket_type::sub;
  static constexpr socket_type_set peers{socket_type::pub, socket_type::xpub};
  static constexpr bool sends = false;
  static constexpr bool receives = true;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = false;
  using outbound = routing::no_outbound;
  using inbound = routing::filtered_queue;
  using envelope = routing::no_envelope;

  template <class Dependent>
  static constexpr void refuse_send()
  {
    static_assert(refused<Dependent>, "a SUB only receives; the other end is a PUB");
  }
};

static_assert(policy<sub>);

}  // namespace cozmq::pattern
