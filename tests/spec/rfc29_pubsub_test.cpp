// [RFC 29] for PUB, XPUB, SUB and XSUB. A test's name quotes its sentence, and says where we depart from it.
#include "support/catch.hpp"
#include "support/exchange.hpp"
#include "support/fake_pipe.hpp"
#include <cozmq/pattern/pub.hpp>
#include <cozmq/pattern/sub.hpp>
#include <cozmq/pattern/xpub.hpp>
#include <cozmq/pattern/xsub.hpp>

#include <array>

using namespace cozmq;
using namespace cozmq::test;

namespace {

using pub = pattern::exchange<pattern::pub>;
using sub = pattern::exchange<pattern::sub>;
using xpub = pattern::exchange<pattern::xpub>;
using xsub = pattern::exchange<pattern::xsub>;

void attach_subscriber(pub& x, fake_pipe& p, std::string_view topic)
{
  attach(x, p);
  REQUIRE_FALSE(x.subscription(p, true, as_bytes(topic)));
}

texts const any_bytes{"", std::string{"\0\1\xff", 3}, "", std::string(100000, 'x'), ""};

}  // namespace

TEST_CASE("PUB MAY be connected to any number of SUB or XSUB subscribers, and SHALL only send messages")
{
  CHECK(pattern::pub::peers.contains(socket_type::sub));
  CHECK(pattern::pub::peers.contains(socket_type::xsub));
  for (socket_type other : {socket_type::pub, socket_type::xpub, socket_type::req, socket_type::rep,
                            socket_type::push, socket_type::pull, socket_type::pair})
    CHECK_FALSE(pattern::pub::peers.contains(other));
  CHECK_FALSE(pattern::pub::exclusive);
  CHECK(can_send<pattern::pub>);
  CHECK_FALSE(can_receive<pattern::pub>);
}

TEST_CASE("PUB SHALL maintain a single outgoing message queue for each connected subscriber")
{
  pub x;
  fake_pipe a{1};
  fake_pipe b{3};
  attach_subscriber(x, a, "");
  attach_subscriber(x, b, "");
  for (int i = 0; i < 5; ++i)
    send(x, {"m"});
  CHECK(a.written.size() == 1);
  CHECK(b.written.size() == 3);
}

TEST_CASE("PUB, if this subscriber disconnects, SHALL destroy its queue: nothing goes there any more")
{
  pub x;
  fake_pipe p;
  attach_subscriber(x, p, "");
  x.disconnected(p);
  x.detach_outbound(p);
  x.detach_inbound(p);
  CHECK(send(x, {"m"}) == errc{});
  CHECK(p.written.empty());
}

TEST_CASE("PUB SHALL silently discard any messages that subscribers send it")
{
  pub x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"hello", "world"});
  CHECK(p.unread.empty());
  CHECK(p.rejections.empty());
  CHECK(receive(x).empty());
}

TEST_CASE("PUB SHALL not modify outgoing messages in any way")
{
  pub x;
  fake_pipe p;
  attach_subscriber(x, p, "");
  send(x, any_bytes);
  CHECK(p.next() == any_bytes);
}

TEST_CASE("PUB MAY send messages only to subscribers who have a matching subscription")
{
  pub x;
  std::array<fake_pipe, 3> p;
  attach_subscriber(x, p[0], "a");
  attach_subscriber(x, p[1], "b");
  attach(x, p[2]);
  send(x, {"a"});
  CHECK(p[0].written.size() == 1);
  CHECK(p[1].written.empty());
  CHECK(p[2].written.empty());
}

TEST_CASE(
    "PUB SHALL perform a binary comparison of the subscription against the start of the first frame of the "
    "message")
{
  using namespace std::string_literals;
  pub x;
  fake_pipe p;
  attach_subscriber(x, p, "A\0\xff"s);
  for (texts const& parts :
       {texts{"a\0\xff"s}, texts{"A\0\xfe"s}, texts{"A\0"s, "\xff"s}, texts{"x", "A\0\xff"s}, texts{""}})
    send(x, parts);
  CHECK(p.written.empty());
  send(x, {"A\0\xff"s});
  send(x, {"A\0\xff tail"s, "body"});
  CHECK(p.written.size() == 2);
}

TEST_CASE("PUB SHALL silently drop the message if the queue for a subscriber is full")
{
  pub x;
  fake_pipe full{0};
  fake_pipe other;
  attach_subscriber(x, full, "");
  attach_subscriber(x, other, "");
  CHECK(send(x, {"m"}) == errc{});
  CHECK(full.written.empty());
  CHECK(other.written.size() == 1);
}

TEST_CASE("PUB SHALL NOT block on sending")
{
  pub x;
  CHECK(x.can_send());
  CHECK(send(x, {"m"}) == errc{});
  fake_pipe full{0};
  attach_subscriber(x, full, "");
  CHECK(x.can_send());
}

TEST_CASE(
    "PUB SHALL receive subscribe and unsubscribe requests from subscribers depending on the transport "
    "protocol used")
{
  pub x;
  fake_pipe commands;  // ZMTP 3.1
  fake_pipe messages;  // ZMTP 3.0
  attach(x, commands);
  attach(x, messages);
  x.subscription(commands, true, as_bytes("t"));
  arrive(x, messages, {"\1t"});
  send(x, {"t"});
  x.subscription(commands, false, as_bytes("t"));
  arrive(x, messages, {std::string{"\0t", 2}});
  send(x, {"t"});
  CHECK(commands.written.size() == 1);
  CHECK(messages.written.size() == 1);
}

TEST_CASE("PUB SHALL NOT deliver these commands to its calling application")
{
  pub x;
  fake_pipe p;
  attach(x, p);
  CHECK_FALSE(arrive(x, p, {"\1t"}));
  CHECK(receive(x).empty());
}

TEST_CASE("SUB MAY be connected to any number of PUB or XPUB publishers, and SHALL only receive messages")
{
  CHECK(pattern::sub::peers.contains(socket_type::pub));
  CHECK(pattern::sub::peers.contains(socket_type::xpub));
  for (socket_type other : {socket_type::sub, socket_type::xsub, socket_type::req, socket_type::rep,
                            socket_type::push, socket_type::pull, socket_type::pair})
    CHECK_FALSE(pattern::sub::peers.contains(other));
  CHECK_FALSE(pattern::sub::exclusive);
  CHECK(can_receive<pattern::sub>);
  CHECK_FALSE(can_send<pattern::sub>);
}

TEST_CASE("SUB SHALL maintain a single incoming message queue for each connected publisher")
{
  sub x;
  x.inbound().subscribe({});
  std::array<fake_pipe, 2> p;
  for (fake_pipe& each : p)
    attach(x, each);
  for (char const* text : {"1", "2"})
    arrive(x, p[0], {text});
  arrive(x, p[1], {"3"});
  CHECK(receive(x) == texts{"1"});
  CHECK(p[0].unread.size() == 1);
  CHECK(p[1].unread.size() == 1);
}

TEST_CASE(
    "SUB, if this publisher disconnects, does not discard what it sent, unlike the letter: it stays readable")
{
  sub x;
  x.inbound().subscribe({});
  fake_pipe p;
  attach(x, p);
  arrive(x, p, {"whole and received"});
  x.disconnected(p);
  x.detach_outbound(p);
  CHECK(receive(x) == texts{"whole and received"});
}

TEST_CASE(
    "SUB does not discard messages if the queue for a publisher is full, unlike the letter: it reads no "
    "further")
{
  // What is not read from a pipe stays there, and its connection stops to read.
  sub x;
  x.inbound().subscribe({});
  fake_pipe p;
  attach(x, p);
  for (int i = 0; i < 5000; ++i)
    arrive(x, p, {"m"});
  CHECK(p.unread.size() == 5000);
  int count = 0;
  while (!receive(x).empty())
    ++count;
  CHECK(count == 5000);
}

TEST_CASE("SUB SHALL receive incoming messages from its publishers using a fair-queuing strategy")
{
  sub x;
  x.inbound().subscribe({});
  std::array<fake_pipe, 2> p;
  for (std::size_t i = 0; i < 2; ++i) {
    attach(x, p[i]);
    for (int n = 0; n < 3; ++n)
      arrive(x, p[i], {std::to_string(i)});
  }
  std::string order;
  for (texts m = receive(x); !m.empty(); m = receive(x))
    order += m[0];
  CHECK(order == "010101");
}

TEST_CASE("SUB SHALL not modify incoming messages in any way")
{
  sub x;
  x.inbound().subscribe({});
  fake_pipe p;
  attach(x, p);
  arrive(x, p, any_bytes);
  CHECK(receive(x) == any_bytes);
}

TEST_CASE("SUB MAY filter messages according to subscriptions, using a prefix match algorithm")
{
  sub x;
  x.inbound().subscribe(as_bytes("ab"));
  fake_pipe p;
  attach(x, p);
  for (char const* text : {"a", "ab", "abc", "b", "aB", ""})
    arrive(x, p, {text});
  CHECK(receive(x) == texts{"ab"});
  CHECK(receive(x) == texts{"abc"});
  CHECK(receive(x).empty());
}

TEST_CASE("SUB SHALL deliver messages to its calling application")
{
  sub x;
  x.inbound().subscribe(as_bytes("t"));
  fake_pipe p;
  attach(x, p);
  CHECK(arrive(x, p, {"t", "body"}));
  CHECK(receive(x) == texts{"t", "body"});
}

TEST_CASE(
    "SUB MAY send subscribe and unsubscribe requests to publishers depending on the transport protocol used")
{
  sub x;
  fake_pipe p;
  attach(x, p);
  x.inbound().subscribe(as_bytes("t"));
  CHECK(x.inbound().unsubscribe(as_bytes("t")));
  CHECK(p.subscriptions == std::vector<std::pair<bool, std::string>>{{true, "t"}, {false, "t"}});
}

TEST_CASE(
    "XPUB MAY be connected to any number of SUB or XSUB subscribers, and MAY both send and receive messages")
{
  CHECK(pattern::xpub::peers == pattern::pub::peers);
  CHECK_FALSE(pattern::xpub::exclusive);
  CHECK(can_send<pattern::xpub>);
  CHECK(can_receive<pattern::xpub>);
}

TEST_CASE("XPUB SHALL maintain a double queue for each connected subscriber")
{
  xpub x;
  fake_pipe full{0};
  fake_pipe other{1};
  for (fake_pipe* p : {&full, &other}) {
    attach(x, *p);
    REQUIRE_FALSE(x.subscription(*p, true, {}));
  }
  CHECK(receive(x) == texts{"\1"});
  send(x, {"m"});
  send(x, {"m"});
  CHECK(other.written.size() == 1);
  CHECK(arrive(x, full, {"in"}));
  CHECK(receive(x) == texts{"in"});
}

TEST_CASE(
    "XPUB, if this subscriber disconnects, does not discard what it sent, unlike the letter, and SHALL "
    "generate a "
    "suitable unsubscribe request")
{
  xpub x;
  fake_pipe p;
  attach(x, p);
  REQUIRE_FALSE(x.subscription(p, true, as_bytes("t")));
  arrive(x, p, {"sent before"});
  x.disconnected(p);
  x.detach_outbound(p);
  x.detach_inbound(p);
  CHECK(receive(x) == texts{"\1t"});
  CHECK(receive(x) == texts{"sent before"});
  CHECK(receive(x) == texts{std::string{"\0t", 2}});
  CHECK(receive(x).empty());
  CHECK(send(x, {"t"}) == errc{});
  CHECK(p.written.empty());
}

TEST_CASE("XPUB SHALL not modify outgoing messages in any way")
{
  xpub x;
  fake_pipe p;
  attach(x, p);
  REQUIRE_FALSE(x.subscription(p, true, {}));
  send(x, any_bytes);
  CHECK(p.next() == any_bytes);
}

TEST_CASE("XPUB SHALL perform a binary comparison of the subscription against the start of the first frame")
{
  using namespace std::string_literals;
  xpub x;
  fake_pipe p;
  attach(x, p);
  REQUIRE_FALSE(x.subscription(p, true, as_bytes("A\0\xff"s)));
  for (texts const& parts : {texts{"a\0\xff"s}, texts{"A\0"s, "\xff"s}, texts{"x", "A\0\xff"s}})
    send(x, parts);
  CHECK(p.written.empty());
  send(x, {"A\0\xff tail"s, "body"});
  CHECK(p.written.size() == 1);
}

TEST_CASE(
    "XPUB SHALL silently drop the message if the queue for a subscriber is full, and SHALL NOT block on "
    "sending")
{
  xpub x;
  fake_pipe full{0};
  attach(x, full);
  REQUIRE_FALSE(x.subscription(full, true, {}));
  CHECK(x.can_send());
  CHECK(send(x, {"lost"}) == errc{});
  CHECK(full.written.empty());
  CHECK(x.outbound().dropped() == 1);
}

TEST_CASE(
    "XPUB receives from its subscribers in the order of arrival, unlike the letter: a fair queue would mix "
    "up who was "
    "first to subscribe and last to cancel. It SHALL deliver these messages to its calling application")
{
  xpub x;
  std::array<fake_pipe, 2> p;
  for (fake_pipe& each : p)
    attach(x, each);
  for (int i = 0; i < 3; ++i)
    for (std::size_t n : {0U, 1U})
      CHECK(arrive(x, p[n], {std::to_string(n), std::to_string(i)}));
  for (int i = 0; i < 3; ++i)
    for (std::size_t n : {0U, 1U})
      CHECK(receive(x) == texts{std::to_string(n), std::to_string(i)});
}

TEST_CASE(
    "XPUB SHALL receive subscribe and unsubscribe requests from subscribers, SHALL deliver these commands to "
    "its "
    "calling application, and MAY normalize them")
{
  xpub x;
  std::array<fake_pipe, 2> p;
  for (fake_pipe& each : p)
    attach(x, each);
  REQUIRE_FALSE(x.subscription(p[0], true, as_bytes("t")));
  REQUIRE_FALSE(x.subscription(p[0], true, as_bytes("t")));
  arrive(x, p[1], {"\1t"});
  CHECK(receive(x) == texts{"\1t"});
  CHECK(receive(x).empty());
  REQUIRE_FALSE(x.subscription(p[0], false, as_bytes("t")));
  CHECK(receive(x).empty());
  arrive(x, p[1], {std::string{"\0t", 2}});
  CHECK(receive(x) == texts{std::string{"\0t", 2}});
  CHECK(receive(x).empty());
}

TEST_CASE(
    "XSUB MAY be connected to any number of PUB or XPUB publishers, and MAY both send and receive messages")
{
  CHECK(pattern::xsub::peers == pattern::sub::peers);
  CHECK_FALSE(pattern::xsub::exclusive);
  CHECK(can_send<pattern::xsub>);
  CHECK(can_receive<pattern::xsub>);
}

TEST_CASE(
    "XSUB SHALL maintain a double queue for each connected publisher, and does not discard what one sent "
    "that left")
{
  xsub x;
  fake_pipe full{0};
  fake_pipe other;
  attach(x, full);
  attach(x, other);
  send(x, {"up"});
  CHECK(other.next() == texts{"up"});
  arrive(x, full, {"down"});
  x.disconnected(full);
  x.detach_outbound(full);
  send(x, {"more"});
  CHECK(other.next() == texts{"more"});
  CHECK(receive(x) == texts{"down"});
}

TEST_CASE(
    "XSUB SHALL not modify messages in any way, and SHALL deliver incoming ones to its calling application")
{
  xsub x;
  fake_pipe p;
  attach(x, p);
  arrive(x, p, any_bytes);
  CHECK(receive(x) == any_bytes);
  send(x, any_bytes);
  CHECK(p.next() == any_bytes);
}

TEST_CASE(
    "XSUB does not discard messages if the incoming queue is full, unlike the letter: it reads no further")
{
  xsub x;
  fake_pipe p;
  attach(x, p);
  for (int i = 0; i < 10'000; ++i)
    p.unread.push_back(message_of({std::to_string(i)}));
  x.readable(p);
  CHECK(p.unread.size() == 10'000);
  for (int i = 0; i < 10'000; ++i)
    CHECK(receive(x) == texts{std::to_string(i)});
}

TEST_CASE("XSUB SHALL receive incoming messages from its publishers using a fair-queuing strategy")
{
  xsub x;
  std::array<fake_pipe, 2> p;
  for (std::size_t n : {0U, 1U}) {
    attach(x, p[n]);
    for (int i = 0; i < 3; ++i)
      p[n].unread.push_back(message_of({std::to_string(n)}));
    x.readable(p[n]);
  }
  for (int i = 0; i < 3; ++i) {
    texts const first = receive(x);
    CHECK(receive(x) != first);
  }
}

TEST_CASE(
    "XSUB SHALL send all messages to all connected publishers, SHALL silently drop the message if the "
    "outgoing queue "
    "for a publisher is full, and SHALL NOT block on sending")
{
  xsub x;
  CHECK(x.can_send());
  CHECK(send(x, {"nobody"}) == errc{});
  std::array<fake_pipe, 3> p;
  p[1].room = 0;
  for (fake_pipe& each : p)
    attach(x, each);
  CHECK(send(x, {"all"}) == errc{});
  CHECK(p[0].next() == texts{"all"});
  CHECK(p[1].written.empty());
  CHECK(p[2].next() == texts{"all"});
  CHECK(x.outbound().dropped() == 1);
}

TEST_CASE(
    "XSUB SHALL accept subscription commands from its calling application, and SHALL send subscribe and "
    "unsubscribe "
    "requests to publishers")
{
  xsub x;
  fake_pipe p{0};  // full: a subscription is not dropped
  attach(x, p);
  for (std::string const& text :
       {std::string{"\1t"}, std::string{"\1t"}, std::string{"\0t", 2}, std::string{"\0t", 2}}) {
    message m{text};
    CHECK(x.send(m) == errc{});
  }
  CHECK(p.subscriptions == std::vector<std::pair<bool, std::string>>{{true, "t"}, {true, "t"}, {false, "t"}});
  CHECK(p.written.empty());
}
