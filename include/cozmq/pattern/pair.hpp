// PAIR: exactly one peer, both directions.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/sole_peer.hpp>

namespace cozmq::pattern {

/// [RFC 31] An exclusive pair: two sockets, typically joining two parts of one program.
struct pair {
  static constexpr socket_type type = socket_type::pair;
  static constexpr socket_type_set peers{socket_type::pair};
  static constexpr bool sends = true;
  static constexpr bool receives = true;
  static constexpr bool exclusive = true;
  static constexpr bool connects_twice = true;
  using outbound = routing::sole_peer;
  using inbound = routing::sole_peer;
  using envelope = routing::no_envelope;
};

static_assert(policy<pair>);

}  // namespace cozmq::pattern
