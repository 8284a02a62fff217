// The way back for the memory of messages that go from one thread to another.
#pragma once

#include <cozmq/message/buffer.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>

namespace cozmq {

/// Beside a queue of messages between two threads: the reader, who drops them, gives back blocks of memory of the size
/// that they had, and the writer, who makes them, collects these for its next ones. Else malloc would have to carry every
/// block from one thread to the other, which costs it more than the queue and a copy of the bytes together.
class memory_return {
 public:
  memory_return() = default;
  memory_return(memory_return const&) = delete;
  memory_return& operator=(memory_return const&) = delete;
  ~memory_return()
  {
    show();
    while (collect()) {
    }
  }

  /// The reader has taken a message with a block of `size` bytes, 0 for none: gives one back that it has kept.
  void give(std::size_t size) noexcept
  {
    if (size == 0) [[likely]]
      return;
    std::size_t const most = std::clamp<std::size_t>(most_bytes / size, 1, most_blocks);
    if (given_here_ - collected_seen_ >= most) {
      collected_seen_ = collected_.load(std::memory_order_acquire);
      if (given_here_ - collected_seen_ >= most)
        return;
    }
    if (!blocks_)
      blocks_.reset(new (std::nothrow) std::array<detail::buffer*, most_blocks>);
    detail::buffer* const block = blocks_ ? detail::buffer::spare(size) : nullptr;
    if (block == nullptr)
      return;
    (*blocks_)[given_here_ % most_blocks] = block;
    if (++given_here_ - shown_ >= std::clamp<std::size_t>(most / 8, 1, together))
      show();
  }

  /// The writer takes one block, if there is one, to its thread's others.
  bool collect() noexcept
  {
    if (collected_here_ == given_seen_) {
      given_seen_ = given_.load(std::memory_order_acquire);
      if (collected_here_ == given_seen_)
        return false;
    }
    // It is in the cache of the reader's core: one that will be wanted soon is asked for in time.
    if (given_seen_ - collected_here_ > ahead) {
      auto const* const soon =
          reinterpret_cast<std::byte*>((*blocks_)[(collected_here_ + ahead) % most_blocks]);
      __builtin_prefetch(soon, 1);
      __builtin_prefetch(soon + 64, 1);
    }
    (*blocks_)[collected_here_ % most_blocks]->release();
    collected_.store(++collected_here_, std::memory_order_release);
    return true;
  }

 private:
  static constexpr std::size_t most_blocks = 2048;
  static constexpr std::size_t ahead = 8;
  static constexpr std::size_t together = 16;  // shown to the writer at a time, so that the two rarely meet
  static constexpr std::size_t most_bytes = std::size_t{1} << 20;

  void show() noexcept
  {
    shown_ = given_here_;
    given_.store(shown_, std::memory_order_release);
  }

  // the reader's own
  alignas(64) std::size_t given_here_ = 0;
  std::size_t shown_ = 0;
  std::size_t collected_seen_ = 0;

  // the reader's, which the writer looks at: not beside what the reader writes for each message
  alignas(64) std::atomic<std::size_t> given_ = 0;
  std::unique_ptr<std::array<detail::buffer*, most_blocks>> blocks_;  // made before the first is given

  // the writer's
  alignas(64) std::atomic<std::size_t> collected_ = 0;
  std::size_t collected_here_ = 0;
  std::size_t given_seen_ = 0;
};

}  // namespace cozmq
