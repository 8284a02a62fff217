// A 64 KiB piece of memory for bytes on their way in or out, recycled per thread.
#pragma once

#include <cozmq/core/config.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace cozmq::wire {

/// Owns one block of `chunk::capacity` uninitialized bytes, or nothing.
///
/// A connection holds chunks only while bytes are waiting in them, so that an idle one costs no buffer. What one
/// connection gives back the next one takes from a small per-thread store, without a trip to the allocator.
class chunk {
 public:
  // 64 KiB is what one system call moves at best: larger staging falls out of the second-level cache.
  static constexpr std::size_t capacity = 65536;

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
    memory_ = spare.count > 0 ? spare.blocks[--spare.count].release() : new std::byte[capacity];
  }

  /// Gives the memory back.
  void release() noexcept
  {
    if (memory_ == nullptr)
      return;
    block owned{std::exchange(memory_, nullptr)};
    store& spare = spares();
    if (cozmq::detail::reuses_memory && !spare.ended && spare.count < spare.blocks.size())
      spare.blocks[spare.count++] = std::move(owned);
  }

 private:
  using block = std::unique_ptr<std::byte[]>;

  struct store {
    std::array<block, 16> blocks;
    std::size_t count = 0;
    bool ended = false;
    // A chunk may outlive its thread's store, in an object of static duration: it then frees its own memory.
    ~store()
    {
      ended = true;
      count = 0;
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
