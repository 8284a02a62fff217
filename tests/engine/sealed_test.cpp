// Connections whose mechanism seals every frame, from socket to socket.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/cutting_proxy.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/toy_mechanism.hpp"
#include "support/wire_frames.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
namespace option = cozmq::option;

namespace {

// The mechanism as an application would ask for it.
struct toy {
  std::uint32_t key = 1;
  static constexpr bool applies_to(cozmq::socket_type) { return true; }
  std::error_code apply(cozmq::engine::socket_options& to) const
  {
    to.mechanism = [key = key] { return std::make_unique<toy_mechanism>(key); };
    return {};
  }
};

// The greeting and the READY of a peer with this mechanism.
octets toy_hello(std::string_view type)
{
  octets hello = hello_octets(type);
  auto const greeting = cozmq::wire::encode_greeting("TOY");
  std::copy(greeting.begin(), greeting.end(), hello.begin());
  return hello;
}

octets seal(toy_mechanism& with, std::string_view body, unsigned flags = 0)
{
  octets result(with.sealed_size(body.size()));
  with.seal(flags, cozmq::as_bytes(body), result.data());
  return result;
}

std::size_t size_of(std::size_t n)
{
  std::size_t const sizes[]{0, 1, 55, 241, 242, 255, 256, 1000, 32'753, 32'754, 65'522, 65'523, 200'000};
  return n % 7 == 0 ? sizes[n / 7 % std::size(sizes)] : n % 300;
}

// Three frames whose parts all tell the number of the message.
cozmq::message numbered(std::size_t n)
{
  std::string const text = std::to_string(n);
  return {text, pattern_text(size_of(n), n), text};
}

std::size_t number_of(cozmq::message const& m)
{
  REQUIRE(m.size() == 3);
  REQUIRE(m[0] == m[2]);
  std::size_t const n = std::stoul(m[0].str());
  REQUIRE(m[1].view() == pattern_text(size_of(n), n));
  return n;
}

}  // namespace

TEST_CASE("sealed messages of every size arrive in order, both ways")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pair_socket here{ctx};
    cozmq::pair_socket there{ctx};
    here.set_option(toy{});
    there.set_option(toy{});
    there.connect(here.bind("tcp://127.0.0.1:*"));
    constexpr std::size_t count = 1000;
    cozmq::spawn(ctx, [&]() -> asio::awaitable<void> {
      for (std::size_t i = 0; i < count; ++i) {
        cozmq::message m = co_await there.recv();
        co_await there.send(std::move(m));
      }
    });
    cozmq::spawn(ctx, [&]() -> asio::awaitable<void> {
      for (std::size_t i = 0; i < count; ++i)
        co_await here.send(numbered(i));
    });
    for (std::size_t i = 0; i < count; ++i) {
      cozmq::message const m = co_await here.recv();
      REQUIRE(number_of(m) == i);
    }
    REQUIRE(here.stats().passed.messages_out == count);
    REQUIRE(here.stats().passed.messages_in == count);
    REQUIRE(here.peers()[0].mechanism == "TOY");
  });
}

TEST_CASE("subscriptions and what a publisher fans out are sealed, too")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pub_socket pub{ctx};
    pub.set_option(toy{});
    std::string const endpoint = pub.bind("tcp://127.0.0.1:*");
    std::vector<cozmq::sub_socket> subs;
    for (int i = 0; i < 3; ++i) {
      subs.emplace_back(ctx);
      subs.back().set_option(toy{});
      subs.back().connect(endpoint);
      subs.back().subscribe("a");
    }
    for (cozmq::sub_socket& sub : subs)
      co_await sub.wait_subscribed();
    for (std::size_t i = 0; i < 100; ++i) {
      co_await pub.send("b", "not wanted");
      co_await pub.send("a", pattern_text(size_of(i)));
    }
    for (cozmq::sub_socket& sub : subs)
      for (std::size_t i = 0; i < 100; ++i) {
        cozmq::message const m = co_await sub.recv();
        REQUIRE(m[1].view() == pattern_text(size_of(i)));
      }
  });
}

TEST_CASE("B25 a sealed connection is reset in the middle of bursts: whole messages arrive, once, in order")
{
  captured_log const quiet;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(toy{});
    std::size_t limit = 0;
    constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
    // At every octet of the handshake and the first messages, then in large steps.
    cutting_proxy proxy{io, port_of(pull.bind("tcp://127.0.0.1:*")), [&limit] {
                          limit += limit < 350 ? 3 : 7919;
                          return limit > 400'000 ? never : limit;
                        }};
    cozmq::push_socket push{ctx};
    push.set_option(toy{});
    push.set_option(option::reconnect_interval{1ms});
    push.connect(proxy.endpoint());
    std::size_t sent = 0;
    std::size_t last = 0;
    std::size_t sent_through_resets = 0;
    while (limit <= 400'000 || last <= sent_through_resets) {
      for (int burst = 0; burst < 20; ++burst) {
        cozmq::message m = numbered(sent + 1);
        if (!push.try_send(m))
          break;
        ++sent;
      }
      for (;;) {
        auto got = co_await (pull.recv() || cozmq::timeout(1ms));
        if (got.index() != 0)
          break;
        std::size_t const n = number_of(std::get<0>(got));
        REQUIRE(n > last);  // neither repeated nor overtaken
        last = n;
      }
      if (limit <= 400'000)
        sent_through_resets = sent;
    }
  });
}

TEST_CASE("what a dead connection has sealed and the kernel has not taken leaves through the next one")
{
  captured_log const quiet;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::push_socket push{ctx};
    push.set_option(toy{});
    push.set_option(option::reconnect_interval{1ms});
    push.set_option(option::send_hwm{100'000});
    raw_listener listener{io};
    push.connect(listener.endpoint());
    std::size_t taken = 0;
    std::size_t sent = 0;
    {
      raw_peer reads_nothing = co_await listener.accept();
      co_await reads_nothing.write(toy_hello("PULL"));
      co_await push.wait_connected();
      // Until the kernel takes no more.
      while (push.stats().queued < 1000) {
        co_await push.send(std::to_string(sent++));
        if (sent % 100 == 0)
          co_await turns(io, 2);
      }
      taken = sent - push.stats().queued;
    }
    raw_peer reads = co_await listener.accept();
    co_await reads.write(toy_hello("PULL"));
    co_await reads.read(toy_hello("PUSH").size());
    toy_mechanism security;
    for (std::size_t i = taken; i < sent; ++i) {
      auto frame = co_await reads.read_frame();
      cozmq::wire::opened_frame opened;
      REQUIRE_FALSE(security.open(frame.first, frame.second, opened));
      REQUIRE(cozmq::as_text(opened.body) == std::to_string(i));
    }
    REQUIRE(push.stats().queued == 0);
  });
}

TEST_CASE("2.4 CONFLATE a newer message takes the place of those that are not sealed yet")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::push_socket push{ctx};
    push.set_option(toy{});
    push.set_option(option::conflate{true});
    cozmq::pull_socket pull{ctx};
    pull.set_option(toy{});
    pull.set_option(option::receive_hwm{1});
    push.connect(pull.bind("tcp://127.0.0.1:*"));
    co_await push.wait_connected();
    std::size_t sent = 0;
    // Until the receiver's mark and both kernels stop it, and much more.
    while (push.stats().queued == 0 || sent % 1000 != 0) {
      co_await push.send(numbered(sent++));
      co_await turns(io, 2);
    }
    for (std::size_t i = 0; i < 1000; ++i)
      co_await push.send(numbered(sent++));
    REQUIRE(push.stats().queued < 1000);
    std::size_t received = 0;
    for (std::size_t next = 0; next < sent; ++received) {
      cozmq::message const m = co_await pull.recv();
      std::size_t const n = number_of(m);
      REQUIRE(n >= next);
      next = n + 1;
    }
    REQUIRE(received < sent);
  });
}

TEST_CASE("reading stops at the mark, and what is sealed stays in the kernel")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::push_socket push{ctx};
    push.set_option(toy{});
    cozmq::pull_socket pull{ctx};
    pull.set_option(toy{});
    pull.set_option(option::receive_hwm{10});
    push.connect(pull.bind("tcp://127.0.0.1:*"));
    std::size_t sent = 0;
    std::string const body = pattern_text(1000);
    for (;; ++sent) {
      cozmq::message m{body};
      if (!push.try_send(m)) {
        co_await turns(io);
        if (!push.try_send(m))
          break;
      }
    }
    REQUIRE(pull.stats().unread >= 10);
    REQUIRE(pull.stats().unread <= 10 + 65536 / 1000);
    for (std::size_t i = 0; i < sent; ++i) {
      cozmq::message const m = co_await pull.recv();
      REQUIRE(m[0] == body);
    }
  });
}

TEST_CASE("heartbeats are sealed, and keep a connection whose receiver is at its mark")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pair_socket a{ctx};
    cozmq::pair_socket b{ctx};
    for (cozmq::pair_socket* socket : {&a, &b}) {
      socket->set_option(toy{});
      socket->set_option(option::heartbeat_interval{20ms});
      socket->set_option(option::heartbeat_timeout{700ms});
      socket->set_option(option::heartbeat_ttl{700ms});
      socket->set_option(option::receive_hwm{1});
    }
    b.connect(a.bind("tcp://127.0.0.1:*"));
    co_await a.wait_connected();
    co_await b.wait_connected();
    // A quiet connection, then one on which b receives nothing although there is something, for two timeouts each.
    asio::steady_timer timer{io};
    for (int round = 0; round < 2; ++round) {
      timer.expires_after(1500ms);
      co_await timer.async_wait(asio::use_awaitable);
      REQUIRE(a.stats().passed.bytes_in > 1000);  // sealed PINGs and PONGs
      REQUIRE(a.stats().disconnects == 0);
      REQUIRE(b.stats().disconnects == 0);
      if (round == 0)
        for (std::size_t i = 0; i < 300; ++i)
          co_await a.send(numbered(i));
    }
    for (std::size_t i = 0; i < 300; ++i) {
      cozmq::message const m = co_await b.recv();
      REQUIRE(number_of(m) == i);
    }
    REQUIRE(a.stats().disconnects == 0);
  });
}

TEST_CASE("sealed frames that come together with the last word of the handshake are opened")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(toy{});
    raw_listener listener{io};
    pull.connect(listener.endpoint());
    raw_peer peer = co_await listener.accept();
    toy_mechanism security;
    std::string const longer = pattern_text(40'000);  // of which a part only is in the same segment
    co_await peer.write(toy_hello("PUSH") + seal(security, "first") + seal(security, "half", more_flag) +
                        seal(security, "other") + seal(security, longer));
    cozmq::message first = co_await pull.recv();
    REQUIRE(first == cozmq::message{"first"});
    cozmq::message second = co_await pull.recv();
    REQUIRE(second == cozmq::message{"half", "other"});
    cozmq::message third = co_await pull.recv();
    REQUIRE(third[0].view() == longer);
  });
}

TEST_CASE("a peer that seals with another key, or not at all, is sent away with what came before delivered")
{
  captured_log log;
  int const kind = GENERATE(0, 1, 2);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(toy{});
    raw_peer peer{io};
    co_await peer.connect(pull.bind("tcp://127.0.0.1:*"));
    co_await peer.write(toy_hello("PUSH"));
    co_await peer.read(toy_hello("PULL").size());
    toy_mechanism right;
    toy_mechanism wrong{2};
    octets const bad[]{seal(wrong, "bad"), frame_octets("in the clear"), from_hex("04 05 04 50 4f 4e 47")};
    co_await peer.write(seal(right, "good") + bad[kind] + seal(right, "too late"));
    co_await peer.wait_closed();
    cozmq::message const good = co_await pull.recv();
    REQUIRE(good == cozmq::message{"good"});
    REQUIRE_FALSE(pull.try_recv());
  });
  auto const expected =
      make_error_code(kind == 0 ? cozmq::errc::not_authentic : cozmq::errc::unexpected_command);
  CHECK(log.count(expected.message()) == 1);
}

TEST_CASE("a socket that closes delivers what it has, sealed")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(toy{});
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    {
      cozmq::push_socket push{ctx};
      push.set_option(toy{});
      push.connect(endpoint);
      for (std::size_t i = 0; i < 500; ++i)
        co_await push.send(numbered(i));
    }
    for (std::size_t i = 0; i < 500; ++i) {
      cozmq::message const m = co_await pull.recv();
      REQUIRE(number_of(m) == i);
    }
  });
}
