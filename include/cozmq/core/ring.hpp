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
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  void push(T&& value)
  {
    if (size_ == slots_.size())
      grow();
    slots_[(first_ + size_) & (slots_.size() - 1)] = std::move(value);
    ++size_;
  }

  /// The oldest element; there must be one.
  T& front() noexcept { return slots_[first_]; }

  /// Removes the oldest element, which may have been moved from.
  void pop() noexcept
  {
    first_ = (first_ + 1) & (slots_.size() - 1);
    --size_;
  }

  void clear() noexcept
  {
    slots_ = {};
    first_ = size_ = 0;
  }

 private:
  void grow()
  {
    std::vector<T> larger(slots_.empty() ? 16 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i)
      larger[i] = std::move(slots_[(first_ + i) & (slots_.size() - 1)]);
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> slots_;  // a power of two
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace cozmq
