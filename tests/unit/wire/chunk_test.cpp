#include <cozmq/wire/chunk.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

using namespace cozmq;

TEST_CASE("a chunk is empty until memory is asked for, and again after it is given back")
{
  wire::chunk c;
  CHECK_FALSE(c);
  c.acquire();
  REQUIRE(c);
  std::memset(c.data(), 1, wire::chunk::capacity);
  std::byte* const memory = c.data();
  c.acquire();
  CHECK(c.data() == memory);
  c.release();
  CHECK_FALSE(c);
  c.release();
  CHECK_FALSE(c);
}

TEST_CASE("a moved chunk takes its memory along")
{
  wire::chunk a;
  a.acquire();
  std::byte* const memory = a.data();
  wire::chunk b{std::move(a)};
  CHECK(b.data() == memory);
  wire::chunk c;
  c = std::move(b);
  CHECK(c.data() == memory);
  CHECK_FALSE(b);
}

TEST_CASE("chunks in use never share memory, and more may be given back than are kept")
{
  std::vector<wire::chunk> many(300);
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < many.size(); ++i) {
      many[i].acquire();
      std::memset(many[i].data(), static_cast<int>(i), wire::chunk::capacity);
    }
    for (std::size_t i = 0; i < many.size(); ++i) {
      CHECK(many[i].data()[0] == static_cast<std::byte>(i));
      CHECK(many[i].data()[wire::chunk::capacity - 1] == static_cast<std::byte>(i));
    }
    for (wire::chunk& c : many)
      c.release();
  }
}

TEST_CASE("a burst to two hundred peers uses the memory of the burst before")
{
  if (!detail::reuses_memory)
    return;
  std::vector<wire::chunk> many(200);
  std::set<std::byte*> first;
  std::set<std::byte*> second;
  for (std::set<std::byte*>* seen : {&first, &second}) {
    for (wire::chunk& c : many) {
      c.acquire();
      seen->insert(c.data());
    }
    for (wire::chunk& c : many)
      c.release();
  }
  CHECK(first == second);
}

TEST_CASE("a chunk may be given back by another thread than the one that got it")
{
  wire::chunk c;
  c.acquire();
  std::memset(c.data(), 7, wire::chunk::capacity);
  std::thread other{[taken = std::move(c)]() mutable { taken.release(); }};
  other.join();
  wire::chunk d;
  d.acquire();
  CHECK(d);
}
