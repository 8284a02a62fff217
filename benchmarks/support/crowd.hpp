// Times how long a number of peers takes to connect, and weighs what they hold afterwards.
#pragma once

#include "support/clock.hpp"
#include "support/meter.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>

namespace bench {

/// What this process has in memory.
inline double resident_octets()
{
  std::ifstream statm{"/proc/self/statm"};
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

class crowd {
 public:
  crowd(plan const& p, pid_t partner)
      : plan_{p},
        partner_{partner},
        memory_before_{resident_octets()},
        begun_{now_ns()},
        cpu_before_{cpu_time_of_both(partner)}
  {
  }

  /// One message came from each peer that is there. True when all have; call it once before each receive.
  bool arrived()
  {
    if (count_++ < plan_.peers)
      return false;
    result_ = {plan_.peers, static_cast<double>(now_ns() - begun_) / 1e9,
               cpu_time_of_both(partner_) - cpu_before_};
    return true;
  }

  /// All are silent now.
  void rest() { memory_after_ = resident_octets(); }

  report result() const
  {
    report line{plan_, result_};
    line.number("octets_per_peer", (memory_after_ - memory_before_) / static_cast<double>(plan_.peers));
    return line;
  }

 private:
  plan plan_;
  pid_t partner_;
  double memory_before_;
  double memory_after_ = 0;
  std::uint64_t begun_;
  std::uint64_t cpu_before_;
  std::size_t count_ = 0;
  measurement result_;
};

}  // namespace bench
