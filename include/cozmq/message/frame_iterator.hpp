// A random access iterator over the frames of a message, which do not lie side by side.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <type_traits>

namespace cozmq::detail {

/// A message and an index. `Message` may be const; any change of the number of frames invalidates it.
template <class Message, class Frame>
class frame_iterator {
 public:
  using iterator_concept = std::random_access_iterator_tag;
  using iterator_category = std::random_access_iterator_tag;
  using value_type = std::remove_const_t<Frame>;
  using difference_type = std::ptrdiff_t;
  using reference = Frame&;
  using pointer = Frame*;

  frame_iterator() noexcept = default;
  frame_iterator(Message* message, std::size_t index) noexcept
      : message_{message}, index_{static_cast<difference_type>(index)}
  {
  }

  /// A mutable iterator becomes a constant one.
  operator frame_iterator<Message const, Frame const>() const noexcept
    requires(!std::is_const_v<Message>)
  {
    return {message_, static_cast<std::size_t>(index_)};
  }

  reference operator*() const noexcept { return (*message_)[static_cast<std::size_t>(index_)]; }
  pointer operator->() const noexcept { return &**this; }
  reference operator[](difference_type n) const noexcept { return *(*this + n); }

  frame_iterator& operator+=(difference_type n) noexcept
  {
    index_ += n;
    return *this;
  }
  frame_iterator& operator-=(difference_type n) noexcept { return *this += -n; }
  frame_iterator& operator++() noexcept { return *this += 1; }
  frame_iterator& operator--() noexcept { return *this += -1; }
  frame_iterator operator++(int) noexcept
  {
    frame_iterator before = *this;
    ++*this;
    return before;
  }
  frame_iterator operator--(int) noexcept
  {
    frame_iterator before = *this;
    --*this;
    return before;
  }

  friend frame_iterator operator+(frame_iterator it, difference_type n) noexcept { return it += n; }
  friend frame_iterator operator+(difference_type n, frame_iterator it) noexcept { return it += n; }
  friend frame_iterator operator-(frame_iterator it, difference_type n) noexcept { return it -= n; }
  friend difference_type operator-(frame_iterator a, frame_iterator b) noexcept
  {
    return a.index_ - b.index_;
  }
  friend bool operator==(frame_iterator a, frame_iterator b) noexcept { return a.index_ == b.index_; }
  friend std::strong_ordering operator<=>(frame_iterator a, frame_iterator b) noexcept
  {
    return a.index_ <=> b.index_;
  }

 private:
  Message* message_ = nullptr;
  difference_type index_ = 0;
};

}  // namespace cozmq::detail
