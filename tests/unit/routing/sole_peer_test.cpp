#include <cozmq/routing/sole_peer.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

using namespace cozmq;
using namespace cozmq::test;

TEST_CASE("S46 without a peer, or with a full one, a message is not taken")
{
  routing::sole_peer s;
  message m{"x"};
  CHECK_FALSE(s.ready());
  CHECK(s.send(m).outcome == routing::send_result::full);
  CHECK(s.receive(m) == nullptr);
  fake_pipe p{1};
  s.attach(p);
  CHECK(s.ready());
  CHECK(s.send(m).to == &p);
  CHECK(m.empty());
  m = message{"y"};
  CHECK_FALSE(s.ready());
  CHECK(s.send(m).outcome == routing::send_result::full);
  CHECK(frames_of(m) == texts{"y"});
  p.room = 1;
  s.writable(p);
  CHECK(s.send(m).outcome == routing::send_result::sent);
}

TEST_CASE("what the peer sent is received in order, and nothing after it has left")
{
  routing::sole_peer s;
  fake_pipe p;
  s.attach(p);
  for (char const* text : {"1", "2", "3"})
    p.unread.push_back(message{text});
  s.readable(p);
  message m;
  CHECK(s.receive(m) == &p);
  CHECK(frames_of(m) == texts{"1"});
  CHECK(s.receive(m) == &p);
  fake_pipe stranger;
  s.detach(stranger);
  CHECK(s.receive(m) == &p);
  CHECK(s.receive(m) == nullptr);
  p.unread.push_back(message{"4"});
  s.detach(p);
  CHECK(s.receive(m) == nullptr);
  CHECK_FALSE(s.ready());
}

TEST_CASE("S46 what a peer sent that has left is received before what its successor sends")
{
  routing::sole_peer s;
  fake_pipe first;
  fake_pipe second;
  fake_pipe third;
  int number = 0;
  for (fake_pipe* each : {&first, &second, &third}) {
    s.attach(*each);
    for (int i = 0; i < 2; ++i)
      each->unread.push_back(message{std::to_string(++number)});
  }
  message m;
  number = 0;
  for (fake_pipe* each : {&first, &first, &second}) {
    CHECK(s.receive(m) == each);
    CHECK(frames_of(m) == texts{std::to_string(++number)});
  }
  s.detach(second);
  CHECK(s.receive(m) == &third);
  CHECK(frames_of(m) == texts{"5"});
  CHECK(s.send(m).to == &third);
  s.detach(third);
  s.readable(first);
  CHECK(s.receive(m) == nullptr);
  s.detach(first);
  CHECK(s.receive(m) == nullptr);
}
