// Commands: a name and data in one frame, and the ones that every ZMTP peer knows.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/wire/frame_header.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string_view>
#include <vector>

namespace cozmq::wire {

/// A command taken apart; both parts lie in the frame it was parsed from.
struct command_view {
  std::string_view name;
  byte_view data;
};

/// Tenths of a second, the unit of a PING's time-to-live; wide, so that no conversion wraps.
using deciseconds = std::chrono::duration<std::int64_t, std::deci>;

/// A PING taken apart; a time-to-live of zero says nothing.
struct ping_view {
  deciseconds ttl{0};
  byte_view context;
};

inline constexpr std::size_t max_ping_context = 16;
inline constexpr std::size_t max_error_reason = 255;
inline constexpr deciseconds max_wire_ttl{65535};

/// Takes the body of a command frame apart; nothing when it has no legal name.
///
/// Names are compared exactly: `ping` is not PING.
inline std::optional<command_view> parse_command(byte_view body) noexcept
{
  // [RFC 37, grammar] command-name = short-size 1*255command-name-char; command-name-char = ALPHA
  if (body.empty())
    return std::nullopt;
  std::size_t const length = std::to_integer<std::size_t>(body[0]);
  if (length == 0 || length > body.size() - 1)
    return std::nullopt;
  std::string_view const name = as_text(body.subspan(1, length));
  auto const is_alpha = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  if (!std::all_of(name.begin(), name.end(), is_alpha))
    return std::nullopt;
  return command_view{name, body.subspan(1 + length)};
}

/// How many octets a whole command frame takes.
constexpr std::size_t command_frame_size(std::size_t name_size, std::size_t data_size) noexcept
{
  std::size_t const body = 1 + name_size + data_size;
  return frame_header_length(body) + body;
}

/// Writes a command frame at `to`, where `command_frame_size()` octets are free, up to its data; returns
/// where `data_size` octets of data go.
inline std::byte* encode_command_head(std::byte* to, std::string_view name, std::size_t data_size) noexcept
{
  // The size class follows from the whole body: libzmq 4.3.4 takes the topic's, and breaks 246 to 255 octets.
  to = encode_frame_header(to, flag_command, 1 + name.size() + data_size);
  *to++ = static_cast<std::byte>(name.size());
  byte_view const bytes = as_bytes(name);
  return std::copy(bytes.begin(), bytes.end(), to);
}

/// Appends a command frame up to its data and returns where `data_size` octets of data go.
inline std::byte* append_command_head(std::vector<std::byte>& out, std::string_view name,
                                      std::size_t data_size)
{
  std::size_t const before = out.size();
  out.resize(before + command_frame_size(name.size(), data_size));
  return encode_command_head(out.data() + before, name, data_size);
}

/// Appends a whole command frame.
inline void append_command(std::vector<std::byte>& out, std::string_view name, byte_view data)
{
  std::byte* const to = append_command_head(out, name, data.size());
  std::copy(data.begin(), data.end(), to);
}

/// Takes the data of a PING apart; nothing when the TTL is incomplete or the context exceeds 16 octets.
inline std::optional<ping_view> parse_ping(byte_view data) noexcept
{
  // [RFC 37, heartbeating] ping = command-size %d4 "PING" ping-ttl ping-context; ping-ttl = 2OCTET
  if (data.size() < 2 || data.size() > 2 + max_ping_context)
    return std::nullopt;
  return ping_view{deciseconds{load_big_endian<std::uint16_t>(data.data())}, data.subspan(2)};
}

/// The context of a PONG; nothing when it exceeds 16 octets.
inline std::optional<byte_view> parse_pong(byte_view data) noexcept
{
  if (data.size() > max_ping_context)
    return std::nullopt;
  return data;
}

/// Appends a PING; `ttl` is clamped to what two octets hold, `context` must not exceed 16 octets.
inline void append_ping(std::vector<std::byte>& out, deciseconds ttl, byte_view context = {})
{
  std::byte* const to = append_command_head(out, "PING", 2 + context.size());
  store_big_endian(to, static_cast<std::uint16_t>(std::clamp(ttl, deciseconds{0}, max_wire_ttl).count()));
  std::copy(context.begin(), context.end(), to + 2);
}

/// Appends the PONG that answers a PING: it echoes the context.
inline void append_pong(std::vector<std::byte>& out, byte_view context)
{
  append_command(out, "PONG", context);
}

/// The reason in the data of an ERROR, as the peer sent it; nothing when its length runs past the end.
inline std::optional<std::string_view> parse_error(byte_view data) noexcept
{
  // [RFC 37, NULL] error-reason = short-size 0*255VCHAR
  if (data.empty() || std::to_integer<std::size_t>(data[0]) > data.size() - 1)
    return std::nullopt;
  return as_text(data.subspan(1, std::to_integer<std::size_t>(data[0])));
}

/// Appends an ERROR with at most 255 octets of `reason`; what is no VCHAR, a space too, becomes a hyphen.
inline void append_error(std::vector<std::byte>& out, std::string_view reason)
{
  reason = reason.substr(0, max_error_reason);
  std::byte* to = append_command_head(out, "ERROR", 1 + reason.size());
  *to++ = static_cast<std::byte>(reason.size());
  for (char c : reason)
    *to++ = static_cast<std::byte>(c > ' ' && c <= '~' ? c : '-');
}

}  // namespace cozmq::wire
