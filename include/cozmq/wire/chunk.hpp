// A 64 KiB piece of memory for bytes on their way in or out, recycled per thread.
#pragma once

#include <cozmq/core/config.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace cozmq::wire {

/// Owns one block of `chunk::sealed_capacity` uninitialized bytes, or nothing.
///
/// A connection holds chunks only while bytes are waiting in them, so that an idle one costs no buffer. What one
/// connection gives back the next one takes from a small per-thread store, without a trip to the allocator.
class chunk {
 public:
  // 64 KiB is what one system call moves at best: larger staging falls out of the second-level cache.
  static constexpr std::size_t capacity = 65536;
  // The same frame with what a mechanism adds to it.
  static constexpr std::size_t sealed_capacity = capacity + 128;

  chunk() noexcept = default;
  chunk(chunk&& other) noexcept : memory_{std::exchange(other.memory_, nullptr)} {}
  chunk& operator=(chunk&& other) noexcept
  {
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~chunk() { release(); }

  explicit operator bool() const noexcept { return memory_ != nullptr; }
  std::byte* data() const noexcept { return memory_; }

  /// Makes sure that memory is there.
  void acquire()
  {
    if (memory_ != nullptr)
      return;
    store& spare = spares();
    if (spare.count > 0) {
      --spare.count;
      memory_ = reinterpret_cast<std::byte*>(std::exchange(spare.first, spare.first->next));
    } else {
      memory_ = new std::byte[sealed_capacity];
    }
  }

  /// Gives the memory back.
  void release() noexcept
  {
    if (memory_ == nullptr)
      return;
    std::byte* const memory = std::exchange(memory_, nullptr);
    store& spare = spares();
    if (cozmq::detail::reuses_memory && !spare.ended && spare.count < most_kept) {
      spare.first = ::new (memory) link{spare.first};
      ++spare.count;
    } else {
      delete[] memory;
    }
  }

 private:
  // 16 MiB for each thread: a burst to that many peers reuses memory. What is freed instead goes back to the system
  // at once, and every page of it costs a fault when it is needed again.
  static constexpr std::size_t most_kept = 256;

  struct link {
    link* next;
  };

  struct store {
    link* first = nullptr;
    std::size_t count = 0;
    bool ended = false;
    // A chunk may outlive its thread's store, in an object of static duration: it then frees its own memory.
    ~store()
    {
      ended = true;
      for (; first != nullptr; --count)
        delete[] reinterpret_cast<std::byte*>(std::exchange(first, first->next));
    }
  };

  static store& spares() noexcept
  {
    thread_local store instance;
    return instance;
  }

  std::byte* memory_ = nullptr;
};

}  // namespace cozmq::wire
