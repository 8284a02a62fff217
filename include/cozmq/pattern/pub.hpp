// PUB: sends each message to every subscriber of a prefix of it.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/fan_out.hpp>
#include <cozmq/routing/upstream.hpp>

namespace cozmq::pattern {

/// [RFC 29] A publisher. It never waits for a peer: one that is full, or not there yet, misses the message.
struct pub {
  static constexpr socket_type type = socket_type::pub;
  static constexpr socket_type_set peers{socket_type::sub, socket_type::xsub};
  static constexpr bool sends = true;
  static constexpr bool receives = false;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = false;
  using outbound = routing::fan_out;
  using inbound = routing::upstream<false>;
  using envelope = routing::no_envelope;

  template <class Dependent>
  static constexpr void refuse_receive()
  {
    static_assert(refused<Dependent>, "a PUB only sends; the other end is a SUB");
  }
};

static_assert(policy<pub>);

}  // namespace cozmq::pattern
