// Chance that can be repeated, and how much of it a test takes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace cozmq::test {

// Where a test begins that tries many seeds: at the one in the environment, to see again what has failed.
inline std::uint32_t first_seed(std::uint32_t usual)
{
  char const* const wanted = std::getenv("COZMQ_TEST_SEED");
  return wanted == nullptr ? usual : static_cast<std::uint32_t>(std::stoul(wanted));
}

// How many rounds: every day, or when everything is tested.
inline std::size_t rounds(std::size_t daily, std::size_t all)
{
  return std::getenv("COZMQ_TEST_ALL") == nullptr ? daily : all;
}

class dice {
 public:
  explicit dice(std::uint32_t seed) : engine_{seed} {}

  // 0 to `sides` - 1
  std::size_t below(std::size_t sides) { return engine_() % sides; }
  bool one_in(std::size_t sides) { return below(sides) == 0; }
  std::chrono::microseconds time_below(std::chrono::microseconds most)
  {
    return std::chrono::microseconds{below(static_cast<std::size_t>(most.count()))};
  }

  template <typename T>
  T& pick(std::vector<T>& from)
  {
    return from[below(from.size())];
  }

  template <typename T>
  void shuffle(std::vector<T>& what)
  {
    for (std::size_t i = what.size(); i > 1; --i)
      std::swap(what[i - 1], what[below(i)]);
  }

 private:
  std::mt19937 engine_;
};

}  // namespace cozmq::test
