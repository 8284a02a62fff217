// What is known of one peer of a socket, for people and for decisions: who it is, and what has passed.
#pragma once

#include <cozmq/core/escape.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/message/properties.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>

namespace cozmq {

/// Names one connection of a socket; counted from 1, never used twice on a socket. A reconnect makes a new peer.
using peer_id = std::uint64_t;

/// What has passed through a connection, or through all connections of a socket.
struct traffic_counts {
  std::uint64_t messages_in = 0;   ///< whole messages that arrived, read or not
  std::uint64_t messages_out = 0;  ///< whole messages that the kernel, or an inproc peer, has taken
  std::uint64_t bytes_in = 0;      ///< on the wire, handshake and commands too; inproc has no wire
  std::uint64_t bytes_out = 0;     ///< likewise

  traffic_counts& operator+=(traffic_counts const& other) noexcept
  {
    messages_in += other.messages_in;
    messages_out += other.messages_out;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    return *this;
  }
  friend bool operator==(traffic_counts const&, traffic_counts const&) = default;
};

/// A peer, as it was when asked for.
class peer_info {
 public:
  peer_info() =
      default;  // declared, so that this is no aggregate: g++ 12 destroys those twice where they are awaited

  peer_id id = 0;
  std::string endpoint;             ///< ours, as `bind` or `connect` returned it
  std::string address;              ///< where the peer is, for example "tcp://192.0.2.1:40000"
  std::optional<socket_type> type;  ///< nothing before the handshake
  std::string routing_id;           ///< by which a ROUTER sends to it, else what it calls itself; any bytes
  std::optional<std::uint8_t> zmtp_minor;       ///< of ZMTP 3.x; nothing over inproc and before the handshake
  std::string mechanism;                        ///< "NULL" and so on; empty like zmtp_minor
  properties announced;                         ///< all it said of itself, `X-` properties too
  properties told;                              ///< what `option::authenticator` said of it, "User-Id" too
  std::chrono::system_clock::time_point since;  ///< when the connection was made
  traffic_counts passed;
  std::size_t queued = 0;    ///< messages for it that wait in this process
  std::size_t unread = 0;    ///< messages from it that the application has not received
  std::uint64_t missed = 0;  ///< messages for it that were dropped because it was full
};

namespace detail {

inline void append_peer_kind(std::string& to, peer_info const& p)
{
  if (!p.type)
    return;
  to.append(" (").append(to_string(*p.type));
  if (p.zmtp_minor)
    to.append(", ZMTP 3.").append(std::to_string(*p.zmtp_minor));
  if (!p.routing_id.empty()) {
    to += ", id ";
    append_escaped(to, p.routing_id);
  }
  to += ')';
}

inline void append_traffic(std::string& to, traffic_counts const& t)
{
  fmt::format_to(std::back_inserter(to), "{} messages in ({} bytes), {} out ({} bytes)", t.messages_in,
                 t.bytes_in, t.messages_out, t.bytes_out);
}

/// For types whose text is one string without a choice of form.
struct plain_formatter {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }

  template <class Shown, class Context>
  auto format(Shown const& shown, Context& context) const
  {
    std::string const text = to_string(shown);
    return std::copy(text.begin(), text.end(), context.out());
  }
};

}  // namespace detail

/// For people: `peer 3: tcp://192.0.2.1:40000 (DEALER, ZMTP 3.1), 5 messages in (120 bytes), 5 out (130 bytes)`.
inline std::string to_string(peer_info const& p)
{
  std::string text = fmt::format("peer {}: {}", p.id, p.address);
  detail::append_peer_kind(text, p);
  text += ", ";
  detail::append_traffic(text, p.passed);
  if (p.queued > 0)
    fmt::format_to(std::back_inserter(text), ", {} queued", p.queued);
  if (p.unread > 0)
    fmt::format_to(std::back_inserter(text), ", {} unread", p.unread);
  if (p.missed > 0)
    fmt::format_to(std::back_inserter(text), ", {} missed", p.missed);
  return text;
}

}  // namespace cozmq

template <>
struct fmt::formatter<cozmq::peer_info> : cozmq::detail::plain_formatter {};
