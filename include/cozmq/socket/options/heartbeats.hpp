// Options: how a connection finds out that its peer is gone.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <chrono>
#include <string_view>

namespace cozmq::option {

/// How often to PING a peer. Zero (the default) is never. Later connections.
/// @libzmq ZMQ_HEARTBEAT_IVL | 0, off | later connections | all but STREAM
struct heartbeat_interval : single<heartbeat_interval, std::chrono::milliseconds,
                                   &engine::socket_options::heartbeat, &wire::heartbeat_config::interval> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule = "heartbeat_interval is zero, which is never, or longer";
  static bool valid(std::chrono::milliseconds t) { return t >= t.zero(); }
};

/// How long a peer may be silent after a PING before its connection is ended. Zero (the default) means the interval.
/// @libzmq ZMQ_HEARTBEAT_TIMEOUT | 0, the interval | later connections | all but STREAM
struct heartbeat_timeout : single<heartbeat_timeout, std::chrono::milliseconds,
                                  &engine::socket_options::heartbeat, &wire::heartbeat_config::timeout> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule = "heartbeat_timeout is zero, which means the interval, or longer";
  static bool valid(std::chrono::milliseconds t) { return t >= t.zero(); }
};

/// How long the peer shall wait for a sign of life of ours before it ends the connection; told in each PING. Zero (the
/// default) says nothing; at most 6553.5 s, and no more than 65.5 s is told, since libzmq misreads longer ones.
/// @libzmq ZMQ_HEARTBEAT_TTL | 0, none | later connections | all but STREAM
struct heartbeat_ttl : single<heartbeat_ttl, std::chrono::milliseconds, &engine::socket_options::heartbeat,
                              &wire::heartbeat_config::ttl> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule = "heartbeat_ttl is at least zero and at most 6553.5 s";
  static bool valid(std::chrono::milliseconds t)
  {
    return t >= t.zero() && t <= std::chrono::milliseconds{6'553'500};
  }
};

}  // namespace cozmq::option
