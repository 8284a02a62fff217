// Memory blocks for the bytes of large frames, kept for the next frame of that size.
#pragma once

#include <cozmq/core/config.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace cozmq::detail {

/// A small store of freed blocks per thread and size class, in front of malloc.
///
/// Messages of one size come and go by the million; malloc's own per-thread store ends at about 1 KiB. At most some
/// 128 KiB are kept per class that is in use. A block may be freed by another thread than the one that got it.
class block_cache {
 public:
  /// The memory that a block for `size` bytes really has.
  static constexpr std::size_t rounded(std::size_t size) noexcept
  {
    return size > largest ? size : size_of(class_of(size));
  }

  /// At least `size` bytes, aligned for anything. Throws std::bad_alloc.
  static void* allocate(std::size_t size)
  {
    if (size > largest) [[unlikely]]
      return fresh(size);
    std::size_t const c = class_of(size);
    shelf& s = shelves[c];
    link* const block = s.first;
    if (block == nullptr) [[unlikely]]
      return fresh(size_of(c));
    s.first = block->next;
    --s.count;
    return block;
  }

  /// As allocate, but only what this thread has kept; null when that is nothing.
  static void* spare(std::size_t size) noexcept
  {
    if (size > largest) [[unlikely]]
      return nullptr;
    shelf& s = shelves[class_of(size)];
    link* const block = s.first;
    if (block == nullptr)
      return nullptr;
    s.first = block->next;
    --s.count;
    return block;
  }

  /// Is a block of that size malloc's, and not for a store?
  static constexpr bool is_huge(std::size_t size) noexcept { return size > largest; }

  /// A larger block instead of a huge one, with the same bytes: malloc moves pages rather than bytes if it can. Throws
  /// std::bad_alloc, and the block is then as before.
  static void* enlarge(void* huge, std::size_t size)
  {
    if (void* const memory = std::realloc(huge, size); memory != nullptr)
      return memory;
    throw std::bad_alloc{};
  }

  /// Gives back what `allocate(size)` returned.
  static void free(void* memory, std::size_t size) noexcept
  {
    if (size > largest) [[unlikely]]
      return std::free(memory);
    std::size_t const c = class_of(size);
    shelf& s = shelves[c];
    if (s.count >= s.most) [[unlikely]]
      return full(s, c, memory);
    s.first = ::new (memory) link{s.first};
    ++s.count;
  }

 private:
  // Up to 1 KiB a class for each 16 bytes, then four classes to a doubling, so that at most a fifth of a block is slack.
  static constexpr std::size_t fine_limit = 1024;
  static constexpr std::size_t fine_classes = fine_limit / 16 + 1;
  static constexpr std::size_t largest = std::size_t{128} << 10;
  static constexpr std::size_t classes = fine_classes + 4 * 7;

  static constexpr std::size_t class_of(std::size_t size) noexcept
  {
    if (size <= fine_limit) [[likely]]
      return (size + 15 + (size == 0)) / 16;
    std::size_t const doublings =
        static_cast<std::size_t>(std::bit_width(size - 1)) - 11;  // (1024, 2048] is 0
    std::size_t const quarter = doublings + 8;                    // log2 of the step between classes
    return fine_classes - 1 + doublings * 4 +
           ((size - (fine_limit << doublings) + (std::size_t{1} << quarter) - 1) >> quarter);
  }

  static constexpr std::size_t size_of(std::size_t c) noexcept
  {
    if (c < fine_classes)
      return c * 16;
    std::size_t const step = (c - fine_classes + 1) % 4;
    std::size_t const base = fine_limit << ((c - fine_classes + 1) / 4);
    return base + step * (base / 4);
  }

  struct link {
    link* next;
  };

  struct shelf {
    link* first;
    std::uint32_t count;
    std::uint32_t most;  // zero until the shelf is used
  };

  static void* fresh(std::size_t size)
  {
    if (void* const memory = std::malloc(size); memory != nullptr)
      return memory;
    throw std::bad_alloc{};
  }

  // The shelf takes no more, or it has not been used yet.
  [[gnu::noinline]] static void full(shelf& s, std::size_t c, void* memory) noexcept
  {
    if (s.most == 0 && reuses_memory && !janitor::gone) {
      janitor::arrive();
      s.most = static_cast<std::uint32_t>(kept_bytes / size_of(c));
      s.first = ::new (memory) link{nullptr};
      s.count = 1;
      return;
    }
    std::free(memory);
  }

  // Frees what is kept when the thread ends. Apart from the shelves, so that these need no check for their birth; what
  // is freed after it, by objects of static duration, goes to malloc.
  struct janitor {
    static void arrive() noexcept { thread_local janitor instance; }
    ~janitor()
    {
      gone = true;
      for (shelf& s : shelves) {
        while (s.first != nullptr)
          std::free(std::exchange(s.first, s.first->next));
        s.count = s.most = 0;
      }
    }
    inline static constinit thread_local bool gone = false;
  };

  static constexpr std::size_t kept_bytes = std::size_t{128} << 10;
  inline static constinit thread_local std::array<shelf, classes> shelves{};
};

}  // namespace cozmq::detail
