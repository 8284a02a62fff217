#include <cozmq/core/ring.hpp>

#include "support/catch.hpp"

#include <deque>
#include <memory>
#include <random>

using namespace cozmq;

TEST_CASE("a ring is first in, first out, whatever the order of pushes and pops")
{
  std::mt19937 random{7};
  ring<std::unique_ptr<int>> r;
  std::deque<int> model;
  int next = 0;
  for (int i = 0; i < 20000; ++i) {
    // Phases that grow and phases that shrink, so that the ring wraps at every size.
    bool const grow = (random() & 7U) < ((i / 500) % 2 == 0 ? 5U : 3U);
    if (grow) {
      r.push(std::make_unique<int>(next));
      model.push_back(next++);
    } else if (!model.empty()) {
      REQUIRE(*r.front() == model.front());
      r.pop();
      model.pop_front();
    }
    REQUIRE(r.size() == model.size());
    REQUIRE(r.empty() == model.empty());
  }
  for (; !model.empty(); model.pop_front(), r.pop())
    REQUIRE(*r.front() == model.front());
  CHECK(r.empty());
}

TEST_CASE("a ring grows while its elements lie across the end of its memory")
{
  for (int before = 0; before <= 16; ++before) {
    ring<int> r;
    for (int i = 0; i < before; ++i) {
      r.push(-1);
      r.pop();
    }
    for (int i = 0; i < 40; ++i)
      r.push(int{i});
    CHECK(r.popped() == static_cast<std::size_t>(before));
    CHECK(r.pushed() == r.popped() + 40);
    for (int i = 0; i < 40; ++i, r.pop())
      REQUIRE(r.front() == i);
    CHECK(r.empty());
  }
}

TEST_CASE("clear() destroys what a ring holds, and the ring can be used again")
{
  auto const watched = std::make_shared<int>(1);
  ring<std::shared_ptr<int>> r;
  r.push(std::shared_ptr<int>{watched});
  r.push(std::shared_ptr<int>{watched});
  CHECK(watched.use_count() == 3);
  r.clear();
  CHECK(watched.use_count() == 1);
  CHECK(r.empty());
  r.push(std::shared_ptr<int>{watched});
  CHECK(r.front() == watched);
  CHECK(r.size() == 1);
}

TEST_CASE("what is pushed in front comes out first, also across the end of the memory and when it grows")
{
  for (int before = 0; before <= 20; ++before) {
    ring<int> r;
    for (int i = 0; i < before; ++i)
      r.push(int{i});
    for (int i = 1; i <= 40; ++i)
      r.push_front(-i);
    for (int i = -40; i < before; ++i, r.pop())
      REQUIRE(r.front() == i);
    CHECK(r.empty());
  }
}
