// Octets written as hex, and a machine fed with them in every way they can arrive.
#pragma once

#include <cozmq/core/bytes.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cozmq::test {

using octets = std::vector<std::byte>;

// Spaces are free to use between octets.
inline octets from_hex(std::string_view text)
{
  auto const digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  octets result;
  std::string digits;
  for (char c : text)
    if (c != ' ')
      digits += c;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    result.push_back(static_cast<std::byte>(digit(digits[i]) * 16 + digit(digits[i + 1])));
  return result;
}

inline std::string to_hex(byte_view bytes)
{
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (std::byte b : bytes) {
    result += digits[std::to_integer<std::size_t>(b) >> 4];
    result += digits[std::to_integer<std::size_t>(b) & 15U];
  }
  return result;
}

inline octets from_text(std::string_view text)
{
  byte_view const bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

inline octets operator+(octets a, octets const& b)
{
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A copy of exactly its own size, so that AddressSanitizer sees a read past the end of a piece.
inline octets exact(byte_view bytes)
{
  return {bytes.begin(), bytes.end()};
}

// Calls `check(pieces)` with `bytes` whole, octet by octet, and cut in two at every place.
template <typename Check>
void in_every_way(octets const& bytes, Check check)
{
  using pieces = std::vector<octets>;
  check(pieces{bytes});
  pieces singles;
  for (std::byte b : bytes)
    singles.push_back({b});
  check(singles);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut)
    check(pieces{exact(byte_view{bytes}.first(cut)), exact(byte_view{bytes}.subspan(cut))});
}

}  // namespace cozmq::test
