// [RFC 31] for PAIR. A test's name quotes its sentence, and says where we depart from it.
#include "support/catch.hpp"
#include "support/exchange.hpp"
#include "support/fake_pipe.hpp"
#include <cozmq/pattern/pair.hpp>

using namespace cozmq;
using namespace cozmq::test;

namespace {

using pair = pattern::exchange<pattern::pair>;

texts const any_bytes{"", std::string{"\0\1\xff", 3}, "", std::string(100000, 'x'), ""};

}  // namespace

TEST_CASE("PAIR MAY be connected to at most one PAIR peers, and MAY both send and receive messages")
{
  CHECK(pattern::pair::peers.contains(socket_type::pair));
  for (socket_type other : {socket_type::push, socket_type::pull, socket_type::pub, socket_type::sub,
                            socket_type::req, socket_type::rep, socket_type::dealer, socket_type::router})
    CHECK_FALSE(pattern::pair::peers.contains(other));
  CHECK(pattern::pair::exclusive);
  CHECK(can_send<pattern::pair>);
  CHECK(can_receive<pattern::pair>);
}

TEST_CASE("PAIR SHALL not filter or modify outgoing or incoming messages in any way")
{
  pair x;
  fake_pipe p;
  attach(x, p);
  CHECK(send(x, any_bytes) == errc{});
  CHECK(p.next() == any_bytes);
  arrive(x, p, any_bytes);
  CHECK(receive(x) == any_bytes);
}

TEST_CASE("PAIR SHALL maintain a double queue for its peer, allowing messages to be queued independently")
{
  pair x;
  fake_pipe p{2};
  attach(x, p);
  for (char const* text : {"1", "2", "3"})
    arrive(x, p, {text});
  CHECK(send(x, {"a"}) == errc{});
  CHECK(receive(x) == texts{"1"});
  CHECK(send(x, {"b"}) == errc{});
  CHECK(send(x, {"c"}) == errc::would_block);
  CHECK(receive(x) == texts{"2"});
  CHECK(receive(x) == texts{"3"});
  CHECK(p.written.size() == 2);
}

TEST_CASE("PAIR SHALL maintain the double queue whether or not the connection is established")
{
  pair x;
  fake_pipe p;
  x.attach_outbound(p);  // connecting: there has been no handshake
  CHECK(send(x, {"1"}) == errc{});
  x.attach_inbound(p);
  x.connected(p);
  x.disconnected(p);
  CHECK(send(x, {"2"}) == errc{});
  CHECK(p.written.size() == 2);
}

TEST_CASE(
    "PAIR, if this peer disconnects, SHALL destroy its double queue, except that what was received stays "
    "readable")
{
  pair x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"received"});
  x.disconnected(p);
  x.detach_outbound(p);
  CHECK(send(x, {"m"}) == errc::would_block);
  CHECK(p.written.empty());
  CHECK(receive(x) == texts{"received"});
  x.detach_inbound(p);
  CHECK(receive(x).empty());
}

TEST_CASE("PAIR SHALL consider its peer as available only when it has a outgoing queue that is not full")
{
  pair x;
  fake_pipe p{1};
  attach(x, p);
  CHECK(x.can_send());
  CHECK(send(x, {"m"}) == errc{});
  CHECK_FALSE(x.can_send());
  p.room = 1;
  x.writable(p);
  CHECK(x.can_send());
}

TEST_CASE("PAIR SHALL block on sending, or return a suitable error, when it has no available peer")
{
  pair x;
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"m"}) == errc::would_block);
}

TEST_CASE("PAIR SHALL not accept further messages when it has no available peer")
{
  pair x;
  fake_pipe p{1};
  attach(x, p);
  CHECK(send(x, {"m"}) == errc{});
  for (int i = 0; i < 3; ++i)
    CHECK(send(x, {"m"}) == errc::would_block);
  CHECK(p.written.size() == 1);
}

TEST_CASE("PAIR SHALL NOT discard messages that it cannot queue")
{
  pair x;
  message m = message_of(any_bytes);
  CHECK(x.send(m) == errc::would_block);
  CHECK(frames_of(m) == any_bytes);
}

TEST_CASE("PAIR SHALL receive incoming messages from its single peer if it has one")
{
  pair x;
  CHECK(receive(x).empty());
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"1"});
  arrive(x, p, {"2"});
  CHECK(receive(x) == texts{"1"});
  CHECK(receive(x) == texts{"2"});
  CHECK(receive(x).empty());
}

TEST_CASE("PAIR SHALL deliver these to its calling application")
{
  pair x;
  fake_pipe p;
  attach(x, p);
  CHECK(arrive(x, p, {"m"}));
  CHECK(receive(x) == texts{"m"});
}
