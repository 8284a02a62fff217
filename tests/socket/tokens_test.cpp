// async_send and async_recv with each kind of completion token, and sockets that are moved meanwhile.
#include "support/catch.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#if __has_include(<asio/as_tuple.hpp>)
#include <asio/as_tuple.hpp>
#include <asio/deferred.hpp>
namespace tokens = asio;
#else
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
namespace tokens = asio::experimental;
#endif

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

using namespace cozmq::test;
using cozmq::pull_socket;
using cozmq::push_socket;

namespace {

// Receives by callbacks that each start the next receive.
struct counter {
  pull_socket& pull;
  int left;
  bool inside = false;
  bool inlined = false;
  std::uintptr_t highest = 0;
  std::uintptr_t lowest = UINTPTR_MAX;

  void next()
  {
    inside = true;
    pull.async_recv([this](std::error_code ec, cozmq::message m) {
      inlined = inlined || inside;
      auto const stack = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
      highest = std::max(highest, stack);
      lowest = std::min(lowest, stack);
      if (!ec && m.size() == 1 && --left > 0)
        next();
    });
    inside = false;
  }
};

asio::awaitable<void> send_many(push_socket& push, int count)
{
  for (int i = 0; i < count; ++i)
    co_await push.send("x");
}

}  // namespace

TEST_CASE("callbacks are called once, after the initiating call has returned, on their own executor")
{
  std::string const any = every_transport();
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket push{ctx};
  pull_socket pull{ctx};
  join(pull, push, any);
  auto strand = asio::make_strand(io);
  bool sent = false;
  bool received = false;
  push.async_send(cozmq::message{"one"}, asio::bind_executor(strand, [&](std::error_code ec) {
                    REQUIRE_FALSE(ec);
                    REQUIRE(strand.running_in_this_thread());
                    REQUIRE_FALSE(std::exchange(sent, true));
                  }));
  REQUIRE_FALSE(sent);
  pull.async_recv(asio::bind_executor(strand, [&](std::error_code ec, cozmq::message m) {
    REQUIRE_FALSE(ec);
    REQUIRE(strand.running_in_this_thread());
    REQUIRE(m[0] == "one");
    received = true;
  }));
  REQUIRE_FALSE(received);
  run_test(io, until(io, [&] { return sent && received; }));
}

TEST_CASE("an operation that could complete at once never completes inside the initiating call")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    co_await push.send("there already");
    std::optional<cozmq::message> first;
    co_await until(io, [&] { return first || (first = pull.try_recv()); });
    co_await push.send("and another");
    co_await turns(io);
    bool done = false;
    pull.async_recv([&](std::error_code, cozmq::message) { done = true; });
    REQUIRE_FALSE(done);
    bool failed = false;
    cozmq::rep_socket rep{ctx};
    rep.async_send(cozmq::message{"out of turn"},
                   [&](std::error_code ec) { failed = ec == cozmq::errc::wrong_state; });
    REQUIRE_FALSE(failed);
    co_await until(io, [&] { return done && failed; });
  });
}

TEST_CASE("a million callbacks, each of which starts the next receive, leave the stack flat")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "inproc://name");
  int const count = cozmq::detail::reuses_memory ? 1'000'000 : 100'000;  // else it takes too long
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket push{ctx};
  pull_socket pull{ctx};
  join(pull, push, any);
  counter c{pull, count};
  c.next();
  asio::co_spawn(io, send_many(push, count), asio::detached);
  run_test(io, until(io, [&] { return c.left == 0; }));
  REQUIRE_FALSE(c.inlined);
  REQUIRE(c.highest - c.lowest < 10'000);
}

TEST_CASE("with use_future the socket is still touched by its own executor's thread only")
{
  // Had a step run elsewhere, the message would be taken, or the send be made, while io does not run.
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket push{ctx};
  pull_socket pull{ctx};
  join(pull, push, "inproc://name");
  std::future<cozmq::message> received = pull.async_recv(asio::use_future);
  cozmq::message m{"wakes the receiver"};
  REQUIRE(push.try_send(m));
  while (received.wait_for(std::chrono::seconds{0}) != std::future_status::ready)
    REQUIRE(io.poll_one() == 1);  // each step is one of io's
  REQUIRE(received.get()[0] == "wakes the receiver");
}

TEST_CASE("use_future gives a future")
{
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket push{ctx};
  pull_socket pull{ctx};
  join(pull, push, "inproc://name");
  std::future<cozmq::message> received = pull.async_recv(asio::use_future);
  std::future<void> sent = push.async_send(cozmq::message{"for the future"}, asio::use_future);
  push.close();
  pull_socket still_open{std::move(pull)};
  io.poll();
  REQUIRE(sent.wait_for(std::chrono::seconds{0}) == std::future_status::ready);
  sent.get();
  REQUIRE(received.get()[0] == "for the future");
  std::future<cozmq::message> closed = still_open.async_recv(asio::use_future);
  still_open.close();
  io.restart();
  io.poll();
  REQUIRE_THROWS_AS(closed.get(), std::system_error);
}

TEST_CASE("use_awaitable, as_tuple and deferred work")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, "tcp://127.0.0.1:*");
    co_await push.async_send(cozmq::message{"1"}, asio::use_awaitable);
    cozmq::message m = co_await pull.async_recv(asio::use_awaitable);
    REQUIRE(m[0] == "1");

    auto [sent] = co_await push.async_send(cozmq::message{"2"}, tokens::as_tuple(asio::use_awaitable));
    REQUIRE_FALSE(sent);
    auto [received, second] = co_await pull.async_recv(tokens::as_tuple(asio::use_awaitable));
    REQUIRE_FALSE(received);
    REQUIRE(second[0] == "2");

    auto later = pull.async_recv(tokens::deferred);
    co_await push.send("3");
    cozmq::message const third = co_await std::move(later)(asio::use_awaitable);
    REQUIRE(third[0] == "3");
  });
}

TEST_CASE("a socket on an executor with a default token needs no token")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    using executor = asio::use_awaitable_t<>::executor_with_default<asio::any_io_executor>;
    using push_type = push_socket::rebind_executor<executor>::other;
    using pull_type = cozmq::basic_socket<cozmq::pattern::pull, executor>;
    push_type push{ctx};
    pull_type pull{ctx};
    join(pull, push, "inproc://defaults");
    co_await push.async_send(cozmq::message{"by default"});
    cozmq::message const m = co_await pull.async_recv();
    REQUIRE(m[0] == "by default");
    co_await push.send("the short form as well");
    cozmq::message const n = co_await pull.recv();
    REQUIRE(n[0] == "the short form as well");
  });
}

TEST_CASE("moving a socket does not disturb its pending operations")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    std::string const endpoint = pull.bind(any);
    std::string text;
    pull.async_recv([&](std::error_code ec, cozmq::message m) { text = ec ? ec.message() : m[0].str(); });
    co_await turns(io);
    pull_socket moved{std::move(pull)};
    REQUIRE_FALSE(pull.is_open());
    REQUIRE_THROWS_AS(pull.recv(), cozmq::error);
    REQUIRE(pull.get_executor() == moved.get_executor());
    pull.close();
    push_socket push{ctx};
    push.connect(endpoint);
    co_await push.send("to whoever it is now");
    co_await until(io, [&] { return !text.empty(); });
    REQUIRE(text == "to whoever it is now");

    pull_socket assigned{ctx};
    bool ended = false;
    assigned.async_recv(
        [&](std::error_code ec, cozmq::message) { ended = ec == asio::error::operation_aborted; });
    assigned = std::move(moved);
    co_await until(io, [&] { return ended; });
    co_await push.send("again");
    text = co_await text_from(assigned);
    REQUIRE(text == "again");
  });
}

// Every step of a socket happens on the executor that it was given, whichever thread that is.
TEST_CASE("2.5 executor sockets work on a strand of a pool of threads")
{
  asio::thread_pool pool{2};
  cozmq::context ctx{pool.get_executor()};
  auto const both = asio::make_strand(pool);
  auto const exchange = [&]() -> asio::awaitable<int> {
    pull_socket pull{ctx, both};
    push_socket push{ctx, both};
    push.connect(pull.bind("tcp://127.0.0.1:*"));
    int received = 0;
    for (int i = 0; i < 500; ++i) {
      co_await push.send(std::to_string(i));
      cozmq::message const m = co_await pull.recv();
      received += m[0].view() == std::to_string(i) ? 1 : 0;
    }
    co_return received;
  };
  REQUIRE(asio::co_spawn(both, exchange, asio::use_future).get() == 500);
  pool.join();
}

TEST_CASE(
    "K7 a handler that throws ends nothing but the run of its loop: its connection and the others go on")
{
  std::string const any = every_transport();
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket push{ctx};
  pull_socket pull{ctx};
  push_socket other_push{ctx};
  pull_socket other_pull{ctx};
  join(pull, push, any);
  join(other_pull, other_push, "tcp://127.0.0.1:*");
  int thrown = 0;
  for (int i = 0; i < 20; ++i) {
    // Half of the messages find the receiver waiting, half are there before it.
    pull.async_recv([](std::error_code, cozmq::message m) { throw std::runtime_error{m[0].str()}; });
    if (i % 2 == 0)
      io.poll();
    push.async_send(std::to_string(i), [](std::error_code) { throw std::runtime_error{"sent"}; });
    for (int ends = 0; ends < 2;) {
      io.restart();
      try {
        io.run_one();
      } catch (std::runtime_error const& e) {
        ++ends;
        thrown += e.what() == std::to_string(i) ? 1 : 0;
      }
    }
    run_test(io, [&]() -> asio::awaitable<void> {
      co_await other_push.send("unharmed");
      std::string const text = co_await text_from(other_pull);
      REQUIRE(text == "unharmed");
    }());
  }
  REQUIRE(thrown == 20);
  REQUIRE(pull.connected_peers() == 1);
}
