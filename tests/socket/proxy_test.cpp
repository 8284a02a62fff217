// proxy() and forwarder: what they move, when they stop, and that nothing is lost.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::dealer_socket;
using cozmq::errc;
using cozmq::forwarder;
using cozmq::pair_socket;
using cozmq::pull_socket;
using cozmq::push_socket;
using cozmq::rep_socket;
using cozmq::req_socket;
using cozmq::router_socket;
namespace option = cozmq::option;

namespace {

struct outcome {
  bool ended = false;
  std::error_code ec;
  asio::cancellation_signal cancel;
};

// Starts a proxy; its end is seen in the result.
std::shared_ptr<outcome> start(asio::io_context& io, asio::awaitable<void> operation)
{
  auto result = std::make_shared<outcome>();
  asio::co_spawn(io, std::move(operation),
                 asio::bind_cancellation_slot(result->cancel.slot(), [result](std::exception_ptr failure) {
                   try {
                     if (failure)
                       std::rethrow_exception(failure);
                   } catch (std::system_error const& e) {
                     result->ec = e.code();
                   }
                   result->ended = true;
                 }));
  return result;
}

asio::awaitable<void> stop(asio::io_context& io, std::shared_ptr<outcome> running)
{
  running->cancel.emit(asio::cancellation_type::terminal);
  co_await until(io, [&] { return running->ended; });
  REQUIRE(running->ec == asio::error::operation_aborted);
}

// Answers every request with its own frames and "by <name>", until its socket is closed.
asio::awaitable<void> work(rep_socket& worker, std::string name, int& served)
{
  for (;;) {
    cozmq::message request = co_await worker.recv();
    request.push_back(cozmq::frame{name});
    ++served;
    co_await worker.send(std::move(request));
  }
}

// Would `pub` send what starts with `topic` to anybody?
bool wanted(cozmq::pub_socket& pub, std::string_view topic)
{
  return pub.core()->exchange().outbound().subscribers(cozmq::as_bytes(topic)) > 0;
}

// The ends of a streamer: what is pushed into `in` leaves through `out`.
struct streamer {
  explicit streamer(cozmq::context& ctx, std::string const& kind = "tcp")
      : in{ctx}, front{ctx}, back{ctx}, out{ctx}
  {
    bool const tcp = kind == "tcp";
    front_endpoint = front.bind(tcp ? "tcp://127.0.0.1:*" : "inproc://front");
    back_endpoint = back.bind(tcp ? "tcp://127.0.0.1:*" : "inproc://back");
  }
  void join()
  {
    in.connect(front_endpoint);
    out.connect(back_endpoint);
  }
  push_socket in;
  pull_socket front;
  push_socket back;
  pull_socket out;
  std::string front_endpoint;
  std::string back_endpoint;
};

}  // namespace

TEST_CASE("A39 B47 B49 clients and workers meet at a ROUTER and DEALER proxy, and come and go")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket front{ctx};
    dealer_socket back{ctx};
    std::string const clients = front.bind(any);
    std::string const workers = back.bind(any == "inproc://name" ? "inproc://workers" : any);
    auto const broker = start(io, cozmq::proxy(front, back));
    std::array<int, 2> served{};
    std::optional<rep_socket> a{ctx};
    rep_socket b{ctx};
    a->connect(workers);
    b.connect(workers);
    co_await back.wait_connected(2);
    asio::co_spawn(io, work(*a, "a", served[0]), asio::detached);
    asio::co_spawn(io, work(b, "b", served[1]), asio::detached);
    {
      req_socket first{ctx};
      req_socket second{ctx};
      first.connect(clients);
      second.connect(clients);
      for (int i = 0; i < 20; ++i) {
        co_await first.send("first", std::to_string(i), "");
        co_await second.send("second", std::to_string(i));
        cozmq::message reply = co_await second.recv();
        REQUIRE((reply.size() == 3 && reply[0] == "second" && reply[1] == std::to_string(i)));
        reply = co_await first.recv();
        REQUIRE(
            (reply.size() == 4 && reply[0] == "first" && reply[1] == std::to_string(i) && reply[2].empty()));
      }
      REQUIRE((served[0] == 20 && served[1] == 20));
    }
    a.reset();
    co_await until(io, [&] { return back.connected_peers() == 1; });
    req_socket third{ctx};
    third.connect(clients);
    for (int i = 0; i < 10; ++i) {
      cozmq::message const reply = co_await third.request("third");
      REQUIRE(reply[1] == "b");
    }
    REQUIRE_FALSE(broker->ended);
    co_await stop(io, broker);
  });
}

TEST_CASE("A39 B51 a streamer forwards thousands of messages of any size in order, from tcp to ipc")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket in{ctx};
    pull_socket front{ctx};
    push_socket back{ctx};
    pull_socket out{ctx};
    in.connect(front.bind("tcp://127.0.0.1:*"));
    out.connect(back.bind("ipc://*"));
    auto const running = start(io, cozmq::proxy(front, back));
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          for (int i = 0; i < 5'000; ++i)
            co_await in.send(std::to_string(i),
                             blob(i % 100 == 0 ? 200'000 : static_cast<std::size_t>(i % 300)));
        },
        asio::detached);
    for (int i = 0; i < 5'000; ++i) {
      cozmq::message const m = co_await out.recv();
      REQUIRE(m.size() == 2);
      REQUIRE(m[0] == std::to_string(i));
      REQUIRE(m[1].size() == (i % 100 == 0 ? 200'000U : static_cast<std::size_t>(i % 300)));
    }
    co_await stop(io, running);
  });
}

TEST_CASE("A39 B50 a capture socket gets a copy of each message of both ways, all frames kept")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pair_socket a{ctx};
    pair_socket front{ctx};
    pair_socket back{ctx};
    pair_socket b{ctx};
    join(front, a, "inproc://front");
    join(back, b, "inproc://back");
    push_socket capture{ctx};
    pull_socket log{ctx};
    join(log, capture, "inproc://log");
    auto const running = start(io, cozmq::proxy(front, back, capture));
    std::string const large(100'000, 'x');
    co_await a.send("there", "", large);
    cozmq::message m = co_await b.recv();
    REQUIRE((to_parts(m) == parts{"there", "", large}));
    co_await b.send("and back");
    m = co_await a.recv();
    REQUIRE((to_parts(m) == parts{"and back"}));
    m = co_await log.recv();
    REQUIRE((to_parts(m) == parts{"there", "", large}));
    m = co_await log.recv();
    REQUIRE((to_parts(m) == parts{"and back"}));
    co_await stop(io, running);
  });
}

TEST_CASE("A39 a capture that takes nothing holds the traffic up, and loses none of it")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    streamer s{ctx, "inproc"};
    s.join();
    push_socket capture{ctx};
    capture.set_option(option::send_hwm{1});
    pull_socket log{ctx};
    log.set_option(option::receive_hwm{1});
    capture.bind("inproc://log");
    auto const running = start(io, cozmq::proxy(s.front, s.back, capture));
    for (int i = 0; i < 10; ++i)
      co_await s.in.send(std::to_string(i));
    co_await turns(io);
    REQUIRE_FALSE(s.out.try_recv());
    log.connect("inproc://log");
    for (int i = 0; i < 10; ++i) {
      std::string text = co_await text_from(s.out);
      REQUIRE(text == std::to_string(i));
      text = co_await text_from(log);
      REQUIRE(text == std::to_string(i));
    }
    co_await stop(io, running);
  });
}

TEST_CASE("B48 a proxy has no queue: when its far side is gone or full, the near side fills up to its marks")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    streamer s{ctx, "inproc"};
    s.in.set_option(option::send_hwm{10});
    s.front.set_option(option::receive_hwm{10});
    s.back.set_option(option::send_hwm{10});
    auto out = std::make_optional<pull_socket>(ctx);
    out->set_option(option::receive_hwm{10});
    s.in.connect(s.front_endpoint);
    auto const running = start(io, cozmq::proxy(s.front, s.back));
    int accepted = 0;
    auto const fill = [&]() -> asio::awaitable<void> {
      for (int quiet = 0; quiet < 50; ++quiet) {
        for (cozmq::message m{std::to_string(accepted)}; s.in.try_send(m); quiet = 0)
          m = cozmq::message{std::to_string(++accepted)};
        co_await turns(io, 1);
      }
    };
    co_await fill();
    REQUIRE(accepted == 21);  // the marks of the first hop, and the one that waits for a taker
    int next = 0;
    out->connect(s.back_endpoint);
    co_await fill();
    REQUIRE(accepted == 41);
    for (; next < 30; ++next) {
      std::string const text = co_await text_from(*out);
      REQUIRE(text == std::to_string(next));
    }
    co_await fill();
    out.emplace(ctx);  // gone with what it has not read
    REQUIRE_FALSE(running->ended);
    out->connect(s.back_endpoint);
    int received = 0;
    int last = -1;
    for (co_await fill(); last != accepted - 1; ++received) {
      std::string const text = co_await text_from(*out);
      int const number = std::stoi(text);
      REQUIRE(number > last);
      last = number;
    }
    REQUIRE(received >= 21);
    co_await stop(io, running);
  });
}

TEST_CASE(
    "B48 a proxy between tcp peers is bounded while its far side is gone, and goes on when that is back")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    streamer s{ctx};
    s.in.connect(s.front_endpoint);
    auto const running = start(io, cozmq::proxy(s.front, s.back));
    std::string const body(100'000, 'x');
    int accepted = 0;
    for (int quiet = 0; quiet < 500; ++quiet) {
      for (cozmq::message m{std::to_string(accepted), body}; s.in.try_send(m); quiet = 0)
        m = cozmq::message{std::to_string(++accepted), body};
      co_await turns(io, 1);
      REQUIRE(accepted < 10'000);
    }
    for (int round = 0; round < 3; ++round) {
      pull_socket out{ctx};
      out.connect(s.back_endpoint);
      for (int i = 0; i < 20; ++i) {
        cozmq::message const m = co_await out.recv();
        REQUIRE(m[1].size() == body.size());
      }
    }
    REQUIRE_FALSE(running->ended);
    co_await stop(io, running);
    s.in.set_option(option::linger{0ms});
  });
}

TEST_CASE("A39 cancelling a proxy at any time loses no message, duplicates none, and it can be started again")
{
  std::string const kind = GENERATE(as<std::string>{}, "inproc", "tcp");
  bool const observed = GENERATE(false, true);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    streamer s{ctx, kind};
    s.back.set_option(option::send_hwm{3});
    s.out.set_option(option::receive_hwm{3});
    s.join();
    int seen = 0;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          for (int i = 0; i < 3'000; ++i)
            co_await s.in.send(std::to_string(i));
        },
        asio::detached);
    int next = 0;
    for (int round = 0; next < 3'000; ++round) {
      forwarder f{s.front, s.back};
      if (observed)
        f.on_message([&seen](cozmq::towards, cozmq::message&) {
          ++seen;
          return true;
        });
      auto const running = start(io, f.run());
      co_await turns(io, round % 7);
      for (int i = 0; i < round % 40 && next < 3'000; ++i) {
        std::string const text = co_await text_from(s.out);
        REQUIRE(text == std::to_string(next++));
      }
      co_await stop(io, running);
      while (std::optional<cozmq::message> m = s.out.try_recv())
        REQUIRE((*m)[0] == std::to_string(next++));
    }
    REQUIRE(next == 3'000);
    REQUIRE(seen == (observed ? 3'000 : 0));
  });
}

TEST_CASE(
    "A39 a proxy under || ends with its timeout; one whose socket is closed or terminated ends with that")
{
  scenario([](asio::io_context& io, cozmq::context&) -> asio::awaitable<void> {
    std::optional<cozmq::context> ctx{io};
    pull_socket front{*ctx};
    std::optional<push_socket> back{*ctx};
    auto const timed = co_await (cozmq::proxy(front, *back) || cozmq::timeout(1ms));
    REQUIRE(timed.index() == 1);
    auto const first = start(io, cozmq::proxy(front, *back));
    co_await turns(io);
    auto const second = start(io, cozmq::proxy(front, *back));
    co_await until(io, [&] { return second->ended; });
    REQUIRE(second->ec == errc::operation_in_progress);
    REQUIRE_FALSE(first->ended);
    back.reset();
    co_await until(io, [&] { return first->ended; });
    REQUIRE(first->ec == errc::socket_closed);
    push_socket other{*ctx};
    auto const third = start(io, cozmq::proxy(front, other));
    co_await turns(io);
    front.cancel();
    co_await until(io, [&] { return third->ended; });
    REQUIRE(third->ec == asio::error::operation_aborted);
    auto const fourth = start(io, cozmq::proxy(front, other));
    co_await turns(io);
    ctx.reset();
    co_await until(io, [&] { return fourth->ended; });
    REQUIRE(fourth->ec == errc::terminated);
    other.close();
    REQUIRE_THROWS_AS(cozmq::proxy(front, other), cozmq::error);
  });
}

TEST_CASE("5.5 proxy_single_socket a proxy of one socket with itself sends back what it receives")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    rep_socket echo{ctx};
    req_socket client{ctx};
    join(echo, client, "tcp://127.0.0.1:*");
    forwarder f{echo};
    auto const running = start(io, f.run());
    for (int i = 0; i < 10; ++i) {
      cozmq::message const reply = co_await client.request({"echo", std::to_string(i)});
      REQUIRE((to_parts(reply) == parts{"echo", std::to_string(i)}));
    }
    co_await stop(io, running);
    router_socket both{ctx};
    dealer_socket asks{ctx};
    join(both, asks, "tcp://127.0.0.1:*");
    auto const other = start(io, cozmq::proxy(both, both));
    co_await asks.send("a", "b");
    cozmq::message const m = co_await asks.recv();
    REQUIRE((to_parts(m) == parts{"a", "b"}));
    co_await stop(io, other);
  });
}

TEST_CASE("A39 a proxy of a REP and a REQ keeps their turns")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    rep_socket front{ctx};
    req_socket back{ctx};
    rep_socket server{ctx};
    std::string const endpoint = front.bind("tcp://127.0.0.1:*");
    join(server, back, "tcp://127.0.0.1:*");
    auto const running = start(io, cozmq::proxy(front, back));
    int served = 0;
    asio::co_spawn(io, work(server, "server", served), asio::detached);
    std::array<req_socket, 3> clients{req_socket{ctx}, req_socket{ctx}, req_socket{ctx}};
    for (req_socket& client : clients) {
      client.connect(endpoint);
      co_await client.send("question");
    }
    for (req_socket& client : clients) {
      cozmq::message const reply = co_await client.recv();
      REQUIRE((to_parts(reply) == parts{"question", "server"}));
    }
    REQUIRE(served == 3);
    co_await stop(io, running);
    server.close();
    co_await turns(io, 10);
  });
}

TEST_CASE("5.5 proxy_steerable pause, resume, terminate and statistics, by call")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pair_socket a{ctx};
    pair_socket front{ctx};
    pair_socket back{ctx};
    pair_socket b{ctx};
    join(front, a, "inproc://front");
    join(back, b, "inproc://back");
    forwarder f{front, back};
    auto running = start(io, f.run());
    co_await a.send("12345", "678");
    co_await b.recv();
    f.pause();
    REQUIRE(f.paused());
    co_await a.send("later");
    co_await b.send("back", "now");
    co_await turns(io);
    REQUIRE_FALSE(a.try_recv());
    REQUIRE_FALSE(b.try_recv());
    f.resume();
    co_await a.recv();
    std::string const text = co_await text_from(b);
    REQUIRE(text == "later");
    cozmq::forwarder_statistics const now = f.statistics();
    REQUIRE((now.front_received.messages == 2 && now.front_received.bytes == 13));
    REQUIRE((now.back_sent.messages == 2 && now.back_sent.bytes == 13));
    REQUIRE((now.back_received.messages == 1 && now.back_received.bytes == 7));
    REQUIRE((now.front_sent.messages == 1 && now.front_sent.bytes == 7));
    f.terminate();
    co_await until(io, [&] { return running->ended; });
    REQUIRE_FALSE(running->ec);
    running = start(io, f.run());
    co_await a.send("again");
    co_await b.recv();
    auto const twice = start(io, f.run());
    co_await until(io, [&] { return twice->ended; });
    REQUIRE(twice->ec == errc::operation_in_progress);
    REQUIRE_FALSE(running->ended);
    f.terminate();
    co_await until(io, [&] { return running->ended; });
  });
}

TEST_CASE("5.5 proxy_steerable a control socket obeys PAUSE, RESUME, STATISTICS and TERMINATE")
{
  bool const by_rep = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    streamer s{ctx, "inproc"};
    s.join();
    rep_socket rep{ctx};
    req_socket req{ctx};
    join(rep, req, "inproc://rep");
    pair_socket obeys{ctx};
    pair_socket commands{ctx};
    join(obeys, commands, "inproc://pair");
    forwarder f{s.front, s.back};
    if (by_rep)
      f.steered_by(rep);
    else
      f.steered_by(obeys);
    auto const running = start(io, f.run());
    auto const say = [&](std::string word) -> asio::awaitable<cozmq::message> {
      if (by_rep)
        co_return co_await req.request(cozmq::message{word});
      co_await commands.send(word);
      if (word == "STATISTICS")
        co_return co_await commands.recv();
      co_return cozmq::message{""};
    };
    co_await s.in.send("1234");
    co_await s.out.recv();
    cozmq::message answer = co_await say("PAUSE");
    REQUIRE((to_parts(answer) == parts{""}));
    co_await until(io, [&] { return f.paused(); });
    co_await s.in.send("56");
    co_await turns(io);
    REQUIRE_FALSE(s.out.try_recv());
    co_await say("NONSENSE");
    co_await say("RESUME");
    co_await s.out.recv();
    answer = co_await say("STATISTICS");
    REQUIRE(answer.size() == 8);
    std::array<std::uint64_t, 8> numbers{};
    for (std::size_t i = 0; i < 8; ++i) {
      REQUIRE(answer[i].size() == 8);
      std::memcpy(&numbers[i], answer[i].data(), 8);
    }
    REQUIRE((numbers == std::array<std::uint64_t, 8>{2, 6, 0, 0, 0, 0, 2, 6}));
    co_await say("TERMINATE");
    co_await until(io, [&] { return running->ended; });
    REQUIRE_FALSE(running->ec);
  });
}

TEST_CASE("5.5 proxy_terminate a proxy ends though its back is blocked, and the message is still there")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    streamer s{ctx, "inproc"};
    s.in.connect(s.front_endpoint);
    rep_socket control{ctx};
    req_socket commands{ctx};
    join(control, commands, "inproc://control");
    forwarder f{s.front, s.back};
    f.steered_by(control);
    auto const running = start(io, f.run());
    for (int i = 0; i < 3; ++i)
      co_await s.in.send(std::to_string(i));
    co_await turns(io);
    co_await commands.request("TERMINATE");
    co_await until(io, [&] { return running->ended; });
    REQUIRE_FALSE(running->ec);
    for (int i = 0; i < 3; ++i) {
      std::string const text = co_await text_from(s.front);
      REQUIRE(text == std::to_string(i));
    }
  });
}

TEST_CASE("2.7 proxy hook: it sees each message once, may change it, and decides whether it goes on")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pair_socket a{ctx};
    pair_socket front{ctx};
    pair_socket back{ctx};
    pair_socket b{ctx};
    join(front, a, "inproc://front");
    join(back, b, "inproc://back");
    forwarder f{front, back};
    std::vector<std::string> seen;
    f.on_message([&seen](cozmq::towards where, cozmq::message& m) {
      seen.push_back((where == cozmq::towards::back ? "> " : "< ") + m[0].str());
      if (m[0] == "drop")
        return false;
      if (m[0] == "empty")
        m.clear();
      else
        m.push_back(cozmq::frame{"stamped"});
      return true;
    });
    auto const running = start(io, f.run());
    co_await a.send("drop");
    co_await a.send("empty");
    co_await a.send("keep");
    cozmq::message m = co_await b.recv();
    REQUIRE((to_parts(m) == parts{"keep", "stamped"}));
    co_await b.send("back");
    m = co_await a.recv();
    REQUIRE((to_parts(m) == parts{"back", "stamped"}));
    REQUIRE((seen == std::vector<std::string>{"> drop", "> empty", "> keep", "< back"}));
    REQUIRE(f.statistics().front_received.messages == 3);
    REQUIRE(f.statistics().back_sent.messages == 1);
    REQUIRE(f.statistics().back_sent.bytes == 11);
    REQUIRE(f.statistics().refused == 1);
    co_await stop(io, running);
  });
}

TEST_CASE("2.7 proxy hook: one that throws ends the run, and the next one begins with the same message")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    streamer s{ctx, "inproc"};
    s.join();
    push_socket capture{ctx};
    pull_socket log{ctx};
    join(log, capture, "inproc://log");
    forwarder f{s.front, s.back, capture};
    bool fails = true;
    f.on_message([&fails](cozmq::towards, cozmq::message& m) {
      if (std::exchange(fails, false)) {
        if (m[0] == "taken")
          cozmq::message{std::move(m)}.clear();
        throw std::system_error{std::make_error_code(std::errc::io_error)};
      }
      m.push_back(cozmq::frame{"stamped"});
      return true;
    });
    for (std::string first : {"kept", "taken"}) {
      fails = true;
      auto const failing = start(io, f.run());
      co_await s.in.send(first);
      co_await s.in.send("next");
      co_await until(io, [&] { return failing->ended; });
      REQUIRE(failing->ec == std::errc::io_error);
      auto const running = start(io, f.run());
      for (std::string expected : {first, std::string{"next"}}) {
        if (expected == "taken")
          continue;
        cozmq::message m = co_await s.out.recv();
        REQUIRE((to_parts(m) == parts{expected, "stamped"}));
        m = co_await log.recv();
        REQUIRE((to_parts(m) == parts{expected, "stamped"}));
      }
      co_await stop(io, running);
    }
    REQUIRE(f.statistics().back_sent.messages == 3);
  });
}

TEST_CASE("A39 a reply for a client that is gone is refused by a mandatory ROUTER, and the proxy goes on")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket front{ctx};
    front.set_option(option::router_mandatory{true});
    dealer_socket back{ctx};
    dealer_socket worker{ctx};
    dealer_socket client{ctx};
    join(front, client, "inproc://front");
    join(back, worker, "inproc://back");
    forwarder f{front, back};
    auto const running = start(io, f.run());
    co_await worker.send("nobody", "", "reply");
    co_await client.send("request");
    cozmq::message m = co_await worker.recv();
    co_await worker.send(std::move(m));
    m = co_await client.recv();
    REQUIRE(m[0] == "request");
    REQUIRE(f.statistics().refused == 1);
    co_await stop(io, running);
  });
}

TEST_CASE("A39 a proxy that always has work lets others run, and serves both ways")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pair_socket a{ctx};
    pair_socket front{ctx};
    pair_socket back{ctx};
    pair_socket b{ctx};
    for (pair_socket* each : {&a, &front, &back, &b}) {
      each->set_option(option::send_hwm{100'000});
      each->set_option(option::receive_hwm{100'000});
    }
    join(front, a, "inproc://front");
    join(back, b, "inproc://back");
    for (int i = 0; i < 50'000; ++i) {
      cozmq::message there{std::to_string(i)};
      cozmq::message here{std::to_string(i)};
      REQUIRE((a.try_send(there) && b.try_send(here)));
    }
    auto const running = start(io, cozmq::proxy(front, back));
    std::optional<cozmq::message> at_a;
    std::optional<cozmq::message> at_b;
    while (!at_a || !at_b) {
      at_a = at_a ? std::move(at_a) : a.try_recv();
      at_b = at_b ? std::move(at_b) : b.try_recv();
      co_await turns(io, 1);
    }
    REQUIRE(back.readable());  // far from done when both had their turn
    for (int i = 1; i < 50'000; ++i)
      co_await a.recv();
    co_await stop(io, running);
  });
}

TEST_CASE(
    "B45 B46 an XSUB and XPUB proxy: every subscriber gets every feed, and origins send what is wanted only")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::xsub_socket front{ctx};
    cozmq::xpub_socket back{ctx};
    bool const inproc = any == "inproc://name";
    std::string const feeds = front.bind(inproc ? "inproc://feeds" : any);
    std::string const readers = back.bind(inproc ? "inproc://readers" : any);
    auto const broker = start(io, cozmq::proxy(front, back));
    std::array<cozmq::pub_socket, 2> pubs{cozmq::pub_socket{ctx}, cozmq::pub_socket{ctx}};
    std::vector<cozmq::sub_socket> subs;
    for (cozmq::pub_socket& pub : pubs)
      pub.connect(feeds);
    for (int count = 1; count <= 3; ++count) {
      // One more subscriber changes nothing anywhere else.
      cozmq::sub_socket& added = subs.emplace_back(ctx);
      added.connect(readers);
      added.subscribe("topic");
      added.subscribe("only " + std::to_string(count) + " ");
      for (cozmq::pub_socket& pub : pubs) {
        co_await pub.wait_subscribers("topic");
        co_await pub.wait_subscribers("only " + std::to_string(count) + " ");
      }
      for (int i = 0; i < 2; ++i) {
        cozmq::pub_socket& pub = pubs[static_cast<std::size_t>(i)];
        co_await pub.send("unwanted");
        co_await pub.send("topic", std::to_string(i));
        co_await pub.send("only " + std::to_string(count) + " ", "", "frames");
      }
      for (cozmq::sub_socket& sub : subs) {
        std::array<int, 2> heard{};
        int own = 0;
        while (heard[0] + heard[1] + own < (&sub == &added ? 4 : 2)) {
          cozmq::message const m = co_await sub.recv();
          if (m[0] == "topic")
            ++heard[m[1] == "1" ? 1 : 0];
          else
            own += m.size() == 3 && &sub == &added;
        }
        REQUIRE((heard[0] == 1 && heard[1] == 1));
      }
    }
    // The last to want a topic takes the subscription with it, up to the origins.
    subs.pop_back();
    for (cozmq::pub_socket& pub : pubs) {
      co_await until(io, [&] { return !wanted(pub, "only 3 "); });
      REQUIRE(wanted(pub, "topic"));
      REQUIRE_FALSE(wanted(pub, "unwanted"));
    }
    co_await stop(io, broker);
  });
}

TEST_CASE(
    "5.5 proxy_hwm an XPUB that does not drop holds the proxy up; it stays steerable, and nothing is lost")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::xsub_socket front{ctx};
    cozmq::xpub_socket back{ctx};
    cozmq::xpub_socket origin{ctx};
    cozmq::sub_socket reader{ctx};
    for (cozmq::xpub_socket* each : {&back, &origin}) {
      each->set_option(option::xpub_nodrop{true});
      each->set_option(option::send_hwm{10});
    }
    front.set_option(option::receive_hwm{10});
    reader.set_option(option::receive_hwm{10});
    join(front, origin, "inproc://front");
    join(back, reader, "inproc://back");
    reader.subscribe("");
    rep_socket control{ctx};
    req_socket commands{ctx};
    join(control, commands, "inproc://control");
    forwarder f{front, back};
    f.steered_by(control);
    auto const running = start(io, f.run());
    co_await origin.wait_subscribers("");
    int accepted = 0;
    for (int quiet = 0; quiet < 50; ++quiet) {
      for (cozmq::message m{std::to_string(accepted)}; origin.try_send(m); quiet = 0)
        m = cozmq::message{std::to_string(++accepted)};
      co_await turns(io, 1);
    }
    REQUIRE(accepted == 41);  // twice the marks of a hop, and the one that waits for a taker
    cozmq::message const statistics = co_await commands.request("STATISTICS");
    REQUIRE(statistics.size() == 8);
    for (int i = 0; i < accepted; ++i) {
      std::string const text = co_await text_from(reader);
      REQUIRE(text == std::to_string(i));
    }
    co_await commands.request("TERMINATE");
    co_await until(io, [&] { return running->ended; });
  });
}
