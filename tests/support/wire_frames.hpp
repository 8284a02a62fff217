// ZMTP frames written by hand, so that the library's encoder is not checked by itself.
#pragma once

#include "support/octets.hpp"
#include <cozmq/core/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cozmq::test {

inline constexpr unsigned more_flag = 1;
inline constexpr unsigned long_flag = 2;
inline constexpr unsigned command_flag = 4;

inline void append_frame(octets& to, unsigned flags, std::string_view body)
{
  if (body.size() > 255)
    flags |= long_flag;
  to.push_back(static_cast<std::byte>(flags));
  for (int shift = (flags & long_flag) != 0 ? 56 : 0; shift >= 0; shift -= 8)
    to.push_back(static_cast<std::byte>(std::uint64_t{body.size()} >> shift));
  byte_view const bytes = as_bytes(body);
  to.insert(to.end(), bytes.begin(), bytes.end());
}

inline void append_message(octets& to, std::vector<std::string> const& all)
{
  for (std::size_t i = 0; i < all.size(); ++i)
    append_frame(to, i + 1 < all.size() ? more_flag : 0, all[i]);
}

inline octets frame_octets(unsigned flags, std::string_view body)
{
  octets result;
  append_frame(result, flags, body);
  return result;
}

inline octets message_octets(std::vector<std::string> const& all)
{
  octets result;
  append_message(result, all);
  return result;
}

// `size` bytes of all values, not the same at any two offsets nearby, different for each seed.
inline std::string pattern_text(std::size_t size, std::size_t seed = 0)
{
  std::string result(size, '\0');
  std::uint32_t state = static_cast<std::uint32_t>(seed * 2654435761U + size);
  for (char& c : result) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24);
  }
  return result;
}

}  // namespace cozmq::test
