#include <cozmq/wire/raw_queue.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <array>
#include <random>
#include <string>

using namespace cozmq;
using namespace cozmq::test;

namespace {

void put(wire::raw_queue& q, texts const& parts)
{
  message m = message_of(parts);
  q.put(m);
  REQUIRE(m.empty());
}

// All that waits, in as many turns as it takes with `width` spans at a time.
std::string waiting(wire::raw_queue const& q, std::size_t width)
{
  std::array<byte_view, 64> spans;
  std::size_t const filled = q.gather(std::span{spans}.first(width));
  REQUIRE(filled <= width);
  std::string result;
  for (std::size_t i = 0; i < filled; ++i) {
    REQUIRE_FALSE(spans[i].empty());
    result += as_text(spans[i]);
  }
  return result;
}

}  // namespace

TEST_CASE("only the bytes of messages leave, in their order")
{
  wire::raw_queue q;
  CHECK(q.empty());
  CHECK(q.messages() == 0);
  CHECK(waiting(q, 4).empty());
  put(q, {"ab", "", "cd"});
  put(q, {"e"});
  CHECK(q.messages() == 2);
  CHECK(q.bytes() == 5);
  CHECK_FALSE(q.empty());
  CHECK(waiting(q, 8) == "abcde");
  CHECK(waiting(q, 2) == "abcd");
  CHECK(waiting(q, 1) == "ab");
  CHECK(waiting(q, 0).empty());
}

TEST_CASE("a message counts until its last byte was taken")
{
  wire::raw_queue q;
  put(q, {"ab", "cd"});
  put(q, {"ef"});
  q.consume(1);
  CHECK(waiting(q, 8) == "bcdef");
  q.consume(2);
  CHECK(waiting(q, 8) == "def");
  CHECK(q.messages() == 2);
  q.consume(1);
  CHECK(q.messages() == 1);
  CHECK(q.bytes() == 2);
  q.consume(2);
  CHECK(q.empty());
  CHECK(q.messages() == 0);
  put(q, {"g"});
  CHECK(waiting(q, 8) == "g");
}

TEST_CASE("empty frames at the end of a message go with it")
{
  wire::raw_queue q;
  put(q, {"ab", "", ""});
  put(q, {"", "c"});
  q.consume(2);
  CHECK(q.messages() == 1);
  CHECK(waiting(q, 1) == "c");
  q.consume(1);
  CHECK(q.messages() == 0);
}

TEST_CASE("clear() drops everything and says how many messages that was")
{
  wire::raw_queue q;
  CHECK(q.clear() == 0);
  put(q, {"abc"});
  put(q, {"de", "f"});
  q.consume(1);
  CHECK(q.clear() == 2);
  CHECK(q.empty());
  CHECK(q.messages() == 0);
  CHECK(waiting(q, 8).empty());
  put(q, {"gh"});
  CHECK(waiting(q, 8) == "gh");
}

TEST_CASE("any puts and takes are those of one string")
{
  std::mt19937 random{5};
  wire::raw_queue q;
  std::string model;
  for (int i = 0; i < 2000; ++i) {
    if (random() % 3 == 0) {
      texts parts;
      for (auto frames = 1 + random() % 40; frames > 0; --frames)
        parts.emplace_back(random() % 100, static_cast<char>('a' + random() % 26));
      parts.emplace_back("x");
      for (std::string const& part : parts)
        model += part;
      put(q, parts);
    } else {
      std::size_t const taken = random() % 3 == 0 ? model.size() : random() % (model.size() / 2 + 1);
      q.consume(taken);
      model.erase(0, taken);
    }
    REQUIRE(q.bytes() == model.size());
    REQUIRE(q.empty() == model.empty());
    REQUIRE((q.messages() == 0) == model.empty());
    REQUIRE(model.starts_with(waiting(q, 64)));
    REQUIRE(waiting(q, 1).empty() == model.empty());
  }
}
