// [RFC 29] for PUB and SUB. A test's name quotes its sentence, and says where we depart from it.
#include "support/catch.hpp"
#include "support/exchange.hpp"
#include "support/fake_pipe.hpp"
#include <cozmq/pattern/pub.hpp>
#include <cozmq/pattern/sub.hpp>

#include <array>

using namespace cozmq;
using namespace cozmq::test;

namespace {

using pub = pattern::exchange<pattern::pub>;
using sub = pattern::exchange<pattern::sub>;

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
