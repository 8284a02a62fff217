// A whole message: one frame in place, further frames and metadata behind a pointer that is usually null.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/message/frame.hpp>
#include <cozmq/message/frame_iterator.hpp>
#include <cozmq/message/message_tail.hpp>
#include <cozmq/message/properties.hpp>

#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cozmq {

/// Zero or more frames that travel together: all of them arrive, or none.
///
/// A message of one frame needs no memory beside the frame's. Copies share the bytes of large frames. A
/// moved-from message has no frames and can be filled again. Distinct messages may be used from distinct
/// threads.
class message {
 public:
  using value_type = frame;
  using iterator = detail::frame_iterator<message, frame>;
  using const_iterator = detail::frame_iterator<message const, frame const>;

  /// No frames at all; such a message cannot be sent.
  [[gnu::always_inline]] message() noexcept { first_.set_tag(frame::absent_tag); }

  /// One frame.
  [[gnu::always_inline]] message(frame only) noexcept : first_{std::move(only)} {}

  /// One frame, from whatever makes one: a text, a literal, bytes to take over.
  template <class Source>
    requires std::convertible_to<Source, frame> && (!std::same_as<std::remove_cvref_t<Source>, frame>) &&
             (!std::same_as<std::remove_cvref_t<Source>, message>)
  message(Source&& only) : first_{std::forward<Source>(only)}
  {
  }

  /// One frame, copied; see the constructors of frame. What a decoder uses: nothing is built and then moved.
  [[gnu::always_inline]] message(std::byte const* data, std::size_t size, std::size_t readable)
      : first_{data, size, readable}
  {
  }

  /// Several frames.
  template <class First, class Second, class... More>
    requires std::convertible_to<First, frame> && std::convertible_to<Second, frame> &&
             (std::convertible_to<More, frame> && ...)
  message(First&& first, Second&& second, More&&... more) : first_{std::forward<First>(first)}
  {
    message rest;  // frees what is built so far if a frame throws
    rest.first_ = frame{};
    rest.push_back(std::forward<Second>(second));
    (rest.push_back(std::forward<More>(more)), ...);
    tail_ = std::exchange(rest.tail_, nullptr);
  }

  [[gnu::always_inline]] message(message&& other) noexcept
      : first_{std::move(other.first_)}, tail_{std::exchange(other.tail_, nullptr)}
  {
    other.first_.set_tag(frame::absent_tag);
  }

  message(message const& other)
      : first_{other.first_},
        tail_{other.tail_ == nullptr ? nullptr : detail::message_tail::copy_of(*other.tail_)}
  {
  }

  [[gnu::always_inline]] message& operator=(message&& other) noexcept
  {
    if (this != &other) {
      drop_tail();
      first_ = std::move(other.first_);
      tail_ = std::exchange(other.tail_, nullptr);
      other.first_.set_tag(frame::absent_tag);
    }
    return *this;
  }

  message& operator=(message const& other)
  {
    message copy{other};
    return *this = std::move(copy);
  }

  [[gnu::always_inline]] ~message() { drop_tail(); }

  /// The number of frames.
  std::size_t size() const noexcept
  {
    if (first_.tag() == frame::absent_tag)
      return 0;
    return tail_ == nullptr ? 1 : 1 + tail_->size();
  }

  /// Whether there are no frames; a message of one empty frame is not empty.
  bool empty() const noexcept { return first_.tag() == frame::absent_tag; }

  /// The bytes of all frames together.
  std::size_t byte_size() const noexcept
  {
    if (tail_ == nullptr) [[likely]]
      return empty() ? 0 : first_.size();
    std::size_t total = 0;
    for (frame const& each : *this)
      total += each.size();
    return total;
  }

  /// Whether further frames follow frame `i`.
  bool more_after(std::size_t i) const noexcept { return i + 1 < size(); }

  // From a temporary a frame is handed out by value, so that no view of it can dangle.
  frame& operator[](std::size_t i) & noexcept { return get(i); }
  frame const& operator[](std::size_t i) const& noexcept { return get(i); }
  frame operator[](std::size_t i) && noexcept { return std::move(get(i)); }

  /// As [], but a missing frame is an error. Throws cozmq::error with errc::wrong_frame_count.
  frame& at(std::size_t i) & { return check(i), get(i); }
  frame const& at(std::size_t i) const& { return check(i), get(i); }
  frame at(std::size_t i) && { return check(i), std::move(get(i)); }

  frame& front() & noexcept { return get(0); }
  frame const& front() const& noexcept { return get(0); }
  frame front() && noexcept { return std::move(get(0)); }
  frame& back() & noexcept { return get(size() - 1); }
  frame const& back() const& noexcept { return get(size() - 1); }
  frame back() && noexcept { return std::move(get(size() - 1)); }

  iterator begin() noexcept { return {this, 0}; }
  iterator end() noexcept { return {this, size()}; }
  const_iterator begin() const noexcept { return {this, 0}; }
  const_iterator end() const noexcept { return {this, size()}; }

  /// Adds a frame behind the others.
  void push_back(frame added)
  {
    if (empty()) {
      first_ = std::move(added);
      return;
    }
    detail::message_tail::make_room(tail_);
    tail_->push_back(std::move(added));
  }

  /// Adds a frame in front of the others, such as a routing id.
  void push_front(frame added)
  {
    if (!empty()) {
      detail::message_tail::make_room(tail_);
      tail_->push_front(std::move(first_));
    }
    first_ = std::move(added);
  }

  /// Removes and returns the first frame. There must be one.
  frame pop_front() noexcept
  {
    assert(!empty());
    frame result{std::move(first_)};
    if (tail_ != nullptr && tail_->size() != 0)
      first_ = tail_->pop_front();
    else
      first_.set_tag(frame::absent_tag);
    return result;
  }

  /// Removes and returns the last frame. There must be one.
  frame pop_back() noexcept
  {
    assert(!empty());
    if (tail_ != nullptr && tail_->size() != 0)
      return tail_->pop_back();
    frame result{std::move(first_)};
    first_.set_tag(frame::absent_tag);
    return result;
  }

  /// Becomes one frame, copied, as by the constructor with the same parameters, but keeps memory for further frames.
  [[gnu::always_inline]] void assign(std::byte const* data, std::size_t size, std::size_t readable)
  {
    if (tail_ != nullptr) [[unlikely]]
      tail_->clear();
    first_.assign(data, size, readable);
  }

  /// Removes all frames and the metadata; memory for further frames is kept for the next filling.
  [[gnu::always_inline]] void clear() noexcept
  {
    first_.drop();
    first_.set_tag(frame::absent_tag);
    if (tail_ != nullptr) [[unlikely]]
      tail_->clear();
  }

  /// The frames as texts, for `auto [topic, body] = update.parts<2>();`. Valid until the message is changed.
  /// Throws cozmq::error with errc::wrong_frame_count, "expected 2 frames, got 3".
  template <std::size_t Count>
  std::array<std::string_view, Count> parts() const&
  {
    expect(Count);
    return [this]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<std::string_view, Count>{get(I).view()...};
    }(std::make_index_sequence<Count>{});
  }

  /// From a temporary, the frames themselves; the message has no frames afterwards.
  template <std::size_t Count>
  std::array<frame, Count> parts() &&
  {
    expect(Count);
    message source{std::move(*this)};
    return [&source]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<frame, Count>{std::move(source.get(I))...};
    }(std::make_index_sequence<Count>{});
  }

  /// What is known about where the message came from, or null: peer address, socket type, routing id, ...
  properties const* metadata() const noexcept { return tail_ == nullptr ? nullptr : tail_->metadata.get(); }

  /// One value of the metadata, if it is there; the view is valid as long as the metadata is.
  std::optional<std::string_view> property(std::string_view name) const noexcept
  {
    properties const* known = metadata();
    return known == nullptr ? std::nullopt : known->get(name);
  }

  /// Attaches metadata, which all messages of a peer share. Costs an allocation for a message of one frame.
  void set_metadata(std::shared_ptr<properties const> metadata)
  {
    if (tail_ == nullptr) {
      if (metadata == nullptr)
        return;
      tail_ = detail::message_tail::create();
    }
    tail_->metadata = std::move(metadata);
  }

  /// Makes lent bytes its own, see frame::lend.
  void keep()
  {
    first_.keep();
    if (tail_ != nullptr) [[unlikely]]
      for (frame& each : *this)
        each.keep();
  }

  /// Becomes `from`, which is left empty, with bytes of its own and without metadata: where a message was received from
  /// is not said again when it is sent on. What a queue does with a message that is sent.
  [[gnu::always_inline]] void take(message& from)
  {
    if (from.tail_ == nullptr && from.first_.tag() == frame::lent_tag) {
      drop_tail();
      tail_ = nullptr;
      first_.assign(from.first_.data(), from.first_.size(), 0);
      from.first_.set_tag(frame::absent_tag);
    } else {
      *this = std::move(from);
      first_.keep();
      if (tail_ != nullptr) [[unlikely]]
        keep_tail();
    }
  }

  /// The memory that goes back to the thread which drops the first frame; 0 when there is none, or it is shared.
  std::size_t memory_size() const noexcept
  {
    return first_.tag() == frame::shared_tag ? first_.block()->own_size() : 0;
  }

  /// Will the first frame need memory of its own, or has it some?
  bool is_large() const noexcept { return !empty() && first_.size() > frame::inline_capacity; }

  void swap(message& other) noexcept
  {
    message held{std::move(other)};
    other = std::move(*this);
    *this = std::move(held);
  }
  friend void swap(message& a, message& b) noexcept { a.swap(b); }

  /// Compares the frames; metadata does not count.
  friend bool operator==(message const& a, message const& b) noexcept
  {
    std::size_t const n = a.size();
    if (n != b.size())
      return false;
    for (std::size_t i = 0; i < n; ++i)
      if (!(a.get(i) == b.get(i)))
        return false;
    return true;
  }

 private:
  [[gnu::noinline]] void keep_tail()
  {
    tail_->metadata.reset();
    keep();
  }

  frame& get(std::size_t i) noexcept
  {
    assert(i < size());
    return i == 0 ? first_ : tail_->frames()[i - 1];
  }
  frame const& get(std::size_t i) const noexcept
  {
    assert(i < size());
    return i == 0 ? first_ : tail_->frames()[i - 1];
  }

  static std::string frames_text(std::size_t n)
  {
    return std::to_string(n) + (n == 1 ? " frame" : " frames");
  }

  void expect(std::size_t count) const
  {
    if (size() != count)
      throw error{errc::wrong_frame_count,
                  "expected " + frames_text(count) + ", got " + std::to_string(size())};
  }

  void check(std::size_t i) const
  {
    if (i >= size())
      throw error{errc::wrong_frame_count,
                  "frame " + std::to_string(i) + " asked for, the message has " + frames_text(size())};
  }

  [[gnu::always_inline]] void drop_tail() noexcept
  {
    if (tail_ != nullptr) [[unlikely]]
      detail::message_tail::destroy(tail_);
  }

  frame first_;
  detail::message_tail* tail_ = nullptr;
};

static_assert(sizeof(message) == 64);

}  // namespace cozmq
