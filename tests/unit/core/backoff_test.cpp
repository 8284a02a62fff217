#include <cozmq/core/backoff.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <limits>

using cozmq::backoff;
using cozmq::reconnect_interval;
using namespace std::chrono_literals;

static_assert(backoff({100ms, 0ms}, 0, 0) == 100ms);

TEST_CASE("without a maximum the wait is the interval and a random part below it, at every attempt")
{
  reconnect_interval const fixed{100ms, 0ms};
  for (std::uint64_t const attempt : {0u, 1u, 5u, 1000000u}) {
    CHECK(backoff(fixed, attempt, 0) == 100ms);
    CHECK(backoff(fixed, attempt, 99) == 199ms);
    CHECK(backoff(fixed, attempt, 100) == 100ms);
    auto const any = backoff(fixed, attempt, std::numeric_limits<std::uint32_t>::max());
    CHECK(any >= 100ms);
    CHECK(any < 200ms);
  }
}

TEST_CASE("with a maximum the wait doubles up to it and stays there")
{
  reconnect_interval const growing{100ms, 1000ms};
  CHECK(backoff(growing, 0, 7) == 100ms);
  CHECK(backoff(growing, 1, 7) == 200ms);
  CHECK(backoff(growing, 2, 7) == 400ms);
  CHECK(backoff(growing, 3, 7) == 800ms);
  CHECK(backoff(growing, 4, 7) == 1000ms);
  CHECK(backoff(growing, 5, 7) == 1000ms);
  CHECK(backoff(growing, 200, 7) == 1000ms);
  CHECK(backoff(growing, std::numeric_limits<std::uint64_t>::max(), 7) == 1000ms);
}

TEST_CASE("a maximum below the interval is the wait")
{
  CHECK(backoff({100ms, 30ms}, 0, 7) == 30ms);
  CHECK(backoff({100ms, 30ms}, 9, 7) == 30ms);
}

TEST_CASE("a wait is never shorter than a millisecond, never negative, and never overflows")
{
  auto const longest = std::chrono::milliseconds::max();
  CHECK(backoff({0ms, 0ms}, 0, 12345) == 1ms);
  CHECK(backoff({-5ms, 0ms}, 3, 12345) == 1ms);
  CHECK(backoff({0ms, 50ms}, 3, 0) == 8ms);
  CHECK(backoff({longest, longest}, 200, 1) > 0ms);
  CHECK(backoff({longest, 0ms}, 0, std::numeric_limits<std::uint32_t>::max()) > 0ms);
  CHECK(backoff({1ms, longest}, std::numeric_limits<std::uint64_t>::max(), 0) > 24h);
}
