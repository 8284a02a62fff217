// Text from a peer made safe for a log: printable ASCII, bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cozmq::wire {

/// Appends `text` to `to` with every octet but printable ASCII as `\xNN`, and no more than `limit` characters
/// of it, at least 3; what is cut ends in "...".
inline void append_printable(std::string& to, std::string_view text, std::size_t limit = 128)
{
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::string_view dots = "...";
  std::size_t const end = to.size() + limit;
  std::size_t cut = to.size();  // where the dots would go: never inside an escape
  for (char c : text) {
    if (to.size() + dots.size() <= end)
      cut = to.size();
    if (c >= ' ' && c <= '~' && c != '\\') {
      to += c;
    } else {
      auto const octet = static_cast<unsigned char>(c);
      to += "\\x";
      to += digits[octet >> 4];
      to += digits[octet & 15U];
    }
    if (to.size() > end) {
      to.resize(cut);
      to += dots;
      return;
    }
  }
}

/// `text` as `append_printable()` writes it.
inline std::string printable(std::string_view text, std::size_t limit = 128)
{
  std::string result;
  append_printable(result, text, limit);
  return result;
}

}  // namespace cozmq::wire
