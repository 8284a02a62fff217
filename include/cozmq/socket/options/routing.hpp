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

}  // namespace cozmq::option
