// All subscribers of a fan-out: counting starts when each has heard something.
#pragma once

#include "support/meter.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/sequence.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

class audience {
 public:
  audience(plan const& p, pid_t publisher) : plan_{p}, meter_{p, publisher}, heard_(p.peers), silent_{p.peers}
  {
  }

  /// Subscriber `which` got a message that starts with `octets`. True when the window is over.
  bool deliver(std::size_t which, char const* octets)
  {
    silent_ -= heard_[which].silent() ? 1u : 0u;
    heard_[which].note(octets);
    return silent_ == 0 && meter_.count();
  }

  report result() const
  {
    std::uint64_t received = 0;
    std::uint64_t missed = 0;
    for (sequence const& s : heard_) {
      received += s.received();
      missed += s.missed();
    }
    report line{plan_, meter_.result()};
    line.number("loss", static_cast<double>(missed) / static_cast<double>(missed + received));
    return line;
  }

 private:
  plan plan_;
  meter meter_;
  std::vector<sequence> heard_;
  std::size_t silent_;
};

}  // namespace bench
