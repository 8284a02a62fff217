// Options that are passed on to the operating system's sockets.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>

namespace cozmq::option {

/// Whether "*" binds to IPv6 as well, and host names may resolve to IPv6 addresses. Default false. Numeric IPv6
/// addresses work either way. Affects later binds and connects.
struct ipv6 : single<ipv6, bool, &engine::socket_options::system, &transport::socket_settings::ipv6> {
  using single::single;
};

/// The kernel's send buffer of a connection in bytes; nothing leaves the system's value. Later binds and connects.
struct send_buffer : single<send_buffer, std::optional<int>, &engine::socket_options::system,
                            &transport::socket_settings::send_buffer> {
  using single::single;
  static constexpr std::string_view rule =
      "send_buffer is at least 1 byte; std::nullopt leaves the system's value";
  static bool valid(std::optional<int> bytes) { return !bytes || *bytes > 0; }
};

/// The kernel's receive buffer of a connection in bytes; nothing leaves the system's value. Later binds and connects.
struct receive_buffer : single<receive_buffer, std::optional<int>, &engine::socket_options::system,
                               &transport::socket_settings::receive_buffer> {
  using single::single;
  static constexpr std::string_view rule =
      "receive_buffer is at least 1 byte; std::nullopt leaves the system's value";
  static bool valid(std::optional<int> bytes) { return !bytes || *bytes > 0; }
};

/// TCP keepalive of later connections: on or off, and when on optionally its timing. Default: the system's.
struct tcp_keepalive {
  std::optional<bool> on;
  std::optional<std::chrono::seconds> idle{};
  std::optional<std::chrono::seconds> interval{};
  std::optional<int> count{};
  explicit tcp_keepalive(std::optional<bool> value) : on{value} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    to.system.keepalive = on;
    to.system.keepalive_idle = idle;
    to.system.keepalive_interval = interval;
    to.system.keepalive_count = count;
    return {};
  }
  static tcp_keepalive read(engine::socket_options const& from)
  {
    tcp_keepalive result{from.system.keepalive};
    result.idle = from.system.keepalive_idle;
    result.interval = from.system.keepalive_interval;
    result.count = from.system.keepalive_count;
    return result;
  }
};

/// How many connections may wait to be accepted; the system caps it. Default 4096. Later binds.
struct backlog : single<backlog, int, &engine::socket_options::system, &transport::socket_settings::backlog> {
  using single::single;
  static constexpr std::string_view rule = "backlog is at least 1 connection";
  static bool valid(int connections) { return connections > 0; }
};

}  // namespace cozmq::option
