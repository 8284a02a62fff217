// Builds a large frame from bytes that arrive in pieces; memory follows the bytes, not the announced size.
#pragma once

#include <cozmq/message/buffer.hpp>
#include <cozmq/message/frame.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <utility>

namespace cozmq {

/// A frame of known size under construction: fill writable(), commit() what was written, take() at the end.
///
/// A header may claim any size, so the memory starts at 256 KiB at most and doubles only when full.
class frame_builder {
 public:
  static constexpr std::size_t initial_limit = 256 * 1024;

  /// Builds nothing: complete, and take() gives an empty frame.
  frame_builder() noexcept = default;

  /// Prepares for `total` bytes. Throws std::bad_alloc.
  explicit frame_builder(std::size_t total) : total_{total}, capacity_{std::min(total, initial_limit)}
  {
    if (total > frame::inline_capacity)
      block_ = detail::buffer::allocate(capacity_);
    else
      small_ = frame::uninitialized(total);
  }

  frame_builder(frame_builder&& other) noexcept
      : total_{std::exchange(other.total_, 0)},
        capacity_{std::exchange(other.capacity_, 0)},
        filled_{std::exchange(other.filled_, 0)},
        block_{std::exchange(other.block_, nullptr)},
        small_{std::move(other.small_)}
  {
  }

  frame_builder& operator=(frame_builder&& other) noexcept
  {
    frame_builder{std::move(other)}.swap(*this);
    return *this;
  }

  ~frame_builder()
  {
    if (block_ != nullptr)
      block_->release();
  }

  /// Where the next bytes go: never empty before the frame is complete. Throws std::bad_alloc when it has
  /// to grow; what was committed is kept.
  std::span<std::byte> writable()
  {
    if (filled_ == capacity_ && capacity_ < total_)
      grow();
    std::byte* start = block_ != nullptr ? block_->bytes() : small_.writable().data();
    return {start + filled_, capacity_ - filled_};
  }

  /// Says that the first `n` bytes of writable() have been filled.
  void commit(std::size_t n) noexcept
  {
    assert(n <= capacity_ - filled_);
    filled_ += n;
  }

  /// What was committed so far, to be changed in place.
  std::span<std::byte> committed() noexcept
  {
    return {block_ != nullptr ? block_->bytes() : small_.writable().data(), filled_};
  }

  std::size_t total() const noexcept { return total_; }
  std::size_t filled() const noexcept { return filled_; }
  std::size_t remaining() const noexcept { return total_ - filled_; }
  /// How many bytes of memory are reserved at present.
  std::size_t capacity() const noexcept { return capacity_; }
  bool complete() const noexcept { return filled_ == total_; }

  /// The finished frame; the builder is left as if default-constructed. Only when complete().
  frame take() noexcept
  {
    assert(complete());
    frame result{std::move(small_)};
    if (block_ != nullptr)
      result.refer_to(std::exchange(block_, nullptr), total_);
    total_ = capacity_ = filled_ = 0;
    return result;
  }

  /// The same with `size` bytes from `from` on as the frame's bytes; the memory stays the whole block. Only for a total
  /// above frame::inline_capacity.
  frame take(std::size_t from, std::size_t size) noexcept
  {
    assert(block_ != nullptr && from + size <= total_);
    detail::buffer* const block = block_;
    frame result = take();
    result.set_large(block->bytes() + from, size, block, frame::shared_tag);
    return result;
  }

  void swap(frame_builder& other) noexcept
  {
    std::swap(total_, other.total_);
    std::swap(capacity_, other.capacity_);
    std::swap(filled_, other.filled_);
    std::swap(block_, other.block_);
    small_.swap(other.small_);
  }

 private:
  [[gnu::noinline]] void grow()
  {
    std::size_t const wanted = capacity_ > total_ / 2 ? total_ : capacity_ * 2;
    detail::buffer::reallocate(block_, wanted);
    capacity_ = wanted;
  }

  std::size_t total_ = 0;
  std::size_t capacity_ = 0;
  std::size_t filled_ = 0;
  detail::buffer* block_ = nullptr;
  frame small_;
};

}  // namespace cozmq
