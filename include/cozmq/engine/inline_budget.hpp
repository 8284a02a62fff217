// Decides when a coroutine that never has to wait must let others run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cozmq::engine {

/// Counts what has been done without a pause. After about 64 KiB of messages or 100 µs the next operation goes through
/// the event loop, so that timers and other connections get their turn.
class inline_budget {
 public:
  /// Counts one operation on `bytes`. True: a pause is due before it. The clock is asked rarely when operations are
  /// quick, and soon when the application is slow.
  bool spend(std::size_t bytes) noexcept
  {
    bytes_ += std::max(bytes, least_bytes);
    if (++operations_ < next_look_ && bytes_ < most_bytes) [[likely]]
      return false;
    return look();
  }

  /// A burst is complete: a pause now splits nothing.
  void exhaust() noexcept { bytes_ = most_bytes; }

  /// There was a pause.
  void renew() noexcept
  {
    operations_ = next_look_ = 0;
    bytes_ = 0;
  }

 private:
  [[gnu::noinline]] bool look() noexcept
  {
    if (bytes_ >= most_bytes)
      return true;
    bool const first_look = next_look_ == 0;
    next_look_ = operations_ + std::min<std::uint32_t>(operations_, 32);
    auto const now = clock::now();
    if (first_look)
      began_ = now;
    return now - began_ >= longest;
  }

  using clock = std::chrono::steady_clock;
  static constexpr std::size_t most_bytes = 64 * 1024;
  static constexpr std::size_t least_bytes = 8;  // also an operation without bytes counts
  static constexpr std::chrono::microseconds longest{100};

  std::uint32_t operations_ = 0;
  std::uint32_t next_look_ = 0;
  std::size_t bytes_ = 0;
  clock::time_point began_{};
};

}  // namespace cozmq::engine
