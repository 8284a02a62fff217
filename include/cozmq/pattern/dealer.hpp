// DEALER: sends to its peers in turn, receives from them in turn, in any order.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/fair_queue.hpp>
#include <cozmq/routing/round_robin.hpp>

namespace cozmq::pattern {

/// [RFC 28] An asynchronous client. To a REP it sends an empty frame in front of each message.
struct dealer {
  static constexpr socket_type type = socket_type::dealer;
  static constexpr socket_type_set peers{socket_type::router, socket_type::rep, socket_type::dealer};
  static constexpr bool sends = true;
  static constexpr bool receives = true;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = false;
  using outbound = routing::round_robin;
  using inbound = routing::fair_queue;
  using envelope = routing::no_envelope;
};

static_assert(policy<dealer>);

}  // namespace cozmq::pattern
