// Bytes of unknown origin as text that is safe to print: on a terminal, in a log line, in an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cozmq::detail {

inline void append_hex(std::string& out, unsigned char byte)
{
  constexpr char digits[] = "0123456789abcdef";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

/// The length of the well-formed UTF-8 sequence of several bytes that `text` begins with, or 0.
inline std::size_t utf8_sequence(std::string_view text, std::uint32_t& code) noexcept
{
  auto const lead = static_cast<unsigned char>(text[0]);
  std::size_t length = 0;
  if (lead >= 0xC2 && lead <= 0xDF)
    length = 2;
  else if (lead >= 0xE0 && lead <= 0xEF)
    length = 3;
  else if (lead >= 0xF0 && lead <= 0xF4)
    length = 4;
  if (length == 0 || text.size() < length)
    return 0;
  code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    auto const next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80)
      return 0;
    code = (code << 6) | (next & 0x3Fu);
  }
  bool const overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  bool const surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate || code > 0x10FFFF ? 0 : length;
}

/// Whether a code point above ASCII could move the cursor, end the line or reverse what is read.
constexpr bool steers_terminal(std::uint32_t code) noexcept
{
  return code < 0xA0 || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0x200E || code == 0x200F || code == 0xFEFF;
}

/// Appends printable ASCII and well-formed UTF-8 as they are, and any other byte as \xNN.
inline void append_escaped(std::string& out, std::string_view text)
{
  for (std::size_t i = 0; i < text.size();) {
    auto const byte = static_cast<unsigned char>(text[i]);
    std::size_t length = byte >= 0x20 && byte < 0x7F ? 1 : 0;
    std::uint32_t code = 0;
    if (byte >= 0x80) {
      length = utf8_sequence(text.substr(i), code);
      if (length != 0 && steers_terminal(code))
        length = 0;
    }
    if (length != 0) {
      out += text.substr(i, length);
      i += length;
    } else {
      out += "\\x";
      append_hex(out, byte);
      ++i;
    }
  }
}

inline std::string escaped(std::string_view text)
{
  std::string out;
  append_escaped(out, text);
  return out;
}

}  // namespace cozmq::detail
