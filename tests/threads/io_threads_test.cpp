// Contexts with threads of their own.
#include "support/catch.hpp"
#include "support/numbers.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::io_threads;

namespace {

// Generous: it is there to end a hanging test, not to measure.
template <typename T>
T result_of(std::future<T> future)
{
  if (future.wait_for(30s) != std::future_status::ready)
    throw std::runtime_error{"it did not end in time"};
  return future.get();
}

template <typename Condition>
void wait_until(Condition condition)
{
  auto const end = std::chrono::steady_clock::now() + 30s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error{"it did not happen in time"};
    std::this_thread::yield();
  }
}

std::thread::id thread_of(asio::any_io_executor const& executor)
{
  return result_of(asio::post(executor, asio::use_future([] { return std::this_thread::get_id(); })));
}

std::string thread_name()
{
  std::array<char, 16> name{};
  ::pthread_getname_np(::pthread_self(), name.data(), name.size());
  return name.data();
}

}  // namespace

TEST_CASE("A3 A4 2.5 IO_THREADS the number of threads is set before they start, and read back")
{
  cozmq::context ctx;
  REQUIRE(ctx.threads().count == 1);
  ctx.set_threads(io_threads{4});
  REQUIRE(ctx.threads().count == 4);
  std::set<std::thread::id> ids;
  for (std::size_t i = 0; i < 4; ++i)
    ids.insert(thread_of(ctx.get_executor(i)));
  REQUIRE(ids.size() == 4);
  REQUIRE(ids.count(std::this_thread::get_id()) == 0);
  try {
    ctx.set_threads(io_threads{2});
    FAIL("the threads run already");
  } catch (cozmq::error const& e) {
    REQUIRE(e.code() == cozmq::errc::threads_started);
  }
  REQUIRE_THROWS_AS(ctx.get_executor(4), std::out_of_range);
}

TEST_CASE(
    "A1 2.5 IO_THREADS a context that nobody uses starts no thread, and one of the application has none")
{
  cozmq::context const unused{io_threads{64}};
  asio::io_context io;
  cozmq::context ctx{io};
  REQUIRE(ctx.threads().count == 0);
  REQUIRE_THROWS_AS(ctx.set_threads(io_threads{1}), cozmq::error);
  REQUIRE_FALSE(unused.core()->pool()->started());
}

TEST_CASE(
    "2.5 THREAD_NAME_PREFIX 2.5 THREAD_AFFINITY_CPU threads have a name and a number, and stay on their "
    "processors")
{
  cozmq::context ctx{io_threads{2}};
  ctx.set_threads(io_threads{2}, {.name_prefix = "weather", .cpus = {0}});
  REQUIRE(result_of(asio::post(ctx.get_executor(1), asio::use_future([] { return thread_name(); }))) ==
          "weather/1");
  auto const cpus = [] {
    cpu_set_t allowed;
    ::pthread_getaffinity_np(::pthread_self(), sizeof allowed, &allowed);
    return std::pair{CPU_COUNT(&allowed), CPU_ISSET(0, &allowed) != 0};
  };
  REQUIRE((result_of(asio::post(ctx.get_executor(0), asio::use_future(cpus))) == std::pair{1, true}));
}

TEST_CASE("A5 2.10 EMTHREAD a context without threads is for inproc, and says so of other transports")
{
  cozmq::context ctx{io_threads{0}};
  cozmq::pair_socket a{ctx};
  cozmq::pair_socket b{ctx};
  a.bind("inproc://alone");
  b.connect("inproc://alone");
  for (int i = 0; i < 1'000; ++i) {
    cozmq::message m{std::to_string(i)};
    REQUIRE(a.try_send(m));
    auto const got = b.try_recv();
    REQUIRE(got);
    REQUIRE((*got)[0] == std::to_string(i));
  }
  std::error_code ec;
  a.bind("tcp://127.0.0.1:*", ec);
  REQUIRE(ec == cozmq::errc::no_io_threads);
  b.connect("ipc:///tmp/nobody", ec);
  REQUIRE(ec == cozmq::errc::no_io_threads);
  REQUIRE(ec.message().find("io_threads{1}") != std::string::npos);
}

TEST_CASE("a socket made on a thread of the context lives there, others are placed in turn")
{
  cozmq::context ctx{io_threads{2}};
  cozmq::pair_socket first{ctx};
  cozmq::pair_socket second{ctx};
  cozmq::pair_socket third{ctx};
  REQUIRE(first.get_executor() != second.get_executor());
  REQUIRE(first.get_executor() == third.get_executor());
  auto const make = [&]() -> asio::awaitable<bool> {
    bool here = true;
    for (int i = 0; i < 3; ++i) {
      cozmq::pair_socket const made{ctx};
      here = here && made.get_executor() == asio::any_io_executor{co_await asio::this_coro::executor};
    }
    co_return here;
  };
  REQUIRE(result_of(asio::co_spawn(ctx.get_executor(0), make(), asio::use_future)));
  REQUIRE(result_of(asio::co_spawn(ctx.get_executor(1), make(), asio::use_future)));
}

TEST_CASE("sockets on threads of the context are set up, asked and closed from any thread")
{
  cozmq::context ctx{io_threads{2}};
  cozmq::pull_socket pull{ctx};
  cozmq::push_socket push{ctx};
  pull.set_option(cozmq::option::receive_hwm{10});
  REQUIRE(pull.get_option<cozmq::option::receive_hwm>().value == 10);
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  REQUIRE_THROWS_AS(pull.bind("nonsense"), cozmq::error);
  push.connect(endpoint);
  auto sent = asio::co_spawn(push.get_executor(), send_numbers(push, 10'000), asio::use_future);
  REQUIRE(result_of(asio::co_spawn(pull.get_executor(), receive_numbers(pull, 10'000), asio::use_future)) ==
          10'000);
  result_of(std::move(sent));
  REQUIRE(pull.connected_peers() == 1);
  REQUIRE(pull.peers().size() == 1);
  REQUIRE(pull.stats().passed.messages_in == 10'000);
  push.disconnect(endpoint);
  pull.unbind(endpoint);
  pull.close();
  REQUIRE_FALSE(pull.is_open());
}

TEST_CASE("B24 messages arrive and leave while the application is busy with something else")
{
  cozmq::context ctx;
  cozmq::pull_socket pull{ctx};
  cozmq::push_socket push{ctx};
  push.connect(pull.bind("tcp://127.0.0.1:*"));
  result_of(asio::co_spawn(push.get_executor(), send_numbers(push, 500), asio::use_future));
  // Nobody receives, and no coroutine runs: the bytes move by themselves.
  wait_until([&] { return pull.stats().unread == 500; });
  REQUIRE(push.stats().queued == 0);
}

TEST_CASE("A42 B20 A2 the end of a context with threads ends operations in all of them")
{
  for (int round = 0; round < 100; ++round) {
    std::optional<cozmq::context> ctx{io_threads{4}};
    std::vector<std::future<std::error_code>> ends;
    std::atomic<int> waiting = 0;
    auto const wait = [&ctx, &waiting]() -> asio::awaitable<std::error_code> {
      cozmq::pull_socket pull{*ctx};
      pull.bind("inproc://" + std::to_string(waiting.fetch_add(1)));
      std::error_code ended;
      try {
        co_await pull.recv();
      } catch (std::system_error const& e) {
        ended = e.code();
      }
      co_return ended;
    };
    for (int i = 0; i < 8; ++i)
      ends.push_back(asio::co_spawn(ctx->get_executor(), wait, asio::use_future));
    wait_until([&] { return waiting == 8; });
    ctx.reset();
    for (auto& each : ends)
      REQUIRE(result_of(std::move(each)) == cozmq::errc::terminated);
  }
}

TEST_CASE("B19 the end of a context with threads waits for what is queued, as linger says")
{
  asio::io_context io;
  cozmq::context receiving{io};
  cozmq::pull_socket pull{receiving};
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  std::thread sender{[&] {
    cozmq::context ctx;
    cozmq::push_socket push{ctx};
    push.connect(endpoint);
    result_of(asio::co_spawn(push.get_executor(), send_numbers(push, 900), asio::use_future));
  }};
  int received = 0;
  asio::co_spawn(io, receive_numbers(pull, 900), [&](std::exception_ptr, int count) {
    received = count;
    io.stop();
  });
  io.run_for(30s);
  sender.join();
  REQUIRE(received == 900);
}

TEST_CASE(
    "B19 a socket on a strand of a context's thread is set up from any thread, and its delivery waited for")
{
  asio::io_context io;
  cozmq::context receiving{io};
  cozmq::pull_socket pull{receiving};
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  bool nothing_left = true;
  bool nothing_left_after = false;
  std::thread sender{[&] {
    cozmq::context ctx;
    auto const strand = asio::make_strand(ctx.get_executor(0));
    cozmq::push_socket push{ctx, strand};
    push.connect(endpoint);  // over there, as tests under ThreadSanitizer see
    result_of(asio::co_spawn(strand, send_numbers(push, 900), asio::use_future));
    nothing_left = ctx.core()->delivered();
    push.close();
    wait_until([&] { return ctx.core()->delivered(); });
    nothing_left_after = true;
  }};
  int received = 0;
  asio::co_spawn(io, receive_numbers(pull, 900), [&](std::exception_ptr, int count) {
    received = count;
    pull.close();
  });
  io.run_for(30s);
  sender.join();
  REQUIRE(received == 900);
  REQUIRE_FALSE(nothing_left);
  REQUIRE(nothing_left_after);
}

TEST_CASE("a strand of a context without threads has none either")
{
  cozmq::context ctx{io_threads{0}};
  cozmq::pair_socket socket{ctx, asio::make_strand(ctx.get_executor(0))};
  std::error_code ec;
  socket.bind("tcp://127.0.0.1:*", ec);
  REQUIRE(ec == cozmq::errc::no_io_threads);
}

TEST_CASE("the end of a context destroys coroutines that wait for something else, on their own thread")
{
  struct witness {
    std::thread::id made = std::this_thread::get_id();
    std::promise<bool>* told;
    ~witness() { told->set_value(made == std::this_thread::get_id()); }
  };
  std::promise<bool> told;
  std::promise<void> begun;
  {
    cozmq::context ctx;
    ctx.spawn([&]() -> asio::awaitable<void> {
      cozmq::pair_socket socket{ctx};
      witness const w{.told = &told};
      asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
      begun.set_value();
      co_await timer.async_wait(asio::use_awaitable);
    });
    result_of(begun.get_future());
  }
  REQUIRE(result_of(told.get_future()));
}

TEST_CASE("sockets outlive the threads of their context, and are closed then")
{
  std::optional<cozmq::context> ctx{std::in_place};
  cozmq::pair_socket socket{*ctx};
  socket.bind("tcp://127.0.0.1:*");
  ctx.reset();
  REQUIRE_THROWS_AS(socket.try_recv(), cozmq::error);
  std::error_code ec;
  socket.bind("tcp://127.0.0.1:*", ec);
  REQUIRE(ec == cozmq::errc::terminated);
  socket.close();
}

TEST_CASE("K7 an exception that leaves a spawned coroutine is logged, and its thread goes on")
{
  std::atomic<bool> logged = false;
  cozmq::set_log(cozmq::log_level::error, [&logged](cozmq::log_level, std::string_view line) {
    logged = line.find("spilt") != std::string_view::npos;
  });
  cozmq::context ctx;
  ctx.spawn([]() -> asio::awaitable<void> {
    throw std::runtime_error{"spilt"};
    co_return;
  });
  wait_until([&] { return logged.load(); });
  cozmq::set_log(cozmq::log_level::warn);
  REQUIRE(thread_of(ctx.get_executor(0)) != std::this_thread::get_id());
}

TEST_CASE(
    "K7 an exception that leaves a completion handler is logged, and the connections of its thread go on")
{
  std::atomic<int> logged = 0;
  cozmq::set_log(cozmq::log_level::error, [&logged](cozmq::log_level, std::string_view line) {
    logged += line.find("spilt") != std::string_view::npos ? 1 : 0;
  });
  {
    cozmq::context ctx;
    cozmq::pull_socket pull{ctx};
    cozmq::push_socket push{ctx};
    push.connect(pull.bind("tcp://127.0.0.1:*"));
    for (int i = 0; i < 20; ++i) {
      asio::post(pull.get_executor(), [&] {
        pull.async_recv([](std::error_code, cozmq::message) { throw std::runtime_error{"spilt"}; });
      });
      result_of(asio::co_spawn(push.get_executor(), send_numbers(push, 1), asio::use_future));
      wait_until([&] { return logged == i + 1; });
    }
    auto sent = asio::co_spawn(push.get_executor(), send_numbers(push, 100), asio::use_future);
    REQUIRE(result_of(asio::co_spawn(pull.get_executor(), receive_numbers(pull, 100), asio::use_future)) ==
            100);
    result_of(std::move(sent));
  }
  cozmq::set_log(cozmq::log_level::warn);
}
