// Boxes of the handshake: what one key pair seals for another.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/curve/sodium.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cozmq::curve {

inline constexpr std::size_t long_nonce_size = 16;
inline constexpr std::size_t short_nonce_size = 8;

/// The nonce of a box: a text that says which command it is in, and what is new in each.
class nonce {
 public:
  /// [RFC 26] a text of 16 octets and a number.
  nonce(std::string_view prefix, std::uint64_t number) noexcept
  {
    byte_view const text = as_bytes(prefix);
    std::copy(text.begin(), text.end(), bytes_.begin());
    store_big_endian(bytes_.data() + nonce_size - short_nonce_size, number);
  }

  /// [RFC 26] a text of 8 octets and 16 random ones.
  nonce(std::string_view prefix, std::span<std::byte const, long_nonce_size> random) noexcept
  {
    byte_view const text = as_bytes(prefix);
    std::copy(random.begin(), random.end(), std::copy(text.begin(), text.end(), bytes_.begin()));
  }

  unsigned char const* raw() const noexcept { return curve::raw(bytes_.data()); }

 private:
  std::array<std::byte, nonce_size> bytes_{};
};

/// What two key pairs have in common, made from the public half of one and the secret half of the other. With it each side
/// seals and opens boxes between the two.
class shared_key {
 public:
  /// False for a public key with which there is no secret: [RFC 7748, 6.1] one of low order.
  [[nodiscard]] bool agree(std::span<std::byte const, key_size> theirs,
                           std::span<std::byte const, key_size> ours) noexcept
  {
    return crypto_box_beforenm(key_.raw(), curve::raw(theirs.data()), curve::raw(ours.data())) == 0;
  }

  /// Writes the box of `clear`, 16 octets longer, to `to`.
  void seal(nonce const& n, byte_view clear, std::byte* to) const
  {
    must_succeed(
        crypto_box_easy_afternm(curve::raw(to), curve::raw(clear.data()), clear.size(), n.raw(), key_.raw()));
  }

  /// Writes what is in `box`, 16 octets less, to `to`; false, if it is not authentic.
  [[nodiscard]] bool open(nonce const& n, byte_view box, std::byte* to) const noexcept
  {
    return box.size() >= mac_size && crypto_box_open_easy_afternm(curve::raw(to), curve::raw(box.data()),
                                                                  box.size(), n.raw(), key_.raw()) == 0;
  }

  unsigned char const* raw() const noexcept { return key_.raw(); }
  void wipe() noexcept { key_.wipe(); }

 private:
  wiped<key_size> key_;
};

}  // namespace cozmq::curve
