// Counts what several threads receive, each for itself, and reads it from another.
#pragma once

#include "support/clock.hpp"
#include "support/meter.hpp"
#include "support/plan.hpp"

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace bench {

class tally {
 public:
  explicit tally(std::size_t threads) : counts_(threads) {}

  /// One message came; called by one thread for each `which`.
  void count(std::size_t which)
  {
    std::atomic<std::uint64_t>& mine = counts_[which].messages;
    mine.store(mine.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  /// Waits for warm-up and window, on a thread that does nothing else.
  measurement measure(plan const& p, pid_t partner) const
  {
    while (total() == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    std::this_thread::sleep_for(std::chrono::duration<double>{p.warm_up});
    measurement const first = sample(partner);
    std::this_thread::sleep_for(std::chrono::duration<double>{p.seconds});
    measurement const last = sample(partner);
    return {last.messages - first.messages, last.seconds - first.seconds, last.cpu_ns - first.cpu_ns};
  }

 private:
  struct alignas(64) slot {  // a cache line for each thread
    std::atomic<std::uint64_t> messages = 0;
  };

  std::uint64_t total() const
  {
    std::uint64_t sum = 0;
    for (slot const& each : counts_)
      sum += each.messages.load(std::memory_order_relaxed);
    return sum;
  }

  measurement sample(pid_t partner) const
  {
    return {total(), static_cast<double>(now_ns()) / 1e9, cpu_time_of_both(partner)};
  }

  std::vector<slot> counts_;
};

}  // namespace bench
