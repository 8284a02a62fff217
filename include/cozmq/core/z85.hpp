// Z85: keys and other bytes as text that survives a shell, a source file and a configuration.
#pragma once

#include <cozmq/core/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cozmq {

namespace detail {

inline constexpr std::string_view z85_digits =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

inline constexpr std::uint8_t no_z85_digit = 255;

inline constexpr std::array<std::uint8_t, 256> z85_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_z85_digit);
  for (std::size_t i = 0; i < z85_digits.size(); ++i)
    values[static_cast<unsigned char>(z85_digits[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

}  // namespace detail

/// How many characters `bytes` bytes take; `bytes` is a multiple of 4.
constexpr std::size_t z85_length(std::size_t bytes) noexcept
{
  return bytes / 4 * 5;
}

/// Writes `bytes` as text into all of `to`. False, and nothing is written, unless [RFC 32] the number of bytes is a multiple
/// of 4 and `to` has exactly `z85_length()` characters.
constexpr bool z85_encode(byte_view bytes, std::span<char> to) noexcept
{
  if (bytes.size() % 4 != 0 || to.size() != z85_length(bytes.size()))
    return false;
  for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
    // [RFC 32] four octets are a number in network byte order; five characters, the most significant first.
    auto value = load_big_endian<std::uint32_t>(bytes.data() + 4 * i);
    for (std::size_t digit = 5; digit-- > 0; value /= 85)
      to[5 * i + digit] = detail::z85_digits[value % 85];
  }
  return true;
}

/// The text of `bytes`, whose number is a multiple of 4; empty if it is not.
inline std::string z85_encode(byte_view bytes)
{
  std::string text(z85_length(bytes.size()), '\0');
  return z85_encode(bytes, text) ? text : std::string{};
}

/// Reads `text` into all of `to`. False when the lengths do not fit (5 characters for 4 bytes), a character is not of the
/// alphabet, or five of them are more than 32 bits hold; what `to` then holds is unspecified. Every text that is accepted
/// is the one that `z85_encode()` makes.
constexpr bool z85_decode(std::string_view text, std::span<std::byte> to) noexcept
{
  if (to.size() % 4 != 0 || text.size() != z85_length(to.size()))
    return false;
  for (std::size_t i = 0; i < to.size() / 4; ++i) {
    std::uint64_t value = 0;
    for (char const c : text.substr(5 * i, 5)) {
      std::uint8_t const digit = detail::z85_values[static_cast<unsigned char>(c)];
      if (digit == detail::no_z85_digit)
        return false;
      value = value * 85 + digit;
    }
    if (value > 0xFFFF'FFFF)
      return false;
    store_big_endian(to.data() + 4 * i, static_cast<std::uint32_t>(value));
  }
  return true;
}

}  // namespace cozmq
