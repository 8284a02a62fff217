#include <cozmq/routing/round_robin.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <array>

using namespace cozmq;
using namespace cozmq::test;

namespace {

routing::send_result send(routing::round_robin& r, std::string const& text)
{
  message m{text};
  routing::send_result const result = r.send(m);
  CHECK(m.empty() == (result.outcome == routing::send_result::sent));
  if (!m.empty())
    CHECK(frames_of(m) == texts{text});
  return result;
}

}  // namespace

TEST_CASE("S24 messages go to each peer in turn")
{
  std::array<fake_pipe, 3> p;
  routing::round_robin r;
  for (fake_pipe& each : p)
    r.attach(each);
  for (int i = 0; i < 7; ++i)
    CHECK(send(r, std::to_string(i)).to == &p[static_cast<std::size_t>(i) % 3]);
}

TEST_CASE("S43 100 tasks to 4 peers are 25 each")
{
  std::array<fake_pipe, 4> p;
  routing::round_robin r;
  for (fake_pipe& each : p)
    r.attach(each);
  for (int i = 0; i < 100; ++i)
    send(r, "task");
  for (fake_pipe& each : p)
    CHECK(each.written.size() == 25);
}

TEST_CASE("S44 without a peer, or with full ones only, a message is not taken and not changed")
{
  routing::round_robin r;
  CHECK_FALSE(r.ready());
  CHECK(send(r, "x").outcome == routing::send_result::full);
  fake_pipe a{1};
  fake_pipe b{1};
  r.attach(a);
  r.attach(b);
  CHECK(r.ready());
  CHECK(send(r, "1").to == &a);
  CHECK(send(r, "2").to == &b);
  CHECK(send(r, "3").outcome == routing::send_result::full);
  CHECK_FALSE(r.ready());
}

TEST_CASE("B27 a full peer is skipped until it says that it has room")
{
  fake_pipe a;
  fake_pipe b{1};
  routing::round_robin r;
  r.attach(a);
  r.attach(b);
  for (int i = 0; i < 6; ++i)
    CHECK(send(r, "x").outcome == routing::send_result::sent);
  CHECK(a.written.size() == 5);
  CHECK(b.written.size() == 1);
  b.room = 10;
  send(r, "not told yet");
  CHECK(b.written.size() == 1);
  r.writable(b);
  r.writable(b);
  for (int i = 0; i < 6; ++i)
    send(r, "x");
  CHECK(b.written.size() == 4);
}

TEST_CASE("ready() finds the one peer with room among full ones, and the next message goes there")
{
  std::array<fake_pipe, 3> p;
  routing::round_robin r;
  for (fake_pipe& each : p)
    r.attach(each);
  p[0].room = p[2].room = 0;
  CHECK(r.ready());
  CHECK(send(r, "x").to == &p[1]);
  p[1].room = 0;
  CHECK_FALSE(r.ready());
  p[2].room = 1;
  r.writable(p[2]);
  CHECK(r.ready());
  CHECK(send(r, "y").to == &p[2]);
}

TEST_CASE("a peer that left gets nothing, and the others keep their turns")
{
  std::array<fake_pipe, 3> p;
  routing::round_robin r;
  for (fake_pipe& each : p)
    r.attach(each);
  send(r, "1");
  send(r, "2");
  r.detach(p[2]);
  for (int i = 0; i < 10; ++i)
    send(r, "x");
  CHECK(p[2].written.empty());
  CHECK(p[0].written.size() == 6);
  CHECK(p[1].written.size() == 6);
  r.detach(p[0]);
  r.detach(p[1]);
  CHECK_FALSE(r.ready());
}

TEST_CASE("B14 a peer that joins later gets its share from then on")
{
  std::array<fake_pipe, 2> p;
  routing::round_robin r;
  r.attach(p[0]);
  for (int i = 0; i < 5; ++i)
    send(r, "x");
  r.attach(p[1]);
  for (int i = 0; i < 10; ++i)
    send(r, "x");
  CHECK(p[0].written.size() == 10);
  CHECK(p[1].written.size() == 5);
}
