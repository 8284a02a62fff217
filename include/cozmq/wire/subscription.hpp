// Subscriptions on the wire: SUBSCRIBE and CANCEL commands, and the messages that ZMTP 3.0 uses instead.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/frame_header.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cozmq::wire {

/// What a subscriber asks for; the topic lies in the frame that it was parsed from.
struct subscription_view {
  bool subscribe = false;
  byte_view topic;
};

namespace detail {

constexpr std::string_view subscription_command(bool subscribe) noexcept
{
  return subscribe ? "SUBSCRIBE" : "CANCEL";
}

}  // namespace detail

/// How many octets `encode_subscription()` writes.
constexpr std::size_t subscription_frame_size(subscription_view what, std::uint8_t peer_minor) noexcept
{
  if (peer_minor >= 1)
    return command_frame_size(detail::subscription_command(what.subscribe).size(), what.topic.size());
  return frame_header_length(1 + what.topic.size()) + 1 + what.topic.size();
}

/// Writes a subscription at `to`, in the form that a peer with this minor version knows, and returns its end.
inline std::byte* encode_subscription(std::byte* to, subscription_view what, std::uint8_t peer_minor) noexcept
{
  if (peer_minor >= 1) {
    // [RFC 37, pub-sub] subscribe = command-size %d9 "SUBSCRIBE" subscription
    to = encode_command_head(to, detail::subscription_command(what.subscribe), what.topic.size());
  } else {
    // [RFC 23, pub-sub] subscribe = message-size %d1 subscription; cancel = message-size %d0 subscription
    to = encode_frame_header(to, 0, 1 + what.topic.size());
    *to++ = std::byte{what.subscribe};
  }
  return std::copy(what.topic.begin(), what.topic.end(), to);
}

/// Appends a subscription in the form that a peer with this minor version knows.
inline void append_subscription(std::vector<std::byte>& out, subscription_view what, std::uint8_t peer_minor)
{
  std::size_t const before = out.size();
  out.resize(before + subscription_frame_size(what, peer_minor));
  encode_subscription(out.data() + before, what, peer_minor);
}

/// The subscription in a command; nothing when it is another command.
inline std::optional<subscription_view> parse_subscription(command_view command) noexcept
{
  if (command.name == detail::subscription_command(true))
    return subscription_view{true, command.data};
  if (command.name == detail::subscription_command(false))
    return subscription_view{false, command.data};
  return std::nullopt;
}

/// The subscription in the frame of a message; nothing when it does not begin with 0 or 1.
///
/// Peers of any version send this form: a libzmq XSUB hands on what its application writes.
inline std::optional<subscription_view> parse_subscription_message(byte_view frame) noexcept
{
  if (frame.empty() || std::to_integer<unsigned>(frame[0]) > 1)
    return std::nullopt;
  return subscription_view{frame[0] == std::byte{1}, frame.subspan(1)};
}

}  // namespace cozmq::wire
