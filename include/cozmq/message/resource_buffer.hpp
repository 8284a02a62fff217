// The shared block of a large frame, in memory from a std::pmr::memory_resource.
#pragma once

#include <cozmq/message/buffer.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <memory_resource>
#include <new>

namespace cozmq::detail {

/// A block and its bytes in one allocation, which goes back to its resource on the thread that drops the last reference.
class resource_buffer final : public buffer {
 public:
  /// Throws what the resource throws, and std::bad_alloc for a size that cannot be.
  static resource_buffer* allocate(std::size_t capacity, std::pmr::memory_resource& from)
  {
    if (capacity > std::numeric_limits<std::size_t>::max() / 2)
      throw std::bad_alloc{};
    std::size_t const size = sizeof(resource_buffer) + capacity;
    return ::new (from.allocate(size, alignof(resource_buffer))) resource_buffer{size, from};
  }

  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

 private:
  resource_buffer(std::size_t size, std::pmr::memory_resource& from) noexcept
      : buffer{&destroy_this}, whole_{size}, from_{&from}
  {
  }

  static void destroy_this(buffer* block) noexcept
  {
    auto* const self = static_cast<resource_buffer*>(block);
    std::pmr::memory_resource* const from = self->from_;
    std::size_t const size = self->whole_;
    std::destroy_at(self);
    from->deallocate(static_cast<void*>(self), size, alignof(resource_buffer));
  }

  std::size_t whole_;
  std::pmr::memory_resource* from_;
};

static_assert(sizeof(resource_buffer) % alignof(std::max_align_t) == 0);

}  // namespace cozmq::detail
