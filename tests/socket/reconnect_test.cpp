// Connections that break, peers that come and go, and what a connection survives.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::pull_socket;
using cozmq::push_socket;
namespace option = cozmq::option;

namespace {

option::reconnect_interval const soon{2ms};

template <typename Socket>
concept accepts = requires(Socket& s) { s.accept(); };

}  // namespace

TEST_CASE("B33 connections are hidden: a socket has no accept, only a number of peers")
{
  STATIC_REQUIRE_FALSE(accepts<pull_socket>);
}

TEST_CASE("T2 B25 twenty cut connections: each time a PUSH goes on without a call of the application")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    push.connect(address.endpoint());
    for (int i = 0; i < 20; ++i) {
      raw_peer pull = co_await address.accept();
      co_await pull.handshake("PULL");
      co_await push.send(std::to_string(i));
      auto const [flags, body] = co_await pull.read_frame();
      REQUIRE(cozmq::as_text(body) == std::to_string(i));
      pull.close();
      co_await until(io, [&] { return push.connected_peers() == 0; });
    }
  });
}

TEST_CASE("B25 after each reconnect a SUB sends each of its topics again, once")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    cozmq::sub_socket sub{ctx};
    sub.set_option(soon);
    sub.subscribe("twice");
    sub.subscribe("twice");
    sub.connect(address.endpoint());
    for (int i = 0; i < 20; ++i) {
      raw_peer pub = co_await address.accept();
      co_await pub.handshake("PUB");
      auto const [flags, body] = co_await pub.read_frame();
      REQUIRE(flags == cozmq::wire::flag_command);
      REQUIRE(cozmq::as_text(body) == "\x09SUBSCRIBEtwice");
      co_await pub.write(frame_octets("twice!"));
      std::string const text = co_await text_from(sub);
      REQUIRE(text == "twice!");
      co_await pub.ping();  // nothing else came in between
    }
  });
}

TEST_CASE("B2 B25 T2 a PULL that goes and comes back at its address gets what is sent then, on tcp and ipc")
{
  captured_log log;
  bool const tcp = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const endpoint =
        tcp ? raw_listener{io}.endpoint() : "ipc://@cozmq-come-and-go-" + std::to_string(::getpid());
    push_socket push{ctx};
    push.set_option(soon);
    push.connect(endpoint);
    for (int i = 0; i < 20; ++i) {
      pull_socket pull{ctx};
      pull.bind(endpoint);
      co_await push.wait_connected();
      co_await push.send(std::to_string(i));
      std::string const text = co_await text_from(pull);
      REQUIRE(text == std::to_string(i));
      pull.close();
      co_await until(io, [&] { return push.connected_peers() == 0; });
    }
  });
}

TEST_CASE(
    "a connecting endpoint's queue survives: what the kernel had not taken leaves whole through the next "
    "connection")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    constexpr std::size_t count = 300;
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    push.connect(address.endpoint());
    for (std::size_t i = 0; i < count; ++i) {
      std::string body = blob(50'000);
      body.replace(0, 4, std::to_string(1000 + i));
      co_await push.send(body);
    }
    {
      raw_peer stalled = co_await address.accept();
      co_await stalled.handshake("PULL");
      co_await stalled.read(100);  // the middle of a message
    }
    raw_peer pull = co_await address.accept();
    co_await pull.handshake("PULL");
    std::optional<std::size_t> before;
    for (;;) {
      auto const [flags, body] = co_await pull.read_frame();
      REQUIRE(body.size() == 50'000);
      std::size_t const number = std::stoul(std::string{cozmq::as_text(body).substr(0, 4)}) - 1000;
      REQUIRE((!before || number == *before + 1));
      before = number;
      if (number == count - 1)
        break;
    }
  });
}

TEST_CASE("with reconnecting off one failure is the last")
{
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket push{ctx};
  push.set_option(option::reconnect_interval::off());
  push.connect(raw_listener{io}.endpoint());
  io.run();  // returns: there is nothing left to do
  REQUIRE(log.lines.size() == 1);
  REQUIRE(log.count("not trying again") == 1);
}

TEST_CASE("B31 trouble on a connection is logged once per cause, retried, and reaches no other operation")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    pull_socket pull{ctx};
    push_socket push{ctx};
    pull.set_option(soon);
    join(pull, push, "inproc://unrelated");
    pull.connect(address.endpoint());
    for (int i = 0; i < 10; ++i)
      (co_await address.accept()).close();
    REQUIRE(log.count(address.endpoint()) <= 2);  // closed, or reset: two causes at most
    REQUIRE(log.count("retrying every 2 ms") >= 1);
    co_await push.send("unrelated");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "unrelated");
  });
}

TEST_CASE("a name that does not resolve is logged once and tried again")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(soon);
    pull.connect("tcp://no-such-host.invalid:5555");
    co_await until(io, [&] { return !log.lines.empty(); });
    REQUIRE(log.count("cannot resolve no-such-host.invalid") == 1);
  });
}

TEST_CASE("a peer that says ERROR is not asked again")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket wrong{ctx};
    push_socket push{ctx};
    push.set_option(soon);
    push.connect(wrong.bind("tcp://127.0.0.1:*"));
    co_await push.send("never delivered");
    co_await until(io, [&] { return log.count("not trying again") == 1; });
    REQUIRE(log.count("not trying again, 1 messages undelivered") == 1);
    cozmq::message m{"nor this"};
    REQUIRE_FALSE(push.try_send(m));
  });
}

TEST_CASE("T10 what does not speak ZMTP loses its connection, and nobody else notices")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    std::string const endpoint = join(pull, push, "tcp://127.0.0.1:*");
    co_await pull.wait_connected();
    for (int i = 0; i < 5; ++i) {
      raw_peer browser{io};
      co_await browser.connect(endpoint);
      co_await browser.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      co_await browser.wait_closed();
    }
    REQUIRE(log.count("does not speak ZMTP") == 1);
    REQUIRE(log.lines.size() == 1);
    co_await push.send("as before");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "as before");
  });
}

TEST_CASE("T10 on the wire a PUSH of Hello is 00 05 Hello, and a REQ puts the delimiter 01 00 before it")
{
  bool const ask = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    cozmq::req_socket req{ctx};
    ask ? req.connect(address.endpoint()) : push.connect(address.endpoint());
    raw_peer peer = co_await address.accept();
    co_await peer.handshake(ask ? "REP" : "PULL");
    if (ask)
      co_await req.send("Hello");
    else
      co_await push.send("Hello");
    std::string const expected = ask ? "0100000548656c6c6f" : "000548656c6c6f";
    octets const sent = co_await peer.read(expected.size() / 2);
    REQUIRE(to_hex(sent) == expected);
  });
}
