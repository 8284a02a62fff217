// cozmq::run and cozmq::spawn: how a program ends, and how a failure is reported.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>

using namespace cozmq::test;

namespace {

asio::awaitable<void> wait_for_ever(cozmq::context& ctx)
{
  cozmq::pull_socket pull{ctx};
  pull.bind("tcp://127.0.0.1:*");
  co_await pull.recv();
}

}  // namespace

TEST_CASE("run returns 0 when the coroutine returns")
{
  bool ran = false;
  REQUIRE(cozmq::run([&](cozmq::context&) -> asio::awaitable<void> {
            ran = true;
            co_return;
          }) == 0);
  REQUIRE(ran);
}

TEST_CASE("run returns what an int coroutine returns")
{
  REQUIRE(cozmq::run([](cozmq::context&) -> asio::awaitable<int> { co_return 42; }) == 42);
}

TEST_CASE("run prints an exception that leaves the coroutine and returns 1")
{
  captured_log log;
  bool const with_code = GENERATE(true, false);
  int code = 0;
  if (with_code)
    code = cozmq::run([](cozmq::context&) -> asio::awaitable<int> {
      throw std::runtime_error{"the reason"};
      co_return 0;
    });
  else
    code = cozmq::run([](cozmq::context&) -> asio::awaitable<void> {
      throw std::runtime_error{"the reason"};
      co_return;
    });
  REQUIRE(code == 1);
  REQUIRE(log.lines.size() == 1);
  REQUIRE(log.count("the reason") == 1);
}

TEST_CASE("run delivers what is queued when the coroutine has returned")
{
  std::string received;
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pull_socket pull{ctx};
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  pid_t const child = ::fork();
  if (child == 0) {
    ::_exit(cozmq::run([&](cozmq::context& theirs) -> asio::awaitable<void> {
      cozmq::push_socket push{theirs};
      push.connect(endpoint);
      co_await push.send("the last words");
    }));
  }
  run_test(io, [&]() -> asio::awaitable<void> { received = co_await text_from(pull); }());
  pull.close();
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  REQUIRE(received == "the last words");
}

TEST_CASE("SIGTERM and SIGINT end a waiting program with 0, its locals destroyed in order")
{
  captured_log log;
  int const signal = GENERATE(SIGTERM, SIGINT);
  auto const local = std::make_shared<int>(1);
  std::error_code seen;
  int const code = cozmq::run([&](cozmq::context& ctx) -> asio::awaitable<void> {
    auto const held = local;
    ::raise(signal);
    try {
      co_await wait_for_ever(ctx);
    } catch (cozmq::error const& e) {
      seen = e.code();
      throw;
    }
  });
  REQUIRE(code == 0);
  REQUIRE(seen == cozmq::errc::terminated);
  REQUIRE(local.use_count() == 1);
  REQUIRE(log.lines.empty());
}

TEST_CASE("a second signal kills")
{
  pid_t const child = ::fork();
  if (child == 0) {
    ::_exit(cozmq::run([](cozmq::context& ctx) -> asio::awaitable<void> {
      ::raise(SIGTERM);
      try {
        co_await wait_for_ever(ctx);
      } catch (cozmq::error const&) {
        ::raise(SIGTERM);
      }
    }));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("spawn logs an exception that leaves the coroutine, and the others go on")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    bool other = false;
    cozmq::spawn(ctx, [](cozmq::context&) -> asio::awaitable<void> {
      throw std::runtime_error{"spawned to fail"};
      co_return;
    }(ctx));
    cozmq::spawn(ctx, [&other, held = std::make_shared<int>(7)]() -> asio::awaitable<void> {
      co_await asio::post(asio::use_awaitable);
      other = *held == 7;
    });
    co_await until(io, [&] { return other; });
    REQUIRE(log.lines.size() == 1);
    REQUIRE(log.count("spawned to fail") == 1);
  });
}

TEST_CASE("spawn is silent about coroutines that the end of the context ends")
{
  captured_log log;
  asio::io_context io;
  {
    cozmq::context ctx{io};
    cozmq::spawn(ctx, wait_for_ever(ctx));
    io.poll();
  }
  io.restart();
  io.run();
  REQUIRE(log.lines.empty());
}

TEST_CASE("io.run() returns once everything is closed")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::spawn(ctx, [&ctx]() -> asio::awaitable<void> {
    cozmq::push_socket push{ctx};
    cozmq::pull_socket pull{ctx};
    join(pull, push, "tcp://127.0.0.1:*");
    co_await push.send("one");
    co_await pull.recv();
  });
  REQUIRE(io.run_for(std::chrono::seconds{10}) > 0);
  REQUIRE(io.stopped());
}
