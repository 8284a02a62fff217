// What peers() and stats() say after traffic that is known exactly.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/post.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::pull_socket;
using cozmq::push_socket;
using cozmq::socket_stats;
namespace option = cozmq::option;

namespace {

option::reconnect_interval const soon{2ms};

// A READY command as raw_peer sends it.
std::size_t ready_size(std::string_view type)
{
  return 2 + 6 + 1 + 11 + 4 + type.size();
}

}  // namespace

TEST_CASE(
    "2.7 queue_lengths PIPES_STATS: messages are counted exactly, waiting ones and those on their way, both "
    "sides")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    constexpr std::size_t count = 300;
    pull_socket pull{ctx};
    push_socket push{ctx};
    std::string const endpoint = pull.bind(any);
    push.connect(endpoint);
    co_await push.wait_connected();
    for (std::size_t i = 0; i < count; ++i)
      co_await push.send(std::string(i, 'x'), "second part");
    co_await until(io, [&] { return pull.stats().unread == count; });
    for (std::size_t i = 0; i < 100; ++i)
      co_await pull.recv();

    socket_stats const in = pull.stats();
    REQUIRE(in.peers == 1);
    REQUIRE(in.passed.messages_in == count);
    REQUIRE(in.passed.messages_out == 0);
    REQUIRE(in.unread == count - 100);
    REQUIRE(in.queued == 0);
    REQUIRE(in.dropped == cozmq::drop_counts{});

    socket_stats const out = push.stats();
    REQUIRE(out.passed.messages_out + out.queued == count);
    REQUIRE(out.passed.messages_in == 0);
    if (any == "inproc://name") {
      REQUIRE(out.queued == count - 100);  // it is one queue
      REQUIRE(out.passed.bytes_out == 0);
    } else {
      REQUIRE(out.queued == 0);
      REQUIRE(out.passed.bytes_out == in.passed.bytes_in);
      REQUIRE(out.passed.bytes_in == in.passed.bytes_out);
      REQUIRE(in.accepted == 1);
      REQUIRE(out.connected == 1);
    }

    std::vector<cozmq::peer_info> const peers = pull.peers();
    REQUIRE(peers.size() == 1);
    REQUIRE(peers[0].passed == in.passed);
    REQUIRE(peers[0].unread == in.unread);
    REQUIRE(peers[0].type == cozmq::socket_type::push);
    REQUIRE(peers[0].endpoint == endpoint);
    auto const age = std::chrono::system_clock::now() - peers[0].since;
    REQUIRE(age >= 0s);
    REQUIRE(age < 60s);
  });
}

TEST_CASE("2.7 queue_lengths bytes are those on the wire, the handshake's and the frames' headers too")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    raw_peer push{io};
    co_await push.connect(endpoint);
    co_await push.handshake("PUSH");
    co_await push.write(frame_octets("one", true) + frame_octets("two"));
    co_await push.write(frame_octets("single"));
    co_await push.ping();
    socket_stats const s = pull.stats();
    std::size_t const ping = 2 + 5 + 2;
    std::size_t const pong = 2 + 5;
    REQUIRE(s.passed.bytes_in == 64 + ready_size("PUSH") + 5 + 5 + 8 + ping);
    REQUIRE(s.passed.bytes_out == 64 + ready_size("PULL") + pong);
    REQUIRE(s.passed.messages_in == 2);
    REQUIRE(s.unread == 2);
    push.close();
    co_await until(io, [&] { return pull.connected_peers() == 0; });
    // The connection is gone, what it passed is not.
    REQUIRE(pull.peers().empty());
    socket_stats const after = pull.stats();
    REQUIRE(after.passed == s.passed);
    REQUIRE(after.unread == 2);
    REQUIRE(after.disconnects == 1);
    co_await pull.recv();
    co_await pull.recv();
    REQUIRE(pull.stats().unread == 0);
    REQUIRE(pull.stats().passed == s.passed);
  });
}

TEST_CASE(
    "2.7 queue_lengths what passed through connections that ended stays in the sum, whichever side ends them")
{
  std::string const any = every_transport();
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    std::string const endpoint = pull.bind(any);
    for (std::uint64_t round = 1; round <= 3; ++round) {
      push_socket push{ctx};
      push.connect(endpoint);
      co_await push.send("a");
      co_await push.send("b");
      co_await pull.recv();
      co_await pull.recv();
      REQUIRE(pull.peers().at(0).id == round);
      if (round == 1) {
        push.disconnect(endpoint);
        REQUIRE(push.stats().passed.messages_out == 2);
        co_await until(io, [&] { return push.stats().disconnects == 1; });
        REQUIRE(push.stats().passed.messages_out == 2);
      }
      push.close();
      co_await until(io, [&] { return pull.connected_peers() == 0; });
      REQUIRE(pull.stats().passed.messages_in == 2 * round);
      REQUIRE(pull.stats().disconnects == round);
    }
  });
}

TEST_CASE(
    "2.7 queue_lengths a subscriber that does not keep up: what it missed is counted, for it and in all")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pub_socket pub{ctx};
    pub.set_option(option::send_hwm{1});
    pub.set_option(option::send_buffer{4096});
    std::string const endpoint = pub.bind("tcp://127.0.0.1:*");
    raw_peer slow{io};
    co_await slow.connect(endpoint);
    co_await slow.handshake("SUB");
    octets subscribe;
    cozmq::wire::append_subscription(subscribe, {true, cozmq::as_bytes("t")}, 1);
    co_await slow.write(std::move(subscribe));
    co_await pub.wait_subscribers("t");
    constexpr std::uint64_t count = 500;
    std::string const body = "t" + blob(100'000);
    for (std::uint64_t i = 0; i < count; ++i) {
      co_await pub.send(body);
      co_await pub.send("unwanted");
    }
    socket_stats const s = pub.stats();
    REQUIRE(s.dropped.full > 0);
    REQUIRE(s.dropped.sum() == s.dropped.full);
    cozmq::peer_info const p = pub.peers().at(0);
    REQUIRE(p.missed == s.dropped.full);
    REQUIRE(p.queued == s.queued);
    REQUIRE(p.queued > 0);
    // All the others arrive.
    for (std::uint64_t left = count - s.dropped.full; left > 0; --left) {
      auto const [flags, received] = co_await slow.read_frame();
      REQUIRE(received.size() == body.size());
    }
    co_await pub.send("t!");
    auto const [flags, last] = co_await slow.read_frame();
    REQUIRE(cozmq::as_text(last) == "t!");
    REQUIRE(pub.stats().queued == 0);
    REQUIRE(pub.stats().passed.messages_out == count - s.dropped.full + 1);
  });
}

TEST_CASE("2.7 queue_lengths dropped by cause: unroutable, rejected, undelivered, unread")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    // A ROUTER's message for nobody; a REP's answer to a peer that is gone.
    cozmq::router_socket router{ctx};
    co_await router.send("nobody", "m");
    REQUIRE(router.stats().dropped.unroutable == 1);
    cozmq::rep_socket rep{ctx};
    {
      raw_peer req{io};
      co_await req.connect(rep.bind("tcp://127.0.0.1:*"));
      co_await req.handshake("REQ");
      co_await req.write(frame_octets("", true) + frame_octets("asked"));
      co_await rep.recv();
    }
    co_await until(io, [&] { return rep.connected_peers() == 0; });
    co_await rep.send("too late");
    REQUIRE(rep.stats().dropped.unroutable == 1);

    // A reply to a request that was not made.
    raw_listener address{io};
    cozmq::req_socket req{ctx};
    req.connect(address.endpoint());
    raw_peer server = co_await address.accept();
    co_await server.handshake("REP");
    co_await server.write(frame_octets("", true) + frame_octets("unasked"));
    co_await server.ping();
    co_await req.send("question");
    co_await server.read_frame();
    co_await server.read_frame();
    co_await server.write(frame_octets("", true) + frame_octets("answer"));
    cozmq::message const answer = co_await req.recv();
    REQUIRE(answer[0] == "answer");
    REQUIRE(req.stats().dropped.rejected == 1);
    REQUIRE(req.stats().passed.messages_in == 2);

    // Queued for an endpoint that is disconnected before anybody is there.
    push_socket push{ctx};
    std::string const nowhere = raw_listener{io}.endpoint();
    push.connect(nowhere);
    push.connect("inproc://nowhere");
    for (int i = 0; i < 6; ++i)
      co_await push.send("m");
    REQUIRE(push.stats().queued == 6);
    push.disconnect("inproc://nowhere");
    REQUIRE(push.stats().dropped.undelivered == 3);
    push.set_option(option::linger{0ms});
    push.disconnect(nowhere);
    co_await until(io, [&] { return push.stats().dropped.undelivered == 6; });
    REQUIRE(push.stats().queued == 0);

    // Had arrived from an endpoint that is disconnected.
    pull_socket pull{ctx};
    push_socket source{ctx};
    std::string const from = join(source, pull, "tcp://127.0.0.1:*");
    for (int i = 0; i < 3; ++i)
      co_await source.send("m");
    co_await until(io, [&] { return pull.stats().unread == 3; });
    pull.disconnect(from);
    REQUIRE(pull.stats().dropped.unread == 3);
    REQUIRE(pull.stats().unread == 0);
  });
}

TEST_CASE(
    "2.7 queue_lengths dropped: what is queued for an accepted peer that leaves is undelivered; sent or "
    "lost, nothing "
    "between")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    push.set_option(option::send_buffer{4096});
    std::string const endpoint = push.bind("tcp://127.0.0.1:*");
    raw_peer stalled{io};
    co_await stalled.connect(endpoint);
    co_await stalled.handshake("PULL");
    constexpr std::uint64_t count = 300;
    for (std::uint64_t i = 0; i < count; ++i)
      co_await push.send(blob(100'000));
    std::size_t const queued = push.stats().queued;
    REQUIRE(queued > 0);
    stalled.close();
    co_await until(io, [&] { return push.connected_peers() == 0; });
    socket_stats const s = push.stats();
    REQUIRE(s.queued == 0);
    REQUIRE(s.passed.messages_out + s.dropped.undelivered == count);
    REQUIRE(s.dropped.undelivered <= queued);
    REQUIRE(s.dropped.undelivered > 0);
  });
}

TEST_CASE("2.7 peers they come and go, each with its own number, in order of age")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    std::string const endpoint = pull.bind(any);
    std::vector<std::optional<push_socket>> others;
    for (std::size_t i = 0; i < 5; ++i) {
      others.emplace_back(ctx)->connect(endpoint);
      co_await pull.wait_connected(i + 1);
    }
    std::vector<cozmq::peer_id> numbers;
    for (cozmq::peer_info const& p : pull.peers())
      numbers.push_back(p.id);
    REQUIRE(numbers == std::vector<cozmq::peer_id>{1, 2, 3, 4, 5});
    others[2].reset();
    co_await until(io, [&] { return pull.connected_peers() == 4; });
    others.emplace_back(ctx)->connect(endpoint);
    co_await pull.wait_connected(5);
    numbers.clear();
    for (cozmq::peer_info const& p : pull.peers())
      numbers.push_back(p.id);
    REQUIRE(numbers == std::vector<cozmq::peer_id>{1, 2, 4, 5, 6});
    REQUIRE(pull.stats().peers == 5);
  });
}

TEST_CASE("2.7 peers a ROUTER's peers are listed with the ids it sends to, its own and those it gave")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::router_socket router{ctx};
    cozmq::dealer_socket named{ctx};
    cozmq::dealer_socket unnamed{ctx};
    named.set_option(option::routing_id{"anna"});
    std::string const endpoint = router.bind("tcp://127.0.0.1:*");
    named.connect(endpoint);
    co_await router.wait_connected();
    unnamed.connect(endpoint);
    co_await router.wait_connected(2);
    std::vector<cozmq::peer_info> const peers = router.peers();
    REQUIRE(peers[0].routing_id == "anna");
    REQUIRE(peers[1].routing_id.size() == 5);
    co_await router.send(peers[1].routing_id, "to you");
    cozmq::message const m = co_await unnamed.recv();
    REQUIRE(m[0] == "to you");
    // The other way round nobody gives ids.
    REQUIRE(named.peers().at(0).routing_id.empty());
  });
}

TEST_CASE("2.7 queue_lengths numbers are text for people, and a closed socket has none")
{
  asio::io_context io;
  cozmq::context ctx{io};
  pull_socket pull{ctx};
  REQUIRE(fmt::format("{}", pull.stats()) == "0 peers, 0 messages in (0 bytes), 0 out (0 bytes)");
  socket_stats s;
  s.peers = 2;
  s.passed = {5, 6, 70, 80};
  s.queued = 3;
  s.dropped.full = 4;
  s.reconnects = 1;
  REQUIRE(to_string(s) ==
          "2 peers, 5 messages in (70 bytes), 6 out (80 bytes), 3 queued, 4 dropped: full, 1 reconnects");
  cozmq::peer_info p;
  p.id = 3;
  p.address = "tcp://192.0.2.1:40000";
  p.type = cozmq::socket_type::dealer;
  p.zmtp_minor = 1;
  p.routing_id = std::string{"\0ab", 3};
  p.passed = {5, 6, 70, 80};
  p.unread = 2;
  p.missed = 9;
  REQUIRE(fmt::format("{}", p) ==
          "peer 3: tcp://192.0.2.1:40000 (DEALER, ZMTP 3.1, id \\x00ab), 5 messages in (70 bytes), 6 out (80 "
          "bytes), 2 unread, 9 missed");
  pull.close();
  REQUIRE(pull.peers().empty());
  REQUIRE(pull.stats().passed == cozmq::traffic_counts{});
  std::error_code ec;
  pull.disconnect(cozmq::peer_id{1}, ec);
  REQUIRE(ec == cozmq::errc::socket_closed);
  REQUIRE_THROWS_AS(pull.events(), cozmq::error);
}
