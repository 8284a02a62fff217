// Sockets that somebody else has opened: a service manager, a parent process.
#pragma once

#include <cozmq/core/endpoint.hpp>
#include <cozmq/transport/ipc.hpp>
#include <cozmq/transport/tcp.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>

namespace cozmq::transport {

/// Is this the descriptor of a stream socket?
inline bool is_stream_socket(int descriptor) noexcept
{
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

namespace detail {

// Takes the descriptor over; on failure it is left alone.
template <class Socket>
void adopt(Socket& into, int descriptor, transport_type transport, std::error_code& ec)
{
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  if (!is_stream_socket(descriptor) ||
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    ec = std::make_error_code(std::errc::not_a_socket);
    return;
  }
  int const family = at.ss_family;
  if ((family == AF_UNIX) != (transport == transport_type::ipc)) {
    ec = std::make_error_code(std::errc::address_family_not_supported);
    return;
  }
  into.assign(protocol{family, family == AF_UNIX ? 0 : IPPROTO_TCP}, descriptor, ec);
}

// "ipc:///path", "ipc://@name"; the name of a socket that has none is empty.
inline std::string ipc_text(address const& at)
{
  std::size_t const skipped = offsetof(sockaddr_un, sun_path);
  if (at.size() <= skipped)
    return "ipc://";
  std::string path(reinterpret_cast<char const*>(at.data()) + skipped, at.size() - skipped);
  if (path.front() == '\0')
    path.front() = '@';
  else
    path.resize(path.find('\0') == std::string::npos ? path.size() : path.find('\0'));
  return "ipc://" + path;
}

}  // namespace detail

/// Goes on with a descriptor that is bound and listens, and owns it from now on.
///
/// @par Errors
/// `std::errc::not_a_socket` (also one that is no stream, or does not listen), `address_family_not_supported` (of the
/// other transport). The descriptor is then as before.
inline std::optional<listening> adopt_listener(asio::any_io_executor const& executor,
                                               transport_type transport, int descriptor, std::error_code& ec)
{
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    ec = std::make_error_code(std::errc::not_a_socket);
    return std::nullopt;
  }
  listening result{acceptor{executor}, {}};
  detail::adopt(result.socket, descriptor, transport, ec);
  if (ec)
    return std::nullopt;
  address const at = result.socket.local_endpoint(ec);
  result.endpoint = transport == transport_type::ipc ? detail::ipc_text(at) : tcp::to_text(tcp::to_tcp(at));
  return result;
}

/// Goes on with a descriptor that is connected, and owns it from now on. Errors as adopt_listener.
inline std::optional<stream> adopt_connection(asio::any_io_executor const& executor, transport_type transport,
                                              int descriptor, std::error_code& ec)
{
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    ec = std::make_error_code(std::errc::not_connected);
    return std::nullopt;
  }
  stream result{executor};
  detail::adopt(result, descriptor, transport, ec);
  if (ec)
    return std::nullopt;
  return result;
}

}  // namespace cozmq::transport
