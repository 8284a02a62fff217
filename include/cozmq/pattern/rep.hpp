// REP: receives a request, then sends the reply to where it came from.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/fair_queue.hpp>

namespace cozmq::pattern {

/// [RFC 28] A server in lock step: receive, send, receive, send.
struct rep {
  static constexpr socket_type type = socket_type::rep;
  static constexpr socket_type_set peers{socket_type::req, socket_type::dealer};
  static constexpr bool sends = true;
  static constexpr bool receives = true;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = true;
  using outbound = routing::no_outbound;
  using inbound = routing::fair_queue;
  using envelope = routing::reply_envelope;
};

static_assert(policy<rep>);

}  // namespace cozmq::pattern
