// What is set on the sockets of the operating system: once they are open, and once they are connected.
#pragma once

#include <cozmq/transport/stream.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <system_error>

namespace cozmq::transport {

namespace detail {

template <class Socket>
void set_option(Socket& socket, int level, int name, int value)
{
  // A refused option leaves the system's own value; a connection works without it.
  (void)::setsockopt(socket.native_handle(), level, name, &value, sizeof value);
}

template <class Socket>
int family_of(Socket const& socket)
{
  std::error_code ec;
  address const local = socket.local_endpoint(ec);
  return ec ? AF_UNSPEC : local.protocol().family();
}

template <class Socket>
void tune_buffers(Socket& socket, socket_settings const& settings)
{
  if (settings.send_buffer)
    set_option(socket, SOL_SOCKET, SO_SNDBUF, *settings.send_buffer);
  if (settings.receive_buffer)
    set_option(socket, SOL_SOCKET, SO_RCVBUF, *settings.receive_buffer);
}

// How the system treats the packets. An accepted connection does not have all of it from its listening socket.
template <class Socket>
void tune_packets(Socket& socket, socket_settings const& settings)
{
  if (settings.type_of_service && family_of(socket) != AF_UNIX) {
    set_option(socket, IPPROTO_IP, IP_TOS, *settings.type_of_service);  // IPv4 through an IPv6 socket too
    if (family_of(socket) == AF_INET6)
      set_option(socket, IPPROTO_IPV6, IPV6_TCLASS, *settings.type_of_service);
  }
  if (settings.priority)  // after the type of service, which sets one of its own
    set_option(socket, SOL_SOCKET, SO_PRIORITY, *settings.priority);
  if (settings.busy_poll)
    set_option(socket, SOL_SOCKET, SO_BUSY_POLL, static_cast<int>(settings.busy_poll->count()));
}

}  // namespace detail

/// Sets what must be set before connecting or listening. Fails when the socket cannot be confined to the device that
/// is asked for: all else is a wish, but this may be what keeps a service off a network.
///
/// @par Errors
/// `std::errc::no_such_device`, `operation_not_permitted`.
template <class Socket>
std::error_code tune_opened(Socket& socket, socket_settings const& settings)
{
  detail::tune_buffers(socket, settings);
  detail::tune_packets(socket, settings);
  if (settings.device.empty() || detail::family_of(socket) == AF_UNIX)
    return {};
  if (::setsockopt(socket.native_handle(), SOL_SOCKET, SO_BINDTODEVICE, settings.device.data(),
                   static_cast<socklen_t>(settings.device.size())) != 0)
    return {errno, std::system_category()};
  return {};
}

/// Sets what every connection has, accepted or made: small messages must not wait for earlier ones to be
/// acknowledged, since the engine sends them together anyway.
inline void tune_connection(stream& socket, socket_settings const& settings)
{
  detail::tune_packets(socket, settings);
  if (detail::family_of(socket) == AF_UNIX)
    return detail::tune_buffers(socket, settings);  // tcp has them from its listening socket
  detail::set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  if (settings.keepalive)
    detail::set_option(socket, SOL_SOCKET, SO_KEEPALIVE, *settings.keepalive ? 1 : 0);
  if (settings.keepalive_idle)
    detail::set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(settings.keepalive_idle->count()));
  if (settings.keepalive_interval)
    detail::set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL,
                       static_cast<int>(settings.keepalive_interval->count()));
  if (settings.keepalive_count)
    detail::set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, *settings.keepalive_count);
  if (settings.retransmit_timeout)
    detail::set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
                       static_cast<int>(settings.retransmit_timeout->count()));
}

}  // namespace cozmq::transport
