// Whether a text is an IP address, as far as one can tell without asking the system.
#pragma once

#include <cstddef>
#include <string_view>

namespace cozmq::detail {

/// Whether the text is four decimal octets.
constexpr bool is_ipv4(std::string_view text) noexcept
{
  int octets = 0;
  while (true) {
    std::size_t const dot = text.find('.');
    std::string_view const digits = text.substr(0, dot);
    if (digits.empty() || digits.size() > 3)
      return false;
    unsigned value = 0;
    for (char const c : digits) {
      if (c < '0' || c > '9')
        return false;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (value > 255)
      return false;
    ++octets;
    if (dot == std::string_view::npos)
      return octets == 4;
    text.remove_prefix(dot + 1);
  }
}

/// Whether the text could be an IPv6 address with an optional zone ("fe80::1%eth0"). Strict enough to tell
/// a slip from an address; the transport does the real conversion.
constexpr bool looks_like_ipv6(std::string_view text) noexcept
{
  std::size_t const percent = text.find('%');
  if (percent != std::string_view::npos && percent + 1 == text.size())
    return false;
  std::string_view const digits = text.substr(0, percent);
  std::size_t const first = digits.find(':');
  return first != std::string_view::npos && digits.find(':', first + 1) != std::string_view::npos &&
         digits.size() <= 45 &&
         digits.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

}  // namespace cozmq::detail
