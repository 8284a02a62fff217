// [RFC 30] for PUSH and PULL. A test's name quotes its sentence, and says where we depart from it.
#include "support/catch.hpp"
#include "support/exchange.hpp"
#include "support/fake_pipe.hpp"
#include <cozmq/pattern/pull.hpp>
#include <cozmq/pattern/push.hpp>

#include <array>

using namespace cozmq;
using namespace cozmq::test;

namespace {

using push = pattern::exchange<pattern::push>;
using pull = pattern::exchange<pattern::pull>;

texts const any_bytes{"", std::string{"\0\1\xff", 3}, "", std::string(100000, 'x'), ""};

}  // namespace

TEST_CASE("PUSH MAY be connected to any number of PULL peers, and SHALL only send messages")
{
  CHECK(pattern::push::peers.contains(socket_type::pull));
  for (socket_type other : {socket_type::push, socket_type::pub, socket_type::sub, socket_type::req,
                            socket_type::rep, socket_type::pair})
    CHECK_FALSE(pattern::push::peers.contains(other));
  CHECK_FALSE(pattern::push::exclusive);
  CHECK(can_send<pattern::push>);
  CHECK_FALSE(can_receive<pattern::push>);
}

TEST_CASE("PUSH SHALL not filter or modify outgoing messages in any way")
{
  push x;
  fake_pipe p;
  attach(x, p);
  CHECK(send(x, any_bytes) == errc{});
  CHECK(p.next() == any_bytes);
}

TEST_CASE("PUSH SHALL maintain an outgoing message queue for each connected peer")
{
  push x;
  fake_pipe a{1};
  fake_pipe b{2};
  attach(x, a);
  attach(x, b);
  for (int i = 0; i < 3; ++i)
    CHECK(send(x, {"m"}) == errc{});
  CHECK(send(x, {"m"}) == errc::would_block);
  CHECK(a.written.size() == 1);
  CHECK(b.written.size() == 2);
}

TEST_CASE("PUSH SHALL maintain the queue whether or not the connection is established")
{
  push x;
  fake_pipe p;
  x.attach_outbound(p);  // connecting: there has been no handshake
  CHECK(x.can_send());
  CHECK(send(x, {"1"}) == errc{});
  x.disconnected(p);
  CHECK(send(x, {"2"}) == errc{});
  CHECK(p.written.size() == 2);
}

TEST_CASE("PUSH, if this peer disconnects, SHALL destroy its queue: nothing goes there any more")
{
  push x;
  fake_pipe p;
  fake_pipe other;
  attach(x, p);
  attach(x, other);
  x.detach_outbound(p);
  for (int i = 0; i < 4; ++i)
    send(x, {"m"});
  CHECK(p.written.empty());
  CHECK(other.written.size() == 4);
}

TEST_CASE("PUSH SHALL consider a peer as available only when it has a outgoing queue that is not full")
{
  push x;
  fake_pipe full{0};
  fake_pipe other;
  attach(x, full);
  attach(x, other);
  for (int i = 0; i < 4; ++i)
    CHECK(send(x, {"m"}) == errc{});
  CHECK(other.written.size() == 4);
  full.room = 10;
  x.writable(full);
  for (int i = 0; i < 4; ++i)
    CHECK(send(x, {"m"}) == errc{});
  CHECK(full.written.size() == 2);
}

TEST_CASE("PUSH SHALL route outgoing messages to available peers using a round-robin strategy")
{
  push x;
  std::array<fake_pipe, 3> p;
  for (fake_pipe& each : p)
    attach(x, each);
  for (std::size_t i = 0; i < 9; ++i) {
    send(x, {std::to_string(i)});
    CHECK(p[i % 3].next() == texts{std::to_string(i)});
  }
}

TEST_CASE("PUSH SHALL block on sending, or return a suitable error, when it has no available peers")
{
  push x;
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"m"}) == errc::would_block);
  CHECK(std::error_code{errc::would_block} == std::errc::resource_unavailable_try_again);
}

TEST_CASE("PUSH SHALL not accept further messages when it has no available peers")
{
  push x;
  fake_pipe p{1};
  attach(x, p);
  CHECK(send(x, {"1"}) == errc{});
  for (int i = 0; i < 3; ++i)
    CHECK(send(x, {"2"}) == errc::would_block);
  x.detach_outbound(p);
  CHECK(send(x, {"2"}) == errc::would_block);
  CHECK(p.written.size() == 1);
}

TEST_CASE("PUSH SHALL NOT discard messages that it cannot queue")
{
  push x;
  fake_pipe p{0};
  attach(x, p);
  message m = message_of(any_bytes);
  CHECK(x.send(m) == errc::would_block);
  CHECK(frames_of(m) == any_bytes);
}

TEST_CASE("PULL MAY be connected to any number of PUSH peers, and SHALL only receive messages")
{
  CHECK(pattern::pull::peers.contains(socket_type::push));
  for (socket_type other : {socket_type::pull, socket_type::pub, socket_type::sub, socket_type::req,
                            socket_type::rep, socket_type::pair})
    CHECK_FALSE(pattern::pull::peers.contains(other));
  CHECK_FALSE(pattern::pull::exclusive);
  CHECK(can_receive<pattern::pull>);
  CHECK_FALSE(can_send<pattern::pull>);
}

TEST_CASE("PULL SHALL not filter or modify incoming messages in any way")
{
  pull x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, any_bytes);
  CHECK(receive(x) == any_bytes);
}

TEST_CASE("PULL SHALL maintain an incoming queue for each connected peer")
{
  pull x;
  std::array<fake_pipe, 2> p;
  for (fake_pipe& each : p) {
    attach(x, each);
    arrive(x, each, {"m"});
  }
  receive(x);
  CHECK(p[0].unread.size() + p[1].unread.size() == 1);
}

TEST_CASE(
    "PULL, if this peer disconnects, does not discard what it sent, unlike the letter: it stays readable")
{
  pull x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"1"});
  arrive(x, p, {"2"});
  x.disconnected(p);
  x.detach_outbound(p);
  CHECK(receive(x) == texts{"1"});
  CHECK(receive(x) == texts{"2"});
}

TEST_CASE("PULL SHALL receive incoming messages from its peers using a fair-queuing strategy")
{
  pull x;
  std::array<fake_pipe, 3> p;
  for (std::size_t i = 0; i < 3; ++i) {
    attach(x, p[i]);
    for (int n = 0; n < (i == 1 ? 50 : 3); ++n)
      arrive(x, p[i], {std::to_string(i)});
  }
  std::string order;
  for (int n = 0; n < 9; ++n)
    order += receive(x)[0];
  CHECK(order == "012012012");
}

TEST_CASE("PULL SHALL deliver these to its calling application")
{
  pull x;
  fake_pipe p;
  attach(x, p);
  CHECK(arrive(x, p, {"m"}));
  CHECK(receive(x) == texts{"m"});
}
