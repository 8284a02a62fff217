// Times round trips at the client: warm up, then every one of the window, for its quantiles.
#pragma once

#include "support/clock.hpp"
#include "support/meter.hpp"
#include "support/plan.hpp"

#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace bench {

class round_trips {
 public:
  round_trips(plan const& p, pid_t partner)
      : warm_up_ns_{p.warm_up * 1e9}, window_ns_{p.seconds * 1e9}, partner_{partner}
  {
    samples_.reserve(1'000'000);  // the timed loop must not grow it
    phase_start_ = lap_start_ = now_ns();
  }

  /// Ends one round trip and starts the next. True when the window is over.
  bool lap()
  {
    std::uint64_t const now = now_ns();
    double const elapsed = static_cast<double>(now - phase_start_);
    if (!warm_) {
      if (elapsed >= warm_up_ns_) {
        warm_ = true;
        phase_start_ = now;
        cpu_ns_ = cpu_time_of_both(partner_);
      }
    } else {
      constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
      samples_.push_back(static_cast<std::uint32_t>(std::min(now - lap_start_, most)));
      if (elapsed >= window_ns_) {
        result_ = {samples_.size(), elapsed / 1e9, cpu_time_of_both(partner_) - cpu_ns_};
        std::sort(samples_.begin(), samples_.end());
        return true;
      }
    }
    lap_start_ = now_ns();
    return false;
  }

  measurement const& result() const { return result_; }

  /// The `share` (0 to 1) quantile in microseconds; valid once lap() said true.
  double quantile_us(double share) const
  {
    auto const rank = static_cast<std::size_t>(share * static_cast<double>(samples_.size()));
    return static_cast<double>(samples_[std::min(rank, samples_.size() - 1)]) / 1e3;
  }

 private:
  double warm_up_ns_;
  double window_ns_;
  pid_t partner_;
  std::uint64_t phase_start_ = 0;
  std::uint64_t lap_start_ = 0;
  std::uint64_t cpu_ns_ = 0;
  bool warm_ = false;
  std::vector<std::uint32_t> samples_;
  measurement result_;
};

}  // namespace bench
