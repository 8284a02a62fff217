// What the three workers have in common: read the plan, run the piece of work it names, print the report.
#pragma once

#include "support/plan.hpp"
#include "support/report.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

namespace bench {

using work = report (*)(plan const&);

struct worker {
  std::string implementation;
  std::string version;
  work throughput;
  work latency;
  work fanout;

  report run(plan const& p) const
  {
    if (p.work == "throughput") {
      return throughput(p);
    }
    if (p.work == "latency") {
      return latency(p);
    }
    if (p.work == "fanout") {
      return fanout(p);
    }
    throw std::invalid_argument{"work is throughput, latency or fanout, not '" + p.work + "'"};
  }

  int main(int argc, char const* const* argv) const
  {
    std::signal(SIGPIPE, SIG_IGN);
    try {
      report line = run(parse_plan(argc, argv));
      line.text("implementation", implementation);
      line.text("version", version);
      line.print();
      return 0;
    } catch (std::exception const& e) {
      std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
      return 2;
    }
  }
};

/// For work that needs two processes.
inline void reject_inproc(plan const& p)
{
  if (p.transport == "inproc") {
    throw std::invalid_argument{p.work + " is not offered over inproc by this worker"};
  }
}

}  // namespace bench
