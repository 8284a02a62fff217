// The 64 octets that open a ZMTP connection, written at once and read as they come.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace cozmq::wire {

inline constexpr std::size_t greeting_size = 64;
inline constexpr std::size_t mechanism_field_size = 20;
inline constexpr std::uint8_t version_major = 3;
inline constexpr std::uint8_t version_minor = 1;

/// The greeting of a ZMTP 3.1 peer that uses `mechanism` (at most 20 characters).
inline std::array<std::byte, greeting_size> encode_greeting(std::string_view mechanism,
                                                            bool as_server = false) noexcept
{
  std::array<std::byte, greeting_size> out{};
  // [RFC 37, grammar] signature = %xFF padding %x7F; the padding is zero, as it SHOULD be.
  out[0] = std::byte{0xFF};
  out[9] = std::byte{0x7F};
  out[10] = std::byte{version_major};
  out[11] = std::byte{version_minor};
  byte_view const name = as_bytes(mechanism.substr(0, mechanism_field_size));
  std::copy(name.begin(), name.end(), out.begin() + 12);
  out[12 + mechanism_field_size] = static_cast<std::byte>(as_server);
  return out;
}

/// Reads a peer's greeting, in any number of pieces, and fails at the first octet that cannot be right.
///
/// Padding, as-server and filler are read and never judged.
class greeting_parser {
 public:
  /// Consumes from the front of `input`; true once all 64 octets are in, after which nothing more is taken.
  ///
  /// Errors: `bad_greeting` (not ZMTP), `peer_too_old` (before 3.0), `mechanism_mismatch` (no legal mechanism
  /// name). After an error the parser is of no further use.
  bool feed(byte_view& input, std::error_code& ec) noexcept
  {
    while (size_ < greeting_size && !input.empty()) {
      bytes_[size_] = input.front();
      input = input.subspan(1);
      if (errc const error = judge(size_++); error != errc{}) {
        ec = error;
        return false;
      }
    }
    return size_ == greeting_size;
  }

  // The accessors below are meaningful once feed() has returned true.

  std::uint8_t peer_major() const noexcept { return octet(10); }

  /// The minor version whose forms to use when talking to this peer.
  std::uint8_t peer_minor() const noexcept
  {
    // [RFC 37, version negotiation] a peer SHALL always use its own protocol with a higher protocol peer.
    return peer_major() > version_major ? version_minor : octet(11);
  }

  /// The mechanism's name without its padding; lives as long as the parser.
  std::string_view mechanism() const noexcept
  {
    std::string_view const field = as_text(byte_view{bytes_}.subspan(12, mechanism_field_size));
    return field.substr(0, field.find('\0'));
  }

  /// Whether the peer says that it is the server of the security handshake; not all servers do.
  bool as_server() const noexcept { return octet(32) == 1; }

 private:
  std::uint8_t octet(std::size_t at) const noexcept { return std::to_integer<std::uint8_t>(bytes_[at]); }

  errc judge(std::size_t at) const noexcept
  {
    if (at == 0)
      return octet(0) == 0xFF ? errc{} : errc::bad_greeting;
    if (at == 9)
      return octet(9) == 0x7F ? errc{} : errc::bad_greeting;
    // [RFC 37, version negotiation] higher versions are accepted; from a lower one that we do not speak we
    // MUST part. Only ZMTP 2.0 and older say less than 3 here.
    if (at == 10)
      return octet(10) >= version_major ? errc{} : errc::peer_too_old;
    if (at >= 12 && at < 12 + mechanism_field_size)
      return is_mechanism_octet(at) ? errc{} : errc::mechanism_mismatch;
    return errc{};
  }

  // Once padding has begun only padding may follow, or "NULL\0X" would pass for NULL.
  bool is_mechanism_octet(std::size_t at) const noexcept
  {
    char const c = static_cast<char>(octet(at));
    if (c == '\0')
      return true;
    if (at > 12 && octet(at - 1) == 0)
      return false;
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '+';
  }

  std::array<std::byte, greeting_size> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace cozmq::wire
