#include <cozmq/routing/filtered_queue.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <algorithm>
#include <array>

using namespace cozmq;
using namespace cozmq::test;

namespace {

using told = std::vector<std::pair<bool, std::string>>;

struct subscriber {
  routing::filtered_queue queue;

  std::vector<texts> receive(fake_pipe& from, std::vector<texts> const& messages)
  {
    for (texts const& parts : messages)
      from.unread.push_back(message_of(parts));
    queue.readable(from);
    std::vector<texts> result;
    for (message m; queue.receive(m) != nullptr;)
      result.push_back(frames_of(m));
    CHECK(from.unread.empty());
    return result;
  }
};

}  // namespace

TEST_CASE("S11 without a subscription nothing is received")
{
  subscriber s;
  fake_pipe p;
  s.queue.attach(p);
  CHECK(s.receive(p, {{"a"}, {""}, {"a", "b"}}).empty());
}

TEST_CASE("A12 messages whose first frame starts with a subscribed topic are received, and no others")
{
  subscriber s;
  fake_pipe p;
  s.queue.attach(p);
  s.queue.subscribe(as_bytes("8"));
  s.queue.subscribe(as_bytes("5"));
  CHECK(s.receive(p, {{"8 a"}, {"x8"}, {"5"}, {"", "8"}, {"7", "5"}, {"85", "tail"}}) ==
        std::vector<texts>{{"8 a"}, {"5"}, {"85", "tail"}});
}

TEST_CASE("A13 a topic subscribed twice needs two unsubscribes, and only the last one is sent")
{
  subscriber s;
  fake_pipe p;
  s.queue.attach(p);
  s.queue.subscribe(as_bytes("5"));
  s.queue.subscribe(as_bytes("5"));
  s.queue.subscribe(as_bytes("8"));
  CHECK(p.subscriptions == told{{true, "5"}, {true, "5"}, {true, "8"}});
  CHECK(s.queue.unsubscribe(as_bytes("5")));
  CHECK(p.subscriptions.size() == 3);
  CHECK(s.receive(p, {{"5"}, {"8"}}).size() == 2);
  CHECK(s.queue.unsubscribe(as_bytes("5")));
  CHECK(p.subscriptions.back() == std::pair{false, std::string{"5"}});
  CHECK(p.subscriptions.size() == 4);
  CHECK(s.receive(p, {{"5"}, {"8"}}) == std::vector<texts>{{"8"}});
}

TEST_CASE("unsubscribing from a topic that was never subscribed says so and sends nothing")
{
  subscriber s;
  fake_pipe p;
  s.queue.attach(p);
  CHECK_FALSE(s.queue.unsubscribe(as_bytes("5")));
  s.queue.subscribe(as_bytes("55"));
  CHECK_FALSE(s.queue.unsubscribe(as_bytes("5")));
  CHECK(s.queue.unsubscribe(as_bytes("55")));
  CHECK_FALSE(s.queue.unsubscribe(as_bytes("55")));
  CHECK(p.subscriptions.size() == 2);
}

TEST_CASE("A14 the empty topic lets everything through, empty messages too")
{
  subscriber s;
  fake_pipe p;
  s.queue.attach(p);
  s.queue.subscribe({});
  CHECK(s.receive(p, {{""}, {"x"}, {"", ""}}).size() == 3);
}

TEST_CASE("B5 a message that matches two subscriptions is received once")
{
  subscriber s;
  fake_pipe p;
  s.queue.attach(p);
  s.queue.subscribe(as_bytes("a"));
  s.queue.subscribe(as_bytes("ab"));
  CHECK(s.receive(p, {{"abc"}}).size() == 1);
}

TEST_CASE("B6 a topic with the bytes 0 and 255 works")
{
  using namespace std::string_literals;
  subscriber s;
  fake_pipe p;
  s.queue.attach(p);
  s.queue.subscribe(as_bytes("\0\xff"s));
  CHECK(s.receive(p, {{"\0\xff\1"s}, {"\0"s}, {"\0\xfe"s}}) == std::vector<texts>{{"\0\xff\1"s}});
}

TEST_CASE("B25 a publisher that is connected again is told of each topic once")
{
  subscriber s;
  fake_pipe p;
  s.queue.attach(p);
  for (char const* topic : {"a", "a", "b", ""})
    s.queue.subscribe(as_bytes(topic));
  p.subscriptions.clear();
  s.queue.connected(p);
  std::sort(p.subscriptions.begin(), p.subscriptions.end());
  CHECK(p.subscriptions == told{{true, ""}, {true, "a"}, {true, "b"}});
}

TEST_CASE("every publisher is told of a subscription, one that left is not")
{
  std::array<fake_pipe, 2> p;
  subscriber s;
  for (fake_pipe& each : p)
    s.queue.attach(each);
  s.queue.subscribe(as_bytes("a"));
  s.queue.detach(p[0]);
  s.queue.subscribe(as_bytes("b"));
  CHECK(p[0].subscriptions == told{{true, "a"}});
  CHECK(p[1].subscriptions == told{{true, "a"}, {true, "b"}});
}

TEST_CASE("S9 two publishers are read in turn, also when much of what they send is filtered")
{
  std::array<fake_pipe, 2> p;
  subscriber s;
  s.queue.subscribe(as_bytes("+"));
  for (std::size_t i = 0; i < 2; ++i) {
    s.queue.attach(p[i]);
    for (int n = 0; n < 1000; ++n) {
      if (i == 0)
        p[i].unread.push_back(message{"-"});
      p[i].unread.push_back(message{"+" + std::to_string(i)});
    }
    s.queue.readable(p[i]);
  }
  int first = 0;
  message m;
  for (int n = 0; n < 1000; ++n) {
    REQUIRE(s.queue.receive(m) != nullptr);
    first += m[0] == "+0" ? 1 : 0;
  }
  CHECK(first >= 330);
  CHECK(first <= 670);
}
