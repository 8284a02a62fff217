// What can be set on a socket: one type per option, in its own unit, refused at compile time where it has no use.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/engine/options.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

namespace cozmq {

/// An option: it says for which socket types it is, checks and stores its value, and reads it back.
template <class O>
concept socket_option = requires(O const o, engine::socket_options& to, socket_type type) {
  { O::applies_to(type) } -> std::same_as<bool>;
  { o.apply(to) } -> std::same_as<std::error_code>;
  { O::read(to) } -> std::same_as<O>;
};

namespace option {

/// No limit, for options that count messages or bytes.
inline constexpr std::size_t unlimited = engine::socket_options::unlimited;

/// How many whole messages may wait for one peer before a send waits or, with PUB, drops. At least 1; default 1000.
/// Counts messages that the kernel has not taken; while it takes more, up to one 64 KiB buffer comes on top, so that
/// tiny messages leave in full batches. Takes effect at once.
struct send_hwm {
  std::size_t messages = 1000;
  explicit send_hwm(std::size_t n) : messages{n} {}
  static constexpr bool applies_to(socket_type type)
  {
    return type != socket_type::pull && type != socket_type::sub;
  }
  std::error_code apply(engine::socket_options& to) const
  {
    if (messages == 0)
      return errc::invalid_option;  // what libzmq writes as 0 is spelt `unlimited`
    to.send_hwm = messages;
    return {};
  }
  static send_hwm read(engine::socket_options const& from) { return send_hwm{from.send_hwm}; }
};

/// How many whole messages may wait to be received from one peer before its connection is no longer read; nothing is
/// dropped. At least 1; default 1000; exceeded by at most one 64 KiB read. Takes effect at once.
struct receive_hwm {
  std::size_t messages = 1000;
  explicit receive_hwm(std::size_t n) : messages{n} {}
  static constexpr bool applies_to(socket_type type)
  {
    return type != socket_type::push && type != socket_type::pub;
  }
  std::error_code apply(engine::socket_options& to) const
  {
    if (messages == 0)
      return errc::invalid_option;
    to.receive_hwm = messages;
    return {};
  }
  static receive_hwm read(engine::socket_options const& from) { return receive_hwm{from.receive_hwm}; }
};

/// How long a closed socket goes on delivering what is queued: `linger{500ms}`, `linger{linger::forever}`, or zero to
/// drop it. Default: until one second has passed without progress, and 30 s in all. Takes effect at close.
struct linger {
  using duration = std::chrono::milliseconds;
  static constexpr duration forever = engine::linger_limits::forever;
  duration at_most;
  explicit linger(duration d) : at_most{d} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (at_most < duration::zero())
      return errc::invalid_option;
    to.linger = {at_most, at_most};
    return {};
  }
  static linger read(engine::socket_options const& from) { return linger{from.linger.in_all}; }
};

/// Queue only for peers whose handshake is complete, instead of for every connecting endpoint. Default false.
/// Affects later connects.
struct immediate {
  bool value = true;
  explicit immediate(bool on) : value{on} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    to.immediate = value;
    return {};
  }
  static immediate read(engine::socket_options const& from) { return immediate{from.immediate}; }
};

/// PUB: a message that a full subscriber would lose makes the send wait instead. Default false. Takes effect at once.
struct xpub_nodrop {
  bool value = true;
  explicit xpub_nodrop(bool on) : value{on} {}
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::pub || type == socket_type::xpub;
  }
  std::error_code apply(engine::socket_options& to) const
  {
    to.xpub_nodrop = value;
    return {};
  }
  static xpub_nodrop read(engine::socket_options const& from) { return xpub_nodrop{from.xpub_nodrop}; }
};

/// The name by which ROUTER peers know this socket: up to 255 bytes; empty lets them choose. Affects later connections.
struct routing_id {
  std::string bytes;
  explicit routing_id(std::string id) : bytes{std::move(id)} {}
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::req || type == socket_type::rep || type == socket_type::dealer ||
           type == socket_type::router;
  }
  std::error_code apply(engine::socket_options& to) const
  {
    if (bytes.size() > 255)
      return errc::invalid_option;
    to.routing_id = bytes;
    return {};
  }
  static routing_id read(engine::socket_options const& from) { return routing_id{from.routing_id}; }
};

/// How long to wait before connecting again: at least `min` (default 100 ms, plus up to as much again at random); with
/// a `max` above zero the wait doubles up to it. `reconnect_interval::off()` does not reconnect.
struct reconnect_interval {
  using duration = std::chrono::milliseconds;
  duration min{100};
  duration max{0};
  bool enabled = true;
  explicit reconnect_interval(duration lowest, duration highest = duration::zero())
      : min{lowest}, max{highest}
  {
  }
  static reconnect_interval off()
  {
    reconnect_interval none{duration{100}};
    none.enabled = false;
    return none;
  }
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (min <= duration::zero() || max < duration::zero())
      return errc::invalid_option;
    to.interval = {min, max};
    to.reconnect = enabled;
    return {};
  }
  static reconnect_interval read(engine::socket_options const& from)
  {
    reconnect_interval result{from.interval.min, from.interval.max};
    result.enabled = from.reconnect;
    return result;
  }
};

/// How long one attempt to connect may take. Zero (the default) leaves it to the operating system.
struct connect_timeout {
  std::chrono::milliseconds value;
  explicit connect_timeout(std::chrono::milliseconds d) : value{d} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (value < value.zero())
      return errc::invalid_option;
    to.connect_timeout = value;
    return {};
  }
  static connect_timeout read(engine::socket_options const& from)
  {
    return connect_timeout{from.connect_timeout};
  }
};

/// How long a handshake may take in all, from the connection on. Zero is no limit; default 10 s. Later connections.
struct handshake_timeout {
  std::chrono::milliseconds value;
  explicit handshake_timeout(std::chrono::milliseconds d) : value{d} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (value < value.zero())
      return errc::invalid_option;
    to.handshake_timeout = value;
    return {};
  }
  static handshake_timeout read(engine::socket_options const& from)
  {
    return handshake_timeout{from.handshake_timeout};
  }
};

/// How often to PING a peer. Zero (the default) is never. Later connections.
struct heartbeat_interval {
  std::chrono::milliseconds value;
  explicit heartbeat_interval(std::chrono::milliseconds d) : value{d} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (value < value.zero())
      return errc::invalid_option;
    to.heartbeat.interval = value;
    return {};
  }
  static heartbeat_interval read(engine::socket_options const& from)
  {
    return heartbeat_interval{from.heartbeat.interval};
  }
};

/// How long a peer may be silent after a PING before its connection is ended. Zero (the default) means the interval.
struct heartbeat_timeout {
  std::chrono::milliseconds value;
  explicit heartbeat_timeout(std::chrono::milliseconds d) : value{d} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (value < value.zero())
      return errc::invalid_option;
    to.heartbeat.timeout = value;
    return {};
  }
  static heartbeat_timeout read(engine::socket_options const& from)
  {
    return heartbeat_timeout{from.heartbeat.timeout};
  }
};

/// How long the peer shall wait for a sign of life of ours before it ends the connection; told in each PING. Zero (the
/// default) says nothing; at most 6553.5 s, and no more than 65.5 s is told, since libzmq misreads longer ones.
struct heartbeat_ttl {
  std::chrono::milliseconds value;
  explicit heartbeat_ttl(std::chrono::milliseconds d) : value{d} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (value < value.zero() || value > std::chrono::milliseconds{6'553'500})
      return errc::invalid_option;
    to.heartbeat.ttl = value;
    return {};
  }
  static heartbeat_ttl read(engine::socket_options const& from) { return heartbeat_ttl{from.heartbeat.ttl}; }
};

/// The largest message to receive, all frames together, in bytes; a peer that announces more loses its connection.
/// Default 1 GiB; `unlimited` is spelt. Memory grows with what arrives, whatever is announced. Later connections.
struct max_message_size {
  std::uint64_t bytes;
  explicit max_message_size(std::uint64_t n) : bytes{n} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    to.limits.message_size = bytes;
    return {};
  }
  static max_message_size read(engine::socket_options const& from)
  {
    return max_message_size{from.limits.message_size};
  }
};

/// The most frames to receive in one message. At least 1; default 65536. Later connections.
struct max_frames {
  std::size_t count;
  explicit max_frames(std::size_t n) : count{n} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (count == 0)
      return errc::invalid_option;
    to.limits.frames = count;
    return {};
  }
  static max_frames read(engine::socket_options const& from) { return max_frames{from.limits.frames}; }
};

/// Whether "*" binds to IPv6 as well, and host names may resolve to IPv6 addresses. Default false. Numeric IPv6
/// addresses work either way. Affects later binds and connects.
struct ipv6 {
  bool value = true;
  explicit ipv6(bool on) : value{on} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    to.system.ipv6 = value;
    return {};
  }
  static ipv6 read(engine::socket_options const& from) { return ipv6{from.system.ipv6}; }
};

/// The kernel's send buffer of a connection in bytes; nothing leaves the system's value. Later binds and connects.
struct send_buffer {
  std::optional<int> bytes;
  explicit send_buffer(std::optional<int> n) : bytes{n} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (bytes && *bytes <= 0)
      return errc::invalid_option;
    to.system.send_buffer = bytes;
    return {};
  }
  static send_buffer read(engine::socket_options const& from) { return send_buffer{from.system.send_buffer}; }
};

/// The kernel's receive buffer of a connection in bytes; nothing leaves the system's value. Later binds and connects.
struct receive_buffer {
  std::optional<int> bytes;
  explicit receive_buffer(std::optional<int> n) : bytes{n} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (bytes && *bytes <= 0)
      return errc::invalid_option;
    to.system.receive_buffer = bytes;
    return {};
  }
  static receive_buffer read(engine::socket_options const& from)
  {
    return receive_buffer{from.system.receive_buffer};
  }
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
struct backlog {
  int connections;
  explicit backlog(int n) : connections{n} {}
  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    if (connections <= 0)
      return errc::invalid_option;
    to.system.backlog = connections;
    return {};
  }
  static backlog read(engine::socket_options const& from) { return backlog{from.system.backlog}; }
};

}  // namespace option
}  // namespace cozmq
