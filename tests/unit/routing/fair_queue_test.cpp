#include <cozmq/routing/fair_queue.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <array>
#include <map>

using namespace cozmq;
using namespace cozmq::test;

TEST_CASE("S45 peers with messages are read in turn, whatever one of them has queued")
{
  std::array<fake_pipe, 3> p;
  routing::fair_queue q;
  for (std::size_t i = 0; i < p.size(); ++i) {
    q.attach(p[i]);
    for (int n = 0; n < (i == 0 ? 100 : 10); ++n)
      p[i].unread.push_back(message{std::to_string(i)});
    q.readable(p[i]);
  }
  std::map<std::string, int> first30;
  message m;
  for (int i = 0; i < 30; ++i) {
    routing::pipe* const from = q.receive(m);
    REQUIRE(from != nullptr);
    CHECK(from == &p[static_cast<std::size_t>(m[0].view()[0] - '0')]);
    ++first30[m[0].str()];
  }
  CHECK(first30 == std::map<std::string, int>{{"0", 10}, {"1", 10}, {"2", 10}});
  int rest = 0;
  while (q.receive(m) != nullptr)
    ++rest;
  CHECK(rest == 90);
}

TEST_CASE("a peer's messages keep their order")
{
  std::array<fake_pipe, 2> p;
  routing::fair_queue q;
  for (fake_pipe& each : p) {
    q.attach(each);
    for (int n = 0; n < 20; ++n)
      each.unread.push_back(message{std::to_string(n)});
    q.readable(each);
  }
  std::map<routing::pipe*, int> next;
  message m;
  while (routing::pipe* const from = q.receive(m))
    CHECK(m[0] == std::to_string(next[from]++));
  CHECK(next[&p[0]] == 20);
  CHECK(next[&p[1]] == 20);
}

TEST_CASE("a peer that ran empty is read again only after it says that it is readable")
{
  fake_pipe a;
  routing::fair_queue q;
  message m{"unchanged"};
  CHECK(q.receive(m) == nullptr);
  q.attach(a);
  CHECK(q.receive(m) == nullptr);
  a.unread.push_back(message{"1"});
  CHECK(q.receive(m) == nullptr);
  CHECK(frames_of(m) == texts{"unchanged"});
  q.readable(a);
  CHECK(q.receive(m) == &a);
  CHECK(q.receive(m) == nullptr);
  a.unread.push_back(message{"2"});
  CHECK(q.receive(m) == nullptr);
  q.readable(a);
  q.readable(a);
  CHECK(q.receive(m) == &a);
}

TEST_CASE("a peer that left is not read, and the others are")
{
  std::array<fake_pipe, 3> p;
  routing::fair_queue q;
  for (fake_pipe& each : p) {
    q.attach(each);
    each.unread.push_back(message{"1"});
    each.unread.push_back(message{"2"});
    q.readable(each);
  }
  message m;
  CHECK(q.receive(m) == &p[0]);
  q.detach(p[1]);
  int count = 0;
  while (q.receive(m) != nullptr)
    ++count;
  CHECK(count == 3);
  CHECK(p[1].unread.size() == 2);
}
