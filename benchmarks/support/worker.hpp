// What the three workers have in common: read the plan, run the piece of work it names, print the report.
#pragma once

#include "support/plan.hpp"
#include "support/report.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>

namespace bench {

using work = report (*)(plan const&);

struct worker {
  std::string implementation;
  std::string version;
  std::map<std::string, work> works;  // by the name that `work=` has

  report run(plan const& p) const
  {
    auto const found = works.find(p.work);
    if (found == works.end()) {
      throw std::invalid_argument{"this worker has no work=" + p.work};
    }
    return found->second(p);
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

/// For work of which only one transport is capable.
inline void reject_all_but_tcp(plan const& p)
{
  if (p.transport != "tcp") {
    throw std::invalid_argument{p.work + " is offered over tcp only"};
  }
}

}  // namespace bench
