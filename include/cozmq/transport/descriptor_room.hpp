// How many descriptors the process has left, without counting them.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <limits>

namespace cozmq::transport {

/// How many descriptors the process may have at a time; it may change.
inline std::size_t descriptor_limit() noexcept
{
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>(limit.rlim_cur);
}

/// What the next descriptor will be: so many are open at least. `open` is any that is. Without one left: the highest number.
inline std::size_t next_descriptor(int open) noexcept
{
  int const next = ::fcntl(open, F_DUPFD_CLOEXEC, 0);
  if (next < 0)
    return std::numeric_limits<std::size_t>::max();
  ::close(next);
  return static_cast<std::size_t>(next);
}

}  // namespace cozmq::transport
