// What of libsodium is the same for all that uses it: its start, its memory, its constants.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>

#include <sodium.h>

#include <array>
#include <cstddef>
#include <span>
#include <system_error>

namespace cozmq::curve {

inline constexpr std::size_t key_size = 32;
inline constexpr std::size_t nonce_size = 24;
inline constexpr std::size_t mac_size = 16;
static_assert(crypto_box_PUBLICKEYBYTES == key_size && crypto_box_SECRETKEYBYTES == key_size &&
              crypto_box_BEFORENMBYTES == key_size && crypto_box_NONCEBYTES == nonce_size &&
              crypto_box_MACBYTES == mac_size);

/// libsodium is ready once this has returned, for all threads. Throws if it cannot start, for example without a source of
/// random numbers.
inline void start_sodium()
{
  static int const result = sodium_init();
  if (result < 0)
    throw error{make_error_code(std::errc::not_supported), "libsodium does not start on this system"};
}

/// Throws unless a call of libsodium has succeeded that fails with broken arguments only.
inline void must_succeed(int result)
{
  if (result != 0)
    throw error{make_error_code(std::errc::not_supported), "libsodium refused a computation"};
}

inline unsigned char* raw(std::byte* bytes) noexcept
{
  return reinterpret_cast<unsigned char*>(bytes);
}
inline unsigned char const* raw(std::byte const* bytes) noexcept
{
  return reinterpret_cast<unsigned char const*>(bytes);
}

/// Octets that are secret for as long as they exist: they are zeroed when they go.
template <std::size_t Size>
class wiped {
 public:
  wiped() = default;
  wiped(wiped const&) = delete;
  wiped& operator=(wiped const&) = delete;
  ~wiped() { wipe(); }

  void wipe() noexcept { sodium_memzero(bytes_.data(), Size); }
  std::byte* data() noexcept { return bytes_.data(); }
  std::byte const* data() const noexcept { return bytes_.data(); }
  unsigned char* raw() noexcept { return curve::raw(bytes_.data()); }
  unsigned char const* raw() const noexcept { return curve::raw(bytes_.data()); }
  byte_view view() const noexcept { return bytes_; }

 private:
  std::array<std::byte, Size> bytes_{};
};

/// Whether `a` and `b`, of one size, are the same; how long that takes says nothing about them.
inline bool same_octets(byte_view a, byte_view b) noexcept
{
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace cozmq::curve
