// Options: how connections are made, and made again.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <chrono>
#include <string_view>
#include <system_error>

namespace cozmq::option {

/// How long to wait before connecting again: at least `min` (default 100 ms, plus up to as much again at random); with
/// a `max` above zero the wait doubles up to it. `reconnect_interval::off()` does not reconnect.
/// @libzmq ZMQ_RECONNECT_IVL, ZMQ_RECONNECT_IVL_MAX | 100 ms, no growth | next attempt | all
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
  static constexpr std::string_view rule =
      "reconnect_interval is longer than zero; not to reconnect is spelt reconnect_interval::off()";
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

/// When to give up on a connecting endpoint instead of trying for ever; what is queued for it is then lost, which is
/// logged. `reconnect_stop{{.refused = true}}`: nobody listens there. `handshake_failed`: somebody listens, but is no peer
/// of ours. `after_disconnect`: `disconnect` ends an endpoint whose peer is absent at once, though messages wait for it.
/// Default: none of them. A peer that refuses for good (its type, its mechanism, an ERROR) is given up in any case. Takes
/// effect at once.
/// @libzmq ZMQ_RECONNECT_STOP | none | at once | all
struct reconnect_stop : single<reconnect_stop, engine::reconnect_stops, &engine::socket_options::stops> {
  using single::single;
};

/// How long one attempt to connect may take, an exchange with a proxy included. Zero (the default) leaves it to the
/// operating system. Takes effect with the next attempt.
/// @libzmq ZMQ_CONNECT_TIMEOUT | 0, the system's | next attempt | all; tcp, ipc
struct connect_timeout
    : single<connect_timeout, std::chrono::milliseconds, &engine::socket_options::connect_timeout> {
  using single::single;
  static constexpr std::string_view rule =
      "connect_timeout is zero, which leaves it to the system, or longer";
  static bool valid(std::chrono::milliseconds t) { return t >= t.zero(); }
};

/// How long a handshake may take in all, from the connection on. Zero is no limit; default 10 s. Later connections.
/// @libzmq ZMQ_HANDSHAKE_IVL | 10 s | later connections | all but STREAM
struct handshake_timeout
    : single<handshake_timeout, std::chrono::milliseconds, &engine::socket_options::handshake_timeout> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule = "handshake_timeout is zero, which is no limit, or longer";
  static bool valid(std::chrono::milliseconds t) { return t >= t.zero(); }
};

}  // namespace cozmq::option
