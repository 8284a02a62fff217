#include <cozmq/pattern/exchange.hpp>

#include "support/catch.hpp"
#include "support/exchange.hpp"
#include "support/fake_pipe.hpp"
#include <cozmq/pattern/pair.hpp>
#include <cozmq/pattern/pub.hpp>
#include <cozmq/pattern/pull.hpp>
#include <cozmq/pattern/push.hpp>
#include <cozmq/pattern/rep.hpp>
#include <cozmq/pattern/req.hpp>
#include <cozmq/pattern/sub.hpp>

#include <array>

using namespace cozmq;
using namespace cozmq::test;
using pattern::exchange;

TEST_CASE("A27 a send that cannot be done now leaves the message as it was")
{
  exchange<pattern::push> push;
  exchange<pattern::pair> pair;
  exchange<pattern::req> req;
  exchange<pattern::rep> rep;
  CHECK(send(push, {"a", "b"}) == errc::would_block);
  CHECK(send(pair, {"a", "b"}) == errc::would_block);
  CHECK(send(req, {"a", "b"}) == errc::would_block);
  CHECK(send(rep, {"a", "b"}) == errc::wrong_state);
}

TEST_CASE("A22 a receive from an empty socket gives nothing and changes nothing")
{
  exchange<pattern::pull> x;
  fake_pipe p;
  CHECK(receive(x).empty());
  attach(x, p);
  CHECK(receive(x).empty());
  CHECK(arrive(x, p, {"a"}));
  CHECK(receive(x) == texts{"a"});
  CHECK(receive(x).empty());
}

TEST_CASE("S46 a PAIR passes messages both ways")
{
  exchange<pattern::pair> x;
  fake_pipe p;
  attach(x, p);
  CHECK(x.can_send());
  CHECK(send(x, {"a", ""}) == errc{});
  CHECK(p.next() == texts{"a", ""});
  CHECK(arrive(x, p, {"", "b"}));
  CHECK(receive(x) == texts{"", "b"});
  p.room = 0;
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"x"}) == errc::would_block);
  x.detach_outbound(p);
  arrive(x, p, {"kept"});
  CHECK(receive(x) == texts{"kept"});
  x.detach_inbound(p);
  CHECK(receive(x).empty());
}

TEST_CASE("S44 a PUSH without a peer waits, and goes on when one has room")
{
  exchange<pattern::push> x;
  CHECK_FALSE(x.can_send());
  fake_pipe p{1};
  attach(x, p);
  CHECK(x.can_send());
  CHECK(send(x, {"1"}) == errc{});
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"2"}) == errc::would_block);
  p.room = 1;
  x.writable(p);
  CHECK(x.can_send());
  CHECK(send(x, {"2"}) == errc{});
}

TEST_CASE("S44 what a peer sends to a PUSH is discarded and never received")
{
  exchange<pattern::push> x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"wrong way"});
  CHECK(p.unread.empty());
  CHECK(receive(x).empty());
}

TEST_CASE("S45 a PULL reads its peers in turn and cannot send")
{
  exchange<pattern::pull> x;
  std::array<fake_pipe, 2> p;
  for (fake_pipe& each : p) {
    attach(x, each);
    for (int i = 0; i < 3; ++i)
      arrive(x, each, {&each == p.data() ? "a" : "b"});
  }
  std::string order;
  for (texts m = receive(x); !m.empty(); m = receive(x))
    order += m[0];
  CHECK(order == "ababab");
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"x"}) == errc::would_block);
}

TEST_CASE("messages of a peer that left stay readable until it is drained")
{
  exchange<pattern::pull> x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"1"});
  x.disconnected(p);
  CHECK(receive(x) == texts{"1"});
  x.detach_inbound(p);
  CHECK(receive(x).empty());
}

TEST_CASE("S2 S3 subscriptions reach a PUB as commands or as messages, and never its application")
{
  exchange<pattern::pub> x;
  fake_pipe by_command;
  fake_pipe by_message;
  attach(x, by_command);
  attach(x, by_message);
  CHECK_FALSE(x.subscription(by_command, true, as_bytes("a")));
  CHECK_FALSE(arrive(x, by_message, {"\1a"}));
  CHECK(receive(x).empty());
  CHECK(send(x, {"abc"}) == errc{});
  CHECK(by_command.next() == texts{"abc"});
  CHECK(by_message.next() == texts{"abc"});
  CHECK_FALSE(x.subscription(by_command, false, as_bytes("a")));
  CHECK_FALSE(arrive(x, by_message, {std::string{"\0a", 2}}));
  CHECK(send(x, {"abc"}) == errc{});
  CHECK(by_command.written.empty());
  CHECK(by_message.written.empty());
}

TEST_CASE("S3 what a subscriber sends besides subscriptions is discarded")
{
  exchange<pattern::pub> x;
  fake_pipe p;
  attach(x, p);
  for (texts const& parts : {texts{"hello"}, texts{""}, texts{"\2a"}})
    CHECK_FALSE(arrive(x, p, parts));
  CHECK(p.unread.empty());
  CHECK(send(x, {"hello"}) == errc{});
  CHECK(p.written.empty());
  CHECK(p.rejections.empty());
}

TEST_CASE("a subscriber over its limits loses its connection, by command and by message, and others do not")
{
  exchange<pattern::pub> x;
  x.outbound().limits.topics = 1;
  fake_pipe p;
  fake_pipe other;
  attach(x, p);
  attach(x, other);
  CHECK_FALSE(x.subscription(p, true, as_bytes("a")));
  CHECK(x.subscription(p, true, as_bytes("b")) == errc::too_many_subscriptions);
  arrive(x, other, {"\1a"});
  arrive(x, other, {"\1b"});
  REQUIRE(other.rejections.size() == 1);
  CHECK(other.rejections[0] == errc::too_many_subscriptions);
  CHECK(p.rejections.empty());
}

TEST_CASE("B8 subscriptions end with the connection, and are there again when the peer repeats them")
{
  exchange<pattern::pub> x;
  fake_pipe p;
  attach(x, p);
  x.subscription(p, true, as_bytes("a"));
  x.disconnected(p);
  CHECK(send(x, {"a"}) == errc{});
  CHECK(p.written.empty());
  x.connected(p);
  x.subscription(p, true, as_bytes("a"));
  CHECK(send(x, {"a"}) == errc{});
  CHECK(p.written.size() == 1);
  x.detach_outbound(p);
  CHECK(send(x, {"a"}) == errc{});
  CHECK(p.written.size() == 1);
}

TEST_CASE("S6 B11 a PUB can always send, without a subscriber too")
{
  exchange<pattern::pub> x;
  CHECK(x.can_send());
  CHECK(send(x, {"lost"}) == errc{});
  fake_pipe full{0};
  attach(x, full);
  x.subscription(full, true, {});
  CHECK(x.can_send());
  CHECK(send(x, {"lost"}) == errc{});
  CHECK(x.outbound().dropped() == 1);
}

TEST_CASE("S11 B25 a SUB receives what it subscribed to, and tells each publisher that connects")
{
  exchange<pattern::sub> x;
  fake_pipe p;
  x.attach_inbound(p);
  x.attach_outbound(p);
  CHECK(arrive(x, p, {"a"}));
  CHECK(receive(x).empty());
  x.inbound().subscribe(as_bytes("a"));
  p.subscriptions.clear();
  x.connected(p);
  CHECK(p.subscriptions == std::vector<std::pair<bool, std::string>>{{true, "a"}});
  arrive(x, p, {"b"});
  arrive(x, p, {"ab", "body"});
  CHECK(receive(x) == texts{"ab", "body"});
  CHECK(receive(x).empty());
  CHECK_FALSE(x.can_send());
}

TEST_CASE("patterns that do not publish ignore a subscription")
{
  exchange<pattern::push> push;
  exchange<pattern::sub> sub;
  fake_pipe p;
  attach(push, p);
  CHECK_FALSE(push.subscription(p, true, as_bytes("a")));
  CHECK_FALSE(sub.subscription(p, true, as_bytes("a")));
}

TEST_CASE("S22 A44 a REQ out of turn is told so and stays usable")
{
  exchange<pattern::req> x;
  fake_pipe p;
  attach(x, p);
  CHECK(x.may_receive() == errc::wrong_state);
  CHECK(send(x, {"1"}) == errc{});
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"2"}) == errc::wrong_state);
  CHECK(x.may_receive() == errc{});
  CHECK(arrive(x, p, {"", "r"}));
  CHECK(receive(x) == texts{"r"});
  CHECK(x.may_receive() == errc::wrong_state);
  CHECK(send(x, {"2"}) == errc{});
  CHECK(p.next() == texts{"", "1"});
  CHECK(p.next() == texts{"", "2"});
}

TEST_CASE("S24 requests go to the peers in turn, and only the asked one's reply counts")
{
  exchange<pattern::req> x;
  std::array<fake_pipe, 3> p;
  for (fake_pipe& each : p)
    attach(x, each);
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK(send(x, {std::to_string(i)}) == errc{});
    CHECK(p[i % 3].next() == texts{"", std::to_string(i)});
    arrive(x, p[(i + 1) % 3], {"", "not asked"});
    CHECK(receive(x).empty());
    arrive(x, p[i % 3], {"", "reply"});
    CHECK(receive(x) == texts{"reply"});
  }
}

TEST_CASE("S25 a REQ whose peers are all full waits, and its state is as before")
{
  exchange<pattern::req> x;
  fake_pipe p{0};
  attach(x, p);
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"a"}) == errc::would_block);
  CHECK(x.may_receive() == errc::wrong_state);
  p.room = 1;
  x.writable(p);
  CHECK(send(x, {"a"}) == errc{});
  CHECK(p.next() == texts{"", "a"});
}

TEST_CASE("S23 what comes unasked is discarded on arrival and is not the answer to the next request")
{
  exchange<pattern::req> x;
  fake_pipe p;
  attach(x, p);
  CHECK_FALSE(arrive(x, p, {"", "unasked"}));
  CHECK(p.unread.empty());
  CHECK(send(x, {"q"}) == errc{});
  p.unread.push_back(message{"", "r"});
  p.unread.push_back(message{"", "one more than asked for"});
  CHECK(x.readable(p));
  CHECK(receive(x) == texts{"r"});
  CHECK(send(x, {"q"}) == errc{});
  CHECK(p.unread.empty());
  CHECK(receive(x).empty());
  arrive(x, p, {"", "right"});
  CHECK(receive(x) == texts{"right"});
}

TEST_CASE("S42 a REQ ends the connection of a peer that answers without a delimiter, and waits on")
{
  exchange<pattern::req> x;
  fake_pipe p;
  attach(x, p);
  send(x, {"q"});
  arrive(x, p, {"no delimiter"});
  CHECK(receive(x).empty());
  REQUIRE(p.rejections.size() == 1);
  CHECK(p.rejections[0] == errc::unexpected_command);
  CHECK(x.may_receive() == errc{});
  arrive(x, p, {"", "r"});
  CHECK(receive(x) == texts{"r"});
  arrive(x, p, {"again"});
  CHECK(p.rejections.size() == 2);
}

TEST_CASE("a relaxed, correlating REQ takes the reply to its last request only")
{
  exchange<pattern::req> x;
  x.envelope().relaxed = x.envelope().correlate = true;
  fake_pipe p;
  attach(x, p);
  CHECK(send(x, {"1"}) == errc{});
  CHECK(send(x, {"2"}) == errc{});
  std::string const first = p.next()[0];
  std::string const second = p.next()[0];
  arrive(x, p, {first, "", "late"});
  CHECK(receive(x).empty());
  arrive(x, p, {second, "", "right"});
  CHECK(receive(x) == texts{"right"});
}

TEST_CASE("B3 a strict REQ goes on waiting when its peer is gone")
{
  exchange<pattern::req> x;
  fake_pipe p;
  fake_pipe other;
  attach(x, p);
  send(x, {"q"});
  attach(x, other);
  x.detach_outbound(p);
  x.detach_inbound(p);
  CHECK(send(x, {"q"}) == errc::wrong_state);
  arrive(x, other, {"", "r"});
  CHECK(receive(x).empty());
  x.envelope().abandon();
  CHECK(send(x, {"q"}) == errc{});
  // Should the first reply come all the same, a number tells it from the one that is awaited now.
  texts const next = other.next();
  REQUIRE(next.size() == 3);
  CHECK(next[0].size() == 4);
  CHECK(next[1].empty());
  CHECK(next[2] == "q");
}

TEST_CASE("S27 A44 a REP out of turn is told so and stays usable")
{
  exchange<pattern::rep> x;
  fake_pipe p;
  attach(x, p);
  CHECK_FALSE(x.can_send());
  CHECK(send(x, {"r"}) == errc::wrong_state);
  CHECK(arrive(x, p, {"", "q"}));
  CHECK(x.may_receive() == errc{});
  CHECK(receive(x) == texts{"q"});
  CHECK(x.may_receive() == errc::wrong_state);
  CHECK(x.can_send());
  CHECK(send(x, {"r"}) == errc{});
  CHECK(p.next() == texts{"", "r"});
  CHECK(send(x, {"r"}) == errc::wrong_state);
}

TEST_CASE("S28 the requests of three clients are served in turn, each reply to its own")
{
  exchange<pattern::rep> x;
  std::array<fake_pipe, 3> p;
  for (std::size_t i = 0; i < 3; ++i) {
    attach(x, p[i]);
    for (int n = 0; n < 3; ++n)
      arrive(x, p[i], {"", std::to_string(i)});
  }
  for (std::size_t n = 0; n < 9; ++n) {
    texts const q = receive(x);
    CHECK(q == texts{std::to_string(n % 3)});
    CHECK(send(x, {"re " + q[0]}) == errc{});
    CHECK(p[n % 3].next() == texts{"", "re " + q[0]});
  }
}

TEST_CASE("S29 a REP behind two ROUTER/DEALER hops answers with the whole envelope")
{
  exchange<pattern::rep> x;
  fake_pipe hop;
  attach(x, hop);
  arrive(x, hop, {"far", "near", "", "q"});
  CHECK(receive(x) == texts{"q"});
  CHECK(send(x, {"r"}) == errc{});
  CHECK(hop.next() == texts{"far", "near", "", "r"});
}

TEST_CASE("S30 a REP whose client is gone, or full, sends without waiting and takes the next request")
{
  exchange<pattern::rep> x;
  fake_pipe gone;
  fake_pipe full{0};
  attach(x, gone);
  attach(x, full);
  arrive(x, gone, {"", "q"});
  CHECK(receive(x) == texts{"q"});
  x.detach_outbound(gone);
  x.detach_inbound(gone);
  CHECK(send(x, {"r"}) == errc{});
  CHECK(gone.written.empty());
  arrive(x, full, {"", "q"});
  CHECK(receive(x) == texts{"q"});
  CHECK(x.can_send());
  CHECK(send(x, {"r"}) == errc{});
  CHECK(full.written.empty());
  full.room = 1;
  arrive(x, full, {"", "q"});
  CHECK(receive(x) == texts{"q"});
  CHECK(send(x, {"r"}) == errc{});
  CHECK(full.next() == texts{"", "r"});
}

TEST_CASE("S35 a REP drops a request without a delimiter and serves the one behind it")
{
  exchange<pattern::rep> x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"no delimiter"});
  arrive(x, p, {"", "q"});
  CHECK(receive(x) == texts{"q"});
  CHECK(p.rejections.empty());
}
