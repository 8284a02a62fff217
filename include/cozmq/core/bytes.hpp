// Byte spans, text views of them, and the big-endian integers of ZMTP.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cozmq {

/// A view of bytes that somebody else owns.
using byte_view = std::span<std::byte const>;

/// The bytes of a text, for a call that takes bytes.
inline byte_view as_bytes(std::string_view text) noexcept
{
  return {reinterpret_cast<std::byte const*>(text.data()), text.size()};
}

/// The bytes as text; ZeroMQ strings are a length and bytes, there is no terminating NUL.
inline std::string_view as_text(byte_view bytes) noexcept
{
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

/// Reads an unsigned big-endian ("network order") integer from the first sizeof(T) bytes at `from`.
template <std::unsigned_integral T>
constexpr T load_big_endian(std::byte const* from) noexcept
{
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value =
        static_cast<T>((static_cast<std::uint64_t>(value) << 8) | std::to_integer<std::uint64_t>(from[i]));
  return value;
}

/// Writes `value` big-endian into the first sizeof(T) bytes at `to`.
template <std::unsigned_integral T>
constexpr void store_big_endian(std::byte* to, T value) noexcept
{
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)));
}

}  // namespace cozmq
