// Room for many open descriptors, which tests of many connections need.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>

namespace cozmq::test {

// Lets this process have `count` descriptors, of a limit that is so much higher that accepting does not pause. False when the system does not allow so many: say so and skip the test.
inline bool allow_descriptors(std::size_t count)
{
  count += count / 8;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return false;
  if (limit.rlim_cur >= count)
    return true;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, count);
  return limit.rlim_cur >= count && ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace cozmq::test
