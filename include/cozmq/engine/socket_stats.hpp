// What a socket counts, all its connections together.
#pragma once

#include <cozmq/engine/peer_info.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace cozmq {

/// Messages that were lost, by cause.
struct drop_counts {
  std::uint64_t full = 0;  ///< a subscriber, or the peer that a reply was for, was at its high-water mark
  std::uint64_t unroutable = 0;   ///< nobody has the routing id, or the peer that a reply was for is gone
  std::uint64_t rejected = 0;     ///< arrived, and broke the pattern: for example a reply to no request
  std::uint64_t undelivered = 0;  ///< were queued when their peer or endpoint ended
  std::uint64_t unread = 0;       ///< had arrived from an endpoint that was disconnected

  std::uint64_t sum() const noexcept { return full + unroutable + rejected + undelivered + unread; }
  friend bool operator==(drop_counts const&, drop_counts const&) = default;
};

/// The counters of a socket since it was made.
struct socket_stats {
  traffic_counts passed;   ///< through all connections, those that ended too
  std::size_t peers = 0;   ///< connected now
  std::size_t queued = 0;  ///< messages that wait in this process to leave
  std::size_t unread = 0;  ///< messages that arrived and that the application has not received
  drop_counts dropped;
  std::uint64_t accepted = 0;          ///< connections that came in, whatever became of them
  std::uint64_t connected = 0;         ///< connections made by connecting endpoints, whatever became of them
  std::uint64_t reconnects = 0;        ///< of these, those after an earlier one of the same endpoint
  std::uint64_t connect_failures = 0;  ///< attempts that came to no connection
  std::uint64_t handshake_failures = 0;  ///< connections that ended before their handshake did
  std::uint64_t gave_way = 0;            ///< of these, those that were cut for newer ones
  std::uint64_t turned_away = 0;         ///< connections closed as they came in, at `max_connections`
  std::uint64_t disconnects = 0;         ///< connections that ended afterwards
};

/// For people, in one line; what is zero and mostly is goes unsaid.
inline std::string to_string(socket_stats const& s)
{
  std::string text = fmt::format("{} peers, ", s.peers);
  detail::append_traffic(text, s.passed);
  std::pair<std::string_view, std::uint64_t> const rare[] = {
      {"queued", s.queued},
      {"unread", s.unread},
      {"dropped: full", s.dropped.full},
      {"dropped: unroutable", s.dropped.unroutable},
      {"dropped: rejected", s.dropped.rejected},
      {"dropped: undelivered", s.dropped.undelivered},
      {"dropped: unread", s.dropped.unread},
      {"accepted", s.accepted},
      {"connected", s.connected},
      {"reconnects", s.reconnects},
      {"failed connects", s.connect_failures},
      {"failed handshakes", s.handshake_failures},
      {"of them gave way", s.gave_way},
      {"turned away", s.turned_away},
      {"disconnects", s.disconnects},
  };
  for (auto const& [name, count] : rare)
    if (count > 0)
      fmt::format_to(std::back_inserter(text), ", {} {}", count, name);
  return text;
}

}  // namespace cozmq

template <>
struct fmt::formatter<cozmq::socket_stats> : cozmq::detail::plain_formatter {};
