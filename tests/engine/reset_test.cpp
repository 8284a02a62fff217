// A connection that is reset at every byte of its life: nothing arrives twice, in pieces or out of order.
#include "support/cutting_proxy.hpp"
#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <cstdlib>
#include <limits>
#include <string>

namespace {

using namespace std::chrono_literals;
using cozmq::test::cutting_proxy;

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

std::uint16_t port_of(std::string const& endpoint)
{
  return static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
}

// Three frames whose parts all tell the number of the message, of some 40 or some 40'000 bytes.
cozmq::message numbered(std::size_t n)
{
  std::string const text = std::to_string(n);
  return {text, std::string(n % 50 == 0 ? 40'000 : n % 37, 'x'), text};
}

void check(cozmq::message const& m, std::size_t& last)
{
  REQUIRE(m.size() == 3);
  REQUIRE(m[0].view() == m[2].view());
  std::size_t const n = std::stoul(m[0].str());
  REQUIRE(m[1].size() == (n % 50 == 0 ? 40'000 : n % 37));
  REQUIRE(n > last);  // neither repeated nor overtaken
  last = n;
}

}  // namespace

TEST_CASE(
    "B25 B38 a PUSH whose connection is reset after every number of bytes delivers whole messages, once, in "
    "order")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::set_log(cozmq::log_level::off);
  cozmq::pull_socket pull{ctx};
  std::size_t limit = 0;
  cutting_proxy proxy{io, port_of(pull.bind("tcp://127.0.0.1:*")),
                      [&limit] { return limit > 400 ? never : limit++; }};
  cozmq::push_socket push{ctx};
  push.set_option(cozmq::option::reconnect_interval{1ms});
  push.connect(proxy.endpoint());

  cozmq::test::run_test(io, [&]() -> asio::awaitable<void> {
    std::size_t sent = 0;
    std::size_t received = 0;
    std::size_t sent_through_resets = 0;
    // Goes on until something has come through that was sent after the last reset.
    while (limit <= 400 || received <= sent_through_resets) {
      co_await push.send(numbered(++sent));
      auto got = co_await (pull.recv() || cozmq::timeout(1ms));
      if (got.index() == 0)
        check(std::get<0>(got), received);
      if (limit <= 400)
        sent_through_resets = sent;
    }
    REQUIRE(proxy.connections() >= 401);
  }());
  cozmq::set_log(cozmq::log_level::warn);
}

TEST_CASE("B25 a SUB whose connection is reset subscribes again each time")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::set_log(cozmq::log_level::off);
  cozmq::pub_socket pub{ctx};
  std::size_t limit = 150;
  cutting_proxy proxy{io, port_of(pub.bind("tcp://127.0.0.1:*")),
                      [&limit] { return limit > 400 ? never : limit += 5; }};
  cozmq::sub_socket sub{ctx};
  sub.set_option(cozmq::option::reconnect_interval{1ms});
  sub.connect(proxy.endpoint());
  sub.subscribe("a");
  sub.subscribe("b");

  cozmq::test::run_test(io, [&]() -> asio::awaitable<void> {
    std::size_t sent = 0;
    std::size_t received = 0;
    while (limit <= 400) {
      co_await pub.send("c", "not wanted");
      co_await pub.send("a", std::to_string(++sent));
      auto got = co_await (sub.recv() || cozmq::timeout(1ms));
      if (got.index() == 0) {
        REQUIRE(std::get<0>(got)[0] == "a");
        std::size_t const n = std::stoul(std::get<0>(got)[1].str());
        REQUIRE(n > received);
        received = n;
      }
    }
    co_await pub.wait_subscribers("b");
    co_await pub.send("b", "end");
    for (cozmq::message m = co_await sub.recv(); m[0] != "b"; m = co_await sub.recv())
      REQUIRE(m[0] == "a");
  }());
  cozmq::set_log(cozmq::log_level::warn);
}

TEST_CASE("B3 a request with retries is answered although its connection is reset again and again")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::set_log(cozmq::log_level::off);
  cozmq::rep_socket rep{ctx};
  std::size_t limit = 0;
  cutting_proxy proxy{io, port_of(rep.bind("tcp://127.0.0.1:*")),
                      [&limit] { return limit > 300 ? never : limit += 10; }};
  cozmq::req_socket req{ctx};
  req.set_option(cozmq::option::reconnect_interval{1ms});
  req.connect(proxy.endpoint());
  cozmq::spawn(ctx, [&]() -> asio::awaitable<void> {
    for (;;) {
      cozmq::message question = co_await rep.recv();
      co_await rep.send(std::move(question));
    }
  });

  cozmq::test::run_test(io, [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      cozmq::message const reply = co_await req.request(std::to_string(i), {.timeout = 50ms, .retries = 500});
      REQUIRE(reply == cozmq::message{std::to_string(i)});
    }
  }());
  cozmq::set_log(cozmq::log_level::warn);
}
