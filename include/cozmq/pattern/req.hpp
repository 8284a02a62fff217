// REQ: sends a request, then receives its reply.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/fair_queue.hpp>
#include <cozmq/routing/round_robin.hpp>

namespace cozmq::pattern {

/// [RFC 28] A client in lock step: send, receive, send, receive.
struct req {
  static constexpr socket_type type = socket_type::req;
  static constexpr socket_type_set peers{socket_type::rep, socket_type::router};
  static constexpr bool sends = true;
  static constexpr bool receives = true;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = false;
  using outbound = routing::round_robin;
  using inbound = routing::fair_queue;
  using envelope = routing::request_envelope;
};

static_assert(policy<req>);

}  // namespace cozmq::pattern
