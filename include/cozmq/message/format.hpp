// Frames and messages through fmt: text as text, anything else escaped, `{:x}` for hexadecimal.
#pragma once

#include <cozmq/core/escape.hpp>
#include <cozmq/message/frame.hpp>
#include <cozmq/message/message.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cozmq::detail {

// What is shown of one frame, and of one message: a log line stays a line whatever a peer sends.
inline constexpr std::size_t shown_bytes = 256;
inline constexpr std::size_t shown_frames = 64;

/// Where to cut `text` so that no UTF-8 sequence is split: at `limit`, or up to three bytes before.
inline std::size_t cut_position(std::string_view text, std::size_t limit) noexcept
{
  if (text.size() <= limit)
    return text.size();
  for (std::size_t back = 1; back <= 3 && back <= limit; ++back) {
    std::uint32_t code = 0;
    if (std::size_t const length = utf8_sequence(text.substr(limit - back), code); length > back)
      return limit - back;
  }
  return limit;
}

inline void append_frame(std::string& out, frame const& shown, bool hex)
{
  std::string_view const text = shown.view();
  std::size_t const cut = hex ? std::min(text.size(), shown_bytes) : cut_position(text, shown_bytes);
  if (hex)
    for (char const c : text.substr(0, cut))
      append_hex(out, static_cast<unsigned char>(c));
  else
    append_escaped(out, text.substr(0, cut));
  if (cut < text.size())
    out += "... (" + std::to_string(text.size()) + " bytes)";
}

inline void append_message(std::string& out, message const& shown, bool hex)
{
  std::size_t const n = shown.size();
  for (std::size_t i = 0; i < std::min(n, shown_frames); ++i) {
    if (i != 0)
      out += " | ";
    append_frame(out, shown[i], hex);
  }
  if (n > shown_frames)
    out += " | ... (" + std::to_string(n) + " frames)";
}

/// The format specification of both: nothing, or `x`.
struct payload_formatter {
  bool hex = false;

  constexpr auto parse(fmt::format_parse_context& context)
  {
    auto at = context.begin();
    if (at != context.end() && *at == 'x') {
      hex = true;
      ++at;
    }
    if (at != context.end() && *at != '}')
      throw fmt::format_error("a frame or message is formatted with {} or {:x}");
    return at;
  }
};

}  // namespace cozmq::detail

template <>
struct fmt::formatter<cozmq::frame> : cozmq::detail::payload_formatter {
  template <class Context>
  auto format(cozmq::frame const& shown, Context& context) const
  {
    std::string text;
    cozmq::detail::append_frame(text, shown, hex);
    return std::copy(text.begin(), text.end(), context.out());
  }
};

template <>
struct fmt::formatter<cozmq::message> : cozmq::detail::payload_formatter {
  template <class Context>
  auto format(cozmq::message const& shown, Context& context) const
  {
    std::string text;
    cozmq::detail::append_message(text, shown, hex);
    return std::copy(text.begin(), text.end(), context.out());
  }
};
