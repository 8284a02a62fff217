#include <cozmq/message/memory_return.hpp>

#include "support/catch.hpp"
#include <cozmq/message/message.hpp>

#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using cozmq::memory_return;
using cozmq::message;

namespace {

// On another thread: takes the messages, drops them, and gives their memory back.
void drop_elsewhere(memory_return& way, std::vector<message> taken)
{
  std::thread{[&way, taken = std::move(taken)]() mutable {
    for (message& each : taken) {
      std::size_t const size = each.memory_size();
      each.clear();
      way.give(size);
    }
  }}.join();
}

std::vector<message> messages(std::size_t count, std::size_t size)
{
  std::vector<message> made;
  for (std::size_t i = 0; i < count; ++i)
    made.emplace_back(std::string_view{std::string(size, 'x')});
  return made;
}

std::size_t collect_all(memory_return& way)
{
  std::size_t count = 0;
  while (way.collect())
    ++count;
  return count;
}

}  // namespace

TEST_CASE("the memory of a message comes back from the thread that dropped it, for the next one of its size")
{
  memory_return way;
  std::vector<message> made = messages(16, 3'000);
  std::byte const* const memory = made[15][0].data();
  drop_elsewhere(way, std::move(made));
  REQUIRE(collect_all(way) == (cozmq::detail::reuses_memory ? 16 : 0));
  if (cozmq::detail::reuses_memory)
    REQUIRE(messages(1, 3'000)[0][0].data() == memory);
}

TEST_CASE("small blocks come back sixteen at a time, large ones singly")
{
  memory_return small;
  drop_elsewhere(small, messages(15, 100));
  REQUIRE(collect_all(small) == 0);
  drop_elsewhere(small, messages(1, 100));
  REQUIRE(collect_all(small) == (cozmq::detail::reuses_memory ? 16 : 0));
  memory_return large;
  drop_elsewhere(large, messages(1, 65'536));
  REQUIRE(collect_all(large) == (cozmq::detail::reuses_memory ? 1 : 0));
}

TEST_CASE("no more than 1 MiB of memory, in 2048 blocks, is on its way back")
{
  memory_return small;
  drop_elsewhere(small, messages(3'000, 60));
  REQUIRE(collect_all(small) == (cozmq::detail::reuses_memory ? 2048 : 0));
  memory_return large;
  for (int i = 0; i < 40; ++i)
    drop_elsewhere(large, messages(1, 65'536));
  REQUIRE(collect_all(large) == (cozmq::detail::reuses_memory ? 1'048'576 / (65'536 + 32) : 0));
}

TEST_CASE("small messages, shared ones and those in memory of the application's have none to give back")
{
  memory_return way;
  std::vector<message> made = messages(1, 55);
  made.push_back(messages(1, 100)[0]);
  message const shares{made[1]};
  made.emplace_back(std::string(100, 'x'));
  for (message const& each : made)
    REQUIRE(each.memory_size() == 0);
  drop_elsewhere(way, std::move(made));
  REQUIRE_FALSE(way.collect());
}

TEST_CASE("what nobody has collected is freed with the way")
{
  memory_return way;
  drop_elsewhere(way, messages(10, 5'000));
}
