// What can be set on a socket, as plain values for the engine; users see cozmq::option types.
#pragma once

#include <cozmq/core/backoff.hpp>
#include <cozmq/engine/admission.hpp>
#include <cozmq/engine/authentication.hpp>
#include <cozmq/engine/event.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/routing/subscription_rules.hpp>
#include <cozmq/transport/socks5.hpp>
#include <cozmq/transport/stream.hpp>
#include <cozmq/wire/decoder.hpp>
#include <cozmq/wire/heartbeat.hpp>
#include <cozmq/wire/mechanism.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

namespace cozmq::engine {

/// How long a closed socket goes on delivering what it has queued.
struct linger_limits {
  using duration = std::chrono::milliseconds;
  static constexpr duration forever = duration::max();

  duration in_all = std::chrono::seconds{30};
  duration without_progress = std::chrono::seconds{1};
};

/// Of which changes in a peer's connection a message tells.
enum class notify : unsigned char { nothing = 0, connects = 1, disconnects = 2, both = 3 };

constexpr bool includes(notify all, notify one) noexcept
{
  return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

/// After which failures a connecting endpoint is given up.
struct reconnect_stops {
  bool refused = false;           // nobody listens there
  bool handshake_failed = false;  // somebody does, but the handshake did not succeed
  bool after_disconnect = false;  // the user has called disconnect: not even for what is queued

  friend bool operator==(reconnect_stops, reconnect_stops) = default;
};

struct socket_options {
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  std::size_t send_hwm = 1000;     // whole messages
  std::size_t receive_hwm = 1000;  // whole messages
  std::size_t send_hwm_bytes = unlimited;
  std::size_t receive_hwm_bytes = unlimited;
  std::size_t send_batch = 60 * 1024;     // bytes; a 64 KiB chunk is nearly full then
  std::size_t receive_batch = unlimited;  // bytes
  linger_limits linger;
  bool conflate = false;   // only the last message waits, in either direction
  bool immediate = false;  // queue only for peers whose handshake is complete
  routing::subscription_rules subscriptions;
  bool xsub_verbose_unsubscribe = false;
  std::string routing_id;
  std::string connect_routing_id;  // of the peer of the next connect
  bool router_mandatory = false;
  bool router_handover = false;
  notify router_notify = notify::nothing;
  bool probe_router = false;
  message hello_message;  // none, when they have no frames
  message disconnect_message;
  message hiccup_message;
  bool req_relaxed = false;
  bool req_correlate = false;
  properties metadata;  // of the application, for our READY
  bool receive_metadata = false;
  bool stream_notify = true;

  wire::mechanism_maker mechanism;  // an endpoint has it as it was when that was made; none: NULL
  authenticator authenticates;
  std::string zap_domain;

  bool reconnect = true;
  reconnect_interval interval;
  reconnect_stops stops;
  std::optional<transport::socks_proxy> proxy;
  std::optional<int> use_fd;                     // for the next bind or connect
  std::chrono::milliseconds connect_timeout{0};  // zero: the system's
  std::chrono::milliseconds handshake_timeout{10'000};
  wire::heartbeat_config heartbeat;
  std::size_t max_handshake_size = 68 * 1024;  // octets of a peer: a command of 64 KiB, and the rest
  wire::decoder_limits limits;
  routing::subscription_limits subscription_limits;
  admission_limits admission;
  transport::socket_settings system;
  std::size_t events_kept = 0;  // zero: events are off
  event_kinds events_wanted = event_kinds::all();
};

}  // namespace cozmq::engine
