// Options about who a socket is to its peers, and which of them a message goes to.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <string>
#include <string_view>

namespace cozmq::option {

/// The name by which ROUTER peers know this socket: up to 255 bytes; empty lets them choose. Affects later connections.
/// @libzmq ZMQ_ROUTING_ID | empty | later connections | REQ, REP, DEALER, ROUTER
struct routing_id : single<routing_id, std::string, &engine::socket_options::routing_id> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::req || type == socket_type::rep || type == socket_type::dealer ||
           type == socket_type::router;
  }
  static constexpr std::string_view rule = "routing_id is at most 255 bytes long";
  static bool valid(std::string const& bytes) { return bytes.size() <= 255; }
};

/// ROUTER, STREAM: the id by which the peer of the next connect, and only that one, is known here; it can be sent to
/// at once, before it is connected. 1 to 255 bytes; reading it back gives what is left to be used. A connect whose id another
/// peer has fails with `errc::duplicate_routing_id`.
/// @libzmq ZMQ_CONNECT_ROUTING_ID | none | next connect | ROUTER, STREAM
struct connect_routing_id
    : single<connect_routing_id, std::string, &engine::socket_options::connect_routing_id> {
  using single::single;
  static constexpr bool for_one_socket = true;
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::router || type == socket_type::stream;
  }
  static constexpr std::string_view rule = "connect_routing_id is at most 255 bytes long";
  static bool valid(std::string const& bytes) { return bytes.size() <= 255; }
};

/// ROUTER: sending to an unknown id fails with `errc::host_unreachable`, and to a full peer waits, instead of dropping
/// the message. Default false. Takes effect at once.
/// @libzmq ZMQ_ROUTER_MANDATORY | false | at once | ROUTER
struct router_mandatory : single<router_mandatory, bool, &engine::socket_options::router_mandatory> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::router; }
};

/// ROUTER: a new peer that announces the id of another gets it, and the other's connection is closed, instead of being
/// refused itself. Only ids that peers announce themselves are handed over. Default false. Takes effect at once.
/// @libzmq ZMQ_ROUTER_HANDOVER | false | at once | ROUTER
struct router_handover : single<router_handover, bool, &engine::socket_options::router_handover> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::router; }
};

/// `notify::nothing`, `connects`, `disconnects` or `both`.
using engine::notify;

/// ROUTER: a message `id, ""` is received when a peer is connected (its handshake complete), before anything it sends,
/// or when its connection is lost, behind everything it sent. Default nothing. Takes effect at once.
/// @libzmq ZMQ_ROUTER_NOTIFY | nothing | at once | ROUTER
struct router_notify : single<router_notify, notify, &engine::socket_options::router_notify> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::router; }
};

/// ROUTER, DEALER, REQ: an empty message is sent to each new connection before anything else, so that a ROUTER at the
/// other end learns of us. Default false. Affects later connections.
/// @libzmq ZMQ_PROBE_ROUTER | false | later connections | REQ, DEALER, ROUTER
struct probe_router : single<probe_router, bool, &engine::socket_options::probe_router> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::router || type == socket_type::dealer || type == socket_type::req;
  }
};

/// ROUTER, DEALER: a message that is sent to each new connection before any other. `message{}` is none, the default.
/// Affects later connections.
/// @libzmq ZMQ_HELLO_MSG | none | later connections | DEALER, ROUTER
struct hello_message : single<hello_message, message, &engine::socket_options::hello_message> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::router || type == socket_type::dealer;
  }
};

/// ROUTER: a message that is received, behind its id, when a peer that connected to us is gone. `message{}` is none, the
/// default. Takes effect at once.
/// @libzmq ZMQ_DISCONNECT_MSG | none | at once | ROUTER
struct disconnect_message : single<disconnect_message, message, &engine::socket_options::disconnect_message> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::router; }
};

/// DEALER: a message that is received when the connection to a peer that we connect to is lost; it will be made again.
/// `message{}` is none, the default. Takes effect at once.
/// @libzmq ZMQ_HICCUP_MSG | none | at once | DEALER
struct hiccup_message : single<hiccup_message, message, &engine::socket_options::hiccup_message> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::dealer; }
};

/// REQ: a further request may be sent while a reply is awaited, which then is given up. Set req_correlate as well, or a
/// late reply from the same peer is taken for the new one. Default false. Takes effect at once.
/// @libzmq ZMQ_REQ_RELAXED | false | at once | REQ
struct req_relaxed : single<req_relaxed, bool, &engine::socket_options::req_relaxed> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::req; }
};

/// REQ: requests carry a number, and only the reply with the number of the last one is taken. Default false. Takes
/// effect with the next request.
/// @libzmq ZMQ_REQ_CORRELATE | false | next request | REQ
struct req_correlate : single<req_correlate, bool, &engine::socket_options::req_correlate> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::req; }
};

/// STREAM: an empty message is received when a connection opens and when it ends. Default true. Affects later
/// connections.
/// @libzmq ZMQ_STREAM_NOTIFY | true | later connections | STREAM
struct stream_notify : single<stream_notify, bool, &engine::socket_options::stream_notify> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::stream; }
};

}  // namespace cozmq::option
