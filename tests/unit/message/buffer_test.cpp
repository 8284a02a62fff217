#include <cozmq/message/buffer.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

using cozmq::detail::buffer;

TEST_CASE("a buffer is shared while more than one reference exists")
{
  buffer* block = buffer::allocate(100);
  std::memset(block->bytes(), 1, 100);
  CHECK_FALSE(block->shared());
  block->add_reference();
  CHECK(block->shared());
  block->release();
  CHECK_FALSE(block->shared());
  block->release();
}

TEST_CASE("the bytes of a buffer are aligned as malloc aligns")
{
  buffer* block = buffer::allocate(1);
  CHECK(reinterpret_cast<std::uintptr_t>(block->bytes()) % alignof(std::max_align_t) == 0);
  block->release();
}

TEST_CASE("growing a buffer keeps its bytes")
{
  buffer* block = buffer::allocate(4);
  std::memcpy(block->bytes(), "abcd", 4);
  buffer::reallocate(block, 1 << 20);
  CHECK(std::memcmp(block->bytes(), "abcd", 4) == 0);
  block->bytes()[(1 << 20) - 1] = std::byte{1};
  CHECK_FALSE(block->shared());
  block->release();
}

TEST_CASE("a size that cannot be had is bad_alloc, and a block that cannot grow is unchanged")
{
  CHECK_THROWS_AS(buffer::allocate(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
  buffer* block = buffer::allocate(4);
  buffer* const before = block;
  CHECK_THROWS_AS(buffer::reallocate(block, std::numeric_limits<std::size_t>::max() - 8), std::bad_alloc);
  CHECK(block == before);
  block->release();
}

TEST_CASE("a buffer keeps its owner until the last reference, on whatever thread that goes")
{
  auto owner = std::make_shared<std::string>("kept");
  std::weak_ptr<std::string> const watch = owner;
  buffer* block = buffer::hold(std::move(owner));
  for (int i = 0; i < 8; ++i)
    block->add_reference();
  CHECK_FALSE(watch.expired());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([block] { block->release(); });
  for (std::thread& each : threads)
    each.join();
  CHECK_FALSE(watch.expired());
  block->release();
  CHECK(watch.expired());
}
