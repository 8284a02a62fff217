// XPUB: a PUB whose application receives what its subscribers ask for and send.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/fan_out.hpp>
#include <cozmq/routing/upstream.hpp>

namespace cozmq::pattern {

/// [RFC 29] A publisher that receives: 01 and a topic that somebody wants now, 00 and a topic that nobody wants any more,
/// and messages of XSUB peers as they are.
struct xpub {
  static constexpr socket_type type = socket_type::xpub;
  static constexpr socket_type_set peers{socket_type::sub, socket_type::xsub};
  static constexpr bool sends = true;
  static constexpr bool receives = true;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = true;
  using outbound = routing::fan_out;
  using inbound = routing::upstream<true>;
  using envelope = routing::no_envelope;
};

static_assert(policy<xpub>);

}  // namespace cozmq::pattern
