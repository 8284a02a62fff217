// Endpoints as values: "tcp://host:port", "ipc://path", "inproc://name".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cozmq {

/// How the bytes travel.
enum class transport_type : std::uint8_t { tcp, ipc, inproc };

inline constexpr std::array<std::string_view, 3> transport_names{"tcp", "ipc", "inproc"};

constexpr std::string_view to_string(transport_type transport) noexcept
{
  return transport_names[static_cast<std::size_t>(transport)];
}

/// What an endpoint is for; some forms make sense on one side only.
enum class endpoint_use : std::uint8_t { bind, connect };

/// A parsed endpoint. Nothing has been resolved or looked up. Made by parse_endpoint().
struct endpoint {
  /// One octet is needed for the NUL behind a path, or for the one that replaces the "@" of an abstract name.
  static constexpr std::size_t max_path_size = 107;
  static constexpr std::size_t max_name_size = 255;

  transport_type transport = transport_type::tcp;

  /// tcp: a host name, an interface name, an IPv4 address, an IPv6 address without brackets but with its zone
  /// ("fe80::1%eth0"), or "*".
  std::string host;
  /// tcp: 0 when the system chooses.
  std::uint16_t port = 0;
  /// tcp on bind: "*", every interface.
  bool any_host = false;
  /// tcp on bind: port "*" or 0, the system chooses.
  bool any_port = false;

  /// tcp on connect: where to connect from ("tcp://source:port;host:port"); the forms of a bind, empty when
  /// not given.
  std::string source_host;
  std::uint16_t source_port = 0;

  /// ipc: the path of the socket file; "@name" is in Linux's abstract namespace; "*" means the library
  /// chooses.
  std::string path;
  /// ipc on bind: "*".
  bool any_path = false;

  /// inproc: the name within the context.
  std::string name;

  /// Whether the path is a name in Linux's abstract namespace, which has no file.
  bool abstract() const noexcept { return !path.empty() && path.front() == '@'; }

  friend bool operator==(endpoint const&, endpoint const&) = default;
};

namespace detail {

inline std::string host_and_port(std::string const& host, std::uint16_t port, bool any_port)
{
  bool const bracketed = host.find(':') != std::string::npos;
  return (bracketed ? "[" + host + "]" : host) + ":" + (any_port ? std::string{"*"} : std::to_string(port));
}

}  // namespace detail

/// The endpoint as text, such as "tcp://[::1]:5555". What parse_endpoint() accepts comes back equal.
inline std::string to_string(endpoint const& from)
{
  std::string text{to_string(from.transport)};
  text += "://";
  switch (from.transport) {
    case transport_type::tcp:
      if (!from.source_host.empty())
        text += detail::host_and_port(from.source_host, from.source_port, from.source_port == 0) + ";";
      return text + detail::host_and_port(from.host, from.port, from.any_port);
    case transport_type::ipc: return text + from.path;
    case transport_type::inproc: break;
  }
  return text + from.name;
}

}  // namespace cozmq
