// Options about who a socket is to its peers, and which of them a message goes to.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <string>
#include <string_view>

namespace cozmq::option {

/// The name by which ROUTER peers know this socket: up to 255 bytes; empty lets them choose. Affects later connections.
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

/// ROUTER: the id by which the peer of the next connect, and only that one, is known here; it can be sent to at once,
/// before it is connected. 1 to 255 bytes; reading it back gives what is left to be used. A connect whose id another
/// peer has fails with `errc::duplicate_routing_id`.
struct connect_routing_id
    : single<connect_routing_id, std::string, &engine::socket_options::connect_routing_id> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::router; }
  static constexpr std::string_view rule = "connect_routing_id is at most 255 bytes long";
  static bool valid(std::string const& bytes) { return bytes.size() <= 255; }
};

/// ROUTER: sending to an unknown id fails with `errc::host_unreachable`, and to a full peer waits, instead of dropping
/// the message. Default false. Takes effect at once.
struct router_mandatory : single<router_mandatory, bool, &engine::socket_options::router_mandatory> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::router; }
};

/// ROUTER: a new peer that announces the id of another gets it, and the other's connection is closed, instead of being
/// refused itself. Only ids that peers announce themselves are handed over. Default false. Takes effect at once.
struct router_handover : single<router_handover, bool, &engine::socket_options::router_handover> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type == socket_type::router; }
};

}  // namespace cozmq::option
