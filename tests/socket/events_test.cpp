// Events: each kind provoked by what really causes it, in the right order, and none lost.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/strand.hpp>
#include <asio/use_future.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::event;
using cozmq::event_kind;
using cozmq::event_reader;
using cozmq::pull_socket;
using cozmq::push_socket;
namespace option = cozmq::option;

namespace {

option::reconnect_interval const soon{2ms};

using kinds = std::vector<event_kind>;

// The next events, up to and with the first of that kind.
asio::awaitable<std::vector<event>> up_to(event_reader from, event_kind last)
{
  std::vector<event> seen;
  do
    seen.push_back(co_await from.next());
  while (seen.back().kind != last);
  co_return seen;
}

// The first of that kind.
asio::awaitable<event> first(event_reader from, event_kind kind)
{
  event e = co_await from.next();
  while (e.kind != kind)
    e = co_await from.next();
  co_return e;
}

kinds kinds_of(std::vector<event> const& events)
{
  kinds result;
  for (event const& e : events)
    result.push_back(e.kind);
  return result;
}

// What is there now.
std::vector<event> rest(event_reader from)
{
  std::vector<event> seen;
  while (auto e = from.try_next())
    seen.push_back(std::move(*e));
  return seen;
}

std::string unused_address(asio::io_context& io)
{
  return raw_listener{io}.endpoint();
}

// No further descriptor can be opened while this lives.
class descriptor_shortage {
 public:
  descriptor_shortage()
  {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    int const next = ::dup(0);
    ::close(next);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  descriptor_shortage(descriptor_shortage const&) = delete;
  descriptor_shortage& operator=(descriptor_shortage const&) = delete;
  ~descriptor_shortage() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE(
    "2.7 events HANDSHAKE_SUCCEEDED LISTENING, ACCEPTED, CONNECT_DELAYED, CONNECTED, HANDSHAKE_SUCCEEDED: "
    "both sides tell in order")
{
  bool const tcp = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    event_reader const binding = pull.events();
    event_reader const connecting = push.events();
    std::string const endpoint = join(pull, push, tcp ? "tcp://127.0.0.1:*" : "ipc://*");

    std::vector<event> const ours = co_await up_to(connecting, event_kind::handshake_succeeded);
    REQUIRE(kinds_of(ours) ==
            kinds{event_kind::connecting, event_kind::connected, event_kind::handshake_succeeded});
    std::vector<event> const theirs = co_await up_to(binding, event_kind::handshake_succeeded);
    REQUIRE(kinds_of(theirs) ==
            kinds{event_kind::listening, event_kind::accepted, event_kind::handshake_succeeded});

    for (event const& e : ours)
      REQUIRE(e.endpoint == endpoint);
    for (event const& e : theirs)
      REQUIRE(e.endpoint == endpoint);
    for (auto const* const side : {&ours, &theirs}) {
      cozmq::peer_info const& before = *(*side)[1].peer;
      REQUIRE(before.id == 1);
      REQUIRE_FALSE(before.type);
      cozmq::peer_info const& p = *(*side)[2].peer;
      REQUIRE(p.id == 1);
      REQUIRE(p.type == (side == &ours ? cozmq::socket_type::pull : cozmq::socket_type::push));
      REQUIRE(p.zmtp_minor == 1);
      REQUIRE(p.mechanism == "NULL");
      REQUIRE(p.endpoint == endpoint);
      REQUIRE(p.address.substr(0, 3) == endpoint.substr(0, 3));
    }
  });
}

TEST_CASE(
    "2.7 peer_info an event carries what the peer said of itself: identity, X- properties, version, address")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket rep{ctx};
    event_reader const events = rep.events();
    std::string const endpoint = rep.bind("tcp://127.0.0.1:*");
    raw_peer req{io};
    co_await req.connect(endpoint);
    auto const greeting = cozmq::wire::encode_greeting("NULL");
    octets hello{greeting.begin(), greeting.end()};
    hello[11] = std::byte{0};  // ZMTP 3.0
    std::string ready{
        "\x0bSocket-Type\0\0\0\x03REQ\x08Identity\0\0\0\x05"
        "anna\n",
        12 + 7 + 9 + 9};
    ready += std::string{
        "\x06X-Seat\0\0\0\x03"
        "12a",
        7 + 7};
    cozmq::wire::append_command(hello, "READY", cozmq::as_bytes(ready));
    co_await req.write(std::move(hello));

    event const e = co_await first(events, event_kind::handshake_succeeded);
    REQUIRE(e.peer->type == cozmq::socket_type::req);
    REQUIRE(e.peer->routing_id == "anna\n");
    REQUIRE(e.peer->announced.get("x-seat") == "12a");
    REQUIRE(e.peer->zmtp_minor == 0);
    std::uint16_t const port = req.stream().local_endpoint().port();
    REQUIRE(e.peer->address == "tcp://127.0.0.1:" + std::to_string(port));
    REQUIRE(to_string(e) == "connected to " + e.peer->address + " (REQ, ZMTP 3.0, id anna\\x0a)");
    REQUIRE(fmt::format("{}", e) == to_string(e));
  });
}

TEST_CASE("2.7 events peer_info over inproc both sides tell of the peer when it comes and when it goes")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    auto push = std::make_unique<push_socket>(ctx);
    event_reader const events = pull.events();
    event_reader const others = push->events();
    join(pull, *push, "inproc://here");
    event const there = co_await first(others, event_kind::handshake_succeeded);
    REQUIRE(there.peer->type == cozmq::socket_type::pull);
    push.reset();
    std::vector<event> const seen = co_await up_to(events, event_kind::disconnected);
    REQUIRE(kinds_of(seen) ==
            kinds{event_kind::listening, event_kind::handshake_succeeded, event_kind::disconnected});
    REQUIRE(seen[1].peer->type == cozmq::socket_type::push);
    REQUIRE_FALSE(seen[1].peer->zmtp_minor);
    REQUIRE(seen[1].peer->address == "inproc://here");
    REQUIRE(seen[2].peer->id == seen[1].peer->id);
    REQUIRE(seen[2].error == cozmq::errc::peer_closed);
  });
}

TEST_CASE("2.7 events BIND_FAILED: a bind that fails is an event too, with the same words")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket first_one{ctx};
    pull_socket pull{ctx};
    std::string const taken = first_one.bind(any);
    event_reader const events = pull.events();
    std::string why;
    try {
      pull.bind(taken);
    } catch (cozmq::error const& e) {
      why = e.what();
    }
    event const e = co_await events.next();
    REQUIRE(e.kind == event_kind::bind_failed);
    REQUIRE(e.endpoint == taken);
    REQUIRE(e.error == cozmq::errc::address_in_use);
    REQUIRE(e.reason == why);
    REQUIRE(to_string(e) == why);
  });
}

TEST_CASE("2.7 events ACCEPT_FAILED: no descriptors left; the connection is accepted when there are")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    event_reader const events = pull.events();
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    asio::ip::tcp::socket client{io};
    client.connect({asio::ip::address_v4::loopback(), port_of(endpoint)});
    std::optional<event> failed;
    {
      descriptor_shortage const none_left;  // sanitizers need descriptors too: nothing is checked in here
      failed = co_await first(events, event_kind::accept_failed);
    }
    REQUIRE(failed->error == std::errc::too_many_files_open);
    REQUIRE(failed->endpoint == endpoint);
    REQUIRE(to_string(*failed).find(failed->error.message()) != std::string::npos);
    REQUIRE(log.count(failed->error.message()) == 1);
    event const e = co_await first(events, event_kind::accepted);
    REQUIRE(e.peer->address == "tcp://127.0.0.1:" + std::to_string(client.local_endpoint().port()));
  });
}

TEST_CASE(
    "B31 2.7 events CONNECT_RETRIED: refused, and tried again, each time with reason and delay; then it "
    "works")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const endpoint = unused_address(io);
    push_socket push{ctx};
    push.set_option(option::reconnect_interval{2ms, 8ms});
    event_reader const events = push.events();
    push.connect(endpoint);
    for (int i = 0; i < 5; ++i) {
      event const attempt = co_await events.next();
      REQUIRE(attempt.kind == event_kind::connecting);
      event const refused = co_await events.next();
      REQUIRE(refused.kind == event_kind::retrying);
      REQUIRE(refused.error == std::errc::connection_refused);
      REQUIRE(refused.reason == refused.error.message());
      REQUIRE(refused.delay >= 1ms);
      REQUIRE(refused.delay <= 16ms);
      REQUIRE(refused.endpoint == endpoint);
      REQUIRE_FALSE(refused.peer);
    }
    REQUIRE(log.count(std::make_error_code(std::errc::connection_refused).message()) ==
            1);  // the log says it once
    pull_socket pull{ctx};
    pull.bind(endpoint);
    event const e = co_await first(events, event_kind::handshake_succeeded);
    REQUIRE(e.peer->address == endpoint);
    REQUIRE(push.stats().connect_failures >= 5);
    REQUIRE(push.stats().reconnects == 0);
  });
}

TEST_CASE("2.7 events a name that does not resolve is a reason of its own")
{
  captured_log log;
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(soon);
    event_reader const events = pull.events();
    pull.connect("tcp://no-such-host.invalid:5555");
    event const e = co_await first(events, event_kind::retrying);
    REQUIRE(e.error == cozmq::errc::cannot_resolve);
    REQUIRE(e.reason == "cannot resolve no-such-host.invalid");
  });
}

TEST_CASE("2.7 events with reconnecting off the first failure gives the endpoint up")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    push.set_option(option::reconnect_interval::off());
    event_reader const events = push.events();
    push.connect(unused_address(io));
    std::vector<event> const seen = co_await up_to(events, event_kind::gave_up);
    REQUIRE(kinds_of(seen) == kinds{event_kind::connecting, event_kind::gave_up});
    REQUIRE(seen[1].error == std::errc::connection_refused);
  });
}

TEST_CASE(
    "S1 B36 2.7 HANDSHAKE_SUCCEEDED HANDSHAKE_FAILED_PROTOCOL: a peer of the wrong type; the connecting side "
    "gives up")
{
  captured_log log;
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket rep{ctx};
    push_socket push{ctx};
    event_reader const binding = rep.events();
    event_reader const connecting = push.events();
    co_await push.wait_connected(0);
    join(rep, push, "tcp://127.0.0.1:*");
    co_await push.send("never delivered");

    event const ours = co_await first(binding, event_kind::handshake_failed);
    REQUIRE(ours.error == cozmq::errc::incompatible_peer);
    REQUIRE(ours.reason == "REP does not talk to PUSH");
    REQUIRE(ours.peer->id == 1);
    std::vector<event> const seen = co_await up_to(connecting, event_kind::gave_up);
    REQUIRE(kinds_of(seen) == kinds{event_kind::connecting, event_kind::connected,
                                    event_kind::handshake_failed, event_kind::gave_up});
    REQUIRE(seen[2].reason == seen[3].reason);
    REQUIRE(seen[3].count == 1);
    REQUIRE(rep.stats().handshake_failures == 1);
    REQUIRE(push.stats().handshake_failures == 1);
  });
}

TEST_CASE("B36 2.7 HANDSHAKE_SUCCEEDED HANDSHAKE_FAILED: over inproc a wrong type is seen too")
{
  captured_log log;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    cozmq::rep_socket rep{ctx};
    event_reader const events = push.events();
    push.connect("inproc://odd");
    rep.bind("inproc://odd");
    event const e = co_await first(events, event_kind::handshake_failed);
    REQUIRE(e.error == cozmq::errc::incompatible_peer);
    REQUIRE(log.count(e.reason) == 1);
  });
}

TEST_CASE(
    "2.7 HANDSHAKE_SUCCEEDED HANDSHAKE_FAILED: something that does not speak ZMTP, and something that says "
    "nothing")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::handshake_timeout{50ms});
    event_reader const events = pull.events();
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    raw_peer browser{io};
    co_await browser.connect(endpoint);
    co_await browser.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    event const not_zmtp = co_await first(events, event_kind::handshake_failed);
    REQUIRE(not_zmtp.error == cozmq::errc::bad_greeting);
    REQUIRE(not_zmtp.peer->id == 1);
    REQUIRE_FALSE(not_zmtp.peer->type);
    REQUIRE(to_string(not_zmtp) == "no handshake with " + not_zmtp.peer->address + ": " + not_zmtp.reason);

    raw_peer silent{io};
    co_await silent.connect(endpoint);
    event const timed_out = co_await first(events, event_kind::handshake_failed);
    REQUIRE(timed_out.error == cozmq::errc::handshake_timeout);
    REQUIRE(timed_out.peer->id == 2);

    raw_peer leaving{io};
    co_await leaving.connect(endpoint);
    leaving.close();
    event const closed = co_await first(events, event_kind::handshake_failed);
    REQUIRE(closed.peer->id == 3);
    REQUIRE(pull.stats().accepted == 3);
    REQUIRE(pull.stats().handshake_failures == 3);
    REQUIRE(pull.stats().disconnects == 0);
  });
}

TEST_CASE("B36 2.7 HANDSHAKE_SUCCEEDED HANDSHAKE_FAILED: the second peer of a PAIR")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pair_socket pair{ctx};
    event_reader const events = pair.events();
    std::string const endpoint = pair.bind("tcp://127.0.0.1:*");
    raw_peer only{io};
    co_await only.connect(endpoint);
    co_await only.handshake("PAIR");
    raw_peer second{io};
    co_await second.connect(endpoint);
    auto const greeting = cozmq::wire::encode_greeting("NULL");
    octets hello{greeting.begin(), greeting.end()};
    cozmq::wire::append_command(hello, "READY",
                                cozmq::as_bytes(std::string{"\x0bSocket-Type\0\0\0\x04PAIR", 20}));
    co_await second.write(std::move(hello));
    event const e = co_await first(events, event_kind::handshake_failed);
    REQUIRE(e.error == cozmq::errc::peer_limit);
    REQUIRE(e.peer->id == 2);
  });
}

TEST_CASE("2.7 events peer_info DISCONNECTED: who left and why; the connecting side comes back as a new peer")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    event_reader const events = push.events();
    push.connect(address.endpoint());
    for (cozmq::peer_id round = 1; round <= 3; ++round) {
      raw_peer pull = co_await address.accept();
      co_await pull.handshake("PULL");
      event const up = co_await first(events, event_kind::handshake_succeeded);
      REQUIRE(up.peer->id == round);
      pull.close();
      std::vector<event> const seen = co_await up_to(events, event_kind::retrying);
      REQUIRE(kinds_of(seen) == kinds{event_kind::disconnected, event_kind::retrying});
      REQUIRE(seen[0].peer->id == round);
      REQUIRE(seen[0].error);
      REQUIRE(seen[0].peer->type == cozmq::socket_type::pull);
      REQUIRE(seen[1].reason == seen[0].reason);
    }
    REQUIRE(push.stats().connected == 3);
    REQUIRE(push.stats().reconnects == 2);
    REQUIRE(push.stats().disconnects == 3);
  });
}

TEST_CASE("2.7 events DISCONNECTED: broken frames and a silent peer are reasons of their own")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::heartbeat_interval{20ms});
    event_reader const events = pull.events();
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    raw_peer broken{io};
    co_await broken.connect(endpoint);
    co_await broken.handshake("PUSH");
    co_await broken.write(std::string_view{"\xff\0", 2});
    event const malformed = co_await first(events, event_kind::disconnected);
    REQUIRE(malformed.error == cozmq::errc::malformed_frame);

    raw_peer silent{io};
    co_await silent.connect(endpoint);
    co_await silent.handshake("PUSH");
    event const gone = co_await first(events, event_kind::disconnected);
    REQUIRE(gone.error == cozmq::errc::heartbeat_timeout);
    REQUIRE(gone.peer->id == 2);
  });
}

TEST_CASE(
    "2.7 disconnect 2.9 disconnect_peer a peer is cut off at once, dials again, and an old id hits nobody")
{
  captured_log log;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    push.set_option(soon);
    event_reader const binding = pull.events();
    event_reader const connecting = push.events();
    join(pull, push, "tcp://127.0.0.1:*");
    co_await first(binding, event_kind::handshake_succeeded);
    std::vector<cozmq::peer_info> const peers = pull.peers();
    REQUIRE(peers.size() == 1);
    REQUIRE(peers[0].id == 1);
    pull.disconnect(peers[0].id);
    REQUIRE(pull.peers().empty());
    REQUIRE(pull.connected_peers() == 0);
    event const e = *binding.try_next();
    REQUIRE(e.kind == event_kind::disconnected);
    REQUIRE(e.error == std::errc::connection_aborted);
    std::error_code ec;
    pull.disconnect(peers[0].id, ec);
    REQUIRE(ec == cozmq::errc::no_such_peer);
    REQUIRE_THROWS_AS(pull.disconnect(cozmq::peer_id{77}), cozmq::error);

    event const again = co_await first(binding, event_kind::handshake_succeeded);
    REQUIRE(again.peer->id == 2);
    co_await push.send("still here");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "still here");

    // The connecting side may cut as well.
    rest(connecting);
    push.disconnect(push.peers().at(0).id);
    co_await push.send("kept for the next connection");
    std::vector<event> const seen = co_await up_to(connecting, event_kind::handshake_succeeded);
    REQUIRE(kinds_of(seen) == kinds{event_kind::disconnected, event_kind::retrying, event_kind::connecting,
                                    event_kind::connected, event_kind::handshake_succeeded});
    std::string const kept = co_await text_from(pull);
    REQUIRE(kept == "kept for the next connection");
    REQUIRE(log.count("disconnect was called") == 0);  // what the application asked for is no trouble
  });
}

TEST_CASE("2.7 disconnect over inproc: both sides see it, and it is over")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    event_reader const events = push.events();
    join(pull, push, "inproc://here");
    pull.disconnect(pull.peers().at(0).id);
    REQUIRE(pull.connected_peers() == 0);
    co_await first(events, event_kind::disconnected);
    REQUIRE(push.connected_peers() == 0);
    REQUIRE(push.peers().empty());
    cozmq::message m{"nobody"};
    REQUIRE_FALSE(push.try_send(m));
    co_await turns(io, 3);
  });
}

TEST_CASE("2.7 events CLOSED: unbind, disconnect, close; then the stream ends")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    std::optional<pull_socket> pull{std::in_place, ctx};
    std::optional<push_socket> push{std::in_place, ctx};
    event_reader const binding = pull->events();
    event_reader const connecting = push->events();
    std::string const endpoint = join(*pull, *push, any);
    co_await push->wait_connected();
    push->disconnect(endpoint);
    event const down = co_await first(connecting, event_kind::closed);
    REQUIRE(down.endpoint == endpoint);
    pull->unbind(endpoint);
    event const unbound = co_await first(binding, event_kind::closed);
    REQUIRE(unbound.endpoint == endpoint);

    pull->bind(any == "inproc://name" ? "inproc://other" : any);
    push->connect("tcp://127.0.0.1:9");
    pull.reset();
    push.reset();
    std::vector<event_reader> both;
    both.push_back(binding);
    both.push_back(connecting);
    for (event_reader const& from : both) {
      std::vector<event> const seen = rest(from);
      REQUIRE(seen.back().kind == event_kind::closed);
      std::error_code ended;
      try {
        co_await from.next();
      } catch (cozmq::error const& e) {
        ended = e.code();
      }
      REQUIRE(ended == asio::error::operation_aborted);
    }
  });
}

TEST_CASE("2.7 events DISCONNECTED: unbind says nothing of a peer that had left, and had sent what is unread")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    event_reader const events = pull.events();
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    raw_peer push{io};
    co_await push.connect(endpoint);
    co_await push.handshake("PUSH");
    co_await push.write(frame_octets("kept"));
    push.close();
    (void)co_await first(events, event_kind::disconnected);
    pull.unbind(endpoint);
    REQUIRE(kinds_of(rest(events)) == kinds{event_kind::closed});
    REQUIRE(pull.stats().disconnects == 1);
    REQUIRE(pull.stats().handshake_failures == 0);
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "kept");
  });
}

TEST_CASE(
    "2.7 events MONITOR_STOPPED: a reader that waits is told that the socket is closed, or its context is "
    "gone")
{
  asio::io_context io;
  std::optional<cozmq::context> ctx{std::in_place, io};
  std::optional<pull_socket> one{std::in_place, *ctx};
  pull_socket two{*ctx};
  std::vector<std::error_code> ends;
  std::vector<kinds> seen(2);
  auto read = [&](event_reader from, kinds& into) -> asio::awaitable<void> {
    try {
      for (;;)
        into.push_back((co_await from.next()).kind);
    } catch (cozmq::error const& e) {
      ends.push_back(e.code());
    }
  };
  asio::co_spawn(io, read(one->events(), seen[0]), asio::detached);
  asio::co_spawn(io, read(two.events(), seen[1]), asio::detached);
  one->bind("tcp://127.0.0.1:*");
  two.bind("tcp://127.0.0.1:*");
  run_test(io, turns(io, 10));
  one.reset();
  run_test(io, turns(io, 10));
  ctx.reset();
  io.restart();
  io.run();
  REQUIRE(ends.size() == 2);
  REQUIRE(ends[0] == asio::error::operation_aborted);
  REQUIRE(ends[1] == cozmq::errc::terminated);
  REQUIRE(seen[0] == kinds{event_kind::listening, event_kind::closed});
  REQUIRE(seen[1] == seen[0]);
}

TEST_CASE("2.7 events nothing leaks when the execution context goes while a reader waits")
{
  auto alive = std::make_shared<int>(1);
  std::optional<cozmq::context> ctx;
  std::optional<pull_socket> pull;
  {
    asio::io_context io;
    ctx.emplace(io);
    pull.emplace(*ctx);
    auto read = [](event_reader from, std::shared_ptr<int>) -> asio::awaitable<void> {
      for (;;)
        co_await from.next();
    };
    auto read_or = [](event_reader from, std::shared_ptr<int>) -> asio::awaitable<void> {
      co_await (from.next() || cozmq::timeout(1h));
    };
    asio::co_spawn(io, read(pull->events(), alive), asio::detached);
    asio::co_spawn(io, read_or(pull->events(), alive), asio::detached);
    run_test(io, turns(io, 10));
    REQUIRE(alive.use_count() == 3);
  }
  REQUIRE(alive.use_count() == 1);
}

TEST_CASE("2.7 events they are kept from the call of events() or the option on, and nothing before")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.bind("inproc://before");
    REQUIRE_FALSE(pull.events().try_next());
    pull.bind("inproc://after");
    event const e = co_await pull.events().next();
    REQUIRE(e.endpoint == "inproc://after");

    pull_socket other{ctx};
    REQUIRE(other.get_option<option::events>().value == 0);
    other.set_option(option::events{10});
    other.bind("inproc://other");
    REQUIRE(other.events().try_next()->endpoint == "inproc://other");
    event_reader const old = other.events();
    other.bind("inproc://unread");
    other.set_option(option::events{0});  // off: who reads is told
    REQUIRE(old.try_next()->endpoint == "inproc://unread");
    std::error_code ended;
    try {
      co_await old.next();
    } catch (cozmq::error const& end) {
      ended = end.code();
    }
    REQUIRE(ended == asio::error::operation_aborted);
    other.bind("inproc://unseen");
    REQUIRE_FALSE(other.events().try_next());
  });
}

TEST_CASE("2.7 events the option names the kinds that are wanted")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::events{10, {event_kind::closed, event_kind::dropped}});
    pull.bind("inproc://a");
    pull.unbind("inproc://a");
    event const e = co_await pull.events().next();
    REQUIRE(e.kind == event_kind::closed);
    REQUIRE_FALSE(pull.events().try_next());
  });
}

TEST_CASE(
    "2.7 events dropped: the newest events are kept, and the number of those that gave way stands before "
    "them")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::events{3});
    event_reader const events = pull.events();
    for (char name = 'a'; name <= 'h'; ++name)
      pull.bind(std::string{"inproc://"} + name);
    std::vector<event> const seen = rest(events);
    REQUIRE(kinds_of(seen) ==
            kinds{event_kind::dropped, event_kind::listening, event_kind::listening, event_kind::listening});
    REQUIRE(seen[0].count == 5);
    REQUIRE(to_string(seen[0]) == "5 events were not read in time");
    REQUIRE(seen[1].endpoint == "inproc://f");
    REQUIRE(seen[3].endpoint == "inproc://h");

    for (int i = 0; i < 2000; ++i)
      pull.unbind(pull.bind("inproc://x"));
    pull.set_option(option::events{1000});
    pull.set_option(option::events{1});
    std::optional<event> const e = events.try_next();
    REQUIRE(e->count == 3999);
    REQUIRE(events.try_next()->kind == event_kind::closed);
    REQUIRE_FALSE(events.try_next());
    co_return;
  });
}

TEST_CASE("A36 2.7 events a wait that loses or is cancelled loses no event")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull_socket busy{ctx};
    push_socket push{ctx};
    join(busy, push, "inproc://busy");
    event_reader const events = pull.events();
    std::vector<std::string> seen;
    constexpr int count = 200;
    for (int i = 0; i < count; ++i) {
      // Event and message, or event and timeout, at the same moment: the loser stays.
      std::string const name = "inproc://" + std::to_string(i);
      asio::post(io, [&pull, name] { pull.bind(name); });
      if (i % 2 == 0) {
        co_await push.send("m");
        auto const got = co_await (events.next() || busy.recv());
        if (std::holds_alternative<event>(got))
          seen.push_back(std::get<event>(got).endpoint);
        else
          REQUIRE(std::get<cozmq::message>(got)[0] == "m");
        if (std::holds_alternative<event>(got))
          co_await busy.recv();
      } else {
        auto const got = co_await (cozmq::timeout(0ms) || events.next());
        if (std::holds_alternative<event>(got))
          seen.push_back(std::get<event>(got).endpoint);
      }
    }
    while (seen.size() < count)
      seen.push_back((co_await events.next()).endpoint);
    for (int i = 0; i < count; ++i)
      REQUIRE(seen[static_cast<std::size_t>(i)] == "inproc://" + std::to_string(i));
    REQUIRE_FALSE(events.try_next());

    // What is taken ahead for an && that is given up goes back to its place.
    pull.bind("inproc://first");
    pull.bind("inproc://second");
    auto const both = co_await ((events.next() && busy.recv()) || cozmq::timeout(1ms));
    REQUIRE(both.index() == 1);
    REQUIRE(events.try_next()->endpoint == "inproc://first");
    REQUIRE(events.try_next()->endpoint == "inproc://second");
  });
}

TEST_CASE("2.7 events async_next takes any completion token, completes on its executor, and can be cancelled")
{
  asio::io_context io;
  cozmq::context ctx{io};
  pull_socket pull{ctx};
  event_reader const events = pull.events();
  auto strand = asio::make_strand(io);
  bool inside = true;
  int calls = 0;
  auto const count = [&](std::error_code ec, event e) {
    REQUIRE_FALSE(inside);
    REQUIRE(strand.running_in_this_thread());
    REQUIRE_FALSE(ec);
    REQUIRE(e.kind == event_kind::listening);
    ++calls;
  };
  pull.bind("inproc://1");
  events.async_next(asio::bind_executor(strand, count));  // there already
  events.async_next(asio::bind_executor(strand, count));  // still to come
  inside = false;
  run_test(io, turns(io, 5));
  REQUIRE(calls == 1);
  pull.bind("inproc://2");
  run_test(io, until(io, [&] { return calls == 2; }));

  asio::cancellation_signal cancel;
  std::optional<std::error_code> cancelled;
  events.async_next(
      asio::bind_cancellation_slot(cancel.slot(), [&](std::error_code ec, event) { cancelled = ec; }));
  run_test(io, turns(io, 5));
  cancel.emit(asio::cancellation_type::total);
  pull.bind("inproc://3");
  run_test(io, until(io, [&] { return cancelled.has_value(); }));
  REQUIRE(*cancelled == asio::error::operation_aborted);
  REQUIRE(events.try_next()->endpoint == "inproc://3");

  std::future<event> later = events.async_next(asio::use_future);
  pull.bind("inproc://4");
  run_test(io, until(io, [&] { return later.wait_for(0s) == std::future_status::ready; }));
  REQUIRE(later.get().endpoint == "inproc://4");
  pull.cancel();
}

TEST_CASE("2.7 events they are read while other coroutines use the socket, and socket.cancel() ends the wait")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    int handshakes = 0;
    std::error_code ended;
    auto look_on = [&](event_reader from) -> asio::awaitable<void> {
      try {
        for (;;)
          if ((co_await from.next()).kind == event_kind::handshake_succeeded)
            ++handshakes;
      } catch (cozmq::error const& e) {
        ended = e.code();
      }
    };
    asio::co_spawn(io, look_on(pull.events()), asio::detached);
    join(pull, push, "tcp://127.0.0.1:*");
    for (int i = 0; i < 1000; ++i) {
      co_await push.send(std::to_string(i));
      std::string const text = co_await text_from(pull);
      REQUIRE(text == std::to_string(i));
    }
    REQUIRE(handshakes == 1);
    pull.cancel();
    co_await until(io, [&] { return bool{ended}; });
    REQUIRE(ended == asio::error::operation_aborted);
  });
}

TEST_CASE(
    "2.7 events an option that is set when the context has ended begins no events that nobody would end")
{
  scenario([](asio::io_context& io, cozmq::context&) -> asio::awaitable<void> {
    std::optional<cozmq::context> ctx{io};
    pull_socket pull{*ctx};
    pull.events();
    ctx.reset();
    pull.set_option(cozmq::option::linger{0ms});
    std::error_code ended;
    pull.events().async_next([&](std::error_code ec, event) { ended = ec; });
    co_await turns(io);
    REQUIRE(ended == cozmq::errc::terminated);
  });
}
