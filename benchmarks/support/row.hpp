// One figure and the bar that is set for it.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace bench {

inline bool all_met = true;

inline void row(std::string_view goal, std::string_view what, double figure, double bar,
                std::string_view unit)
{
  bool const met = figure <= bar;
  all_met = all_met && met;
  fmt::print("{:<4} {:<62} {:>8.1f} {:<4} <= {:>5.0f}   {}\n", goal, what, figure, unit, bar,
             met ? "met" : "NOT MET");
  std::fflush(stdout);
}

}  // namespace bench
