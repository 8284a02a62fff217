// The shared block behind a large frame: a reference count, and the bytes or who knows how to free them.
#pragma once

#include <cozmq/message/block_cache.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace cozmq::detail {

/// An intrusively counted block. Either the bytes follow it in the same allocation, or they are elsewhere and
/// `destroy_` knows how to give them back. Born with one reference; counting is safe from any thread.
class alignas(std::max_align_t) buffer {
 public:
  buffer(buffer const&) = delete;
  buffer& operator=(buffer const&) = delete;

  /// A block with `capacity` uninitialized bytes behind it: one allocation. Throws std::bad_alloc.
  static buffer* allocate(std::size_t capacity)
  {
    std::size_t const size = footprint(capacity);
    return ::new (block_cache::allocate(size)) buffer{nullptr, size};
  }

  /// A block of `size` bytes in all, as own_size() says it, if this thread has kept one; else null.
  static buffer* spare(std::size_t size) noexcept
  {
    void* const memory = block_cache::spare(size);
    return memory == nullptr ? nullptr : ::new (memory) buffer{nullptr, size};
  }

  /// The size of the whole block, if it is from allocate() and nobody else has it; else 0.
  std::size_t own_size() const noexcept { return shared() ? 0 : size_; }

  /// A block that keeps `owner` (a std::string, a deleter) until the last reference goes. Throws
  /// std::bad_alloc; `owner` is then left as it was.
  template <class Owner>
  static buffer* hold(Owner&& owner);

  /// Makes room for `capacity` bytes, keeping those there. Only for a block from allocate() that is not
  /// shared. `block` may move. Throws std::bad_alloc; the block is then unchanged.
  static void reallocate(buffer*& block, std::size_t capacity)
  {
    std::size_t const size = footprint(capacity);
    void* memory = std::realloc(static_cast<void*>(block), block_cache::rounded(size));
    if (memory == nullptr)
      throw std::bad_alloc{};
    block = ::new (memory) buffer{nullptr, size};
  }

  /// The bytes of a block from allocate().
  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }

  void release() noexcept
  {
    // The last owner needs no locked instruction: with a count of 1 nobody else is there to change it.
    if (references_.load(std::memory_order_acquire) == 1 ||
        references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      destroy();
  }

  /// Whether somebody else holds a reference too.
  bool shared() const noexcept { return references_.load(std::memory_order_acquire) != 1; }

 protected:
  using destroy_function = void (*)(buffer*) noexcept;

  explicit buffer(destroy_function how, std::size_t size = 0) noexcept : size_{size}, destroy_{how} {}
  ~buffer() = default;

 private:
  static std::size_t footprint(std::size_t capacity)
  {
    if (capacity > std::numeric_limits<std::size_t>::max() / 2)
      throw std::bad_alloc{};
    return sizeof(buffer) + capacity;
  }

  void destroy() noexcept
  {
    if (destroy_ == nullptr)
      block_cache::free(static_cast<void*>(this), size_);
    else
      destroy_(this);
  }

  std::atomic<std::uint64_t> references_{1};
  std::size_t size_;  // of the whole block
  destroy_function destroy_;
};

static_assert(std::is_trivially_destructible_v<std::atomic<std::uint64_t>>);
static_assert(sizeof(buffer) == 32, "bytes behind the block keep the alignment of malloc");

/// A buffer whose bytes belong to an owner kept beside the count.
template <class Owner>
class owning_buffer final : public buffer {
 public:
  template <class Source>
    requires(!std::same_as<std::remove_cvref_t<Source>, owning_buffer>)
  explicit owning_buffer(Source&& owner) : buffer{&destroy_this}, owner_{std::forward<Source>(owner)}
  {
  }

  Owner& owner() noexcept { return owner_; }

 private:
  static void destroy_this(buffer* block) noexcept
  {
    auto* const self = static_cast<owning_buffer*>(block);
    std::destroy_at(self);
    std::free(static_cast<void*>(self));
  }

  Owner owner_;
};

template <class Owner>
buffer* buffer::hold(Owner&& owner)
{
  // From malloc like every block, so that g++ never sees a free() that could meet operator new.
  using block = owning_buffer<std::remove_cvref_t<Owner>>;
  static_assert(alignof(block) <= alignof(std::max_align_t),
                "an over-aligned deleter: capture a pointer instead");
  void* memory = std::malloc(sizeof(block));
  if (memory == nullptr)
    throw std::bad_alloc{};
  try {
    return ::new (memory) block{std::forward<Owner>(owner)};
  } catch (...) {
    std::free(memory);
    throw;
  }
}

}  // namespace cozmq::detail
