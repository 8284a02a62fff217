// What closing reports: delivered, and given up.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/numbers.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::close_report;

namespace {

asio::awaitable<void> meet(cozmq::push_socket& push, raw_peer& peer)
{
  co_await peer.connect(push.bind("tcp://127.0.0.1:*"));
  co_await peer.handshake("PULL");
  co_await push.wait_connected();
}

asio::awaitable<void> note_end(cozmq::push_socket& push, std::string name, std::vector<std::string>& over)
{
  close_report const r = co_await push.close(30s);
  CHECK(r.undelivered == 0);  // how many were still to deliver depends on what was written before
  over.push_back(name);
}

}  // namespace

TEST_CASE("close says that all was delivered when the peer is there, on every stream transport")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    cozmq::push_socket push{ctx};
    push.connect(pull.bind(any));
    for (int i = 0; i < 100; ++i) {  // without a turn of the loop, in which it could connect
      cozmq::message m{std::to_string(i)};
      REQUIRE(push.try_send(m));
    }
    close_report const r = co_await push.close(30s);
    REQUIRE((r == close_report{100, 0}));
    REQUIRE(r.complete());
    REQUIRE_FALSE(push.is_open());
    REQUIRE(fmt::format("{}", r) == "100 delivered, 0 undelivered");
    int const received = co_await receive_numbers(pull, 100);
    REQUIRE(received == 100);
    close_report const again = co_await push.close(30s);
    REQUIRE((again == close_report{}));
  });
}

TEST_CASE("close says how many messages an absent peer did not get, when its time is over")
{
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string endpoint;
    {
      cozmq::pull_socket gone{ctx};
      endpoint = gone.bind("tcp://127.0.0.1:*");
    }
    cozmq::push_socket tcp{ctx};
    tcp.connect(endpoint);
    co_await send_numbers(tcp, 10);
    close_report const over_tcp = co_await tcp.close(20ms);
    REQUIRE((over_tcp == close_report{0, 10}));

    cozmq::push_socket inproc{ctx};
    inproc.connect("inproc://nobody");
    co_await send_numbers(inproc, 7);
    close_report const over_inproc = co_await inproc.close(30s);
    REQUIRE((over_inproc == close_report{0, 7}));

    cozmq::push_socket none{ctx};
    none.connect(endpoint);
    co_await send_numbers(none, 3);
    close_report const at_once = co_await none.close(0ms);
    REQUIRE((at_once == close_report{0, 3}));
  });
}

TEST_CASE(
    "wish 4 closing ends in its time while a connection is being made, or never gets through its handshake")
{
  bool const accepted = GENERATE(true, false);
  CAPTURE(accepted);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    asio::ip::tcp::acceptor mute{io, {asio::ip::address_v4::loopback(), 0}, true};
    std::vector<asio::ip::tcp::socket> crowd;
    if (!accepted) {  // a full queue of the system: the next one hears nothing
      mute.listen(0);
      for (int i = 0; i < 2; ++i)
        crowd.emplace_back(io).async_connect(mute.local_endpoint(), [](std::error_code) {});
    }
    cozmq::push_socket push{ctx};
    cozmq::event_reader const events = push.events();
    push.connect(fmt::format("tcp://127.0.0.1:{}", mute.local_endpoint().port()));
    co_await push.send("never gets there");
    while ((co_await events.next()).kind != cozmq::event_kind::connecting)
      continue;
    close_report const r = co_await push.close(20ms);
    REQUIRE((r == close_report{0, 1}));
  });
}

TEST_CASE("close counts what a peer that stops reading did not take")
{
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    ctx.set_default(cozmq::option::send_buffer{16'384});
    ctx.set_default(cozmq::option::receive_buffer{16'384});
    cozmq::pull_socket pull{ctx};
    pull.set_option(cozmq::option::receive_hwm{1});
    cozmq::push_socket push{ctx};
    push.connect(pull.bind("tcp://127.0.0.1:*"));
    std::string const large(10'000, 'x');
    for (int i = 0; i < 500; ++i)
      co_await push.send(large);
    std::size_t const queued = push.stats().queued;
    REQUIRE(queued > 0);
    close_report const r = co_await push.close(50ms);
    REQUIRE(r.undelivered > 0);
    REQUIRE(r.delivered + r.undelivered == queued);
  });
}

TEST_CASE("the report of close is of its own messages, not of those lost before")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::dealer_socket bound{ctx};
    bound.set_option(cozmq::option::send_buffer{16'384});
    cozmq::dealer_socket peer{ctx};
    peer.set_option(cozmq::option::receive_buffer{16'384});
    peer.set_option(cozmq::option::receive_hwm{1});
    peer.connect(bound.bind("tcp://127.0.0.1:*"));
    co_await bound.wait_connected();
    co_await peer.send("not read");
    co_await until(io, [&] { return bound.stats().unread == 1; });
    std::string const large(10'000, 'x');
    for (int i = 0; i < 500; ++i)
      co_await bound.send(large);
    peer.set_option(cozmq::option::linger{0ms});
    peer.close();
    co_await until(io, [&] { return bound.stats().dropped.undelivered > 0; });
    close_report const r = co_await bound.close(1s);
    REQUIRE((r == close_report{}));
  });
}

TEST_CASE(
    "an endpoint that is not connected when a socket closes is gone while other connections still deliver")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    ctx.set_default(cozmq::option::send_buffer{16'384});
    ctx.set_default(cozmq::option::receive_buffer{16'384});
    cozmq::dealer_socket bound{ctx};
    cozmq::dealer_socket slow{ctx};
    slow.set_option(cozmq::option::receive_hwm{1});
    slow.connect(bound.bind("tcp://127.0.0.1:*"));
    co_await bound.wait_connected();
    std::string const large(100'000, 'x');
    for (int i = 0; i < 50; ++i)
      co_await bound.send(large);
    bound.connect("ipc:///nonexistent/directory/socket");
    co_await turns(io, 10);
    bound.close();
    co_await turns(io, 10);  // what the endpoint still waits for ends
    slow.set_option(cozmq::option::linger{0ms});
    slow.close();
    co_await turns(io, 100);
    cozmq::dealer_socket another{ctx};
    another.bind("inproc://the list of sockets is in order");
  });
}

TEST_CASE(
    "B19 close does not wait for a peer that does not read, unless its system lacks something or it sends")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::push_socket silent{ctx};
    cozmq::push_socket talking{ctx};
    cozmq::push_socket stuffed{ctx};
    stuffed.set_option(cozmq::option::send_buffer{200'000});
    raw_peer silent_peer{io};
    raw_peer talking_peer{io};
    raw_peer stuffed_peer{io};
    stuffed_peer.stream().open(asio::ip::tcp::v4());
    stuffed_peer.stream().set_option(asio::socket_base::receive_buffer_size{4'096});
    co_await meet(silent, silent_peer);
    co_await meet(talking, talking_peer);
    co_await meet(stuffed, stuffed_peer);
    co_await silent.send("hello");
    co_await talking.send("hello");
    std::string const large(100'000, 'x');
    co_await stuffed.send(large);

    std::vector<std::string> over;
    asio::co_spawn(io, note_end(stuffed, "stuffed", over), asio::detached);
    asio::co_spawn(io, note_end(talking, "talking", over), asio::detached);
    asio::co_spawn(io, note_end(silent, "silent", over), asio::detached);
    asio::steady_timer pace{io};
    while (over.size() < 3) {
      if (std::ranges::count(over, "talking") == 0)
        co_await talking_peer.write(frame_octets("still here"));
      pace.expires_after(10ms);
      co_await pace.async_wait(asio::use_awaitable);
    }
    REQUIRE(over.front() == "silent");
    REQUIRE(std::ranges::count(over, "talking") == 1);
    REQUIRE(std::ranges::count(over, "stuffed") == 1);

    // What was delivered is there, however late somebody reads it.
    octets const small = co_await silent_peer.read(7);
    REQUIRE((small == frame_octets("hello")));
    co_await silent_peer.wait_closed();
    octets const all = co_await stuffed_peer.read(9 + large.size());
    REQUIRE((octets{all.begin() + 9, all.end()} == from_text(large)));
    co_await stuffed_peer.wait_closed();
  });
}

TEST_CASE(
    "X-12 K5 an endpoint that was given up for good goes with its socket, and leaves nothing behind in it")
{
  bool const with_context = GENERATE(true, false);
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context&) -> asio::awaitable<void> {
    std::optional<cozmq::context> ctx{io};
    cozmq::rep_socket rep{*ctx};
    cozmq::pull_socket pull{*ctx};
    cozmq::event_reader const events = pull.events();
    pull.connect(rep.bind("tcp://127.0.0.1:*"));
    for (cozmq::event e = co_await events.next(); e.kind != cozmq::event_kind::gave_up;)
      e = co_await events.next();
    co_await turns(io);  // what was under way for the endpoint is over
    if (with_context)
      ctx.reset();
    else
      pull.close();
    co_await turns(io);
  });
}

// ---- ten thousand messages are queued, and the socket goes ----------------------------------------------

namespace {

constexpr int many = 10'000;

// A socket with `many` messages for an absent peer, or for one that does not read yet.
cozmq::push_socket full_socket(cozmq::context& ctx, std::string const& endpoint, cozmq::option::linger linger)
{
  cozmq::push_socket push{ctx};
  push.set_option(cozmq::option::send_hwm{many});
  push.set_option(cozmq::option::reconnect_interval{1ms});
  push.set_option(linger);
  push.connect(endpoint);
  for (int i = 0; i < many; ++i) {
    cozmq::message m{std::to_string(i)};
    REQUIRE(push.try_send(m));
  }
  return push;
}

// Ends the socket, which does not wait, and says how long its delivery goes on.
std::chrono::steady_clock::duration end(asio::io_context& io, std::optional<cozmq::push_socket>& push)
{
  auto const begin = std::chrono::steady_clock::now();
  push.reset();
  io.restart();
  io.run_for(30s);
  return std::chrono::steady_clock::now() - begin;
}

// A port where nobody listens, and which no other program can have meanwhile.
class deserted_port {
 public:
  explicit deserted_port(asio::io_context& io) : taken_{io, asio::ip::tcp::v4()}
  {
    taken_.bind({asio::ip::address_v4::loopback(), 0});
  }
  std::string endpoint() const { return fmt::format("tcp://127.0.0.1:{}", taken_.local_endpoint().port()); }

 private:
  asio::ip::tcp::acceptor taken_;
};

}  // namespace

TEST_CASE(
    "A15 B19 X-11 with linger zero ten thousand messages are dropped at once, for an absent peer or a slow "
    "one")
{
  bool const absent = GENERATE(true, false);
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  deserted_port const nobody{io};
  raw_listener silent{io};  // its system accepts, and nobody reads
  std::optional<cozmq::push_socket> push{
      full_socket(ctx, absent ? nobody.endpoint() : silent.endpoint(), cozmq::option::linger{0ms})};
  io.run_for(1ms);
  auto const took = end(io, push);
  REQUIRE(took < 5s);
  REQUIRE(log.count("10000 messages undelivered") == 1);
}

TEST_CASE(
    "A15 B19 X-11 with a time to linger ten thousand messages are given up after it, and closing does not "
    "wait")
{
  bool const absent = GENERATE(true, false);
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  deserted_port const nobody{io};
  raw_listener silent{io};
  std::optional<cozmq::push_socket> push{
      full_socket(ctx, absent ? nobody.endpoint() : silent.endpoint(), cozmq::option::linger{100ms})};
  io.run_for(1ms);
  auto const took = end(io, push);
  REQUIRE(took >= 100ms);
  REQUIRE(took < 5s);
  REQUIRE(log.count("10000 messages undelivered") == 1);
}

TEST_CASE(
    "A15 B19 X-11 without an end to linger all ten thousand messages arrive, however late or slow the peer "
    "is")
{
  std::string const kind = GENERATE(as<std::string>{}, "there", "slow", "late");
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  std::optional<deserted_port> nobody{io};
  cozmq::pull_socket pull{ctx};
  pull.set_option(cozmq::option::receive_hwm{kind == "slow" ? 1U : 1'000U});
  std::string const endpoint = kind == "late" ? nobody->endpoint() : pull.bind("tcp://127.0.0.1:*");
  std::optional<cozmq::push_socket> push{
      full_socket(ctx, endpoint, cozmq::option::linger{cozmq::option::linger::forever})};
  push.reset();  // returns, though nobody runs the loop that could deliver
  run_test(io, [&]() -> asio::awaitable<void> {
    if (kind == "late") {
      co_await until(io, [&] { return log.count("retrying") > 0; });
      nobody.reset();
      pull.bind(endpoint);
    }
    int const received = co_await receive_numbers(pull, many);
    REQUIRE(received == many);
    REQUIRE_FALSE(pull.try_recv());
    pull.close();
  }());
  io.restart();
  io.run_for(30s);
  REQUIRE(io.stopped());  // it has ended when the last one was delivered
}
