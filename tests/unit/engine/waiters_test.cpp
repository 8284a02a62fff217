#include <cozmq/engine/waiters.hpp>

#include "support/catch.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace cozmq;
using engine::wait_list;
using engine::wake;

namespace {

struct fixture {
  asio::io_context io;
  wait_list list;
  std::vector<std::string> log;

  // What a completion leaves in the log: the operation's name, and how it ended.
  auto record(std::string name)
  {
    return [this, name = std::move(name)](std::error_code ec) {
      bool const cancelled = ec == asio::error::operation_aborted;
      log.push_back(name + (!ec ? "" : cancelled ? " cancelled" : " " + ec.message()));
    };
  }

  void wait(std::string name) { list.async_wait(io.get_executor(), record(std::move(name))); }

  void run()
  {
    io.restart();
    io.poll();
  }
};

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE_METHOD(fixture, "waking one continues the oldest, once")
{
  CHECK(list.empty());
  wait("a");
  wait("b");
  CHECK_FALSE(list.empty());
  run();
  CHECK(log.empty());
  list.wake_one(wake::posted);
  run();
  CHECK(log == strings{"a"});
  list.wake_one(wake::posted);
  list.wake_one(wake::posted);
  run();
  CHECK(log == strings{"a", "b"});
  CHECK(list.empty());
}

TEST_CASE_METHOD(fixture,
                 "a posted wake never completes inside the call, one at once does when it is on the executor")
{
  wait("posted");
  wait("outside");
  wait("at once");
  asio::post(io, [this] {
    list.wake_one(wake::posted);
    CHECK(log.empty());
  });
  run();
  CHECK(log == strings{"posted"});
  list.wake_one(wake::at_once);  // not on the executor: it has to wait for it
  CHECK(log.size() == 1);
  run();
  CHECK(log.size() == 2);
  asio::post(io, [this] {
    list.wake_one(wake::at_once);
    CHECK(log.size() == 3);
  });
  run();
  CHECK(log == strings{"posted", "outside", "at once"});
}

TEST_CASE_METHOD(fixture, "waking all continues those that wait now, and hands the error on")
{
  wait("a");
  wait("b");
  list.async_wait(io.get_executor(), [this](std::error_code) {
    log.push_back("c");
    wait("again");
  });
  asio::post(io, [this] { list.wake_all(wake::at_once, make_error_code(std::errc::timed_out)); });
  run();
  std::string const text = make_error_code(std::errc::timed_out).message();
  CHECK(log == strings{"a " + text, "b " + text, "c"});
  CHECK_FALSE(list.empty());
  list.wake_all(wake::posted);
  run();
  CHECK(log.back() == "again");
}

TEST_CASE_METHOD(fixture, "an operation that is cancelled completes once, and the others stay")
{
  asio::cancellation_signal signal;
  wait("a");
  list.async_wait(io.get_executor(), asio::bind_cancellation_slot(signal.slot(), record("b")));
  wait("c");
  signal.emit(asio::cancellation_type::none);
  run();
  CHECK(log.empty());
  signal.emit(asio::cancellation_type::total);
  CHECK(log.empty());
  signal.emit(asio::cancellation_type::terminal);
  run();
  CHECK(log == strings{"b cancelled"});
  list.wake_all(wake::posted);
  signal.emit(asio::cancellation_type::terminal);
  run();
  CHECK(log == strings{"b cancelled", "a", "c"});
}

TEST_CASE("each type of cancellation ends a wait")
{
  for (auto type : {asio::cancellation_type::total, asio::cancellation_type::partial,
                    asio::cancellation_type::terminal}) {
    fixture f;
    asio::cancellation_signal signal;
    f.list.async_wait(f.io.get_executor(), asio::bind_cancellation_slot(signal.slot(), f.record("a")));
    signal.emit(type);
    f.run();
    CHECK(f.log == strings{"a cancelled"});
    CHECK(f.list.empty());
  }
}

TEST_CASE_METHOD(fixture, "a cancellation that comes after the wake changes nothing")
{
  asio::cancellation_signal signal;
  list.async_wait(io.get_executor(), asio::bind_cancellation_slot(signal.slot(), record("a")));
  list.wake_one(wake::posted);
  signal.emit(asio::cancellation_type::terminal);
  run();
  CHECK(log == strings{"a"});
}

TEST_CASE_METHOD(fixture, "one of those being woken may cancel another")
{
  asio::cancellation_signal signal;
  list.async_wait(io.get_executor(), [this, &signal](std::error_code) {
    log.push_back("a");
    signal.emit(asio::cancellation_type::terminal);
  });
  list.async_wait(io.get_executor(), asio::bind_cancellation_slot(signal.slot(), record("b")));
  wait("c");
  asio::post(io, [this] { list.wake_all(wake::at_once); });
  run();
  CHECK(log == strings{"a", "c", "b cancelled"});
}

TEST_CASE_METHOD(fixture, "what leaves one of those being woken does not keep the others waiting")
{
  auto const strand =
      asio::make_strand(io);  // where a handler is called at once, and nothing is caught in between
  list.async_wait(strand, [](std::error_code) { throw std::runtime_error{"of the application"}; });
  list.async_wait(strand, record("second"));
  list.async_wait(strand, record("third"));
  asio::post(strand, [this] { list.wake_all(wake::at_once); });
  REQUIRE_THROWS_AS(io.poll(), std::runtime_error);
  run();
  REQUIRE((log == std::vector<std::string>{"second", "third"}));
}

TEST_CASE("handlers that still wait are destroyed, uncalled, with their list")
{
  asio::io_context io;
  auto const held = std::make_shared<int>(0);
  {
    wait_list list;
    for (int i = 0; i < 3; ++i)
      list.async_wait(io.get_executor(), [held](std::error_code) { ++*held; });
    CHECK(held.use_count() == 4);
  }
  CHECK(held.use_count() == 1);
  io.poll();
  CHECK(*held == 0);
}

TEST_CASE("the list may be destroyed by one of those that it wakes, and the others are still called")
{
  asio::io_context io;
  auto list = std::make_unique<wait_list>();
  int called = 0;
  list->async_wait(io.get_executor(), [&](std::error_code) {
    ++called;
    list.reset();
  });
  list->async_wait(io.get_executor(), [&called](std::error_code) { ++called; });
  asio::post(io, [&list] { list->wake_all(wake::at_once); });
  io.run();
  CHECK(called == 2);
}

TEST_CASE_METHOD(fixture, "operations taken over by another list wait there, and can still be cancelled")
{
  asio::cancellation_signal signal;
  wait("a");
  list.async_wait(io.get_executor(), asio::bind_cancellation_slot(signal.slot(), record("b")));
  wait("c");
  wait_list other;
  other.take(list);
  CHECK(list.empty());
  signal.emit(asio::cancellation_type::terminal);
  run();
  CHECK(log == strings{"b cancelled"});
  wait("later");
  other.wake_all(wake::posted);
  run();
  CHECK(log == strings{"b cancelled", "a", "c"});
  CHECK_FALSE(list.empty());
}

TEST_CASE_METHOD(fixture, "an operation completes on its handler's executor")
{
  asio::io_context other;
  list.async_wait(io.get_executor(), asio::bind_executor(other, record("a")));
  list.wake_one(wake::at_once);
  run();
  CHECK(log.empty());
  other.poll();
  CHECK(log == strings{"a"});
}

TEST_CASE_METHOD(fixture, "run() does not return while an operation waits")
{
  wait("a");
  // Nothing is ready, yet poll() must not take the context for done.
  io.poll();
  CHECK_FALSE(io.stopped());
  list.wake_one(wake::posted);
  io.run();
  CHECK(io.stopped());
  CHECK(log == strings{"a"});
}

TEST_CASE_METHOD(fixture, "a coroutine waits, and an error reaches it as an exception")
{
  asio::co_spawn(
      io,
      [this]() -> asio::awaitable<void> {
        co_await list.async_wait(io.get_executor(), asio::use_awaitable);
        log.push_back("woken");
        try {
          co_await list.async_wait(io.get_executor(), asio::use_awaitable);
        } catch (std::system_error const& e) {
          log.push_back(e.code() == std::errc::timed_out ? "timed out" : "?");
        }
      },
      asio::detached);
  run();
  list.wake_one(wake::at_once);
  run();
  CHECK(log == strings{"woken"});
  list.wake_all(wake::posted, make_error_code(std::errc::timed_out));
  run();
  CHECK(log == strings{"woken", "timed out"});
}
