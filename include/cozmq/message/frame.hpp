// One frame of a message: bytes, up to 55 of them in place, more of them shared between copies.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/message/buffer.hpp>
#include <cozmq/message/resource_buffer.hpp>
#include <cozmq/message/small_copy.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cozmq {

namespace detail {

template <class T>
concept byte_like = std::same_as<T, std::byte> || std::same_as<T, char> || std::same_as<T, unsigned char>;

/// Hands a deleter its pointer when the owner goes: exactly once, whatever is moved.
template <class Deleter>
class adopted {
 public:
  adopted(void* data, Deleter&& deleter) : data_{data}, deleter_{std::move(deleter)} {}
  adopted(adopted&& other) noexcept(std::is_nothrow_move_constructible_v<Deleter>)
      : data_{other.data_}, deleter_{std::move(other.deleter_)}
  {
    other.armed_ = false;
  }
  ~adopted()
  {
    if (!armed_)
      return;
    if constexpr (std::invocable<Deleter&, void*>)
      deleter_(data_);
    else
      deleter_();
  }

 private:
  void* data_;
  Deleter deleter_;
  bool armed_ = true;
};

}  // namespace detail

/// A sequence of bytes that travels as one frame.
///
/// Up to 55 bytes are in the object itself; more are in one shared, reference-counted block, so that a copy
/// costs a counter. A moved-from frame is empty. Bytes are never changed behind a copy's back: writable()
/// unshares. Distinct frames may be used from distinct threads, also when they share bytes.
class frame {
 public:
  /// How many bytes need no allocation.
  static constexpr std::size_t inline_capacity = 55;

  /// An empty frame.
  [[gnu::always_inline]] frame() noexcept { set_tag(0); }

  /// Copies the text; a ZeroMQ string has no terminating NUL.
  frame(std::string_view text) : frame{reinterpret_cast<std::byte const*>(text.data()), text.size()} {}
  frame(char const* text) : frame{std::string_view{text}} {}
  frame(std::string const& text) : frame{std::string_view{text}} {}
  frame(std::nullptr_t) = delete;

  /// Takes over the memory of a text that does not fit in place.
  frame(std::string&& text) : frame{take_over, std::move(text)} {}

  /// Takes over the memory of a vector that does not fit in place.
  template <detail::byte_like Byte>
  frame(std::vector<Byte>&& bytes) : frame{take_over, std::move(bytes)}
  {
  }

  /// Copies the bytes.
  explicit frame(byte_view bytes) : frame{bytes.data(), bytes.size()} {}

  /// Copies the bytes into memory from `memory`, with its rules: see `uninitialized`.
  frame(byte_view bytes, std::pmr::memory_resource& memory) : frame{uninitialized(bytes.size(), memory)}
  {
    std::copy(bytes.begin(), bytes.end(), is_large() ? large_data() : raw_);
  }

  /// Copies `size` bytes: without an allocation up to inline_capacity, with exactly one above.
  [[gnu::always_inline]] frame(std::byte const* data, std::size_t size)
  {
    if (size <= inline_capacity) {
      set_tag(static_cast<std::uint8_t>(size));
      detail::copy_small(raw_, data, size);
    } else {
      copy_large(data, size);
    }
  }

  /// As above, where `readable` >= `size` bytes may be read at `data`. A decoder that is not at the end of
  /// its buffer saves the branches of a copy of unknown length this way.
  [[gnu::always_inline]] frame(std::byte const* data, std::size_t size, std::size_t readable)
  {
    fill(data, size, readable);
  }

  /// Becomes a copy of these bytes, as by the constructor.
  [[gnu::always_inline]] void assign(std::byte const* data, std::size_t size, std::size_t readable)
  {
    drop();
    set_tag(0);  // in case there is no memory
    fill(data, size, readable);
  }

  [[gnu::always_inline]] frame(frame&& other) noexcept
  {
    detail::copy_words<sizeof raw_ / 8>(raw_, other.raw_);
    other.set_tag(0);
  }

  /// Shares the bytes of a large frame; nothing but a counter changes.
  [[gnu::always_inline]] frame(frame const& other)
  {
    if (other.tag() == lent_tag) [[unlikely]] {
      fill(other.data(), other.size(), 0);
      return;
    }
    if (other.tag() == shared_tag)
      other.block()->add_reference();
    detail::copy_words<sizeof raw_ / 8>(raw_, other.raw_);
  }

  [[gnu::always_inline]] frame& operator=(frame&& other) noexcept
  {
    if (this != &other) {
      drop();
      detail::copy_words<sizeof raw_ / 8>(raw_, other.raw_);
      other.set_tag(0);
    }
    return *this;
  }

  frame& operator=(frame const& other)
  {
    frame copy{other};
    return *this = std::move(copy);
  }

  [[gnu::always_inline]] ~frame() { drop(); }

  /// A frame of `size` bytes with no particular value, to be filled through writable().
  static frame uninitialized(std::size_t size)
  {
    frame result;
    if (size <= inline_capacity)
      result.set_tag(static_cast<std::uint8_t>(size));
    else
      result.refer_to(detail::buffer::allocate(size), size);
    return result;
  }

  /// The same in memory of the caller's choice: one allocation above inline_capacity bytes, aligned for anything, none
  /// below. It goes back exactly once, on the thread that drops the last copy: `memory` must outlive all copies, and be
  /// safe to use from the threads that have some. Throws what `memory` throws.
  static frame uninitialized(std::size_t size, std::pmr::memory_resource& memory)
  {
    if (size <= inline_capacity)
      return uninitialized(size);
    frame result;
    detail::resource_buffer* const block = detail::resource_buffer::allocate(size, memory);
    result.set_large(block->bytes(), size, block, shared_tag);
    return result;
  }

  /// A frame that refers to bytes it never frees, such as a literal; they must outlive every copy of it.
  static frame borrow(byte_view bytes) noexcept
  {
    frame result;
    result.set_large(const_cast<std::byte*>(bytes.data()), bytes.size(), nullptr, borrowed_tag);
    return result;
  }
  static frame borrow(std::string_view text) noexcept { return borrow(as_bytes(text)); }

  /// A frame that refers to bytes for the duration of one call, so that what encodes them at once copies them once. A
  /// copy has its own bytes; whoever keeps the frame itself calls `keep()` first. For the library.
  static frame lend(byte_view bytes) noexcept
  {
    frame result;
    result.set_large(const_cast<std::byte*>(bytes.data()), bytes.size(), nullptr, lent_tag);
    return result;
  }

  /// Makes lent bytes its own.
  void keep()
  {
    if (tag() == lent_tag)
      *this = frame{data(), size()};
  }

  /// A frame over a buffer of the caller's: `deleter(data)`, or `deleter()`, runs exactly once, after the
  /// last copy has gone, on the thread that drops it (also when this call throws std::bad_alloc). It must
  /// not throw.
  template <class Deleter>
    requires std::invocable<Deleter&, void*> || std::invocable<Deleter&>
  static frame adopt(void* data, std::size_t size, Deleter deleter)
  {
    frame result;
    detail::buffer* block = detail::buffer::hold(detail::adopted<Deleter>{data, std::move(deleter)});
    result.set_large(static_cast<std::byte*>(data), size, block, shared_tag);
    return result;
  }

  std::size_t size() const noexcept { return is_large() ? large_size() : tag(); }
  bool empty() const noexcept { return size() == 0; }
  std::byte const* data() const noexcept { return is_large() ? large_data() : raw_; }

  /// The bytes, valid until this frame is changed, moved or destroyed.
  byte_view bytes() const& noexcept { return {data(), size()}; }
  byte_view bytes() && = delete;

  /// The bytes as text, valid until this frame is changed, moved or destroyed.
  std::string_view view() const& noexcept { return as_text(bytes()); }
  std::string_view view() && = delete;

  /// The bytes as a text of one's own.
  std::string str() const { return std::string{view()}; }

  /// The bytes, to be written to. A frame that shares or borrows its bytes copies them first.
  std::span<std::byte> writable()
  {
    if (shared())
      *this = frame{data(), size()};
    return {is_large() ? large_data() : raw_, size()};
  }

  /// Whether the bytes are somebody else's as well: a large frame with copies, or a borrowed one.
  bool shared() const noexcept
  {
    return tag() == borrowed_tag || tag() == lent_tag || (tag() == shared_tag && block()->shared());
  }

  /// Copies as many bytes as fit into `to` and returns how many the frame has.
  std::size_t copy_to(std::span<std::byte> to) const noexcept
  {
    std::size_t const total = size();
    if (std::size_t const n = std::min(total, to.size()); n != 0)
      std::memcpy(to.data(), data(), n);
    return total;
  }

  void swap(frame& other) noexcept
  {
    frame held{std::move(other)};
    other = std::move(*this);
    *this = std::move(held);
  }
  friend void swap(frame& a, frame& b) noexcept { a.swap(b); }

  // A template, so that only frames get here: a text would otherwise convert to a frame as well as to a view.
  template <std::same_as<frame> Frame>
  friend bool operator==(Frame const& a, Frame const& b) noexcept
  {
    return a.view() == b.view();
  }
  friend bool operator==(frame const& a, std::string_view b) noexcept { return a.view() == b; }

 private:
  friend class message;
  friend class frame_builder;

  struct take_over_tag {};
  static constexpr take_over_tag take_over{};

  // The last byte: 0 to 55 is the size of bytes in place.
  static constexpr std::uint8_t absent_tag = 56;  // only inside a message: it has no frames
  static constexpr std::uint8_t borrowed_tag = 57;
  static constexpr std::uint8_t lent_tag = 58;
  static constexpr std::uint8_t shared_tag = 59;
  static constexpr std::size_t tag_word = 48;

  template <class Container>
  frame(take_over_tag, Container&& bytes)
  {
    if (bytes.size() <= inline_capacity) {
      set_tag(static_cast<std::uint8_t>(bytes.size()));
      detail::copy_small(raw_, reinterpret_cast<std::byte const*>(bytes.data()), bytes.size());
      return;
    }
    auto* block =
        static_cast<detail::owning_buffer<Container>*>(detail::buffer::hold(std::forward<Container>(bytes)));
    Container& kept = block->owner();
    set_large(reinterpret_cast<std::byte*>(kept.data()), kept.size(), block, shared_tag);
  }

  [[gnu::always_inline]] void fill(std::byte const* data, std::size_t size, std::size_t readable)
  {
    if (size > inline_capacity)
      return copy_large(data, size);
    if (readable >= sizeof raw_) [[likely]] {
      std::uint64_t last;
      std::memcpy(raw_, data, tag_word);
      std::memcpy(&last, data + tag_word, sizeof last);
      last = (last & ~word_of(0xFF)) | word_of(static_cast<std::uint8_t>(size));
      std::memcpy(raw_ + tag_word, &last, sizeof last);
    } else {
      set_tag(static_cast<std::uint8_t>(size));
      detail::copy_small(raw_, data, size);
    }
  }

  [[gnu::noinline]] void copy_large(std::byte const* data, std::size_t size)
  {
    detail::buffer* block = detail::buffer::allocate(size);
    std::memcpy(block->bytes(), data, size);
    refer_to(block, size);
  }

  void refer_to(detail::buffer* block, std::size_t size) noexcept
  {
    set_large(block->bytes(), size, block, shared_tag);
  }

  std::uint8_t tag() const noexcept { return std::to_integer<std::uint8_t>(raw_[inline_capacity]); }
  // Writes the whole last word, before the payload: a load that is wider than the store before it stalls,
  // and the next thing to happen to a frame is a move.
  void set_tag(std::uint8_t tag) noexcept
  {
    std::uint64_t const word = word_of(tag);
    std::memcpy(raw_ + tag_word, &word, sizeof word);
  }
  static constexpr std::uint64_t word_of(std::uint8_t tag) noexcept
  {
    return std::endian::native == std::endian::little ? std::uint64_t{tag} << 56 : tag;
  }
  bool is_large() const noexcept { return tag() > absent_tag; }

  // A large frame is three words: where its bytes are, how many, and the block they belong to. They are read and
  // written one by one, since the same storage holds the payload of a small frame.
  std::uint64_t word(std::size_t i) const noexcept
  {
    std::uint64_t value;
    std::memcpy(&value, raw_ + 8 * i, 8);
    return value;
  }
  void set_word(std::size_t i, std::uint64_t value) noexcept
  {
    detail::keep_in_register(value);
    std::memcpy(raw_ + 8 * i, &value, 8);
  }
  std::byte* large_data() const noexcept { return reinterpret_cast<std::byte*>(word(0)); }
  std::size_t large_size() const noexcept { return word(1); }
  detail::buffer* block() const noexcept { return reinterpret_cast<detail::buffer*>(word(2)); }

  void set_large(std::byte* data, std::size_t size, detail::buffer* block, std::uint8_t tag) noexcept
  {
    set_word(0, reinterpret_cast<std::uint64_t>(data));
    set_word(1, size);
    set_word(2, reinterpret_cast<std::uint64_t>(block));
    set_tag(tag);
  }

  [[gnu::always_inline]] void drop() noexcept
  {
    if (tag() == shared_tag) [[unlikely]]
      drop_large();
  }
  [[gnu::noinline]] void drop_large() noexcept { block()->release(); }

  alignas(8) std::byte raw_[inline_capacity + 1];
};

static_assert(sizeof(frame) == 56 && alignof(frame) == 8);

}  // namespace cozmq
