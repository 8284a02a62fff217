#include <cozmq/engine/inline_budget.hpp>

#include "support/catch.hpp"

#include <chrono>

using namespace cozmq;

namespace {

// Uses up time without giving the processor away, as an application that is busy does.
void be_busy(std::chrono::microseconds time)
{
  auto const until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

}  // namespace

TEST_CASE("the first operation after a pause never needs another one")
{
  engine::inline_budget b;
  for (int i = 0; i < 1000; ++i) {
    CHECK_FALSE(b.spend());
    b.renew();
  }
}

TEST_CASE("quick operations are given a pause after a while, and go on after it")
{
  engine::inline_budget b;
  for (int round = 0; round < 20; ++round) {
    auto const began = std::chrono::steady_clock::now();
    while (!b.spend()) {
    }
    CHECK(std::chrono::steady_clock::now() - began >= std::chrono::microseconds{100});
    b.renew();
    CHECK_FALSE(b.spend());
    b.renew();
  }
}

TEST_CASE("a slow application is given a pause after at most two further operations")
{
  engine::inline_budget b;
  CHECK_FALSE(b.spend());
  be_busy(std::chrono::microseconds{200});
  int further = 1;
  while (!b.spend())
    ++further;
  CHECK(further <= 2);
}

TEST_CASE("after a thousand quick operations a slow one is noticed within 33")
{
  engine::inline_budget b;
  for (int i = 0; i < 1000; ++i)
    if (b.spend())
      b.renew();
  be_busy(std::chrono::microseconds{200});
  int further = 1;
  while (!b.spend())
    ++further;
  CHECK(further <= 33);
}

TEST_CASE("when the budget is exhausted every operation needs a pause, until there is one")
{
  engine::inline_budget b;
  b.exhaust();
  for (int i = 0; i < 100; ++i)
    CHECK(b.spend());
  b.renew();
  CHECK_FALSE(b.spend());
  for (int i = 0; i < 10; ++i)
    (void)b.spend();
  b.exhaust();
  CHECK(b.spend());
}
