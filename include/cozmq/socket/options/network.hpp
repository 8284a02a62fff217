// Options that are passed on to the operating system's sockets.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace cozmq::option {

/// Whether "*" binds to IPv6 as well, and host names may resolve to IPv6 addresses. Default false. Numeric IPv6
/// addresses work either way. Affects later binds and connects.
/// @libzmq ZMQ_IPV6 | false | later binds and attempts to connect | all; tcp
struct ipv6 : single<ipv6, bool, &engine::socket_options::system, &transport::socket_settings::ipv6> {
  using single::single;
};

/// The kernel's send buffer of a connection in bytes; nothing leaves the system's value. Later binds and connects.
/// @libzmq ZMQ_SNDBUF | the system's | later binds and attempts to connect | all; tcp, ipc
struct send_buffer : single<send_buffer, std::optional<int>, &engine::socket_options::system,
                            &transport::socket_settings::send_buffer> {
  using single::single;
  static constexpr std::string_view rule =
      "send_buffer is at least 1 byte; std::nullopt leaves the system's value";
  static bool valid(std::optional<int> bytes) { return !bytes || *bytes > 0; }
};

/// The kernel's receive buffer of a connection in bytes; nothing leaves the system's value. Later binds and connects.
/// @libzmq ZMQ_RCVBUF | the system's | later binds and attempts to connect | all; tcp, ipc
struct receive_buffer : single<receive_buffer, std::optional<int>, &engine::socket_options::system,
                               &transport::socket_settings::receive_buffer> {
  using single::single;
  static constexpr std::string_view rule =
      "receive_buffer is at least 1 byte; std::nullopt leaves the system's value";
  static bool valid(std::optional<int> bytes) { return !bytes || *bytes > 0; }
};

/// TCP keepalive of later connections: on or off, and when on optionally its timing. Default: the system's.
/// @libzmq ZMQ_TCP_KEEPALIVE, ZMQ_TCP_KEEPALIVE_IDLE, ZMQ_TCP_KEEPALIVE_INTVL, ZMQ_TCP_KEEPALIVE_CNT | the system's | later connections | all; tcp
struct tcp_keepalive {
  std::optional<bool> on;
  std::optional<std::chrono::seconds> idle{};      // this long without traffic before the first probe
  std::optional<std::chrono::seconds> interval{};  // between probes
  std::optional<int> count{};                      // so many unanswered probes end the connection
  explicit tcp_keepalive(std::optional<bool> value) : on{value} {}
  static constexpr bool applies_to(socket_type) { return true; }
  static constexpr std::string_view rule =
      "tcp_keepalive takes an idle time and an interval of 1 to 32767 s, and a count of 1 to 127";
  std::error_code apply(engine::socket_options& to) const
  {
    auto const fits = [](auto const& value, auto most) {
      return !value || (*value >= decltype(most){1} && *value <= most);
    };
    if (!fits(idle, std::chrono::seconds{32767}) || !fits(interval, std::chrono::seconds{32767}) ||
        !fits(count, 127))
      return errc::invalid_option;
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

/// How long sent data may stay unacknowledged before TCP ends the connection; nothing (the default) is the system's
/// limit, which is many minutes. Later connections.
/// @libzmq ZMQ_TCP_MAXRT | the system's | later connections | all; tcp
struct tcp_retransmit_timeout
    : single<tcp_retransmit_timeout, std::optional<std::chrono::milliseconds>,
             &engine::socket_options::system, &transport::socket_settings::retransmit_timeout> {
  using single::single;
  static constexpr std::string_view rule =
      "tcp_retransmit_timeout is at least 1 ms and at most 24 days; std::nullopt leaves the system's value";
  static bool valid(std::optional<std::chrono::milliseconds> t)
  {
    return !t || (*t > t->zero() && *t <= std::chrono::hours{24 * 24});
  }
};

/// The octet in the IP header that says how packets are to be treated: the DSCP times four, plus two bits for ECN.
/// Default: the system's, which is 0. Later binds and connects, tcp only.
/// @libzmq ZMQ_TOS | the system's | later binds and connections | all; tcp
struct type_of_service : single<type_of_service, std::optional<int>, &engine::socket_options::system,
                                &transport::socket_settings::type_of_service> {
  using single::single;
  static constexpr std::string_view rule =
      "type_of_service is an octet, 0 to 255; std::nullopt leaves the system's value";
  static bool valid(std::optional<int> octet) { return !octet || (*octet >= 0 && *octet <= 255); }
};

/// The priority of our packets in the system's queues. Above 6 the system wants a privilege and otherwise leaves its own
/// value. Default: the system's. Later binds and connects.
/// @libzmq ZMQ_PRIORITY | the system's | later binds and connections | all; tcp, ipc
struct priority : single<priority, std::optional<int>, &engine::socket_options::system,
                         &transport::socket_settings::priority> {
  using single::single;
  static constexpr std::string_view rule = "priority is zero or more; std::nullopt leaves the system's value";
  static bool valid(std::optional<int> value) { return !value || *value >= 0; }
};

/// How long the kernel polls the network card for input before it waits for an interrupt; raising it wants a privilege,
/// without which the system's value stays. Default: the system's. Later binds and connects.
/// @libzmq ZMQ_BUSY_POLL | the system's | later binds and connections | all; tcp
struct busy_poll : single<busy_poll, std::optional<std::chrono::microseconds>,
                          &engine::socket_options::system, &transport::socket_settings::busy_poll> {
  using single::single;
  static constexpr std::string_view rule = "busy_poll is zero to 1 s; std::nullopt leaves the system's value";
  static bool valid(std::optional<std::chrono::microseconds> t)
  {
    return !t || (*t >= t->zero() && *t <= std::chrono::seconds{1});
  }
};

/// The network interface that tcp is confined to, such as "eth0"; empty (the default) is any. Where the system refuses,
/// a bind fails and a connect goes on trying. Later binds and attempts to connect.
/// @libzmq ZMQ_BINDTODEVICE | any | later binds and attempts to connect | all; tcp
struct bind_to_device : single<bind_to_device, std::string, &engine::socket_options::system,
                               &transport::socket_settings::device> {
  using single::single;
  static constexpr std::string_view rule =
      "bind_to_device is the name of a network interface, at most 15 bytes";
  static bool valid(std::string const& name)
  {
    return name.size() <= 15 && name.find('\0') == std::string::npos;
  }
};

/// Whether several sockets may bind one tcp address and port, so that the kernel spreads its connections over them, for
/// example over the threads of a context. All of them must set this, and belong to one user of the system. A connection
/// stays with the socket it came to; what a socket has not accepted when it closes is reset, and its peer connects again.
/// Without effect on ipc. Default false. Later binds.
/// @libzmq - | false | later binds | all; tcp
struct reuse_port
    : single<reuse_port, bool, &engine::socket_options::system, &transport::socket_settings::reuse_port> {
  using single::single;
};

/// How many connections may wait to be accepted; the system caps it. Default 4096. Later binds.
/// @libzmq ZMQ_BACKLOG | 4096 | later binds | all; tcp, ipc
struct backlog : single<backlog, int, &engine::socket_options::system, &transport::socket_settings::backlog> {
  using single::single;
  static constexpr std::string_view rule = "backlog is at least 1 connection";
  static bool valid(int connections) { return connections > 0; }
};

/// Who may connect to the socket files of later ipc binds: permissions as of chmod, such as 0600. Default: nothing, the
/// process's umask decides. Abstract names have no permissions.
/// @libzmq - | the umask's | later binds | all; ipc
struct ipc_mode : single<ipc_mode, std::optional<unsigned>, &engine::socket_options::system,
                         &transport::socket_settings::ipc_mode> {
  using single::single;
  static constexpr std::string_view rule = "ipc_mode is 0 to 0777; std::nullopt leaves it to the umask";
  static bool valid(std::optional<unsigned> mode) { return !mode || *mode <= 0777; }
};

}  // namespace cozmq::option
