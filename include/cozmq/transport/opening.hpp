// Sockets of the operating system that a program which this one starts does not inherit: Asio alone would let it.
#pragma once

#include <cozmq/transport/stream.hpp>

#include <asio/error.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <optional>
#include <system_error>

namespace cozmq::transport {

namespace detail {

// The last error of the system, as Asio says it.
inline std::error_code last_error() noexcept
{
  return {errno, asio::error::get_system_category()};
}

// The descriptor's owner from now on; it is closed when that fails.
template <class Socket>
void hold(Socket& in, typename Socket::protocol_type const& p, int descriptor, std::error_code& ec)
{
  try {
    in.assign(p, descriptor, ec);
  } catch (std::bad_alloc const&) {  // of Asio's, which has not taken it over then
    ec = std::make_error_code(std::errc::not_enough_memory);
  }
  if (ec)
    ::close(descriptor);
}

}  // namespace detail

/// Opens a socket.
///
/// @par Errors
/// `std::errc::too_many_files_open`, ...
template <class Socket>
void open(Socket& socket, typename Socket::protocol_type const& p, std::error_code& ec)
{
  int const made = ::socket(p.family(), p.type() | SOCK_CLOEXEC, p.protocol());
  if (made < 0)
    ec = detail::last_error();
  else
    detail::hold(socket, p, made, ec);
}

/// The next connection that waits to be accepted; nothing when there is none, and then `ec` is clear, or when that fails.
/// `from` must be non-blocking.
///
/// @par Errors
/// `std::errc::connection_aborted` (it has gone again; there may be others), `too_many_files_open`, ...
inline std::optional<stream> accept(acceptor& from, std::error_code& ec)
{
  ec = {};
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  int made = -1;
  do {
    made = ::accept4(from.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC);
  } while (made < 0 && errno == EINTR);
  if (made < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      ec = detail::last_error();
    return std::nullopt;
  }
  stream result{from.get_executor()};
  detail::hold(result, protocol{peer.ss_family, peer.ss_family == AF_UNIX ? 0 : IPPROTO_TCP}, made, ec);
  if (ec)
    return std::nullopt;
  return result;
}

}  // namespace cozmq::transport
