// Handshake metadata on the wire: names and values, each with its length in front.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/message/properties.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <vector>

namespace cozmq::wire {

inline constexpr std::size_t max_property_name = 255;
inline constexpr std::size_t max_property_value = 0x7FFF'FFFF;

/// More than any peer has reason to send; each costs two strings, whatever its size on the wire.
inline constexpr std::size_t max_property_count = 8192;

/// Whether a property may have this name: 1 to 255 letters, digits, `-`, `_`, `.` and `+`.
constexpr bool is_property_name(std::string_view name) noexcept
{
  // [RFC 37, NULL] name = short-size 1*255name-char
  auto const is_name_char = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '+';
  };
  return !name.empty() && name.size() <= max_property_name &&
         std::all_of(name.begin(), name.end(), is_name_char);
}

/// Appends one property; a name or a value that the wire cannot carry appends nothing and returns false.
inline bool append_property(std::vector<std::byte>& out, std::string_view name, std::string_view value)
{
  if (!is_property_name(name) || value.size() > max_property_value)
    return false;
  std::size_t const before = out.size();
  out.resize(before + 1 + name.size() + 4 + value.size());
  std::byte* to = out.data() + before;
  *to++ = static_cast<std::byte>(name.size());
  byte_view bytes = as_bytes(name);
  to = std::copy(bytes.begin(), bytes.end(), to);
  store_big_endian(to, static_cast<std::uint32_t>(value.size()));
  bytes = as_bytes(value);
  std::copy(bytes.begin(), bytes.end(), to + 4);
  return true;
}

/// Appends all properties in their order; false when one had to be left out.
inline bool append_properties(std::vector<std::byte>& out, properties const& metadata)
{
  bool complete = true;
  for (auto const& [name, value] : metadata)
    complete = append_property(out, name, value) && complete;
  return complete;
}

/// Reads properties until `data` ends, keeping their order and repetitions.
///
/// Errors: `malformed_metadata` for an illegal name, a length that runs past the end, or too many properties.
/// Every length is compared with the octets at hand before anything is allocated.
inline properties parse_properties(byte_view data, std::error_code& ec)
{
  properties result;
  while (!data.empty()) {
    std::size_t const name_size = std::to_integer<std::size_t>(data[0]);
    data = data.subspan(1);
    if (result.size() == max_property_count || data.size() < name_size + 4) {
      ec = errc::malformed_metadata;
      return {};
    }
    std::string_view const name = as_text(data.first(name_size));
    // [RFC 37, NULL] the value SHALL be 0 to 2^31-1 octets: more never fits what is left of a command.
    std::size_t const value_size = load_big_endian<std::uint32_t>(data.data() + name_size);
    data = data.subspan(name_size + 4);
    if (!is_property_name(name) || data.size() < value_size) {
      ec = errc::malformed_metadata;
      return {};
    }
    result.add(name, as_text(data.first(value_size)));
    data = data.subspan(value_size);
  }
  return result;
}

}  // namespace cozmq::wire
