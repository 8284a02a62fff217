// ROUTER: knows each of its peers by an id, which is the first frame of every message.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/fair_queue.hpp>
#include <cozmq/routing/identity_table.hpp>

namespace cozmq::pattern {

/// [RFC 28] An asynchronous server: it receives `id, ...` and sends `id, ...` to the peer of that id. A message to an
/// unknown or a full peer is dropped, unless `option::router_mandatory` is set.
struct router {
  static constexpr socket_type type = socket_type::router;
  static constexpr socket_type_set peers{socket_type::dealer, socket_type::req, socket_type::router};
  static constexpr bool sends = true;
  static constexpr bool receives = true;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = true;
  using outbound = routing::identity_table;
  using inbound = routing::fair_queue;
  using envelope = routing::identity_envelope;
};

static_assert(policy<router>);

}  // namespace cozmq::pattern
