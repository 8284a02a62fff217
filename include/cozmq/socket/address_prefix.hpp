// An IP address with the number of its bits that count, and which addresses it covers.
#pragma once

#include <cozmq/core/escape.hpp>

#include <asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq::detail {

/// An IPv4 or IPv6 address. An IPv4 address that is mapped into IPv6 is that IPv4 address.
struct plain_address {
  bool v4 = false;
  std::array<unsigned char, 16> octets{};  ///< of IPv4 the first four; the rest is zero

  std::size_t bits() const noexcept { return v4 ? 32 : 128; }

  /// With nothing but its first `count` bits.
  plain_address cut(std::size_t count) const noexcept
  {
    plain_address result = *this;
    for (std::size_t i = 0; i < result.octets.size(); ++i) {
      std::size_t const left = count - std::min(count, 8 * i);
      if (left < 8)
        result.octets[i] = static_cast<unsigned char>(result.octets[i] & ~(0xFFU >> left));
    }
    return result;
  }

  /// Of a text without a zone; nothing when it is no address.
  static std::optional<plain_address> parse(std::string_view text)
  {
    std::error_code ec;
    asio::ip::address const parsed = asio::ip::make_address(std::string{text}, ec);
    if (ec || text.find('\0') != std::string_view::npos || text.find('%') != std::string_view::npos)
      return std::nullopt;
    plain_address a;
    a.v4 = parsed.is_v4() || parsed.to_v6().is_v4_mapped();
    if (parsed.is_v6()) {
      auto const octets = parsed.to_v6().to_bytes();
      auto const from = octets.begin() + (a.v4 ? 12 : 0);
      std::copy(from, octets.end(), a.octets.begin());
    } else {
      auto const octets = parsed.to_v4().to_bytes();
      std::copy(octets.begin(), octets.end(), a.octets.begin());
    }
    return a;
  }

  friend auto operator<=>(plain_address const&, plain_address const&) = default;
};

/// All addresses that begin with the same bits.
struct address_prefix {
  std::size_t length = 0;
  plain_address address;

  /// Of "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". When it is none, `wrong` says why.
  static std::optional<address_prefix> parse(std::string_view text, std::string& wrong)
  {
    std::string_view const host = text.substr(0, text.find('/'));
    auto const no = [&](std::string_view why) {
      wrong = "\"" + escaped(text) + "\" is not an IP address or a range of them: ";
      wrong += why;
      return std::nullopt;
    };
    if (host.empty())
      return no("it has no address; write 192.0.2.1, 192.0.2.0/24, 2001:db8::1 or 2001:db8::/32");
    if (host.find('%') != std::string_view::npos)
      return no("leave out the zone behind %");
    auto const address = plain_address::parse(host);
    if (!address)
      return no("its address is malformed; write 192.0.2.1, 192.0.2.0/24, 2001:db8::1 or 2001:db8::/32");
    // A mapped address is written with the bits of IPv6.
    std::size_t const before = address->v4 && host.find(':') != std::string_view::npos ? 96 : 0;
    address_prefix result{address->bits(), *address};
    if (host.size() == text.size())
      return result;
    std::string_view const digits = text.substr(host.size() + 1);
    std::size_t length = 0;
    auto const [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (digits.empty() || failed != std::errc{} || end != digits.data() + digits.size())
      return no("behind / there must be a number of bits, such as 24");
    if (length > before + address->bits())
      return no("it has no more than " + std::to_string(before + address->bits()) + " bits");
    if (length < before)
      return no("the first 96 bits of a mapped address must count");
    result.length = length - before;
    if (address->cut(result.length) != *address)
      return no("there are bits behind the first " + std::to_string(length) + "; write /" +
                std::to_string(before + address->bits()) + " for one address, or zeros for a range");
    return result;
  }

  friend auto operator<=>(address_prefix const&, address_prefix const&) = default;
};

}  // namespace cozmq::detail
