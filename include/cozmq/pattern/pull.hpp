// PULL: receives from its PUSH peers, in turn.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/fair_queue.hpp>

namespace cozmq::pattern {

/// [RFC 30] The receiving end of a pipeline.
struct pull {
  static constexpr socket_type type = socket_type::pull;
  static constexpr socket_type_set peers{socket_type::push};
  static constexpr bool sends = false;
  static constexpr bool receives = true;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = true;
  using outbound = routing::no_outbound;
  using inbound = routing::fair_queue;
  using envelope = routing::no_envelope;

  template <class Dependent>
  static constexpr void refuse_send()
  {
    static_assert(refused<Dependent>, "a PULL only receives; the other end is a PUSH");
  }
};

static_assert(policy<pull>);

}  // namespace cozmq::pattern
