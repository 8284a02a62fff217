// Limits that hold against anyone: how many may come, how fast, and what they may send.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/few_descriptors.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>
#include <cozmq/engine/exposure.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::errc;
using cozmq::event;
using cozmq::event_kind;
using cozmq::event_reader;
namespace option = cozmq::option;
namespace wire = cozmq::wire;

namespace {

// The first of that kind.
asio::awaitable<event> first(event_reader from, event_kind kind)
{
  event e = co_await from.next();
  while (e.kind != kind)
    e = co_await from.next();
  co_return e;
}

// Peers that connect, in this order, and say nothing.
class silent_crowd {
 public:
  asio::awaitable<void> grow(asio::io_context& io, std::string endpoint, std::size_t count)
  {
    for (std::size_t i = 0; i < count; ++i)
      co_await peers.emplace_back(io).connect(endpoint);
  }

  std::list<raw_peer> peers;
};

// NULL, as if it cost much.
class dear_mechanism final : public wire::mechanism {
 public:
  std::string_view name() const noexcept override { return in_.name(); }
  void start(bool binding, cozmq::properties own, std::vector<std::byte>& out) override
  {
    in_.start(binding, std::move(own), out);
  }
  wire::mechanism_result on_command(wire::command_view command, std::vector<std::byte>& out) override
  {
    return in_.on_command(command, out);
  }
  void accept(std::vector<std::byte>& out) override { in_.accept(out); }
  void refuse(std::string_view reason, std::vector<std::byte>& out) override { in_.refuse(reason, out); }
  bool is_dear() const noexcept override { return true; }

 private:
  wire::null_mechanism in_;
};

struct dear {
  static constexpr bool applies_to(cozmq::socket_type) { return true; }
  std::error_code apply(cozmq::engine::socket_options& to) const
  {
    to.mechanism = [] { return std::make_unique<dear_mechanism>(); };
    return {};
  }
};

struct few_unread {
  static constexpr bool applies_to(cozmq::socket_type) { return true; }
  std::error_code apply(cozmq::engine::socket_options& to) const
  {
    to.admission.unread = 3;
    return {};
  }
};

octets command(std::string_view name, octets const& data)
{
  octets out;
  wire::append_command(out, name, data);
  return out;
}

octets subscribe(std::string_view topic)
{
  return command("SUBSCRIBE", from_text(topic));
}

}  // namespace

TEST_CASE("silent peers do not keep others out: the oldest handshakes give way")
{
  captured_log log;
  bool const tcp = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(option::max_handshakes{20});
    event_reader const events = pull.events();
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    std::string const other = pull.bind("ipc://*");
    silent_crowd crowd;
    co_await crowd.grow(io, endpoint, 50);
    cozmq::push_socket push{ctx};
    push.connect(tcp ? endpoint : other);  // the other one has a limit of its own
    co_await push.send("hello");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "hello");
    co_await until(io, [&] { return pull.stats().accepted == 51; });

    std::size_t const cut = tcp ? 31 : 30;
    cozmq::socket_stats const stats = pull.stats();
    REQUIRE(stats.gave_way == cut);
    REQUIRE(stats.handshake_failures == cut);
    event const e = co_await first(events, event_kind::handshake_failed);
    REQUIRE(e.error == errc::too_many_handshakes);
    REQUIRE(e.endpoint == endpoint);
    REQUIRE(e.peer->address ==
            "tcp://127.0.0.1:" + std::to_string(crowd.peers.front().stream().local_endpoint().port()));
    REQUIRE(log.count("max_handshakes") == 1);
    REQUIRE(log.lines.size() == 1);

    // The oldest are gone, the newest may still come in.
    std::size_t i = 0;
    for (raw_peer& peer : crowd.peers)
      if (i++ < cut)
        co_await peer.wait_closed();
    std::string const ready = co_await crowd.peers.back().handshake("PUSH");
    REQUIRE(ready.substr(0, 6) == "\x05READY");
    REQUIRE(pull.connected_peers() == 2);
  });
}

TEST_CASE("when max_handshakes is lowered, the next one who comes is enough for all that are too many")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    silent_crowd crowd;
    co_await crowd.grow(io, endpoint, 5);
    co_await until(io, [&] { return pull.stats().accepted == 5; });
    pull.set_option(option::max_handshakes{2});
    co_await crowd.grow(io, endpoint, 1);
    co_await until(io, [&] { return pull.stats().accepted == 6; });
    REQUIRE(pull.stats().gave_way == 4);
  });
}

TEST_CASE("a handshake that is complete takes no place, and one that has failed neither")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(option::max_handshakes{1});
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    std::list<raw_peer> peers;
    for (std::size_t i = 0; i < 5; ++i) {
      raw_peer broken{io};
      co_await broken.connect(endpoint);
      co_await broken.write("this is no greeting");
      co_await broken.wait_closed();
      co_await peers.emplace_back(io).connect(endpoint);
      co_await peers.back().handshake("PUSH");
      co_await until(io, [&] { return pull.connected_peers() == i + 1; });
    }
    REQUIRE(pull.stats().gave_way == 0);
    REQUIRE(pull.stats().handshake_failures == 5);
  });
}

TEST_CASE("a connection above max_connections is closed at once, until one of the others has gone")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(option::max_connections{2});
    event_reader const events = pull.events();
    std::string const one = pull.bind("tcp://127.0.0.1:*");
    std::string const two = pull.bind("tcp://127.0.0.1:*");
    raw_peer a{io};
    raw_peer b{io};
    co_await a.connect(one);
    co_await a.handshake("PUSH");
    co_await b.connect(two);  // at whatever endpoint
    co_await b.handshake("PUSH");
    co_await until(io, [&] { return pull.connected_peers() == 2; });
    for (int i = 0; i < 3; ++i) {
      raw_peer late{io};
      co_await late.connect(i == 0 ? one : two);
      co_await late.wait_closed();
      event const e = co_await first(events, event_kind::accept_failed);
      REQUIRE(e.error == errc::too_many_connections);
      REQUIRE(e.endpoint == (i == 0 ? one : two));
      REQUIRE(e.reason.find("max_connections") != std::string::npos);
    }
    REQUIRE(pull.stats().turned_away == 3);
    REQUIRE(pull.stats().gave_way == 0);
    REQUIRE(pull.stats().accepted == 2);
    REQUIRE(log.count("max_connections") == 2);  // once for each endpoint

    b.close();
    co_await until(io, [&] { return pull.connected_peers() == 1; });
    raw_peer c{io};
    co_await c.connect(one);
    co_await c.handshake("PUSH");
    co_await until(io, [&] { return pull.connected_peers() == 2; });
    REQUIRE(pull.stats().turned_away == 3);
  });
}

TEST_CASE("silent peers that use up max_connections do not keep others out: the oldest give way")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(option::max_connections{5});
    event_reader const events = pull.events();
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    silent_crowd crowd;
    co_await crowd.grow(io, endpoint, 8);
    std::list<raw_peer> good;
    for (std::size_t i = 0; i < 5; ++i) {
      co_await good.emplace_back(io).connect(endpoint);
      co_await good.back().handshake("PUSH");
      co_await until(io, [&] { return pull.connected_peers() == i + 1; });
    }
    for (raw_peer& peer : crowd.peers)
      co_await peer.wait_closed();
    event const e = co_await first(events, event_kind::handshake_failed);
    REQUIRE(e.error == errc::too_many_handshakes);
    REQUIRE(e.reason.find("max_connections") != std::string::npos);
    REQUIRE(pull.stats().gave_way == 8);
    REQUIRE(pull.stats().turned_away == 0);
    REQUIRE(log.count("max_connections") == 1);
    REQUIRE(log.lines.size() == 1);

    raw_peer late{io};
    co_await late.connect(endpoint);
    co_await late.wait_closed();
    REQUIRE(pull.stats().turned_away == 1);
    REQUIRE(pull.connected_peers() == 5);
  });
}

TEST_CASE("no handshake gives way for one who is turned away all the same")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    std::string const other = pull.bind("tcp://127.0.0.1:*");
    raw_peer good{io};
    co_await good.connect(endpoint);
    co_await good.handshake("PUSH");
    silent_crowd crowd;
    co_await crowd.grow(io, endpoint, 2);
    co_await until(io, [&] { return pull.stats().accepted == 3; });
    pull.set_option(option::max_connections{1});
    raw_peer late{io};
    co_await late.connect(endpoint);
    co_await late.wait_closed();
    pull.set_option(option::max_connections{2});
    raw_peer elsewhere{io};  // where no handshake is in progress
    co_await elsewhere.connect(other);
    co_await elsewhere.wait_closed();
    REQUIRE(pull.stats().turned_away == 2);
    REQUIRE(pull.stats().gave_way == 0);

    // Both go for one who can have a place then.
    raw_peer in_time{io};
    co_await in_time.connect(endpoint);
    co_await in_time.handshake("PUSH");
    co_await until(io, [&] { return pull.connected_peers() == 2; });
    REQUIRE(pull.stats().gave_way == 2);
  });
}

TEST_CASE("who has gone counts until what he sent has been received")
{
  captured_log log;
  bool const raw = GENERATE(true, false);
  auto const check = [&](auto make) {
    scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
      auto socket = make(ctx);
      socket.set_option(option::max_connections{2});
      std::string const endpoint = socket.bind("tcp://127.0.0.1:*");
      for (std::uint64_t i = 0; i < 2; ++i) {
        raw_peer stranger{io};
        co_await stranger.connect(endpoint);
        if (!raw)
          co_await stranger.handshake("PUSH");
        co_await stranger.write(frame_octets("hello"));
        if (!raw)
          co_await stranger.ping();
        stranger.close();
        co_await until(io, [&] { return socket.stats().disconnects == i + 1; });
      }
      raw_peer late{io};
      co_await late.connect(endpoint);
      co_await late.wait_closed();
      REQUIRE(socket.stats().turned_away == 1);

      std::size_t received = 0;
      while (socket.try_recv())
        ++received;
      REQUIRE(received == (raw ? 6 : 2));  // that it came, what it sent and that it has gone
      co_await turns(io);
      raw_peer in_time{io};
      co_await in_time.connect(endpoint);
      co_await until(io, [&] { return socket.stats().accepted == 3; });
      REQUIRE(socket.stats().turned_away == 1);
    });
  };
  if (raw)
    check([](cozmq::context& ctx) { return cozmq::stream_socket{ctx}; });
  else
    check([](cozmq::context& ctx) { return cozmq::pull_socket{ctx}; });
}

TEST_CASE("accepting pauses while too many have gone whose messages nobody has received")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(few_unread{});
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    std::string const other = pull.bind("tcp://127.0.0.1:*");
    raw_peer stays{io};
    co_await stays.connect(endpoint);
    co_await stays.handshake("PUSH");
    for (std::uint64_t i = 0; i < 3; ++i) {
      raw_peer stranger{io};
      co_await stranger.connect(endpoint);
      co_await stranger.handshake("PUSH");
      co_await stranger.write(frame_octets("hello"));
      co_await stranger.ping();
      stranger.close();
      co_await until(io, [&] { return pull.stats().disconnects == i + 1; });
    }
    raw_peer late{io};
    co_await late.connect(endpoint);
    co_await until(io, [&] { return log.count("nobody has received") == 1; });
    REQUIRE(pull.stats().accepted == 4);
    raw_peer elsewhere{io};  // each endpoint has its own
    co_await elsewhere.connect(other);
    co_await until(io, [&] { return pull.stats().accepted == 5; });
    cozmq::message const m = co_await pull.recv();
    REQUIRE(m[0] == "hello");
    while (pull.try_recv())
      continue;
    co_await late.handshake("PUSH");
    co_await until(io, [&] { return pull.connected_peers() == 2; });
    REQUIRE(pull.stats().turned_away == 0);
  });
}

TEST_CASE("dear handshakes wait for their turn, others do not")
{
  captured_log log;
  bool const is_dear = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(option::max_handshakes_per_second{1});
    if (is_dear)
      pull.set_option(dear{});
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    auto const begun = std::chrono::steady_clock::now();
    silent_crowd crowd;
    co_await crowd.grow(io, endpoint, 3);
    std::string const ready = co_await crowd.peers.back().handshake("PUSH");
    // One at once, and each of the others a second later.
    auto const took = std::chrono::steady_clock::now() - begun;
    if (is_dear)
      REQUIRE(took >= 2s);
    REQUIRE(ready.substr(0, 6) == "\x05READY");
    REQUIRE(pull.stats().accepted == 3);
    REQUIRE(log.count("max_handshakes_per_second") == (is_dear ? 1 : 0));
  });
}

TEST_CASE("2.10 EMFILE accepting pauses while descriptors run short, without spinning, and goes on by itself")
{
  captured_log log;
  // Near the limit accepting pauses before it is reached; or there is none left.
  int const first_free = GENERATE(188, 198);
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pull_socket pull{ctx};
  event_reader const events = pull.events();
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  std::list<raw_peer> peers;
  bool full = false;
  std::size_t handlers = 0;
  std::uint64_t accepted = 0;
  event failed;
  {
    // Nothing is checked in here: sanitizers, and who prints, need descriptors too.
    few_descriptors scarce{200, first_free};
    run_test(io, [&]() -> asio::awaitable<void> {
      co_await peers.emplace_back(io).connect(endpoint);
      if (first_free == 188) {
        co_await peers.back().handshake("PUSH");  // one that is through gives no way
        co_await peers.emplace_back(io).connect(endpoint);
      } else {
        std::error_code ec;  // takes the last one
        peers.emplace_back(io).stream().open(asio::ip::tcp::v4(), ec);
      }
      failed = co_await first(events, event_kind::accept_failed);
      full = true;
    }());
    handlers = io.run_for(500ms);
    accepted = pull.stats().accepted;
    scarce.give_back();
    run_test(io, [&]() -> asio::awaitable<void> {
      co_await until(io, [&] { return pull.stats().accepted == (first_free == 188 ? 2 : 1); });
    }());
  }
  REQUIRE(full);
  REQUIRE(failed.error == std::errc::too_many_files_open);
  REQUIRE(failed.endpoint == endpoint);
  REQUIRE(accepted == (first_free == 188 ? 1 : 0));
  REQUIRE(handlers < 50);
  REQUIRE(log.count("accepting is paused") == 1);
  REQUIRE(log.lines.size() == 1);
}

TEST_CASE("silent peers that use up the descriptors do not keep others out: the oldest give way")
{
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pull_socket pull{ctx};
  event_reader const events = pull.events();
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  silent_crowd crowd;
  raw_peer good{io};
  std::string ready;
  std::size_t handlers = 0;
  {
    // Nothing is checked in here: sanitizers, and who prints, need descriptors too.
    few_descriptors scarce{200, 180};
    run_test(io, [&]() -> asio::awaitable<void> {
      co_await crowd.grow(io, endpoint, 12);
      co_await good.connect(endpoint);
      ready = co_await good.handshake("PUSH");
      co_await until(io, [&] { return pull.stats().accepted == 13; });
    }());
    handlers = io.run_for(300ms);
  }
  cozmq::socket_stats const stats = pull.stats();
  REQUIRE(ready.substr(0, 6) == "\x05READY");
  REQUIRE(stats.peers == 1);
  REQUIRE(stats.gave_way >= 5);
  REQUIRE(stats.gave_way < 12);
  REQUIRE(stats.handshake_failures == stats.gave_way);
  REQUIRE(handlers < 50);
  REQUIRE(log.count("gave way to a newer one: nearly all of the 200 descriptors") == 1);
  REQUIRE(log.lines.size() == 1);
  event failed;
  run_test(io, [&]() -> asio::awaitable<void> {
    failed = co_await first(events, event_kind::handshake_failed);
    co_await crowd.peers.front().wait_closed();
  }());
  REQUIRE(failed.error == errc::too_many_handshakes);
  REQUIRE(failed.reason.find("ulimit -n") != std::string::npos);
}

TEST_CASE("without any descriptor left the one of a silent peer goes to the next one, who then keeps it")
{
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pull_socket pull{ctx};
  event_reader const events = pull.events();
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  silent_crowd crowd;
  raw_peer good{io};
  std::string ready;
  bool pauses = false;
  {
    run_test(io, [&]() -> asio::awaitable<void> {
      co_await crowd.grow(io, endpoint, 1);
      co_await until(io, [&] { return pull.stats().accepted == 1; });
    }());
    few_descriptors scarce{200, 198};
    run_test(io, [&]() -> asio::awaitable<void> {
      std::error_code ec;  // both take the last ones
      good.stream().open(asio::ip::tcp::v4(), ec);
      crowd.peers.emplace_back(io).stream().open(asio::ip::tcp::v4(), ec);
      co_await good.connect(endpoint);
      co_await until(io, [&] { return pull.stats().accepted == 2; });
      co_await turns(io);
      ready = co_await good.handshake("PUSH");
      // Now nobody is there who could give way.
      crowd.peers.pop_back();
      co_await crowd.peers.emplace_back(io).connect(endpoint);
      event const e = co_await first(events, event_kind::accept_failed);
      pauses = e.error == std::errc::too_many_files_open;
    }());
  }
  REQUIRE(ready.substr(0, 6) == "\x05READY");
  REQUIRE(pauses);
  REQUIRE(pull.stats().gave_way == 1);
  REQUIRE(pull.stats().peers == 1);
}

TEST_CASE("a handshake larger than max_handshake_size fails, however it is cut into commands")
{
  struct row {
    bool plain;  // two commands; NULL has one
    std::size_t size;
    std::string_view why;
  };
  row const given =
      GENERATE(row{false, 1100, ""}, row{false, 1980, "larger than 2048"}, row{false, 4000, "announced"},
               row{true, 1100, ""}, row{true, 1600, "larger than 2048"});
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(option::max_handshake_size{2048});
    if (given.plain) {
      auto const everybody = [](cozmq::auth_request const&) { return cozmq::auth_reply::admit(); };
      pull.set_option(option::plain_server{});
      pull.set_option(option::authenticator{everybody});
    }
    event_reader const events = pull.events();
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    raw_peer peer{io};
    co_await peer.connect(endpoint);
    octets properties = from_hex("0b") + from_text("Socket-Type") + from_hex("00000004") + from_text("PUSH");
    properties = properties + from_hex("03") + from_text("X-a") + from_hex("0000");
    properties.push_back(static_cast<std::byte>(given.size >> 8));
    properties.push_back(static_cast<std::byte>(given.size & 0xFF));
    properties.resize(properties.size() + given.size, std::byte{'v'});
    auto const greeting = wire::encode_greeting(given.plain ? "PLAIN" : "NULL");
    co_await peer.write(octets{greeting.begin(), greeting.end()});
    if (given.plain) {
      octets const part = from_hex("fa") + octets(250, std::byte{'p'});
      co_await peer.write(command("HELLO", part + part));
      co_await peer.read(wire::greeting_size);
      co_await peer.read_frame();
    }
    co_await peer.write(command(given.plain ? "INITIATE" : "READY", properties));
    bool const fits = given.why.empty();
    event const e =
        co_await first(events, fits ? event_kind::handshake_succeeded : event_kind::handshake_failed);
    REQUIRE(e.error == (fits ? std::error_code{} : errc::malformed_command));
    REQUIRE(e.reason.find(given.why) != std::string::npos);
    if (e.error)
      co_await peer.wait_closed();
  });
}

TEST_CASE("a command larger than max_command_size ends the connection, one of that size does not")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    pull.set_option(option::max_command_size{600});
    event_reader const events = pull.events();
    raw_peer peer{io};
    co_await peer.connect(pull.bind("tcp://127.0.0.1:*"));
    co_await peer.handshake("PUSH");
    co_await peer.write(command("UNKNOWN", octets(600 - 8)));
    co_await peer.ping();
    co_await peer.write(command("UNKNOWN", octets(600 - 7)));
    event const e = co_await first(events, event_kind::disconnected);
    REQUIRE(e.error == errc::malformed_command);
    co_await peer.wait_closed();
  });
}

TEST_CASE("a subscriber beyond the limits loses its connection, others stay")
{
  int const which = GENERATE(0, 1, 2);
  bool const extended = GENERATE(true, false);
  // Long ones for the last limit, which is also that of what an XPUB's application has not received.
  std::string const end = which == 2 ? std::string(395, '.') : "";
  auto const check = [&](auto make) {
    scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
      auto pub = make(ctx);
      if (which == 0)
        pub.set_option(option::max_subscriptions{2});
      else if (which == 1)
        pub.set_option(option::max_topic_size{5});
      else
        pub.set_option(option::max_subscription_bytes{1000});
      event_reader const events = pub.events();
      std::string const endpoint = pub.bind("tcp://127.0.0.1:*");
      raw_peer good{io};
      raw_peer bad{io};
      for (raw_peer* const peer : {&good, &bad}) {
        co_await peer->connect(endpoint);
        co_await peer->handshake("SUB");
        co_await peer->write(subscribe("topic" + end) + subscribe("other" + end) + subscribe("topic" + end));
        co_await peer->ping();
      }
      octets one_more = subscribe("third" + end);
      if (which == 1)
        one_more = command("CANCEL", from_text("topic")) + subscribe("topics");
      co_await bad.write(std::move(one_more));
      event const e = co_await first(events, event_kind::disconnected);
      REQUIRE(e.error == errc::too_many_subscriptions);
      co_await bad.wait_closed();
      co_await good.ping();
      REQUIRE(pub.connected_peers() == 1);
    });
  };
  if (extended)
    check([](cozmq::context& ctx) { return cozmq::xpub_socket{ctx}; });
  else
    check([](cozmq::context& ctx) { return cozmq::pub_socket{ctx}; });
}

TEST_CASE("NULL for anybody who can reach the address: said once, unless it is said that this is meant")
{
  captured_log log;
  cozmq::engine::detail::told_of_exposure = false;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket near{ctx};
    for (char const* const endpoint :
         {"tcp://127.0.0.1:*", "tcp://127.0.0.2:*", "tcp://lo:*", "ipc://*", "inproc://name"})
      near.bind(endpoint);
    near.set_option(option::ipv6{true});
    near.bind("tcp://[::1]:*");
    near.bind("tcp://[::ffff:127.0.0.1]:*");
    cozmq::stream_socket stream{ctx};
    stream.bind("tcp://*:*");
    cozmq::pull_socket meant{ctx};
    meant.set_option(option::no_security{});
    meant.bind("tcp://*:*");
    cozmq::pull_socket plain{ctx};
    plain.set_option(option::plain_server{});
    plain.bind("tcp://*:*");
    REQUIRE(log.lines.empty());

    cozmq::pull_socket exposed{ctx};
    exposed.set_option(option::ipv6{GENERATE(false, true)});
    std::string const endpoint = exposed.bind("tcp://*:*");
    REQUIRE(log.lines.size() == 1);
    REQUIRE(log.lines[0].find(endpoint) == 0);
    REQUIRE(log.count("option::no_security") == 1);
    REQUIRE(log.count("CURVE or PLAIN") == 1);
    exposed.bind("tcp://*:*");
    cozmq::push_socket another{ctx};
    another.bind("tcp://0.0.0.0:*");
    REQUIRE(log.lines.size() == 1);
    co_return;
  });
}
