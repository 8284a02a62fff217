// Decides when a coroutine that never has to wait must let others run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace cozmq::engine {

/// Counts what has been done without a pause. After about 100 µs, or when a full 64 KiB buffer has been handed over,
/// the next operation goes through the event loop, so that timers and other connections get their turn.
class inline_budget {
 public:
  /// Counts one operation. True: a pause is due before it, and remains due until there was one. The clock is asked rarely
  /// when operations are quick, and soon when the application is slow.
  bool spend() noexcept
  {
    if (++operations_ < next_look_) [[likely]]
      return false;
    return look();
  }

  /// A burst is complete: a pause now splits nothing.
  void exhaust() noexcept
  {
    exhausted_ = true;
    next_look_ = 0;
  }

  /// There was a pause.
  void renew() noexcept
  {
    operations_ = next_look_ = 0;
    exhausted_ = false;
  }

 private:
  [[gnu::noinline]] bool look() noexcept
  {
    if (exhausted_)
      return true;
    bool const first_look = next_look_ == 0;
    next_look_ = operations_ + std::min<std::uint32_t>(operations_, 32);
    auto const now = clock::now();
    if (first_look)
      began_ = now;
    if (now - began_ >= longest)
      exhaust();
    return exhausted_;
  }

  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::microseconds longest{100};

  std::uint32_t operations_ = 0;
  std::uint32_t next_look_ = 0;
  bool exhausted_ = false;
  clock::time_point began_{};
};

}  // namespace cozmq::engine
