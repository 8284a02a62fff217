// TCP: addresses from endpoints, and listening on them.
#pragma once

#include <cozmq/core/endpoint.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/transport/opening.hpp>
#include <cozmq/transport/stream.hpp>
#include <cozmq/transport/tuning.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>

namespace cozmq::transport::tcp {

namespace detail {

// The address of the network interface `name`; binding to an interface means binding to its address.
inline std::optional<asio::ip::address> interface_address(std::string const& name, bool ipv6)
{
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0)
    return std::nullopt;
  std::optional<asio::ip::address> found;
  for (ifaddrs* at = all; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || name != at->ifa_name)
      continue;
    if (at->ifa_addr->sa_family == AF_INET) {
      auto const* const v4 = reinterpret_cast<sockaddr_in const*>(at->ifa_addr);
      found = asio::ip::address_v4{ntohl(v4->sin_addr.s_addr)};
      break;
    }
    if (ipv6 && !found && at->ifa_addr->sa_family == AF_INET6) {
      auto const* const v6 = reinterpret_cast<sockaddr_in6 const*>(at->ifa_addr);
      asio::ip::address_v6::bytes_type bytes;
      std::copy(std::begin(v6->sin6_addr.s6_addr), std::end(v6->sin6_addr.s6_addr), bytes.begin());
      found = asio::ip::address_v6{bytes, v6->sin6_scope_id};
    }
  }
  ::freeifaddrs(all);
  return found;
}

// All that listen there must ask for it; the kernel then gives each of them a part of the connections.
inline std::error_code share_port(acceptor& socket)
{
  int const yes = 1;
  if (::setsockopt(socket.native_handle(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0)
    return {errno, std::system_category()};
  return {};
}

}  // namespace detail

/// The address to bind for `host`: "*", a numeric address or the name of an interface. Never asks a name server.
inline std::optional<asio::ip::address> local_address(std::string const& host, bool any_host, bool ipv6)
{
  if (any_host)
    return ipv6 ? asio::ip::address{asio::ip::address_v6::any()}
                : asio::ip::address{asio::ip::address_v4::any()};
  std::error_code not_numeric;
  asio::ip::address numeric = asio::ip::make_address(host, not_numeric);
  if (!not_numeric)
    return numeric;
  return detail::interface_address(host, ipv6);
}

/// The address of a socket that is known to be a tcp one.
inline asio::ip::tcp::endpoint to_tcp(address const& at)
{
  asio::ip::tcp::endpoint result;
  result.resize(at.size());
  std::memcpy(result.data(), at.data(), at.size());
  return result;
}

/// An IPv4 address as what it is, also where a socket for both kinds shows it as one of IPv6.
inline asio::ip::address plain(asio::ip::address const& ip)
{
  if (ip.is_v6() && ip.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6());
  return ip;
}

/// Writes an address as an endpoint's text, such as `tcp://[::1]:5555`.
inline std::string to_text(asio::ip::tcp::endpoint const& at)
{
  endpoint text;
  text.transport = transport_type::tcp;
  text.host = at.address().to_string();
  text.port = at.port();
  return to_string(text);
}

/// Opens, binds and listens.
///
/// @par Errors
/// `std::errc::address_in_use`, `address_not_available`, `no_such_device` (no interface of that name, here or in
/// `settings.device`), ...
inline std::optional<listening> listen(asio::any_io_executor const& executor, endpoint const& where,
                                       socket_settings const& settings, std::error_code& ec)
{
  std::optional<asio::ip::address> const host = local_address(where.host, where.any_host, settings.ipv6);
  if (!host) {
    ec = std::make_error_code(std::errc::no_such_device);
    return std::nullopt;
  }
  asio::ip::tcp::endpoint const local{*host, where.any_port ? std::uint16_t{0} : where.port};
  listening result{acceptor{executor}, {}};
  open(result.socket, protocol{local.protocol()}, ec);
  if (!ec)  // without it the address could not be bound again while an old connection lingers in the kernel
    result.socket.set_option(asio::socket_base::reuse_address{true}, ec);
  if (!ec && settings.reuse_port)
    ec = detail::share_port(result.socket);
  if (!ec && local.address().is_v6())
    result.socket.set_option(asio::ip::v6_only{false}, ec);  // "*" accepts IPv4 peers as well
  if (ec)
    return std::nullopt;
  ec = tune_opened(result.socket, settings);
  if (!ec)
    result.socket.bind(address{local}, ec);
  if (!ec)
    result.socket.listen(settings.backlog, ec);
  if (ec)
    return std::nullopt;

  asio::ip::tcp::endpoint const actual = to_tcp(result.socket.local_endpoint(ec));
  endpoint text = where;
  text.any_port = false;
  text.port = actual.port();
  if (text.any_host) {
    text.any_host = false;
    text.host = actual.address().to_string();
  }
  result.endpoint = to_string(text);
  return result;
}

/// True when a connection reached itself: a dialer that retries a local port can be given that very port.
inline bool is_self_connected(stream const& socket) noexcept
{
  std::error_code ec;
  address const local = socket.local_endpoint(ec);
  address const remote = socket.remote_endpoint(ec);
  return !ec && local == remote;
}

}  // namespace cozmq::transport::tcp
