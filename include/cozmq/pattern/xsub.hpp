// XSUB: a SUB that sends to its publishers.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/subscriber.hpp>
#include <cozmq/routing/to_all.hpp>

namespace cozmq::pattern {

/// [RFC 29] A subscriber that receives all that its publishers send it, without a filter of its own. What it sends and
/// begins with 1 or 0 is a subscription or its end; anything else goes to all publishers as it is, and an XPUB receives it.
struct xsub {
  static constexpr socket_type type = socket_type::xsub;
  static constexpr socket_type_set peers{socket_type::pub, socket_type::xpub};
  static constexpr bool sends = true;
  static constexpr bool receives = true;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = true;
  using outbound = routing::to_all;
  using inbound = routing::subscriber;
  using envelope = routing::no_envelope;
};

static_assert(policy<xsub>);

}  // namespace cozmq::pattern
