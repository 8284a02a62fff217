// Boxes of MESSAGE commands: the same octets as crypto_box makes, at less cost.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/curve/box.hpp>
#include <cozmq/curve/sodium.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace cozmq::curve {

/// The key of all boxes that go one way over one connection.
///
/// A box is Salsa20 under a key that HSalsa20 makes from the shared key and the first 16 octets of the nonce. Those are the
/// same for all messages of one direction, so that key is made once. The first 32 octets of the key stream are the key of
/// Poly1305, the others hide the text.
class message_key {
 public:
  /// `prefix` has 16 octets.
  void set(shared_key const& shared, std::string_view prefix)
  {
    must_succeed(
        crypto_core_hsalsa20(key_.raw(), curve::raw(as_bytes(prefix).data()), shared.raw(), nullptr));
  }

  /// Writes the box of `head` followed by `body`, 17 octets longer than `body`, to `box`, elsewhere.
  void seal(std::uint64_t number, std::byte head, byte_view body, std::byte* box) const
  {
    key_stream const stream{key_, number, 1 + body.size()};
    std::byte* const sealed = box + mac_size;
    sealed[0] = head ^ stream.text()[0];
    std::size_t const by_hand = std::min(body.size(), key_stream::text_size - 1);
    combine(sealed + 1, body.data(), stream.text() + 1, by_hand);
    rest(number, sealed + 1 + by_hand, body.data() + by_hand, body.size() - by_hand);
    must_succeed(crypto_onetimeauth(curve::raw(box), curve::raw(sealed), 1 + body.size(), stream.raw()));
  }

  /// Opens `box` in place: what was in it is then at `box[16]` and after. False if it is not authentic, and nothing is changed.
  [[nodiscard]] bool open(std::uint64_t number, std::span<std::byte> box) const
  {
    if (box.size() < mac_size)
      return false;
    std::span<std::byte> const text = box.subspan(mac_size);
    key_stream const stream{key_, number, text.size()};
    std::array<unsigned char, mac_size> mac;
    must_succeed(crypto_onetimeauth(mac.data(), curve::raw(text.data()), text.size(), stream.raw()));
    if (crypto_verify_16(mac.data(), curve::raw(box.data())) != 0)
      return false;
    std::size_t const by_hand = std::min(text.size(), key_stream::text_size);
    combine(text.data(), text.data(), stream.text(), by_hand);
    rest(number, text.data() + by_hand, text.data() + by_hand, text.size() - by_hand);
    return true;
  }

 private:
  using number_octets = std::array<std::byte, short_nonce_size>;

  // libsodium's code for vectors makes eight blocks of 64 octets for the price of two, four for less, and is slow with what
  // remains: so it is asked for one, four or eight.
  static constexpr std::size_t eight_blocks = 512;
  static constexpr std::size_t blocks_for(std::size_t size) noexcept
  {
    return size <= 64 ? 64 : size <= 256 ? 256 : eight_blocks;
  }

  static number_octets octets_of(std::uint64_t number) noexcept
  {
    number_octets result;
    store_big_endian(result.data(), number);
    return result;
  }

  // The beginning of a message's key stream, as much as a text of `size` octets needs of it.
  class key_stream {
   public:
    static constexpr std::size_t text_size = eight_blocks - key_size;

    key_stream(wiped<key_size> const& key, std::uint64_t number, std::size_t size)
        : used_{blocks_for(key_size + std::min(size, text_size))}
    {
      number_octets const octets = octets_of(number);
      must_succeed(
          crypto_stream_salsa20(curve::raw(bytes_.data()), used_, curve::raw(octets.data()), key.raw()));
    }
    key_stream(key_stream const&) = delete;
    key_stream& operator=(key_stream const&) = delete;
    ~key_stream() { sodium_memzero(bytes_.data(), used_); }

    unsigned char const* raw() const noexcept { return curve::raw(bytes_.data()); }
    std::byte const* text() const noexcept { return bytes_.data() + key_size; }

   private:
    std::array<std::byte, eight_blocks> bytes_;
    std::size_t used_;
  };

  static void combine(std::byte* to, std::byte const* from, std::byte const* stream,
                      std::size_t size) noexcept
  {
    for (; size >= sizeof(std::uint64_t); size -= sizeof(std::uint64_t)) {
      std::uint64_t a;
      std::uint64_t b;
      std::memcpy(&a, from, sizeof a);
      std::memcpy(&b, stream, sizeof b);
      a ^= b;
      std::memcpy(to, &a, sizeof a);
      to += sizeof a;
      from += sizeof a;
      stream += sizeof a;
    }
    for (std::size_t i = 0; i < size; ++i)
      to[i] = from[i] ^ stream[i];
  }

  // What is behind the first eight blocks.
  void rest(std::uint64_t number, std::byte* to, std::byte const* from, std::size_t size) const
  {
    if (size == 0)
      return;
    number_octets const octets = octets_of(number);
    std::size_t const whole = size - size % eight_blocks;
    if (whole != 0)
      must_succeed(crypto_stream_salsa20_xor_ic(curve::raw(to), curve::raw(from), whole,
                                                curve::raw(octets.data()), 8, key_.raw()));
    std::size_t const last = size - whole;
    if (last == 0)
      return;
    wiped<eight_blocks> stream;
    must_succeed(crypto_stream_salsa20_xor_ic(stream.raw(), stream.raw(), blocks_for(last),
                                              curve::raw(octets.data()), 8 + whole / 64, key_.raw()));
    combine(to + whole, from + whole, stream.data(), last);
  }

  wiped<key_size> key_;
};

}  // namespace cozmq::curve
