// PUSH, PULL and PAIR: sharing work out, collecting it, and talking to exactly one.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <string>
#include <vector>

using namespace cozmq::test;
using cozmq::pair_socket;
using cozmq::pull_socket;
using cozmq::push_socket;

namespace {

std::size_t drain(pull_socket& pull)
{
  std::size_t count = 0;
  while (pull.try_recv())
    ++count;
  return count;
}

}  // namespace

TEST_CASE("S43 B15 B16 a hundred tasks for four connected workers are 25 each")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket ventilator{ctx};
    std::string const endpoint = ventilator.bind(any);
    std::vector<pull_socket> workers;
    for (int i = 0; i < 4; ++i)
      workers.emplace_back(ctx).connect(endpoint);
    co_await ventilator.wait_connected(4);
    for (int i = 0; i < 100; ++i)
      co_await ventilator.send("task");
    std::vector<std::size_t> done(4);
    std::size_t sum = 0;
    co_await until(io, [&] {
      for (std::size_t i = 0; i < 4; ++i) {
        std::size_t const more = drain(workers[i]);
        done[i] += more;
        sum += more;
      }
      return sum == 100;
    });
    REQUIRE((done == std::vector<std::size_t>(4, 25)));
  });
}

TEST_CASE("S44 a PUSH without a peer waits, and goes on when one arrives")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    STATIC_REQUIRE_FALSE(cozmq::can_receive<cozmq::pattern::push>);
    push_socket push{ctx};
    std::string const endpoint = push.bind(any);
    cozmq::message m{"nobody there"};
    REQUIRE_FALSE(push.try_send(m));
    bool sent = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          co_await push.send("waited");
          sent = true;
        },
        asio::detached);
    co_await turns(io);
    REQUIRE_FALSE(sent);
    pull_socket pull{ctx};
    pull.connect(endpoint);
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "waited");
  });
}

TEST_CASE("S44 a send that waits goes on when its socket connects, though nobody is there yet")
{
  std::string const nobody = GENERATE(as<std::string>{}, "tcp://127.0.0.1:1", "inproc://nobody");
  captured_log const log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    push.set_option(cozmq::option::linger{std::chrono::milliseconds{0}});
    bool sent = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          co_await push.send("waited");
          sent = true;
        },
        asio::detached);
    co_await turns(io);
    REQUIRE_FALSE(sent);
    push.connect(nobody);
    co_await until(io, [&] { return sent; });
  });
}

TEST_CASE("S45 a PULL takes one of each peer in turn, however much one has sent before the other began")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    STATIC_REQUIRE_FALSE(cozmq::can_send<cozmq::pattern::pull>);
    pull_socket pull{ctx};
    push_socket a{ctx};
    push_socket b{ctx};
    b.connect(join(pull, a, any));
    co_await pull.wait_connected(2);
    for (int i = 0; i < 500; ++i)
      co_await a.send("a");
    co_await until(io, [&] { return pull.stats().unread == 500; });
    for (int i = 0; i < 200; ++i)
      co_await b.send("b");
    co_await until(io, [&] { return pull.stats().unread == 700; });
    for (int i = 0; i < 200; ++i) {
      std::string const first = co_await text_from(pull);
      std::string const second = co_await text_from(pull);
      REQUIRE(first != second);
    }
    for (int i = 0; i < 300; ++i) {
      std::string const rest = co_await text_from(pull);
      REQUIRE(rest == "a");
    }
  });
}

TEST_CASE("B14 a worker that joins in the middle gets work from then on")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    std::string const endpoint = push.bind(any);
    pull_socket first{ctx};
    first.connect(endpoint);
    co_await push.wait_connected();
    for (int i = 0; i < 10; ++i)
      co_await push.send("before");
    pull_socket second{ctx};
    second.connect(endpoint);
    co_await push.wait_connected(2);
    for (int i = 0; i < 10; ++i)
      co_await push.send("after");
    for (int i = 0; i < 5; ++i) {
      std::string const text = co_await text_from(second);
      REQUIRE(text == "after");
    }
    for (int i = 0; i < 15; ++i) {
      std::string const text = co_await text_from(first);
      REQUIRE(text == (i < 10 ? "before" : "after"));
    }
  });
}

TEST_CASE("T9 B7 a pipeline works on every transport, whichever side binds")
{
  std::string const any = every_transport();
  bool const push_binds = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    push_binds ? join(push, pull, any) : join(pull, push, any);
    for (int i = 0; i < 1'000; ++i)
      co_await push.send(std::to_string(i));
    for (int i = 0; i < 1'000; ++i) {
      std::string const text = co_await text_from(pull);
      REQUIRE(text == std::to_string(i));
    }
  });
}

TEST_CASE("S46 messages flow both ways between two PAIRs")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pair_socket a{ctx};
    pair_socket b{ctx};
    join(a, b, any);
    for (int i = 0; i < 3; ++i) {
      co_await a.send("from a");
      co_await b.send("from b");
    }
    for (int i = 0; i < 3; ++i) {
      std::string text = co_await text_from(a);
      REQUIRE(text == "from b");
      text = co_await text_from(b);
      REQUIRE(text == "from a");
    }
  });
}

TEST_CASE("S46 a PAIR refuses a second peer while the first one lives, and takes the next after it")
{
  std::string const any = every_transport();
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pair_socket bound{ctx};
    pair_socket first{ctx};
    std::string const endpoint = join(bound, first, any);
    co_await bound.wait_connected();
    {
      pair_socket second{ctx};
      second.set_option(cozmq::option::linger{std::chrono::milliseconds{0}});
      second.connect(endpoint);
      cozmq::message m{"from the second"};
      second.try_send(m);
      co_await until(io, [&] { return !log.lines.empty(); });
      co_await first.send("from the first");
      std::string const text = co_await text_from(bound);
      REQUIRE(text == "from the first");
      REQUIRE(bound.connected_peers() == 1);
      REQUIRE_FALSE(bound.try_recv());
    }
    first.close();
    co_await until(io, [&] { return bound.connected_peers() == 0; });
    pair_socket third{ctx};
    third.connect(endpoint);
    co_await third.send("from the third");
    std::string const text = co_await text_from(bound);
    REQUIRE(text == "from the third");
  });
}
