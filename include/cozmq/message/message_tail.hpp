// What a message keeps outside the object: the frames after the first, and metadata, in one allocation.
#pragma once

#include <cozmq/message/block_cache.hpp>
#include <cozmq/message/frame.hpp>
#include <cozmq/message/properties.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace cozmq::detail {

/// A small array of frames that lies directly behind this object. A message owns it through a plain
/// pointer, so the functions that may have to move it elsewhere take that pointer by reference.
class message_tail {
 public:
  message_tail(message_tail const&) = delete;
  message_tail& operator=(message_tail const&) = delete;

  std::shared_ptr<properties const> metadata;

  static message_tail* create(std::size_t capacity = initial_capacity)
  {
    return ::new (block_cache::allocate(footprint(capacity))) message_tail{capacity};
  }

  static message_tail* copy_of(message_tail const& other)
  {
    message_tail* result = create(other.size_ > initial_capacity ? other.size_ : initial_capacity);
    result->metadata = other.metadata;
    std::uninitialized_copy_n(other.frames(), other.size_, result->frames());
    result->size_ = other.size_;
    return result;
  }

  [[gnu::noinline]] static void destroy(message_tail* tail) noexcept
  {
    std::size_t const size = footprint(tail->capacity_);
    tail->clear();
    tail->~message_tail();
    block_cache::free(static_cast<void*>(tail), size);
  }

  std::size_t size() const noexcept { return size_; }
  frame* frames() noexcept { return reinterpret_cast<frame*>(this + 1); }
  frame const* frames() const noexcept { return reinterpret_cast<frame const*>(this + 1); }

  /// Makes room for one more frame at least; `tail` may be null and may move.
  static void make_room(message_tail*& tail)
  {
    if (tail == nullptr)
      tail = create();
    else if (tail->size_ == tail->capacity_)
      grow(tail);
  }

  /// Only after make_room().
  void push_back(frame&& added) noexcept
  {
    std::construct_at(frames() + size_, std::move(added));
    ++size_;
  }

  /// Only after make_room().
  void push_front(frame&& added) noexcept
  {
    push_back(frame{});
    for (std::size_t i = size_ - 1; i > 0; --i)
      frames()[i] = std::move(frames()[i - 1]);
    frames()[0] = std::move(added);
  }

  frame pop_back() noexcept
  {
    frame* last = frames() + --size_;
    frame result{std::move(*last)};
    std::destroy_at(last);
    return result;
  }

  frame pop_front() noexcept
  {
    frame result{std::move(frames()[0])};
    for (std::size_t i = 1; i < size_; ++i)
      frames()[i - 1] = std::move(frames()[i]);
    std::destroy_at(frames() + --size_);
    return result;
  }

  void clear() noexcept
  {
    std::destroy_n(frames(), size_);
    size_ = 0;
    metadata.reset();
  }

 private:
  // With three further frames the allocation is 200 bytes; envelope, delimiter, topic and body fit.
  static constexpr std::size_t initial_capacity = 3;

  // Of thousands of frames, which may be a stranger's, half are not to be room for more.
  static constexpr std::size_t grows_slowly_from = std::size_t{512} << 10;
  static_assert(block_cache::is_huge(grows_slowly_from));

  static constexpr std::size_t footprint(std::size_t capacity) noexcept
  {
    return sizeof(message_tail) + capacity * sizeof(frame);
  }

  explicit message_tail(std::size_t capacity) noexcept : capacity_{capacity} {}
  ~message_tail() = default;

  static void grow(message_tail*& tail)
  {
    // Neither a frame nor a shared_ptr knows its own address, so their bytes are all there is to move.
    if (footprint(tail->capacity_) >= grows_slowly_from) {
      std::size_t const capacity = tail->capacity_ + tail->capacity_ / 8;
      tail = static_cast<message_tail*>(block_cache::enlarge(static_cast<void*>(tail), footprint(capacity)));
      tail->capacity_ = capacity;
      return;
    }
    message_tail* larger = create(tail->capacity_ * 2);
    larger->metadata = std::move(tail->metadata);
    std::uninitialized_move_n(tail->frames(), tail->size_, larger->frames());
    larger->size_ = tail->size_;
    destroy(std::exchange(tail, larger));
  }

  std::size_t size_ = 0;
  std::size_t capacity_;
};

static_assert(alignof(message_tail) >= alignof(frame));

}  // namespace cozmq::detail
