// PUB and SUB: topics, fan-out, slow subscribers, late subscribers.
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace cozmq::test;
using cozmq::pub_socket;
using cozmq::sub_socket;

namespace {

// A subscriber that is connected by hand.
asio::awaitable<void> subscribe(raw_peer& sub, pub_socket& pub, std::string const& endpoint,
                                std::string topic)
{
  co_await sub.connect(endpoint);
  co_await sub.handshake("SUB");
  octets command;
  cozmq::wire::append_command(command, "SUBSCRIBE", cozmq::as_bytes(topic));
  co_await sub.write(std::move(command));
  co_await pub.wait_subscribers(topic);
}

// Counts the messages, and their bytes, that arrive before the one "end".
asio::awaitable<std::size_t> count_to_end(raw_peer& sub)
{
  for (std::size_t count = 0;; ++count) {
    auto const [flags, body] = co_await sub.read_frame();
    if (cozmq::as_text(body) == "end")
      co_return count;
  }
}

std::size_t resident_bytes()
{
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("S2 S8 S10 PUB only sends, SUB only receives")
{
  STATIC_REQUIRE(cozmq::can_send<cozmq::pattern::pub>);
  STATIC_REQUIRE_FALSE(cozmq::can_receive<cozmq::pattern::pub>);
  STATIC_REQUIRE(cozmq::can_receive<cozmq::pattern::sub>);
  STATIC_REQUIRE_FALSE(cozmq::can_send<cozmq::pattern::sub>);
}

TEST_CASE("A12 A13 T9 a SUB receives what starts with its topics, until it has taken each subscription back")
{
  std::string const any = every_transport();
  bool const pub_binds = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    sub_socket sub{ctx};
    pub_binds ? join(pub, sub, any) : join(sub, pub, any);
    for (std::string_view topic : {"8", "5", "5"})
      sub.subscribe(topic);
    co_await pub.wait_subscribers("8");
    co_await pub.wait_subscribers("5");
    for (std::string_view text : {"7 no", "8 yes", "58 yes", "", "85 yes"})
      co_await pub.send(text);
    for (std::string_view expected : {"8 yes", "58 yes", "85 yes"}) {
      std::string const text = co_await text_from(sub);
      REQUIRE(text == expected);
    }

    REQUIRE(sub.unsubscribe("5"));
    sub.subscribe("first taken back");
    co_await pub.wait_subscribers("first taken back");
    co_await pub.send("5 still");
    std::string text = co_await text_from(sub);
    REQUIRE(text == "5 still");

    REQUIRE(sub.unsubscribe("5"));
    REQUIRE_FALSE(sub.unsubscribe("5"));
    sub.subscribe("second taken back");
    co_await pub.wait_subscribers("second taken back");
    co_await pub.send("5 no longer");
    co_await pub.send("8 still");
    text = co_await text_from(sub);
    REQUIRE(text == "8 still");
    co_await turns(io, 1);
  });
}

TEST_CASE("A14 the empty topic stands for every message, empty ones too")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    sub_socket sub{ctx};
    join(pub, sub, any);
    sub.subscribe("");
    co_await pub.wait_subscribers("anything");
    for (std::string_view sent : {"", "x", "\x01y"}) {
      co_await pub.send(sent);
      std::string const text = co_await text_from(sub);
      REQUIRE(text == sent);
    }
  });
}

TEST_CASE("S3 what a subscriber sends never disturbs a PUB")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    raw_peer sub{io};
    co_await subscribe(sub, pub, pub.bind("tcp://127.0.0.1:*"), "a");
    co_await sub.write(frame_octets("neither 0 nor 1") + frame_octets(""));
    co_await sub.write(frame_octets("\x01old form"));
    co_await pub.wait_subscribers("old form");
    co_await pub.send("a1");
    auto const [flags, body] = co_await sub.read_frame();
    REQUIRE(cozmq::as_text(body) == "a1");
  });
}

TEST_CASE("S4 B5 every matching subscriber gets each message once, however many of its topics match")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    std::string const endpoint = pub.bind(any);
    std::vector<sub_socket> subs;
    for (int i = 0; i < 3; ++i) {
      subs.emplace_back(ctx).connect(endpoint);
      for (std::string_view topic : {"", "a", "ab", "b"})
        subs.back().subscribe(topic);
    }
    co_await pub.wait_subscribers("b", 3);
    for (std::string_view text : {"abc", "b", "end"})
      co_await pub.send(text);
    for (sub_socket& sub : subs)
      for (std::string_view expected : {"abc", "b", "end"}) {
        std::string const text = co_await text_from(sub);
        REQUIRE(text == expected);
      }
  });
}

TEST_CASE("S5 B12 B28 a stalled subscriber loses messages above its mark, the other one loses none")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    constexpr std::size_t count = 8'000;
    pub_socket pub{ctx};
    pub.set_option(cozmq::option::send_hwm{100});
    std::string const endpoint = pub.bind("tcp://127.0.0.1:*");
    raw_peer stalled{io};
    co_await subscribe(stalled, pub, endpoint, "");
    sub_socket quick{ctx};
    quick.connect(endpoint);
    quick.subscribe("");
    co_await pub.wait_subscribers("", 2);
    cozmq::message const sample{blob(10'000)};
    for (std::size_t i = 0; i < count; ++i) {
      co_await pub.send(sample);
      cozmq::message const m = co_await quick.recv();
      REQUIRE(m.byte_size() == 10'000);
    }
    // What reaches the stalled one is what lay in the queue and in the kernel's buffers.
    bool ended = false;
    std::size_t received = 0;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          received = co_await count_to_end(stalled);
          ended = true;
        },
        asio::detached);
    while (!ended) {
      co_await pub.send("end");
      co_await turns(io, 10);
    }
    REQUIRE(received < 2'000);
  });
}

TEST_CASE("B12 a publisher holds no more memory for a slow subscriber than its mark times the message size")
{
  // Large messages are held where they are, so that those not given back yet can be counted.
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    constexpr std::size_t mark = 50;
    pub_socket pub{ctx};
    pub.set_option(cozmq::option::send_hwm{mark});
    raw_peer stalled{io};
    co_await subscribe(stalled, pub, pub.bind("tcp://127.0.0.1:*"), "");
    std::vector<std::byte> bytes(100'000);
    std::size_t held = 0;
    std::size_t most = 0;
    for (int i = 0; i < 2'000; ++i) {
      ++held;
      cozmq::frame adopted = cozmq::frame::adopt(bytes.data(), bytes.size(), [&held] { --held; });
      co_await pub.send(std::move(adopted));
      most = std::max(most, held);
    }
    REQUIRE(most >= mark);
    REQUIRE(most <= mark + 1);
    pub.close();
    co_await stalled.wait_closed();
    REQUIRE(held == 0);
  });
}

TEST_CASE("S6 a million sends to a stalled subscriber never have to wait")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    raw_peer stalled{io};
    co_await subscribe(stalled, pub, pub.bind("tcp://127.0.0.1:*"), "");
    bool all = true;
    for (int i = 0; i < 1'000'000; ++i) {
      cozmq::message m{"one of a million"};
      all = pub.try_send(m) && all;
    }
    REQUIRE(all);
  });
}

TEST_CASE(
    "S9 B10 a SUB takes one of each publisher in turn, however much one has sent before the other began")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    sub_socket sub{ctx};
    sub.subscribe("");
    sub.set_option(cozmq::option::receive_hwm{10'000});
    pub_socket a{ctx};
    pub_socket b{ctx};
    a.set_option(cozmq::option::send_hwm{10'000});
    b.set_option(cozmq::option::send_hwm{10'000});
    b.connect(join(sub, a, any));
    co_await a.wait_subscribers("");
    co_await b.wait_subscribers("");
    for (int i = 0; i < 6'000; ++i)
      co_await a.send("a");
    co_await until(io, [&] { return sub.stats().unread == 6'000; });
    for (int i = 0; i < 5'000; ++i)
      co_await b.send("b");
    co_await until(io, [&] { return sub.stats().unread == 11'000; });
    for (int i = 0; i < 5'000; ++i) {
      std::string const first = co_await text_from(sub);
      std::string const second = co_await text_from(sub);
      REQUIRE(first != second);
    }
    for (int i = 0; i < 1'000; ++i) {
      std::string const rest = co_await text_from(sub);
      REQUIRE(rest == "a");
    }
  });
}

TEST_CASE("S11 B8 without a subscription nothing is delivered, and after it what is published from then on")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    sub_socket sub{ctx};
    join(pub, sub, any);
    co_await pub.wait_connected();
    co_await sub.wait_connected();
    co_await pub.send("too early");
    co_await turns(io);
    REQUIRE_FALSE(sub.try_recv());
    sub.subscribe("");
    co_await pub.wait_subscribers("");
    co_await pub.send("in time");
    std::string const text = co_await text_from(sub);
    REQUIRE(text == "in time");
  });
}

TEST_CASE("B6 topics are any bytes, NUL and 0xff too")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    using namespace std::string_view_literals;
    pub_socket pub{ctx};
    sub_socket sub{ctx};
    join(pub, sub, any);
    sub.subscribe("\0\xff"sv);
    co_await pub.wait_subscribers("\0\xff"sv);
    co_await pub.send("\0no"sv);
    co_await pub.send("\xff\0no"sv);
    co_await pub.send("\0\xff\0yes"sv);
    std::string const text = co_await text_from(sub);
    REQUIRE(text == "\0\xff\0yes"sv);
  });
}

TEST_CASE("B9 publishing right after wait_subscribers loses nothing in a thousand runs")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    for (int run = 0; run < 1'000; ++run) {
      pub_socket pub{ctx};
      sub_socket sub{ctx};
      join(pub, sub, "tcp://127.0.0.1:*");
      sub.subscribe("run ");
      co_await pub.wait_subscribers("run ");
      std::string const sent = fmt::format("run {}", run);
      co_await pub.send(sent);
      std::string const text = co_await text_from(sub);
      REQUIRE(text == sent);
    }
  });
}

TEST_CASE("B11 a PUB without subscribers drops everything and keeps nothing")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    pub.bind("tcp://127.0.0.1:*");
    std::string const text(100, 'x');
    auto const send_all = [&](int count) {
      for (int i = 0; i < count; ++i) {
        cozmq::message m{std::string_view{text}};
        pub.try_send(m);
      }
    };
    if (!cozmq::detail::reuses_memory) {
      send_all(100'000);  // what is freed stays in AddressSanitizer's quarantine
      co_return;
    }
    send_all(1'000);
    std::size_t const before = resident_bytes();
    send_all(10'000'000);
    REQUIRE(resident_bytes() < before + 1'000'000);
  });
}

TEST_CASE("B13 only what a subscriber wants is sent to it")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pub_socket pub{ctx};
    raw_peer sub{io};
    std::string const endpoint = pub.bind("tcp://127.0.0.1:*");
    co_await subscribe(sub, pub, endpoint, "42");
    octets command;
    cozmq::wire::append_command(command, "SUBSCRIBE", cozmq::as_bytes("end"));
    co_await sub.write(std::move(command));
    co_await pub.wait_subscribers("end");
    for (int i = 0; i < 10'000; ++i)
      co_await pub.send(fmt::format("{:02}", i % 100));
    co_await pub.send("end");
    std::size_t const received = co_await count_to_end(sub);
    REQUIRE(received == 100);
  });
}
