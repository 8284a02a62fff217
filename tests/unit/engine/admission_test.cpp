// What a listener takes and what it waits for, with numbers and times that are made up.
#include <cozmq/engine/admission.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <array>
#include <chrono>
#include <cstddef>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::engine::admission;
using cozmq::engine::admission_limits;
using cozmq::engine::pressure;

namespace {

constexpr admission::clock::time_point start{1'000'000s};
constexpr std::size_t unlimited = admission_limits::unlimited;

// How many dear handshakes begin at `now`, when peers come without end.
std::size_t begun(admission& a, admission_limits const& limits, admission::clock::time_point now)
{
  std::size_t count = 0;
  for (; a.wait(limits, now) == 0s; ++count)
    a.spent(limits, now);
  return count;
}

}  // namespace

TEST_CASE("the oldest handshake gives way, and only when there is one too many")
{
  std::array<fake_pipe, 4> peers;
  admission a;
  admission_limits const limits{.handshakes = 3};
  REQUIRE(a.gives_way(limits) == nullptr);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(a.gives_way(limits) == nullptr);
    a.began(10 + i, peers[i]);
  }
  REQUIRE(a.gives_way(limits) == &peers[0]);
  a.ended(10);
  REQUIRE(a.gives_way(limits) == nullptr);
  a.began(13, peers[3]);
  REQUIRE(a.gives_way(limits) == &peers[1]);
  a.ended(11);
  a.ended(11);
  a.ended(99);
  REQUIRE(a.in_progress() == 2);

  // The order is that of their beginning, whoever has gone in between.
  a.ended(12);
  REQUIRE(a.gives_way({.handshakes = 1}) == &peers[3]);
}

TEST_CASE("a limit on handshakes may change at any time")
{
  std::array<fake_pipe, 2> peers;
  admission a;
  a.began(1, peers[0]);
  a.began(2, peers[1]);
  REQUIRE(a.gives_way({.handshakes = 1}) == &peers[0]);
  REQUIRE(a.gives_way({.handshakes = 3}) == nullptr);
  REQUIRE(a.gives_way({.handshakes = unlimited}) == nullptr);
}

TEST_CASE("so many dear handshakes begin at once as are allowed in a second, and then as time goes by")
{
  admission a;
  std::size_t const rate = GENERATE(1U, 3U, 10U, 2000U);
  admission_limits const limits{.handshakes_per_second = rate};
  REQUIRE(begun(a, limits, start) == rate);
  auto const wait = a.wait(limits, start);
  REQUIRE(wait > 0s);
  REQUIRE(wait <= 1s);
  REQUIRE(a.wait(limits, start + wait) == 0s);
  REQUIRE(begun(a, limits, start + wait) >= 1);

  // Over a long time they are what is allowed, no more and no less.
  std::size_t count = 0;
  for (auto now = start + wait; now < start + 100s; now += 10ms)
    count += begun(a, limits, now);
  REQUIRE(count <= rate * 100);
  REQUIRE(count + 2 >= rate * 98);
}

TEST_CASE("after a time without handshakes no more than those of one second begin at once")
{
  admission a;
  admission_limits const limits{.handshakes_per_second = 50};
  REQUIRE(begun(a, limits, start) == 50);
  REQUIRE(begun(a, limits, start + 500ms) == 25);
  REQUIRE(begun(a, limits, start + 1h) == 50);
}

TEST_CASE("handshakes that are not dear never wait, and no limit is none")
{
  admission a;
  REQUIRE(a.wait({.handshakes_per_second = 1}, start) == 0s);
  for (int i = 0; i < 100'000; ++i)
    a.spent({.handshakes_per_second = unlimited}, start);
  REQUIRE(a.wait({.handshakes_per_second = unlimited}, start) == 0s);
}

TEST_CASE("who waits for a handshake's turn does not wake for each of them")
{
  admission a;
  admission_limits const limits{.handshakes_per_second = 1'000'000};
  for (int i = 0; i < 1'000'000; ++i)
    a.spent(limits, start);
  REQUIRE(a.wait(limits, start) >= 5ms);
}

TEST_CASE("descriptors are looked at from the first one on that is near the limit")
{
  admission a;
  a.took(3, 1000);
  a.took(948, 1000);
  REQUIRE_FALSE(a.looks_ahead());
  a.took(949, 1000);
  REQUIRE(a.looks_ahead());
  a.took(10, 1000);
  REQUIRE(a.looks_ahead());
}

TEST_CASE("accepting stops at 95 % of the descriptors, and goes on below 90 %")
{
  admission a;
  REQUIRE(a.has_descriptors(949, 1000, start));
  REQUIRE_FALSE(a.has_descriptors(950, 1000, start));
  REQUIRE_FALSE(a.has_descriptors(949, 1000, start));
  REQUIRE_FALSE(a.has_descriptors(900, 1000, start + 1ms));
  REQUIRE(a.has_descriptors(899, 1000, start + 2ms));
  REQUIRE(a.has_descriptors(949, 1000, start + 3ms));
}

TEST_CASE("accepting goes on after a second between 90 and 95 %")
{
  admission a;
  REQUIRE_FALSE(a.has_descriptors(950, 1000, start));
  REQUIRE_FALSE(a.has_descriptors(940, 1000, start + 5s));
  REQUIRE_FALSE(a.has_descriptors(950, 1000, start + 5500ms));  // the second begins anew
  REQUIRE_FALSE(a.has_descriptors(940, 1000, start + 6s));
  REQUIRE_FALSE(a.has_descriptors(940, 1000, start + 6999ms));
  REQUIRE(a.has_descriptors(940, 1000, start + 7s));
}

TEST_CASE("that there is no descriptor left goes by")
{
  admission a;
  a.ran_out();
  REQUIRE(a.looks_ahead());
  REQUIRE_FALSE(a.has_descriptors(920, 1000, start));
  REQUIRE(a.has_descriptors(5, 1000, start));
  REQUIRE_FALSE(a.has_descriptors(unlimited, 1000, start));
  REQUIRE_FALSE(a.has_descriptors(8, 8, start));
  REQUIRE(a.has_descriptors(7, 8, start + 1s));
}

TEST_CASE("a descriptor below 95 % of the limit is free")
{
  REQUIRE(admission::is_free(949, 1000));
  REQUIRE_FALSE(admission::is_free(950, 1000));
  REQUIRE_FALSE(admission::is_free(unlimited, 1000));
}

TEST_CASE("a pause is told once, and again when there were enough descriptors meanwhile")
{
  admission a;
  a.ran_out();
  REQUIRE(a.pauses());
  REQUIRE_FALSE(a.pauses());
  REQUIRE_FALSE(a.has_descriptors(950, 1000, start));
  REQUIRE_FALSE(a.pauses());
  REQUIRE(a.has_descriptors(5, 1000, start));
  REQUIRE_FALSE(a.has_descriptors(950, 1000, start));
  REQUIRE(a.pauses());
}

TEST_CASE("who is the first to give way is known at any time")
{
  std::array<fake_pipe, 2> peers;
  admission a;
  REQUIRE(a.oldest() == nullptr);
  a.began(1, peers[0]);
  a.began(2, peers[1]);
  REQUIRE(a.oldest() == &peers[0]);
  a.ended(1);
  REQUIRE(a.oldest() == &peers[1]);
}

TEST_CASE("each cause is news once, and again after a minute without it")
{
  admission a;
  REQUIRE(a.is_news(pressure::handshakes, start));
  REQUIRE_FALSE(a.is_news(pressure::handshakes, start + 59s));
  REQUIRE(a.is_news(pressure::connections, start + 59s));
  REQUIRE_FALSE(a.is_news(pressure::handshakes, start + 118s));
  REQUIRE(a.is_news(pressure::handshakes, start + 178s));
}
