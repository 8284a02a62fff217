// The keys of CURVE: a public one to hand out, a secret one that stays where it is.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/core/z85.hpp>
#include <cozmq/curve/sodium.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <compare>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq {

inline constexpr std::size_t curve_key_size = curve::key_size;                ///< in bytes
inline constexpr std::size_t curve_key_length = z85_length(curve::key_size);  ///< in Z85, in characters

namespace detail {

// The text is not repeated: it may be nearly a secret key.
[[noreturn]] inline void throw_no_key(std::string_view text)
{
  std::string const length = std::to_string(curve_key_length);
  if (text.size() == curve_key_length)
    throw error{errc::invalid_option,
                "not a key: it has " + length +
                    " characters, but not all are of Z85, or some were changed; copy it "
                    "again, in single quotes in a shell"};
  throw error{errc::invalid_option, "not a key: a key has " + length + " characters of Z85, this text has " +
                                        std::to_string(text.size())};
}

}  // namespace detail

/// A public key: 32 bytes by which its owner is known. A value; `fmt` and `to_z85()` write it as its 40 characters.
class curve_public_key {
 public:
  explicit curve_public_key(std::span<std::byte const, curve_key_size> bytes) noexcept
  {
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  }

  /// From its 40 characters; throws `errc::invalid_option` for any other text.
  static curve_public_key from_z85(std::string_view text)
  {
    std::optional<curve_public_key> key = try_from_z85(text);
    if (!key)
      detail::throw_no_key(text);
    return *key;
  }

  /// The same; nothing for any other text.
  static std::optional<curve_public_key> try_from_z85(std::string_view text) noexcept
  {
    std::array<std::byte, curve_key_size> bytes;
    if (!z85_decode(text, bytes))
      return std::nullopt;
    return curve_public_key{bytes};
  }

  /// From its 32 bytes as `auth_request::public_key` has them; nothing if they are not 32.
  static std::optional<curve_public_key> from_bytes(std::string_view bytes) noexcept
  {
    if (bytes.size() != curve_key_size)
      return std::nullopt;
    return curve_public_key{as_bytes(bytes).first<curve_key_size>()};
  }

  std::span<std::byte const, curve_key_size> bytes() const noexcept { return bytes_; }
  std::string to_z85() const { return z85_encode(bytes_); }

  friend bool operator==(curve_public_key const&, curve_public_key const&) = default;
  friend std::strong_ordering operator<=>(curve_public_key const&, curve_public_key const&) = default;

 private:
  std::array<std::byte, curve_key_size> bytes_;
};

/// A secret key. It lies once in memory that is locked (as far as the system allows), guarded and read-only; a copy of
/// this object is one more holder of that place, which is zeroed and freed when the last has gone. There is no way to
/// print or compare it. Holders may be in several threads. A move is a copy, so no holder is ever without a place.
class curve_secret_key {
 public:
  curve_secret_key(curve_secret_key const&) noexcept = default;
  curve_secret_key& operator=(curve_secret_key const&) noexcept = default;

  /// A new one, from the system's random numbers. Throws if libsodium does not start, std::bad_alloc.
  static curve_secret_key generate()
  {
    return curve_secret_key{[](std::byte* to) { randombytes_buf(to, curve_key_size); }};
  }

  /// From its 40 characters; throws `errc::invalid_option` for any other text. The text is the caller's to erase.
  static curve_secret_key from_z85(std::string_view text)
  {
    return curve_secret_key{[&](std::byte* to) {
      if (!z85_decode(text, std::span{to, curve_key_size}))
        detail::throw_no_key(text);
    }};
  }

  /// From its 32 bytes, which are the caller's to erase.
  static curve_secret_key from_bytes(std::span<std::byte const, curve_key_size> bytes)
  {
    return curve_secret_key{[&](std::byte* to) { std::copy(bytes.begin(), bytes.end(), to); }};
  }

  /// The public key that belongs to it.
  curve_public_key public_key() const
  {
    std::array<std::byte, curve_key_size> bytes;
    curve::must_succeed(crypto_scalarmult_base(curve::raw(bytes.data()), curve::raw(expose().data())));
    return curve_public_key{bytes};
  }

  /// The secret itself, as long as there is a holder. For those who compute with it.
  std::span<std::byte const, curve_key_size> expose() const noexcept
  {
    return std::span<std::byte const, curve_key_size>{place_.get(), curve_key_size};
  }

  /// Writes the secret itself as 40 characters, for a file that nobody else can read; `to` is the caller's to erase.
  void expose_z85(std::span<char, curve_key_length> to) const noexcept { z85_encode(expose(), to); }

  friend bool operator==(curve_secret_key const&, curve_secret_key const&) = delete;

 private:
  template <class Fill>
  explicit curve_secret_key(Fill fill)
  {
    curve::start_sodium();
    std::shared_ptr<std::byte> place{static_cast<std::byte*>(sodium_malloc(curve_key_size)), sodium_free};
    if (!place)
      throw std::bad_alloc{};
    fill(place.get());
    // Not every system can do that; sodium_malloc() has locked what it could.
    if (sodium_mprotect_readonly(place.get()) != 0 && errno != ENOSYS)
      throw error{std::error_code{errno, std::generic_category()}};
    place_ = std::move(place);
  }

  std::shared_ptr<std::byte const> place_;
};

/// A secret key and the public key that belongs to it. A copy, and a move as well, shares the secret key's place.
class curve_keys {
 public:
  /// A new pair. Throws as `curve_secret_key::generate()`.
  static curve_keys generate() { return curve_keys{curve_secret_key::generate()}; }

  /// The pair of a secret key.
  explicit curve_keys(curve_secret_key const& secret)
      : secret_key_{secret}, public_key_{secret_key_.public_key()}
  {
  }

  curve_public_key const& public_key() const noexcept { return public_key_; }
  curve_secret_key const& secret_key() const noexcept { return secret_key_; }

 private:
  curve_secret_key secret_key_;
  curve_public_key public_key_;
};

}  // namespace cozmq

template <>
struct fmt::formatter<cozmq::curve_public_key> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(cozmq::curve_public_key const& key, Context& context) const
  {
    return fmt::formatter<std::string_view>::format(key.to_z85(), context);
  }
};
