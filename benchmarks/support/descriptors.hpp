// Room for the many open descriptors that many connections need.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>

namespace bench {

/// Before the other process is forked. libzmq needs two for each socket.
inline void allow_descriptors(std::size_t count)
{
  count += count / 8;  // cozmq does not accept into the last ones
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count)
    return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, count);
  if (limit.rlim_cur < count || ::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw std::runtime_error{"the system does not allow so many descriptors: see ulimit -n"};
}

}  // namespace bench
