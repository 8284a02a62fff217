#include <cozmq/message/block_cache.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

using cozmq::detail::block_cache;

TEST_CASE("a block is never smaller than asked for, and at most a fifth of it is slack")
{
  for (std::size_t size = 1; size <= 200 * 1024; ++size) {
    std::size_t const rounded = block_cache::rounded(size);
    REQUIRE(rounded >= size);
    REQUIRE(rounded - size < std::max<std::size_t>(16, rounded / 5 + 1));
    REQUIRE(block_cache::rounded(rounded) == rounded);
    REQUIRE(block_cache::rounded(size - 1) <= rounded);
  }
}

TEST_CASE("the classes are 16 bytes apart up to 1 KiB, then four to a doubling, and end at 128 KiB")
{
  for (auto [size, rounded] : {std::pair<std::size_t, std::size_t>{1, 16},
                               {16, 16},
                               {17, 32},
                               {1008, 1008},
                               {1009, 1024},
                               {1024, 1024},
                               {1025, 1280},
                               {1280, 1280},
                               {1281, 1536},
                               {1792, 1792},
                               {1793, 2048},
                               {2048, 2048},
                               {2049, 2560},
                               {65536, 65536},
                               {65537, 81920},
                               {114688, 114688},
                               {114689, 131072},
                               {131072, 131072},
                               {131073, 131073},
                               {1000000, 1000000}})
    CHECK(block_cache::rounded(size) == rounded);
}

TEST_CASE("blocks in use never overlap, whatever is freed and reused")
{
  struct block {
    unsigned char* memory;
    std::size_t size;
    unsigned char mark;
  };
  std::vector<block> live;
  unsigned state = 1;
  auto const check_and_free = [](block const& b) {
    for (std::size_t i = 0; i < b.size; i += 61)
      REQUIRE(b.memory[i] == b.mark);
    REQUIRE(b.memory[b.size - 1] == b.mark);
    block_cache::free(b.memory, b.size);
  };
  for (unsigned i = 0; i < 20000; ++i) {
    state = state * 1664525U + 1013904223U;
    std::size_t const size = 1 + (state >> 12) % ((i & 15U) == 0 ? 150000U : 700U);
    auto* const memory = static_cast<unsigned char*>(block_cache::allocate(size));
    REQUIRE(reinterpret_cast<std::uintptr_t>(memory) % alignof(std::max_align_t) == 0);
    std::memset(memory, static_cast<int>(i & 0xFFU), size);
    live.push_back({memory, size, static_cast<unsigned char>(i)});
    if (live.size() > 200) {
      std::size_t const at = (state >> 4) % live.size();
      check_and_free(live[at]);
      live[at] = live.back();
      live.pop_back();
    }
  }
  for (block const& b : live)
    check_and_free(b);
}

TEST_CASE("the block freed last is the next one of its size")
{
  if (!cozmq::detail::reuses_memory)
    return;
  void* const first = block_cache::allocate(1000);
  block_cache::free(first, 1000);
  void* const second = block_cache::allocate(block_cache::rounded(1000));
  CHECK(second == first);
  void* const third = block_cache::allocate(1000);
  CHECK(third != first);
  block_cache::free(second, block_cache::rounded(1000));
  block_cache::free(third, 1000);
}

TEST_CASE("blocks may be freed by another thread, and a thread may end with blocks in its store")
{
  constexpr std::size_t size = 500;
  for (int round = 0; round < 20; ++round) {
    std::vector<void*> given;
    std::thread maker{[&given] {
      for (int i = 0; i < 300; ++i) {
        given.push_back(block_cache::allocate(size));
        std::memset(given.back(), i, size);
      }
      for (int i = 0; i < 10; ++i)
        block_cache::free(block_cache::allocate(size), size);
    }};
    maker.join();
    CHECK(std::set<void*>(given.begin(), given.end()).size() == given.size());
    std::thread taker{[&given] {
      for (void* memory : given)
        block_cache::free(memory, size);
    }};
    taker.join();
  }
}
