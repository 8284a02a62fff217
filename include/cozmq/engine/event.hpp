// What happens to a socket's endpoints and connections, as a value.
#pragma once

#include <cozmq/engine/peer_info.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq {

enum class event_kind : std::uint8_t {
  listening,      ///< an endpoint is bound
  bind_failed,    ///< it is not: `error`, `reason`
  accepted,       ///< a connection came in: `peer`; its handshake follows
  accept_failed,  ///< one could not be accepted: `error`, `reason`
  connecting,     ///< an attempt to connect begins
  connected,      ///< it has led to a connection: `peer`; its handshake follows
  retrying,  ///< it has not, or the connection is lost: `error`, `reason`; the next follows after `delay`
  gave_up,   ///< there will be no further attempt: `error`, `reason`; `count` messages are undelivered
  handshake_succeeded,  ///< messages can pass: `peer` says all about the other side
  handshake_failed,     ///< the connection ended before: `peer`, `error`, `reason`
  disconnected,         ///< the connection ended: `peer`, `error`, `reason`
  closed,               ///< an endpoint is unbound, disconnected, or goes with its socket
  dropped,              ///< nobody read in time: `count` events that belong here are gone
};

inline constexpr std::array<std::string_view, 13> event_kind_names{
    "listening",    "bind_failed", "accepted", "accept_failed",       "connecting",
    "connected",    "retrying",    "gave_up",  "handshake_succeeded", "handshake_failed",
    "disconnected", "closed",      "dropped"};

constexpr std::string_view to_string(event_kind kind) noexcept
{
  return event_kind_names[static_cast<std::size_t>(kind)];
}

/// A set of kinds of events.
class event_kinds {
 public:
  constexpr event_kinds(std::initializer_list<event_kind> kinds) noexcept
  {
    for (event_kind kind : kinds)
      bits_ |= bit(kind);
  }
  static constexpr event_kinds all() noexcept
  {
    event_kinds result{};
    result.bits_ = ~0U;
    return result;
  }

  constexpr bool contains(event_kind kind) const noexcept { return (bits_ & bit(kind)) != 0; }
  friend constexpr bool operator==(event_kinds, event_kinds) noexcept = default;

 private:
  static constexpr std::uint32_t bit(event_kind kind) noexcept { return 1U << static_cast<unsigned>(kind); }

  std::uint32_t bits_ = 0;
};

/// One event. Which members have a meaning depends on its kind.
class event {
 public:
  event() = default;
  explicit event(event_kind k, std::string where = {}) : kind{k}, endpoint{std::move(where)} {}

  event_kind kind{};
  std::string endpoint;                ///< ours, as `bind` or `connect` returned it
  std::optional<peer_info> peer;       ///< of events about a connection
  std::error_code error;               ///< why
  std::string reason;                  ///< why, in words
  std::chrono::milliseconds delay{0};  ///< until the next attempt
  std::size_t count = 0;

  /// Adds why it happened.
  event& because(std::error_code why, std::string in_words)
  {
    error = why;
    reason = std::move(in_words);
    return *this;
  }
};

/// For people, for example `connected to tcp://127.0.0.1:5555 (ROUTER, ZMTP 3.1)`.
inline std::string to_string(event const& e)
{
  std::string text;
  auto const at = std::back_inserter(text);
  std::string_view const peer = e.peer ? std::string_view{e.peer->address} : std::string_view{};
  switch (e.kind) {
    case event_kind::listening: fmt::format_to(at, "listening on {}", e.endpoint); break;
    case event_kind::bind_failed: text = e.reason; break;
    case event_kind::accepted: fmt::format_to(at, "{}: accepted {}", e.endpoint, peer); break;
    case event_kind::accept_failed: fmt::format_to(at, "{}: {}", e.endpoint, e.reason); break;
    case event_kind::connecting: fmt::format_to(at, "connecting to {}", e.endpoint); break;
    case event_kind::connected: fmt::format_to(at, "{}: reached {}", e.endpoint, peer); break;
    case event_kind::retrying:
      fmt::format_to(at, "{}: {}; next try in {} ms", e.endpoint, e.reason, e.delay.count());
      break;
    case event_kind::gave_up:
      fmt::format_to(at, "{}: {}; not trying again, {} messages undelivered", e.endpoint, e.reason, e.count);
      break;
    case event_kind::handshake_succeeded:
      fmt::format_to(at, "connected to {}", peer);
      if (e.peer)
        detail::append_peer_kind(text, *e.peer);
      break;
    case event_kind::handshake_failed: fmt::format_to(at, "no handshake with {}: {}", peer, e.reason); break;
    case event_kind::disconnected: fmt::format_to(at, "disconnected from {}: {}", peer, e.reason); break;
    case event_kind::closed: fmt::format_to(at, "closed {}", e.endpoint); break;
    case event_kind::dropped: fmt::format_to(at, "{} events were not read in time", e.count); break;
  }
  return text;
}

}  // namespace cozmq

template <>
struct fmt::formatter<cozmq::event> : cozmq::detail::plain_formatter {};
