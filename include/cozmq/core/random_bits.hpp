// Random numbers on which nobody's security depends.
#pragma once

#include <cstdint>
#include <random>

namespace cozmq {

/// 32 random bits, for waiting times and numbers that should differ from the last run's. One generator per thread: on a
/// virtual machine a seed from the system costs more than a tenth of what a client does to connect.
inline std::uint32_t random_bits()
{
  thread_local std::mt19937 generator{std::random_device{}()};
  return static_cast<std::uint32_t>(generator());
}

}  // namespace cozmq
