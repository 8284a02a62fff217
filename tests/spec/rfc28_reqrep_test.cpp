// [RFC 28]. The name of a test quotes the sentence that it is about.
#include "support/catch.hpp"
#include "support/exchange.hpp"
#include "support/fake_pipe.hpp"
#include <cozmq/pattern/dealer.hpp>
#include <cozmq/pattern/rep.hpp>
#include <cozmq/pattern/req.hpp>
#include <cozmq/pattern/router.hpp>

#include <array>
#include <set>
#include <string>
#include <utility>

using namespace cozmq;
using namespace cozmq::test;

namespace {

using req = pattern::exchange<pattern::req>;
using rep = pattern::exchange<pattern::rep>;
using dealer = pattern::exchange<pattern::dealer>;
using router = pattern::exchange<pattern::router>;

void attach(router& x, fake_pipe& p, std::string identity)
{
  p.announced = std::move(identity);
  attach(x, p);
}

}  // namespace

TEST_CASE("REQ MAY be connected to any number of REP or ROUTER peers")
{
  CHECK(pattern::req::peers.contains(socket_type::rep));
  CHECK(pattern::req::peers.contains(socket_type::router));
  for (socket_type other : {socket_type::req, socket_type::dealer, socket_type::pub, socket_type::sub,
                            socket_type::push, socket_type::pull, socket_type::pair})
    CHECK_FALSE(pattern::req::peers.contains(other));
  CHECK_FALSE(pattern::req::exclusive);
}

TEST_CASE("REQ SHALL send and then receive exactly one message at a time")
{
  req x;
  fake_pipe p;
  attach(x, p);
  CHECK(x.may_receive() == errc::wrong_state);
  CHECK(send(x, {"1"}) == errc{});
  CHECK(send(x, {"2"}) == errc::wrong_state);
  arrive(x, p, {"", "a"});
  arrive(x, p, {"", "b"});
  CHECK(receive(x) == texts{"a"});
  CHECK(x.may_receive() == errc::wrong_state);
}

TEST_CASE("REQ messages SHALL have a delimiter, consisting of an empty frame, and one or more data frames")
{
  req x;
  fake_pipe p;
  attach(x, p);
  CHECK(send(x, {"a", "", "b"}) == errc{});
  CHECK(p.next() == texts{"", "a", "", "b"});
  arrive(x, p, {"", "c", "", "d"});
  CHECK(receive(x) == texts{"c", "", "d"});
}

TEST_CASE("REQ SHALL prefix the outgoing message with an empty delimiter frame")
{
  req x;
  fake_pipe p;
  attach(x, p);
  CHECK(send(x, {""}) == errc{});
  CHECK(p.next() == texts{"", ""});
}

TEST_CASE("REQ SHALL route outgoing messages to connected peers using a round-robin strategy")
{
  req x;
  std::array<fake_pipe, 3> p;
  for (fake_pipe& each : p)
    attach(x, each);
  for (std::size_t i = 0; i < 6; ++i) {
    send(x, {"q"});
    CHECK(p[i % 3].next() == texts{"", "q"});
    arrive(x, p[i % 3], {"", "r"});
    receive(x);
  }
}

TEST_CASE("REQ SHALL block on sending, or return a suitable error, when it has no connected peers")
{
  req x;
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"q"}) == errc::would_block);
}

TEST_CASE("REQ SHALL NOT discard messages that it cannot send to a connected peer")
{
  req x;
  fake_pipe p{0};
  attach(x, p);
  message m{"q", "", "more"};
  CHECK(x.send(m) == errc::would_block);
  CHECK(frames_of(m) == texts{"q", "", "more"});
  p.room = 1;
  x.writable(p);
  CHECK(x.send(m) == errc{});
  CHECK(p.next() == texts{"", "q", "", "more"});
}

TEST_CASE("REQ SHALL accept an incoming message only from the last peer that it sent a request to")
{
  req x;
  fake_pipe asked;
  fake_pipe other;
  attach(x, asked);
  attach(x, other);
  send(x, {"q"});
  arrive(x, other, {"", "not asked"});
  arrive(x, asked, {"", "r"});
  CHECK(receive(x) == texts{"r"});
}

TEST_CASE("REQ SHALL discard silently any messages received from other peers")
{
  req x;
  fake_pipe asked;
  fake_pipe other;
  attach(x, asked);
  attach(x, other);
  arrive(x, other, {"", "before"});
  send(x, {"q"});
  arrive(x, other, {"", "between"});
  CHECK(receive(x).empty());
  CHECK(other.unread.empty());
  CHECK(other.rejections.empty());
}

TEST_CASE("REP MAY be connected to any number of REQ or DEALER peers")
{
  CHECK(pattern::rep::peers.contains(socket_type::req));
  CHECK(pattern::rep::peers.contains(socket_type::dealer));
  for (socket_type other : {socket_type::rep, socket_type::router, socket_type::pub, socket_type::sub,
                            socket_type::push, socket_type::pull, socket_type::pair})
    CHECK_FALSE(pattern::rep::peers.contains(other));
  CHECK_FALSE(pattern::rep::exclusive);
}

TEST_CASE("REP SHALL not filter or modify outgoing or incoming messages in any way")
{
  rep x;
  fake_pipe p;
  attach(x, p);
  texts const body{"", std::string{"\0\1\xff", 3}, "", std::string(100000, 'x'), ""};
  texts wire{""};
  wire.insert(wire.end(), body.begin(), body.end());
  arrive(x, p, wire);
  CHECK(receive(x) == body);
  CHECK(send(x, body) == errc{});
  CHECK(p.next() == wire);
}

TEST_CASE("REP SHALL receive and then send exactly one message at a time")
{
  rep x;
  fake_pipe p;
  attach(x, p);
  CHECK(send(x, {"r"}) == errc::wrong_state);
  arrive(x, p, {"", "1"});
  arrive(x, p, {"", "2"});
  CHECK(receive(x) == texts{"1"});
  CHECK(x.may_receive() == errc::wrong_state);
  CHECK(send(x, {"r"}) == errc{});
  CHECK(send(x, {"r"}) == errc::wrong_state);
  CHECK(receive(x) == texts{"2"});
}

TEST_CASE("REP SHALL receive incoming messages from its peers using a fair-queuing strategy")
{
  rep x;
  std::array<fake_pipe, 3> p;
  for (std::size_t i = 0; i < 3; ++i) {
    attach(x, p[i]);
    for (int n = 0; n < (i == 0 ? 100 : 2); ++n)
      arrive(x, p[i], {"", std::to_string(i)});
  }
  std::string order;
  for (int n = 0; n < 6; ++n) {
    order += receive(x)[0];
    send(x, {"r"});
  }
  CHECK(order == "012012");
}

TEST_CASE("REP SHALL remove and store the address envelope, including the delimiter")
{
  rep x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"one", "two", "", "q"});
  CHECK(receive(x) == texts{"q"});
  CHECK(send(x, {"r"}) == errc{});
  CHECK(p.next() == texts{"one", "two", "", "r"});
}

TEST_CASE("REP SHALL pass the remaining data frames to its calling application")
{
  rep x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"one", "", "a", "", "b"});
  CHECK(receive(x) == texts{"a", "", "b"});
}

TEST_CASE("REP SHALL wait for a single reply message from its calling application")
{
  rep x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"", "q"});
  receive(x);
  CHECK(p.written.empty());
  CHECK(x.can_send());
  CHECK(x.may_receive() == errc::wrong_state);
}

TEST_CASE("REP SHALL prepend the address envelope and delimiter")
{
  rep x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"a", "", "q"});
  receive(x);
  send(x, {"r1", "r2"});
  CHECK(p.next() == texts{"a", "", "r1", "r2"});
}

TEST_CASE("REP SHALL deliver this message back to the originating peer")
{
  rep x;
  std::array<fake_pipe, 3> p;
  for (fake_pipe& each : p)
    attach(x, each);
  for (std::size_t i : {2U, 0U, 1U, 1U}) {
    arrive(x, p[i], {"", "q"});
    receive(x);
    send(x, {"r"});
    for (std::size_t other = 0; other < 3; ++other)
      CHECK(p[other].next() == (other == i ? texts{"", "r"} : texts{}));
  }
}

TEST_CASE(
    "REP SHALL silently discard the reply, or return an error, if the originating peer is no longer "
    "connected")
{
  rep x;
  fake_pipe p;
  fake_pipe other;
  attach(x, p);
  attach(x, other);
  arrive(x, p, {"", "q"});
  receive(x);
  x.detach_outbound(p);
  x.detach_inbound(p);
  CHECK(send(x, {"r"}) == errc{});
  CHECK(p.written.empty());
  CHECK(other.written.empty());
}

TEST_CASE("REP SHALL not block on sending: the reply to a peer that is full is discarded")
{
  rep x;
  fake_pipe p{0};
  attach(x, p);
  arrive(x, p, {"", "q"});
  receive(x);
  CHECK(x.can_send());
  CHECK(send(x, {"r"}) == errc{});
  CHECK(x.may_receive() == errc{});
}

TEST_CASE(
    "DEALER MAY be connected to any number of REP or ROUTER peers, and MAY both send and receive messages")
{
  // [libzmq] lets it talk to another DEALER as well, and so do we.
  for (socket_type peer : {socket_type::rep, socket_type::router, socket_type::dealer})
    CHECK(pattern::dealer::peers.contains(peer));
  for (socket_type other : {socket_type::req, socket_type::pub, socket_type::sub, socket_type::push,
                            socket_type::pull, socket_type::pair})
    CHECK_FALSE(pattern::dealer::peers.contains(other));
  CHECK_FALSE(pattern::dealer::exclusive);
  CHECK(can_send<pattern::dealer>);
  CHECK(can_receive<pattern::dealer>);
}

TEST_CASE("DEALER SHALL not filter or modify outgoing or incoming messages in any way")
{
  dealer x;
  fake_pipe p;
  attach(x, p);
  for (texts const& m : {texts{""}, texts{"", "", ""}, texts{"a"}, texts{std::string{"\0\1\xff", 3}, "b"}}) {
    CHECK(send(x, m) == errc{});
    CHECK(p.next() == m);
    arrive(x, p, m);
    CHECK(receive(x) == m);
  }
}

TEST_CASE(
    "DEALER SHALL maintain a double queue for each connected peer, allowing outgoing and incoming messages "
    "to be "
    "queued independently")
{
  dealer x;
  fake_pipe p{1};
  attach(x, p);
  CHECK(send(x, {"1"}) == errc{});
  CHECK(send(x, {"2"}) == errc::would_block);
  arrive(x, p, {"a"});
  arrive(x, p, {"b"});
  CHECK(receive(x) == texts{"a"});
  CHECK(receive(x) == texts{"b"});
}

TEST_CASE(
    "DEALER SHALL create a double queue when initiating an outgoing connection to a peer, and SHALL maintain "
    "it "
    "whether or not the connection is established")
{
  dealer x;
  fake_pipe p;
  x.attach_outbound(p);  // connect() was called
  x.attach_inbound(p);
  CHECK(send(x, {"1"}) == errc{});
  x.connected(p);
  x.disconnected(p);
  CHECK(send(x, {"2"}) == errc{});
  CHECK(p.written.size() == 2);
}

TEST_CASE(
    "DEALER SHALL create a double queue when a peer connects to it; if this peer disconnects it SHALL "
    "destroy the "
    "queue, but what was received before stays readable")
{
  // [RFC 28] has it discard what was received as well; libzmq keeps it, and so do we.
  dealer x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"received"});
  x.disconnected(p);
  x.detach_outbound(p);
  CHECK(send(x, {"late"}) == errc::would_block);
  CHECK(receive(x) == texts{"received"});
}

TEST_CASE("DEALER SHALL consider a peer as available only when it has a outgoing queue that is not full")
{
  dealer x;
  fake_pipe full{0};
  fake_pipe open;
  attach(x, full);
  attach(x, open);
  for (int i = 0; i < 3; ++i)
    CHECK(send(x, {"m"}) == errc{});
  CHECK(open.written.size() == 3);
}

TEST_CASE("DEALER SHALL route outgoing messages to available peers using a round-robin strategy")
{
  dealer x;
  std::array<fake_pipe, 3> p;
  for (fake_pipe& each : p)
    attach(x, each);
  for (std::size_t i = 0; i < 9; ++i) {
    send(x, {std::to_string(i)});
    CHECK(p[i % 3].next() == texts{std::to_string(i)});
  }
}

TEST_CASE(
    "DEALER SHALL block on sending, or return a suitable error, when it has no available peers; SHALL not "
    "accept "
    "further messages; SHALL NOT discard messages that it cannot queue")
{
  dealer x;
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"m"}) == errc::would_block);  // and m is as before
  fake_pipe p{0};
  attach(x, p);
  CHECK(send(x, {"m"}) == errc::would_block);
  p.room = 1;
  x.writable(p);
  CHECK(send(x, {"m"}) == errc{});
}

TEST_CASE(
    "DEALER SHALL receive incoming messages from its peers using a fair-queuing strategy, and deliver these")
{
  dealer x;
  std::array<fake_pipe, 3> p;
  for (std::size_t i = 0; i < 3; ++i) {
    attach(x, p[i]);
    for (int n = 0; n < (i == 0 ? 100 : 2); ++n)
      arrive(x, p[i], {std::to_string(i)});
  }
  std::string order;
  for (int n = 0; n < 6; ++n)
    order += receive(x)[0];
  CHECK(order == "012012");
}

TEST_CASE(
    "ROUTER MAY be connected to any number of REQ, DEALER, or ROUTER peers, and MAY both send and receive "
    "messages")
{
  for (socket_type peer : {socket_type::req, socket_type::dealer, socket_type::router})
    CHECK(pattern::router::peers.contains(peer));
  for (socket_type other : {socket_type::rep, socket_type::pub, socket_type::sub, socket_type::push,
                            socket_type::pull, socket_type::pair})
    CHECK_FALSE(pattern::router::peers.contains(other));
  CHECK_FALSE(pattern::router::exclusive);
  CHECK(can_send<pattern::router>);
  CHECK(can_receive<pattern::router>);
}

TEST_CASE(
    "ROUTER SHALL maintain a double queue for each connected peer, allowing outgoing and incoming messages "
    "to be "
    "queued independently")
{
  router x;
  fake_pipe full{0};
  fake_pipe open;
  attach(x, full, "full");
  attach(x, open, "open");
  CHECK(send(x, {"full", "dropped"}) == errc{});
  CHECK(send(x, {"open", "taken"}) == errc{});
  CHECK(open.next() == texts{"taken"});
  arrive(x, full, {"a"});
  CHECK(receive(x) == texts{"full", "a"});
}

TEST_CASE(
    "ROUTER SHALL create a double queue when initiating an outgoing connection to a peer, and SHALL maintain "
    "it "
    "whether or not the connection is established")
{
  router x;
  x.outbound().mandatory = true;
  fake_pipe p;
  p.id = frame{"chosen"};
  x.attach_outbound(p);  // connect() was called
  x.attach_inbound(p);
  CHECK(send(x, {"chosen", "1"}) == errc{});
  x.connected(p);
  x.disconnected(p);
  CHECK(send(x, {"chosen", "2"}) == errc{});
  CHECK(p.written.size() == 2);
}

TEST_CASE(
    "ROUTER SHALL create a double queue when a peer connects to it; if this peer disconnects it SHALL "
    "destroy the "
    "queue, but what was received before stays readable")
{
  // As with DEALER.
  router x;
  x.outbound().mandatory = true;
  fake_pipe p;
  attach(x, p, "A");
  arrive(x, p, {"received"});
  x.disconnected(p);
  x.detach_outbound(p);
  CHECK(send(x, {"A", "late"}) == errc::host_unreachable);
  CHECK(receive(x) == texts{"A", "received"});
}

TEST_CASE("ROUTER SHALL identify each double queue using a unique identity binary string")
{
  router x;
  std::array<fake_pipe, 20> p;
  std::set<std::string> ids;
  for (std::size_t i = 0; i < p.size(); ++i) {
    attach(x, p[i], i % 2 == 0 ? std::string{} : std::string(i, '\0'));
    arrive(x, p[i], {"m"});
    ids.insert(receive(x)[0]);
  }
  CHECK(ids.size() == p.size());
  fake_pipe same;
  same.announced = std::string(3, '\0');
  CHECK_FALSE(x.admits(same));
}

TEST_CASE(
    "ROUTER SHOULD allow the peer to specify its identity explicitly through the Identity metadata property")
{
  router x;
  fake_pipe p;
  attach(x, p, "its own");
  arrive(x, p, {"m"});
  CHECK(receive(x) == texts{"its own", "m"});
}

TEST_CASE("ROUTER SHALL receive incoming messages from its peers using a fair-queuing strategy")
{
  router x;
  std::array<fake_pipe, 3> p;
  for (std::size_t i = 0; i < 3; ++i) {
    attach(x, p[i], std::to_string(i));
    for (int n = 0; n < (i == 0 ? 100 : 2); ++n)
      arrive(x, p[i], {"m"});
  }
  std::string order;
  for (int n = 0; n < 6; ++n)
    order += receive(x)[0];
  CHECK(order == "012012");
}

TEST_CASE(
    "ROUTER SHALL prefix each incoming message with a frame containing the identity of the originating "
    "double "
    "queue, and deliver the resulting messages")
{
  router x;
  fake_pipe a;
  fake_pipe b;
  attach(x, a, "A");
  attach(x, b, "B");
  arrive(x, b, {"", "m"});
  arrive(x, a, {""});
  std::set<texts> const got{receive(x), receive(x)};
  CHECK(got == std::set<texts>{{"A", ""}, {"B", "", "m"}});
}

TEST_CASE(
    "ROUTER SHALL remove the first frame from each outgoing message, use this as the identity of a double "
    "queue "
    "and route the message to it, if that queue exists, and has space")
{
  router x;
  fake_pipe a;
  fake_pipe b;
  attach(x, a, "A");
  attach(x, b, "B");
  CHECK(send(x, {"B", "A", ""}) == errc{});
  CHECK(b.next() == texts{"A", ""});
  CHECK(a.written.empty());
}

TEST_CASE(
    "ROUTER SHALL either silently drop the message, or return an error, depending on configuration, if the "
    "queue "
    "does not exist, or is full; SHALL NOT block on sending")
{
  router x;
  fake_pipe full{0};
  attach(x, full, "full");
  CHECK(x.can_send());
  CHECK(send(x, {"nobody", "m"}) == errc{});
  CHECK(send(x, {"full", "m"}) == errc{});
  x.outbound().mandatory = true;
  CHECK(send(x, {"nobody", "m"}) == errc::host_unreachable);
  CHECK(send(x, {"full", "m"}) ==
        errc::would_block);  // [libzmq] with mandatory, a waiting send may be asked for
}
