// Options: how much is queued for a peer and from it, and how long it is delivered after the end.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace cozmq::option {

/// How many whole messages may wait for one peer before a send waits or, with PUB, drops. At least 1; default 1000.
/// Counts messages that the kernel has not taken; while it takes more, up to one 64 KiB buffer comes on top, so that
/// tiny messages leave in full batches. Takes effect at once.
struct send_hwm : single<send_hwm, std::size_t, &engine::socket_options::send_hwm> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type != socket_type::pull && type != socket_type::sub;
  }
  static constexpr std::string_view rule =
      "send_hwm is at least 1 message; no limit is spelt option::unlimited";
  static bool valid(std::size_t messages) { return messages > 0; }
};

/// How many whole messages may wait to be received from one peer before its connection is no longer read; nothing is
/// dropped. At least 1; default 1000; exceeded by at most one 64 KiB read. Takes effect at once.
struct receive_hwm : single<receive_hwm, std::size_t, &engine::socket_options::receive_hwm> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type != socket_type::push && type != socket_type::pub;
  }
  static constexpr std::string_view rule =
      "receive_hwm is at least 1 message; no limit is spelt option::unlimited";
  static bool valid(std::size_t messages) { return messages > 0; }
};

/// Queue only for peers whose handshake is complete, instead of for every connecting endpoint. Default false.
/// Affects later connects.
struct immediate : single<immediate, bool, &engine::socket_options::immediate> {
  using single::single;
};

/// How long a closed socket goes on delivering what is queued: `linger{500ms}`, `linger{linger::forever}`, or zero to
/// drop it. Default: until one second has passed without progress, and 30 s in all. Takes effect at close.
struct linger {
  using duration = std::chrono::milliseconds;
  static constexpr duration forever = engine::linger_limits::forever;
  duration value;
  explicit linger(duration d) : value{d} {}
  static constexpr bool applies_to(socket_type) { return true; }
  static constexpr std::string_view rule =
      "linger is zero or longer; without an end is spelt linger::forever";
  std::error_code apply(engine::socket_options& to) const
  {
    if (value < duration::zero())
      return errc::invalid_option;
    to.linger = {value, value};
    return {};
  }
  static linger read(engine::socket_options const& from) { return linger{from.linger.in_all}; }
};

}  // namespace cozmq::option
