// The other end of a connection, as text for people.
#pragma once

#include <cozmq/transport/tcp.hpp>

namespace cozmq::transport {

/// "tcp://192.0.2.1:40000", or "ipc" for a local socket, whose client end has no name.
inline std::string peer_address(stream const& socket)
{
  std::error_code ec;
  address const remote = socket.remote_endpoint(ec);
  int const family = remote.protocol().family();
  if (ec || (family != AF_INET && family != AF_INET6))
    return "ipc";
  asio::ip::tcp::endpoint at;
  at.resize(remote.size());
  std::memcpy(at.data(), remote.data(), remote.size());
  return tcp::to_text(at);
}

}  // namespace cozmq::transport
