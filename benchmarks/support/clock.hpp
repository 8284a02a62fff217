// Wall time, and the user + system time of a whole process with all its threads.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>

namespace bench {

inline std::uint64_t nanoseconds(timespec const& t)
{
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

inline std::uint64_t now_ns()
{
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return nanoseconds(t);
}

/// CPU time that the process `pid` has used so far; 0 when there is no such process.
inline std::uint64_t cpu_time_ns(pid_t pid)
{
  clockid_t clock{};
  timespec t{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) {
    return 0;
  }
  return nanoseconds(t);
}

/// CPU time of this process and its partner (0: there is none) together.
inline std::uint64_t cpu_time_of_both(pid_t partner)
{
  return cpu_time_ns(getpid()) + (partner == 0 ? 0 : cpu_time_ns(partner));
}

}  // namespace bench
