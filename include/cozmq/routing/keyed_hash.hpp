// A hash of bytes that strangers choose: who does not know its key cannot make texts collide.
#pragma once

#include <cozmq/core/bytes.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>

namespace cozmq::routing {

/// What a table's hash depends on, and peers cannot know.
struct hash_key {
  std::uint64_t low;
  std::uint64_t high;

  /// Another one with each call. The system is asked for random numbers once per thread: to do that for every socket
  /// costs too much.
  static hash_key unique()
  {
    thread_local hash_key next{random(), random()};
    ++next.low;
    return next;
  }

 private:
  static std::uint64_t random()
  {
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
  }
};

/// SipHash-1-3 of ever longer prefixes of one text, without starting again: whole words are taken in once, the rest of a
/// prefix is added when its hash is asked for.
class prefix_hasher {
 public:
  explicit prefix_hasher(hash_key const& key) noexcept
      : whole_{key.low ^ 0x736F6D6570736575U, key.high ^ 0x646F72616E646F6DU, key.low ^ 0x6C7967656E657261U,
               key.high ^ 0x7465646279746573U}
  {
  }

  /// The hash of the first `length` bytes of `text`: always the same text, and never a smaller length than before.
  std::uint64_t advance_to(byte_view text, std::size_t length) noexcept
  {
    for (; length - done_ >= 8; done_ += 8)
      whole_.take(load<std::uint64_t>(text.data() + done_));
    state all = whole_;
    all.take(rest(text, length) | std::uint64_t{length} << 56);
    all.v2 ^= 0xFF;
    all.round();
    all.round();
    all.round();
    return all.v0 ^ all.v1 ^ all.v2 ^ all.v3;
  }

 private:
  struct state {
    std::uint64_t v0, v1, v2, v3;

    void take(std::uint64_t word) noexcept
    {
      v3 ^= word;
      round();
      v0 ^= word;
    }

    void round() noexcept
    {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32) + v3;
      v2 += v1;
      v3 = std::rotl(v3, 21) ^ v0;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  };

  // Little-endian, as the hash is defined.
  template <class Number>
  static std::uint64_t load(std::byte const* from) noexcept
  {
    Number number;
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(&number, from, sizeof number);
    } else {
      number = 0;
      for (std::size_t i = sizeof number; i-- > 0;)
        number = static_cast<Number>(number << 8 | std::to_integer<Number>(from[i]));
    }
    return number;
  }

  // What is left of the first `length` bytes behind the whole words: at most seven. Two reads that overlap say the same
  // where they do.
  std::uint64_t rest(byte_view text, std::size_t length) const noexcept
  {
    std::size_t const count = length - done_;
    if (count == 0)
      return 0;
    if (length >= 8)
      return load<std::uint64_t>(text.data() + length - 8) >> (64 - 8 * count);
    std::byte const* const from = text.data();  // no whole word came before
    if (count >= 4)
      return load<std::uint32_t>(from) | load<std::uint32_t>(from + count - 4) << 8 * (count - 4);
    auto const at = [from](std::size_t i) { return std::to_integer<std::uint64_t>(from[i]) << 8 * i; };
    return at(0) | at(count / 2) | at(count - 1);
  }

  state whole_;
  std::size_t done_ = 0;
};

}  // namespace cozmq::routing
