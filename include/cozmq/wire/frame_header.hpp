// The flags and size in front of every frame.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>

namespace cozmq::wire {

// [RFC 37, frame] bit 0 MORE, bit 1 LONG, bit 2 COMMAND; bits 3-7 MUST be zero.
inline constexpr unsigned flag_more = 1;
inline constexpr unsigned flag_long = 2;
inline constexpr unsigned flag_command = 4;

inline constexpr std::size_t max_frame_header_size = 9;
inline constexpr std::uint64_t max_short_body = 255;

/// What stands in front of a frame's body.
struct frame_header {
  bool more = false;
  bool command = false;
  std::uint8_t length = 0;  ///< of the header itself: 2 or 9
  std::uint64_t size = 0;   ///< of the body that follows
};

namespace detail {

// Out of line, so that the hot path around it stays a handful of instructions.
[[gnu::cold, gnu::noinline]] inline void set_malformed_frame(std::error_code& ec) noexcept
{
  ec = errc::malformed_frame;
}

}  // namespace detail

/// Reads the header at the front of `input`; nothing when octets are missing or when it is illegal.
///
/// `ec` is set to `malformed_frame` when a reserved bit is set, a command has MORE, or the size exceeds
/// 2^63-1, and is left alone otherwise. Illegal flags are found in the first octet, whatever follows.
inline std::optional<frame_header> parse_frame_header(byte_view input, std::error_code& ec) noexcept
{
  if (input.empty())
    return std::nullopt;
  unsigned const flags = std::to_integer<unsigned>(input[0]);
  // [RFC 37, frame] the MORE bit SHALL be zero on command frames.
  if (flags > (flag_command | flag_long) ||
      (flags & (flag_command | flag_more)) == (flag_command | flag_more)) [[unlikely]] {
    detail::set_malformed_frame(ec);
    return std::nullopt;
  }
  bool const more = (flags & flag_more) != 0;
  bool const command = (flags & flag_command) != 0;
  if ((flags & flag_long) == 0) {
    if (input.size() < 2)
      return std::nullopt;
    return frame_header{more, command, 2, std::to_integer<std::uint64_t>(input[1])};
  }
  if (input.size() < max_frame_header_size)
    return std::nullopt;
  // [RFC 37, frame] a long frame has a body of 0 to 2^63-1 octets; a short body in a long frame is legal.
  auto const size = load_big_endian<std::uint64_t>(input.data() + 1);
  if ((size >> 63) != 0) [[unlikely]] {
    detail::set_malformed_frame(ec);
    return std::nullopt;
  }
  return frame_header{more, command, max_frame_header_size, size};
}

/// Reads the header at `at`, which `parse_frame_header` has accepted before.
inline frame_header read_frame_header(std::byte const* at) noexcept
{
  unsigned const flags = std::to_integer<unsigned>(at[0]);
  bool const more = (flags & flag_more) != 0;
  bool const command = (flags & flag_command) != 0;
  if ((flags & flag_long) == 0) [[likely]]
    return {more, command, 2, std::to_integer<std::uint64_t>(at[1])};
  return {more, command, max_frame_header_size, load_big_endian<std::uint64_t>(at + 1)};
}

/// MORE and COMMAND of a header, as `encode_frame_header` takes them.
constexpr unsigned flags_of(frame_header const& header) noexcept
{
  return (header.more ? flag_more : 0U) | (header.command ? flag_command : 0U);
}

/// How many octets the header of a frame with `size` octets of body takes: 2 or 9.
constexpr std::size_t frame_header_length(std::uint64_t size) noexcept
{
  return size <= max_short_body ? 2 : max_frame_header_size;
}

/// Writes a frame's header at `to`, in its shortest form, and returns where its body goes.
///
/// `flags` is any of `flag_more` and `flag_command`; there must be room for `frame_header_length(size)`
/// octets.
constexpr std::byte* encode_frame_header(std::byte* to, unsigned flags, std::uint64_t size) noexcept
{
  if (size <= max_short_body) {
    to[0] = static_cast<std::byte>(flags);
    to[1] = static_cast<std::byte>(size);
    return to + 2;
  }
  to[0] = static_cast<std::byte>(flags | flag_long);
  store_big_endian<std::uint64_t>(to + 1, size);
  return to + max_frame_header_size;
}

}  // namespace cozmq::wire
