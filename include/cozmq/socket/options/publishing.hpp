// Options of the sockets that publish and subscribe.
#pragma once

#include <cozmq/socket/options/option.hpp>

namespace cozmq::option {

/// PUB: a message that a full subscriber would lose makes the send wait instead. Default false. Takes effect at once.
struct xpub_nodrop : single<xpub_nodrop, bool, &engine::socket_options::xpub_nodrop> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::pub || type == socket_type::xpub;
  }
};

}  // namespace cozmq::option
