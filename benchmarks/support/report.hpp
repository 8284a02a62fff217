// The one line of JSON that a worker prints.
#pragma once

#include "support/meter.hpp"
#include "support/plan.hpp"
#include "support/round_trips.hpp"

#include <cstdio>
#include <string>

namespace bench {

class report {
 public:
  report(plan const& p, measurement const& m)
  {
    auto const messages = static_cast<double>(m.messages);
    text("work", p.work);
    text("transport", p.transport);
    number("size", static_cast<double>(p.size));
    number("peers", static_cast<double>(p.peers));
    number("messages", messages);
    number("seconds", m.seconds);
    number("messages_per_second", messages / m.seconds);
    number("cpu_ns_per_message", static_cast<double>(m.cpu_ns) / messages);
  }

  void round_trip_quantiles(round_trips const& trips)
  {
    number("p50_us", trips.quantile_us(0.50));
    number("p99_us", trips.quantile_us(0.99));
  }

  void text(char const* name, std::string const& value)
  {
    line_ += separator();
    line_ += '"' + std::string{name} + "\":\"" + value + '"';
  }

  void number(char const* name, double value)
  {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.9g", value);
    line_ += separator();
    line_ += '"' + std::string{name} + "\":" + digits;
  }

  void print() const
  {
    std::printf("{%s}\n", line_.c_str());
    std::fflush(stdout);
  }

 private:
  std::string separator() const { return line_.empty() ? "" : ","; }

  std::string line_;
};

}  // namespace bench
