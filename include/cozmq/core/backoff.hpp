// How long to wait before the next attempt to connect: a pure function of the attempt and some random bits.
#pragma once

#include <chrono>
#include <cstdint>

namespace cozmq {

/// The two ends of the reconnect interval.
struct reconnect_interval {
  /// The first wait; values below 1 ms count as 1 ms, so that a dialer can never spin.
  std::chrono::milliseconds min{100};
  /// The longest wait. Zero means no growth; a value below `min` caps the first wait too.
  std::chrono::milliseconds max{0};
};

/// The wait before attempt number `attempt` + 2, where the first failure is attempt 0.
///
/// Without a maximum: evenly from [min, 2 * min), so that clients that lost one server do not come back in
/// step. With one: min, doubled at every further failure up to max, without a random part; this is libzmq's
/// rule. `random` is any 32 random bits. Never overflows.
constexpr std::chrono::milliseconds backoff(reconnect_interval interval, std::uint64_t attempt,
                                            std::uint32_t random) noexcept
{
  using ms = std::chrono::milliseconds;
  constexpr ms longest{std::chrono::hours{24 * 365}};
  ms const min = interval.min < ms{1} ? ms{1} : (interval.min > longest ? longest : interval.min);
  if (interval.max <= ms{0}) {
    auto const width = static_cast<std::uint64_t>(min.count());
    return min + ms{static_cast<ms::rep>(random % width)};
  }
  ms const max = interval.max < ms{1} ? ms{1} : (interval.max > longest ? longest : interval.max);
  ms wait = min;
  for (std::uint64_t i = 0; i < attempt && wait < max; ++i)
    wait *= 2;
  return wait < max ? wait : max;
}

}  // namespace cozmq
