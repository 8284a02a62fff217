// The other end of a connection, as text for people.
#pragma once

#include <cozmq/transport/tcp.hpp>
#include <cozmq/transport/tuning.hpp>

#include <optional>
#include <string>

namespace cozmq::transport {

/// "tcp://192.0.2.1:40000", or "ipc" for a local socket, whose client end has no name.
inline std::string peer_address(stream const& socket)
{
  std::error_code ec;
  address const remote = socket.remote_endpoint(ec);
  int const family = remote.protocol().family();
  if (ec || (family != AF_INET && family != AF_INET6))
    return "ipc";
  return tcp::to_text(tcp::to_tcp(remote));
}

/// The other end's numeric IP address, without a port; empty for a local socket. Nothing when that is a tcp one whose peer
/// has gone: what it has sent may still be there.
inline std::optional<std::string> peer_ip(stream const& socket)
{
  std::error_code ec;
  address const remote = socket.remote_endpoint(ec);
  if (ec)
    return detail::family_of(socket) == AF_UNIX ? std::optional{std::string{}} : std::nullopt;
  if (remote.protocol().family() == AF_UNIX)
    return std::string{};
  return tcp::plain(tcp::to_tcp(remote).address()).to_string();
}

}  // namespace cozmq::transport
