// Copying a few bytes without calling memcpy, whose dispatch costs more than the copy.
#pragma once

#include <cozmq/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cozmq::detail {

/// Copies up to 64 bytes that do not overlap. Each size class is two or four moves of fixed width that
/// overlap in the middle, so there is no loop and no call.
[[gnu::always_inline]] inline void copy_small(std::byte* to, std::byte const* from, std::size_t size) noexcept
{
  if (size >= 16) {
    if (size > 32) {
      std::memcpy(to + 16, from + 16, 16);
      std::memcpy(to + size - 32, from + size - 32, 16);
    }
    std::memcpy(to, from, 16);
    std::memcpy(to + size - 16, from + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else if (size != 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
}

/// Copies `Count` words, one register each.
///
/// An object that was just written word by word is not to be read by wider loads: a processor forwards a store to a load
/// only if the store covers it, and waits for the cache otherwise, which is dearer than the copy.
// A small frame leaves what is behind its bytes unset, and copies it all the same: no branch is cheaper. g++ 12 warns.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
template <std::size_t Count>
[[gnu::always_inline]] inline void copy_words(std::byte* to, std::byte const* from) noexcept
{
  if constexpr (Count > 0) {
    std::uint64_t word;
    std::memcpy(&word, from, 8);
    keep_in_register(word);
    std::memcpy(to, &word, 8);
    copy_words<Count - 1>(to + 8, from + 8);
  }
}
#pragma GCC diagnostic pop

}  // namespace cozmq::detail
