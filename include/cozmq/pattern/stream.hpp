// STREAM: plain TCP connections, each known by an id.
#pragma once

#include <cozmq/pattern/policy.hpp>
#include <cozmq/routing/fair_queue.hpp>
#include <cozmq/routing/stream_table.hpp>

namespace cozmq::pattern {

/// Talks to peers that do not speak ZeroMQ, over tcp only. Each connection has an id, which is the first frame of every
/// message:
///
/// - received `id, ""`: a connection has opened, or has ended; not with `option::stream_notify{false}`;
/// - received `id, bytes`: what one read gave, at most 64 KiB. TCP has no messages: what a peer wrote at once may come in
///   pieces, and several writes in one;
/// - sent `id, bytes`: written as they are; of several frames, one after the other;
/// - sent `id, ""`: ends the connection when what was sent before has left. Nothing more is received from it, not even
///   that it has ended, and an endpoint that was connected to is disconnected.
///
/// An accepted connection has its id until it ends, a connecting endpoint keeps it over reconnects;
/// `option::connect_routing_id` chooses it, and it can be sent to before it is connected. Sending to an id that is not
/// there fails with `errc::host_unreachable`; sending to a full peer waits.
///
/// When a connection is lost, so is what was queued for it. A peer that shuts down its sending side has ended.
struct stream {
  static constexpr socket_type type = socket_type::stream;
  static constexpr socket_type_set peers{};
  static constexpr bool sends = true;
  static constexpr bool receives = true;
  static constexpr bool exclusive = false;
  static constexpr bool connects_twice = true;
  using outbound = routing::stream_table;
  using inbound = routing::fair_queue;
  using envelope = routing::identity_envelope;
};

static_assert(policy<stream>);

}  // namespace cozmq::pattern
