// Cookies: what a server would have to remember of a client that has said no more than HELLO.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/curve/box.hpp>
#include <cozmq/curve/sodium.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>

namespace cozmq::curve {

inline constexpr std::size_t cookie_text_size = 2 * key_size;  ///< [RFC 26] C' and s'
inline constexpr std::size_t cookie_box_size = mac_size + cookie_text_size;
inline constexpr std::size_t cookie_size = long_nonce_size + cookie_box_size;

/// What seals the cookies of a minute. Zeroed when the last handshake that has a cookie of it has come to its end.
class cookie_key {
 public:
  using clock = std::chrono::steady_clock;

  explicit cookie_key(clock::time_point now) : made_{now} { randombytes_buf(key_.data(), key_size); }

  clock::time_point made() const noexcept { return made_; }

  /// Writes the nonce and the box.
  void seal(std::span<std::byte const, long_nonce_size> random, byte_view text, std::byte* to) const
  {
    nonce const n{prefix, random};
    must_succeed(crypto_secretbox_easy(raw(to), raw(text.data()), text.size(), n.raw(), key_.raw()));
  }

  [[nodiscard]] bool open(std::span<std::byte const, long_nonce_size> random, byte_view box,
                          std::byte* to) const noexcept
  {
    nonce const n{prefix, random};
    return crypto_secretbox_open_easy(raw(to), raw(box.data()), box.size(), n.raw(), key_.raw()) == 0;
  }

 private:
  static constexpr std::string_view prefix = "COOKIE--";

  wiped<key_size> key_;
  clock::time_point made_;
};

/// Hands out the key of the moment, to any thread.
class cookie_keys {
 public:
  using clock = cookie_key::clock;

  static constexpr std::chrono::seconds used_for{60};    ///< for new cookies
  static constexpr std::chrono::seconds valid_for{120};  ///< for those that come back

  std::shared_ptr<cookie_key const> current(clock::time_point now)
  {
    std::lock_guard const lock{mutex_};
    // Only handshakes hold it: [RFC 26, WELCOME] the server MUST discard it after a short interval, also when no client
    // comes to remind it.
    std::shared_ptr<cookie_key const> key = current_.lock();
    if (!key || now - key->made() >= used_for) {
      key = std::make_shared<cookie_key const>(now);
      current_ = key;
    }
    return key;
  }

 private:
  std::mutex mutex_;
  std::weak_ptr<cookie_key const> current_;
};

}  // namespace cozmq::curve
