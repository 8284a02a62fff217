// Counts messages at the receiver: warm up, then one window with the CPU time of both processes.
#pragma once

#include "support/clock.hpp"
#include "support/plan.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace bench {

struct measurement {
  std::uint64_t messages = 0;
  double seconds = 0;
  std::uint64_t cpu_ns = 0;
};

class meter {
 public:
  /// `partner` is the other process (0: none).
  meter(plan const& p, pid_t partner)
      : warm_up_ns_{p.warm_up * 1e9},
        window_ns_{p.seconds * 1e9},
        mask_{stride(p.size) - 1},
        partner_{partner}
  {
  }

  /// Counts one message. True when the window is over.
  bool count()
  {
    ++messages_;
    return (messages_ & mask_) == 0 && look();
  }

  measurement const& result() const { return result_; }

 private:
  // Looking at the clock must cost next to nothing per message, and happen often in a short window.
  static std::uint64_t stride(std::size_t size) { return size <= 1024 ? 256 : size <= 65536 ? 32 : 4; }

  measurement sample(std::uint64_t now) const
  {
    return {messages_, static_cast<double>(now) / 1e9, cpu_time_of_both(partner_)};
  }

  bool look()
  {
    std::uint64_t const now = now_ns();
    if (phase_start_ == 0) {
      phase_start_ = now;
    }
    double const elapsed = static_cast<double>(now - phase_start_);
    if (!warm_) {
      if (elapsed >= warm_up_ns_) {
        warm_ = true;
        phase_start_ = now;
        first_ = sample(now);
      }
      return false;
    }
    if (elapsed < window_ns_) {
      return false;
    }
    measurement const last = sample(now);
    result_ = {last.messages - first_.messages, last.seconds - first_.seconds, last.cpu_ns - first_.cpu_ns};
    return true;
  }

  double warm_up_ns_;
  double window_ns_;
  std::uint64_t mask_;
  pid_t partner_;
  std::uint64_t messages_ = 0;
  std::uint64_t phase_start_ = 0;
  bool warm_ = false;
  measurement first_;
  measurement result_;
};

}  // namespace bench
