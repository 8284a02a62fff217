// PUSH: hands each message to one of its PULL peers, in turn.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/round_robin.hpp>

namespace cozmq::pattern {

/// [RFC 30] The sending end of a pipeline.
struct push {
  static constexpr socket_type type = socket_type::push;
  static constexpr socket_type_set peers{socket_type::pull};
  static constexpr bool sends = true;
  static constexpr bool receives = false;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = true;
  using outbound = routing::round_robin;
  using inbound = routing::no_inbound;
  using envelope = routing::no_envelope;

  template <class Dependent>
  static constexpr void refuse_receive()
  {
    static_assert(refused<Dependent>, "a PUSH only sends; the other end is a PULL");
  }
};

static_assert(policy<push>);

}  // namespace cozmq::pattern
