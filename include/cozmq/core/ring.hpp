// A queue in one block of memory that doubles when it is full.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace cozmq {

/// First in, first out. Keeps its memory, so that a queue in steady use does not allocate.
template <class T>
class ring {
 public:
  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }
  /// How many elements have come and gone since the ring was made or cleared.
  std::size_t pushed() const noexcept { return end_ + in_front_; }
  std::size_t popped() const noexcept { return begin_ + in_front_; }
  /// How many elements there is memory for.
  std::size_t capacity() const noexcept { return slots_.size(); }

  void push(T&& value)
  {
    prepare() = std::move(value);
    commit();
  }

  /// The place of the next element, to be assigned to; it is in the queue from `commit()` on.
  T& prepare()
  {
    if (size() == slots_.size()) [[unlikely]]
      grow();
    return slots_[end_ & mask_];
  }
  void commit() noexcept { ++end_; }

  /// Adds an element before the oldest one.
  void push_front(T&& value)
  {
    if (size() == slots_.size())
      grow();
    slots_[--begin_ & mask_] = std::move(value);
    ++in_front_;
  }

  /// The oldest element; there must be one.
  T& front() noexcept { return slots_[begin_ & mask_]; }

  /// The newest element; there must be one.
  T& back() noexcept { return slots_[(end_ - 1) & mask_]; }

  /// The element `i` places behind the oldest.
  T const& operator[](std::size_t i) const noexcept { return slots_[(begin_ + i) & mask_]; }

  /// Removes the oldest element, which may have been moved from.
  void pop() noexcept { ++begin_; }

  void clear() noexcept
  {
    std::vector<T>{}.swap(slots_);
    begin_ = end_ = mask_ = in_front_ = 0;
  }

 private:
  void grow()
  {
    std::vector<T> larger(slots_.empty() ? 16 : slots_.size() * 2);
    for (std::size_t i = begin_; i != end_; ++i)
      larger[i & (larger.size() - 1)] = std::move(slots_[i & mask_]);
    slots_ = std::move(larger);
    mask_ = slots_.size() - 1;
  }

  std::vector<T> slots_;   // a power of two
  std::size_t begin_ = 0;  // positions run on; masked, they are places in slots_
  std::size_t end_ = 0;
  std::size_t mask_ = 0;
  std::size_t in_front_ = 0;  // how many were added there
};

}  // namespace cozmq
