// XPUB and XSUB: what subscribers ask for reaches the application, what applications send goes upstream.
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace cozmq::test;
using namespace std::string_literals;
using cozmq::pub_socket;
using cozmq::sub_socket;
using cozmq::xpub_socket;
using cozmq::xsub_socket;

namespace {

std::string on(std::string_view topic)
{
  return "\1"s + std::string{topic};
}

std::string off(std::string_view topic)
{
  return "\0"s + std::string{topic};
}

// The next message of `socket` is one frame, `expected`.
template <typename Socket>
asio::awaitable<void> expect(Socket& socket, std::string expected)
{
  std::string const text = co_await text_from(socket);
  REQUIRE(text == expected);
}

// A subscriber that is connected by hand.
struct raw_sub : raw_peer {
  using raw_peer::raw_peer;

  asio::awaitable<void> arrive(std::string endpoint, std::string type = "SUB")
  {
    co_await connect(endpoint);
    co_await handshake(type);
  }

  asio::awaitable<void> ask(bool wanted, std::string topic)
  {
    octets command;
    cozmq::wire::append_command(command, wanted ? "SUBSCRIBE" : "CANCEL", cozmq::as_bytes(topic));
    co_await write(std::move(command));
  }
};

asio::awaitable<std::string> body_from(raw_peer& peer)
{
  auto const frame = co_await peer.read_frame();
  co_return std::string{cozmq::as_text(frame.second)};
}

}  // namespace

TEST_CASE("S13 an XPUB receives a topic's first subscription and its last cancellation, over each transport")
{
  std::string const any = every_transport();
  bool const xpub_binds = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    sub_socket sub{ctx};
    xpub_binds ? join(xpub, sub, any) : join(sub, xpub, any);
    sub.subscribe("A");
    co_await expect(xpub, on("A"));
    co_await xpub.send("A news", "body");
    cozmq::message const m = co_await sub.recv();
    REQUIRE(m.size() == 2);
    sub.subscribe("A");
    sub.unsubscribe("A");
    sub.unsubscribe("A");
    co_await expect(xpub, off("A"));
    sub.subscribe("");
    co_await expect(xpub, on(""));
  });
}

TEST_CASE("S14 S18 S20 an XSUB subscribes by message or by name, and sends anything else upstream as it is")
{
  std::string const any = every_transport();
  bool const xpub_binds = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xsub_socket xsub{ctx};
    xpub_binds ? join(xpub, xsub, any) : join(xsub, xpub, any);
    co_await xsub.wait_connected();
    co_await xsub.send(on("A"));
    co_await expect(xpub, on("A"));
    xsub.subscribe("B");
    co_await expect(xpub, on("B"));
    REQUIRE(xsub.topics_count() == 2);
    REQUIRE(xpub.topics_count() == 2);

    co_await xsub.send("hello", "", "\2more");
    cozmq::message m = co_await xpub.recv();
    REQUIRE(m.size() == 3);
    REQUIRE(m[0].view() == "hello");
    REQUIRE(m[2].view() == "\2more");
    REQUIRE(xpub.topics_count() == 2);
    co_await xsub.send("");
    co_await expect(xpub, "");

    co_await xpub.send("C not wanted");
    co_await xpub.send("A1");
    co_await expect(xsub, "A1");
    co_await xsub.send(off("A"));
    co_await expect(xpub, off("A"));
    REQUIRE_FALSE(xsub.unsubscribe("A"));
    co_await xpub.send("A2");
    co_await xpub.send("B2");
    co_await expect(xsub, "B2");
  });
}

TEST_CASE("S18 what comes with a subscription in one message goes upstream without it")
{
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xsub_socket xsub{ctx};
    join(xpub, xsub, "inproc://name");
    co_await xsub.send(on("A"), "with it", on("B"), "and this");
    co_await expect(xpub, on("A"));
    co_await expect(xpub, on("B"));
    cozmq::message const m = co_await xpub.recv();
    REQUIRE(m.size() == 2);
    REQUIRE(m[0].view() == "with it");
    REQUIRE(m[1].view() == "and this");
  });
}

TEST_CASE("S20 a message to full publishers is dropped without waiting, a subscription never")
{
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xsub_socket xsub{ctx};
    xpub.set_option(cozmq::option::receive_hwm{2});
    xsub.set_option(cozmq::option::send_hwm{2});
    xsub.connect("inproc://name");
    for (int i = 0; i < 10; ++i)
      co_await xsub.send(fmt::format("{}", i));
    for (int i = 0; i < 10; ++i)
      co_await xsub.send(on(fmt::format("topic {}", i)));
    xpub.bind("inproc://name");
    co_await xpub.wait_subscribers("topic 9");
    REQUIRE(xpub.topics_count() == 10);
    std::vector<std::string> messages;
    while (auto m = xpub.try_recv())
      if ((*m)[0].view().substr(0, 1) != "\1")
        messages.push_back((*m)[0].str());
    REQUIRE(messages == std::vector<std::string>{"0", "1"});
  });
}

TEST_CASE(
    "2.4 XPUB_VERBOSE XPUB_VERBOSER an XPUB hears of every subscription, verboser of every cancellation too")
{
  bool const verboser = GENERATE(false, true);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    REQUIRE_FALSE(xpub.get_option<cozmq::option::xpub_verbose>().value);
    if (verboser)
      xpub.set_option(cozmq::option::xpub_verboser{true});
    else
      xpub.set_option(cozmq::option::xpub_verbose{true});
    std::string const endpoint = xpub.bind("tcp://127.0.0.1:*");
    raw_sub a{io};
    raw_sub b{io};
    for (raw_sub* each : {&a, &b}) {
      co_await each->arrive(endpoint);
      co_await each->ask(true, "A");
      co_await each->ask(true, "A");
      co_await expect(xpub, on("A"));
      co_await expect(xpub, on("A"));
    }
    co_await a.ask(false, "A");
    if (verboser)
      co_await expect(xpub, off("A"));
    co_await a.ask(true, "marker");
    co_await expect(xpub, on("marker"));
    co_await b.ask(false, "A");
    co_await expect(xpub, off("A"));
  });
}

TEST_CASE("S13 the topics of a subscriber that is gone are cancelled, if nobody else has them")
{
  bool const verboser = GENERATE(false, true);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::xpub_verboser{verboser});
    std::string const endpoint = xpub.bind("tcp://127.0.0.1:*");
    raw_sub a{io};
    raw_sub b{io};
    co_await a.arrive(endpoint);
    co_await b.arrive(endpoint);
    co_await a.ask(true, "A");
    co_await expect(xpub, on("A"));
    co_await b.ask(true, "A");
    co_await b.ask(true, "B");
    if (verboser)
      co_await expect(xpub, on("A"));
    co_await expect(xpub, on("B"));
    b.close();
    if (verboser) {
      std::vector<std::string> both;
      for (int i = 0; i < 2; ++i)
        both.push_back(co_await text_from(xpub));
      std::sort(both.begin(), both.end());
      REQUIRE(both == std::vector<std::string>{off("A"), off("B")});
    } else {
      co_await expect(xpub, off("B"));
    }
    a.close();
    co_await expect(xpub, off("A"));
    REQUIRE(xpub.topics_count() == 0);
  });
}

TEST_CASE("a disconnect cancels the subscriptions at the other end, and tells an XPUB that disconnects")
{
  std::string const any = every_transport();
  bool const xpub_disconnects = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xsub_socket xsub{ctx};
    std::string const endpoint = xpub_disconnects ? join(xsub, xpub, any) : join(xpub, xsub, any);
    xsub.subscribe("A");
    co_await expect(xpub, on("A"));
    xpub_disconnects ? xpub.disconnect(endpoint) : xsub.disconnect(endpoint);
    co_await expect(xpub, off("A"));
    REQUIRE(xpub.topics_count() == 0);
  });
}

TEST_CASE("2.4 XPUB_MANUAL the application decides what the peer it heard last is subscribed to")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    REQUIRE_THROWS_AS(xpub.subscribe("A"), cozmq::error);
    xpub.set_option(cozmq::option::xpub_manual{true});
    std::string const endpoint = xpub.bind(any);
    xsub_socket a{ctx};
    xsub_socket b{ctx};
    a.connect(endpoint);
    a.subscribe("A");
    co_await expect(xpub, on("A"));
    xpub.subscribe("XA");
    b.connect(endpoint);
    b.subscribe("A");
    co_await expect(xpub, on("A"));
    xpub.subscribe("XB");
    for (std::string_view text : {"A", "XA", "XB"})
      co_await xpub.send(text);
    co_await expect(a, "XA");
    co_await expect(b, "XB");

    a.unsubscribe("A");
    co_await expect(xpub, off("A"));
    REQUIRE(xpub.unsubscribe("XA"));
    REQUIRE_FALSE(xpub.unsubscribe("XA"));
    xpub.subscribe("Z");
    for (std::string_view text : {"XA", "Z"})
      co_await xpub.send(text);
    co_await expect(a, "Z");

    // What a peer asked for is cancelled when it goes, and what it was given is gone.
    b.close();
    co_await expect(xpub, off("A"));
    REQUIRE_FALSE(xpub.unsubscribe("XB"));
    xpub.subscribe("nobody is there");
    REQUIRE(xpub.topics_count() == 1);
    // A message is no request: it does not change whom the application answers, and grants nothing.
    a.subscribe("B");
    co_await expect(xpub, on("B"));
    co_await a.send("user", on("C"));
    cozmq::message const user = co_await xpub.recv();
    REQUIRE(user.size() == 2);
    xpub.subscribe("Y");
    REQUIRE(xpub.topics_count() == 2);
  });
}

TEST_CASE("2.4 XPUB_MANUAL_LAST_VALUE the first message after a subscription goes to its sender only")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::xpub_manual_last_value{true});
    REQUIRE(xpub.get_option<cozmq::option::xpub_manual>().value);
    std::string const endpoint = xpub.bind(any);
    sub_socket first{ctx};
    sub_socket second{ctx};
    for (sub_socket* each : {&first, &second}) {
      each->connect(endpoint);
      each->subscribe("A");
      co_await expect(xpub, on("A"));
      xpub.subscribe("A");
      co_await xpub.send("A last value");
    }
    co_await xpub.send("A new");
    for (sub_socket* each : {&first, &second}) {
      co_await expect(*each, "A last value");
      co_await expect(*each, "A new");
    }
    // A cancellation asks for no value, so what follows is for all.
    second.unsubscribe("A");
    co_await expect(xpub, off("A"));
    REQUIRE(xpub.unsubscribe("A"));
    co_await xpub.send("A after");
    co_await expect(first, "A after");
  });
}

TEST_CASE("2.4 XPUB_WELCOME_MSG a subscriber gets the welcome message first, at every connection")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::xpub_welcome_message{"Welcome"});
    std::string const endpoint = xpub.bind(any);
    for (int i = 0; i < 2; ++i) {
      sub_socket sub{ctx};
      sub.subscribe("W");
      sub.connect(endpoint);
      co_await expect(xpub, on("W"));
      co_await xpub.send("W news");
      co_await expect(sub, "Welcome");
      co_await expect(sub, "W news");
      sub.close();
      co_await expect(xpub, off("W"));
    }
  });
}

TEST_CASE(
    "2.4 ONLY_FIRST_SUBSCRIBE frames behind an application's first one are subscriptions by default, and "
    "data "
    "when set")
{
  bool const only_first = GENERATE(false, true);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::only_first_subscribe{only_first});
    raw_sub peer{io};
    co_await peer.arrive(xpub.bind("tcp://127.0.0.1:*"), "XSUB");
    co_await peer.write(frame_octets("data", true) + frame_octets(on("A")));
    cozmq::message const m = co_await xpub.recv();
    REQUIRE(m.size() == 2);
    REQUIRE(m[1].view() == on("A"));
    REQUIRE(xpub.topics_count() == (only_first ? 0 : 1));
    co_await peer.write(frame_octets(on("B"), true) + frame_octets(on("C")));
    co_await expect(xpub, on("B"));
    co_await expect(xpub, on("C"));
    REQUIRE(xpub.topics_count() == (only_first ? 2 : 3));
  });
}

TEST_CASE("2.4 INVERT_MATCHING messages go to those who did not ask for them")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    pub.set_option(cozmq::option::invert_matching{true});
    std::string const endpoint = pub.bind(any);
    sub_socket a{ctx};
    sub_socket b{ctx};
    a.subscribe("A");
    b.subscribe("B");
    for (sub_socket* each : {&a, &b}) {
      each->set_option(cozmq::option::invert_matching{true});
      each->connect(endpoint);
    }
    co_await pub.wait_connected(2);
    co_await a.wait_subscribed();
    co_await b.wait_subscribed();
    for (std::string_view text : {"A1", "B1", "C1"})
      co_await pub.send(text);
    co_await expect(a, "B1");
    co_await expect(a, "C1");
    co_await expect(b, "A1");
    co_await expect(b, "C1");
  });
}

TEST_CASE("2.4 XSUB_VERBOSE_UNSUBSCRIBE every cancellation is sent, not only the last of a topic")
{
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::xpub_verboser{true});
    xsub_socket xsub{ctx};
    xsub.set_option(cozmq::option::xsub_verbose_unsubscribe{true});
    join(xpub, xsub, "inproc://name");
    for (bool wanted : {true, true, false, false}) {
      wanted ? xsub.subscribe("A") : void(xsub.unsubscribe("A"));
      std::string notice = wanted ? on("A") : off("A");
      co_await expect(xpub, std::move(notice));
    }
  });
}

TEST_CASE("2.4 TOPICS_COUNT counts different topics, nested ones too, at both ends")
{
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    sub_socket sub{ctx};
    sub_socket other{ctx};
    std::string const endpoint = join(pub, sub, "tcp://127.0.0.1:*");
    other.connect(endpoint);
    REQUIRE(sub.topics_count() == 0);
    for (std::string_view topic : {"A", "AB", "ABC", "A", ""})
      sub.subscribe(topic);
    other.subscribe("AB");
    other.subscribe("other");
    co_await sub.wait_subscribed();
    co_await other.wait_subscribed();
    REQUIRE(sub.topics_count() == 4);
    REQUIRE(pub.topics_count() == 5);
    sub.unsubscribe("A");
    sub.unsubscribe("ABC");
    co_await sub.wait_subscribed();
    REQUIRE(sub.topics_count() == 3);
    REQUIRE(pub.topics_count() == 4);
  });
}

TEST_CASE("B9 what is published after wait_subscribed is not missed, a thousand times")
{
  std::string const any = every_transport();
  bool const sub_binds = GENERATE(false, true);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    pub_socket second{ctx};
    sub_socket sub{ctx};
    if (sub_binds) {
      second.connect(join(sub, pub, any));
    } else {
      join(pub, sub, any);
      sub.connect(second.bind("tcp://127.0.0.1:*"));
    }
    for (int i = 0; i < 1000; ++i) {
      std::string const topic = fmt::format("{} ", i);
      sub.subscribe(topic);
      co_await sub.wait_subscribed(2);
      co_await (i % 2 == 0 ? pub : second).send(topic);
      co_await expect(sub, topic);
    }
  });
}

TEST_CASE("B25 wait_subscribed waits for the publisher that comes back, which is told again")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    xsub_socket xsub{ctx};
    xsub.set_option(cozmq::option::reconnect_interval{std::chrono::milliseconds{1}});
    xsub.subscribe("A");
    raw_listener listener{io};
    xsub.connect(listener.endpoint());
    for (int i = 0; i < 2; ++i) {
      raw_peer publisher = co_await listener.accept();
      co_await publisher.handshake("XPUB");
      bool subscribed = false;
      asio::co_spawn(
          io,
          [&]() -> asio::awaitable<void> {
            co_await xsub.wait_connected();
            co_await xsub.wait_subscribed();
            subscribed = true;
          },
          asio::detached);
      std::string const told = co_await body_from(publisher);
      REQUIRE(told == "\x09SUBSCRIBEA");
      std::string const ping = co_await body_from(publisher);
      REQUIRE(ping.substr(0, 5) == "\x04PING");
      REQUIRE_FALSE(subscribed);
      octets pong;
      cozmq::wire::append_pong(pong, cozmq::as_bytes(std::string_view{ping}.substr(7)));
      co_await publisher.write(std::move(pong));
      co_await until(io, [&] { return subscribed; });
      publisher.close();
      co_await until(io, [&] { return xsub.connected_peers() == 0; });
    }
  });
}

TEST_CASE("S19 an XSUB reads its publishers in turn, without a filter of its own")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    xsub_socket xsub{ctx};
    std::string const endpoint = xsub.bind("tcp://127.0.0.1:*");
    std::vector<raw_peer> publishers;
    for (int i = 0; i < 2; ++i) {
      publishers.emplace_back(io);
      co_await publishers.back().connect(endpoint);
      co_await publishers.back().handshake("PUB");
      octets burst;
      for (int n = 0; n < 100; ++n)
        burst = burst + frame_octets(fmt::format("{}", i));
      co_await publishers.back().write(std::move(burst));
      co_await publishers.back().ping();
    }
    int of_first = 0;
    for (int n = 0; n < 100; ++n)
      of_first += co_await text_from(xsub) == "0" ? 1 : 0;
    REQUIRE(of_first == 50);
  });
}

TEST_CASE("S12 S17 XPUB and XSUB refuse a peer of another type, and serve the next one")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xsub_socket xsub{ctx};
    std::string const at_xpub = xpub.bind("tcp://127.0.0.1:*");
    std::string const at_xsub = xsub.bind("tcp://127.0.0.1:*");
    auto answer = [&](std::string endpoint, std::string type) -> asio::awaitable<std::string> {
      raw_peer peer{io};
      co_await peer.connect(endpoint);
      co_return (co_await peer.handshake(type)).substr(1, 5);
    };
    for (std::string const type :
         {"PUB", "XPUB", "SUB", "XSUB", "PULL", "ROUTER", "PUSH", "DEALER", "REQ", "PAIR"}) {
      std::string const from_xpub = co_await answer(at_xpub, type);
      REQUIRE(from_xpub == (type == "SUB" || type == "XSUB" ? "READY" : "ERROR"));
      std::string const from_xsub = co_await answer(at_xsub, type);
      REQUIRE(from_xsub == (type == "PUB" || type == "XPUB" ? "READY" : "ERROR"));
    }
  });
}

TEST_CASE("B46 subscriptions pass a chain of SUB, XPUB, XSUB and PUB, which sends nothing that nobody wants")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    xsub_socket back{ctx};
    xpub_socket front{ctx};
    sub_socket sub{ctx};
    join(pub, back, any);
    if (any.starts_with("inproc"))
      join(front, sub, "inproc://front");
    else
      join(front, sub, any);
    auto pass = [](auto& from, auto& to) -> asio::awaitable<void> {
      for (;;)
        co_await to.send(co_await from.recv());
    };
    asio::co_spawn(io, pass(front, back), asio::detached);
    asio::co_spawn(io, pass(back, front), asio::detached);
    sub.subscribe("A");
    co_await pub.wait_subscribers("A");
    REQUIRE(pub.topics_count() == 1);
    co_await pub.send("B");
    co_await pub.send("A");
    co_await expect(sub, "A");
    sub.unsubscribe("A");
    co_await until(io, [&] { return pub.topics_count() == 0; });
  });
}

TEST_CASE("none of a burst of 100000 subscriptions is lost, and an XPUB receives them all in order")
{
  constexpr int count = 100'000;
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    sub_socket sub{ctx};
    join(xpub, sub, any);
    co_await sub.wait_connected();
    for (int i = 0; i < count; ++i)
      sub.subscribe(fmt::format("{} ", i));
    co_await sub.wait_subscribed();
    REQUIRE(xpub.topics_count() == count);
    bool in_order = true;
    for (int i = 0; i < count; ++i)
      in_order = co_await text_from(xpub) == on(fmt::format("{} ", i)) && in_order;
    REQUIRE(in_order);
  });
}

TEST_CASE("a peer whose messages an XPUB does not receive is read no further, until it does")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::receive_hwm{10});
    raw_sub peer{io};
    co_await peer.arrive(xpub.bind("tcp://127.0.0.1:*"), "XSUB");
    octets burst;
    for (int i = 0; i < 30; ++i)
      burst = burst + frame_octets(fmt::format("{}", i));
    co_await peer.write(burst + frame_octets(on("A")));
    co_await expect(xpub, "0");
    REQUIRE(xpub.topics_count() == 0);
    for (int i = 1; i < 30; ++i)
      co_await expect(xpub, fmt::format("{}", i));
    co_await expect(xpub, on("A"));
  });
}

TEST_CASE("a peer that sends more requests than an XPUB keeps is read no further, until they are received")
{
  // 64 MiB are kept, so that a thousand and some topics of 64 KiB are too many. The peer repeats one topic.
  constexpr int count = 1100;
  std::string const topic(65'000, 't');
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::xpub_verbose{true});
    raw_sub peer{io};
    co_await peer.arrive(xpub.bind("tcp://127.0.0.1:*"));
    int written = 0;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          for (; written < count; ++written)
            co_await peer.ask(true, topic);
          co_await peer.ask(true, "marker");
        },
        asio::detached);
    co_await until(
        io, [&] { return written > 1033; });  // more than 64 MiB, and the kernel's buffers take the rest
    co_await turns(io, 1000);
    REQUIRE(xpub.topics_count() == 1);
    for (int i = 0; i < count; ++i)
      co_await expect(xpub, on(topic));
    co_await expect(xpub, on("marker"));
  });
}

TEST_CASE("S16 2.4 XPUB_NODROP a subscriber that does not read loses messages, or the XPUB waits for it")
{
  bool const nodrop = GENERATE(false, true);
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    constexpr int count = 50;  // of a megabyte each, more than any queue on the way takes
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::xpub_nodrop{nodrop});
    xpub.set_option(cozmq::option::send_hwm{1});
    sub_socket sub{ctx};
    sub.set_option(cozmq::option::receive_hwm{1});
    sub.connect(xpub.bind(any));
    sub.subscribe("");
    co_await sub.wait_subscribed();
    int published = 0;
    bool over = false;
    auto publish = [&]() -> asio::awaitable<void> {
      std::string const filling(1'000'000, 'x');
      for (; published < count; ++published)
        co_await xpub.send(fmt::format("{}", published), filling);
      while (!over) {
        co_await xpub.send("end");
        co_await turns(io, 1);
      }
    };
    asio::co_spawn(io, publish(), asio::detached);
    if (!nodrop)
      co_await until(io, [&] { return published == count; });
    int received = 0;
    for (;;) {
      cozmq::message const m = co_await sub.recv();
      if (m[0] == "end")
        break;
      if (nodrop)
        REQUIRE(m[0].view() == fmt::format("{}", received));
      ++received;
    }
    over = true;
    REQUIRE((nodrop ? received == count : received < count));
    xpub.close();
    co_await turns(io, 2);
  });
}

TEST_CASE(
    "S16 2.4 XPUB_NODROP a full subscriber of an XPUB loses messages and others do not, or the XPUB waits "
    "for it")
{
  bool const nodrop = GENERATE(false, true);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::send_hwm{1});
    xpub.set_option(cozmq::option::xpub_nodrop{nodrop});
    xpub.bind("inproc://name");
    sub_socket stalled{ctx};
    sub_socket quick{ctx};
    for (sub_socket* each : {&stalled, &quick}) {
      each->set_option(cozmq::option::receive_hwm{1});
      each->connect("inproc://name");
      each->subscribe("");
    }
    co_await xpub.wait_subscribers("", 2);
    for (int i = 0; i < 2; ++i) {
      co_await xpub.send(fmt::format("{}", i));
      co_await expect(quick, fmt::format("{}", i));
    }
    if (!nodrop) {
      for (int i = 2; i < 10; ++i) {
        co_await xpub.send(fmt::format("{}", i));
        co_await expect(quick, fmt::format("{}", i));
      }
      co_await expect(stalled, "0");
      co_await expect(stalled, "1");
      co_await xpub.send("marker");
      co_await expect(stalled, "marker");
      co_return;
    }
    cozmq::message third{"2"};
    REQUIRE_FALSE(xpub.try_send(third));
    REQUIRE_FALSE(quick.try_recv());
    bool sent = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          co_await xpub.send(third);
          sent = true;
        },
        asio::detached);
    co_await turns(io, 10);
    REQUIRE_FALSE(sent);
    co_await expect(stalled, "0");
    co_await until(io, [&] { return sent; });
    co_await expect(quick, "2");
    co_await expect(stalled, "1");
    co_await expect(stalled, "2");
  });
}

TEST_CASE("S14 2.4 RCVHWM what a subscriber sends is limited in bytes, and nothing that was taken is lost")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    constexpr std::size_t size = 10'000;
    xpub_socket xpub{ctx};
    xpub.set_option(cozmq::option::receive_hwm_bytes{100'000});
    xpub.set_option(cozmq::option::receive_buffer{4'096});
    xsub_socket xsub{ctx};
    xsub.set_option(cozmq::option::send_buffer{4'096});
    xsub.set_option(cozmq::option::send_hwm{10});
    join(xpub, xsub, "ipc://*");
    co_await xsub.wait_connected();
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;
    for (int idle = 0; idle < 200; ++sent) {  // until the sender finds no room for a while
      co_await xsub.send(cozmq::message{std::string(size, 'x')});
      std::uint64_t const lost_now = xsub.stats().dropped.full;
      idle = lost_now > lost ? idle + 1 : 0;
      lost = lost_now;
      REQUIRE((sent - lost) * size < 2'000'000);
      co_await asio::post(io, asio::use_awaitable);
    }
    REQUIRE((sent - lost) * size >= 60'000);
    for (std::uint64_t i = lost; i < sent; ++i) {
      cozmq::message const m = co_await xpub.recv();
      REQUIRE(m.byte_size() == size);
    }
    co_await xsub.send("last");
    std::string const text = co_await text_from(xpub);
    REQUIRE(text == "last");
  });
}
