// Builds without NDEBUG notice when a socket is used where it must not be.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <cstddef>
#include <future>
#include <optional>
#include <semaphore>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::errc;

namespace {

template <typename Call>
std::error_code code_of(Call call)
{
  try {
    call();
  } catch (std::system_error const& e) {
    return e.code();
  }
  return {};
}

// What `coroutine` throws when a thread that has nothing to do with the socket runs it.
template <typename Coroutine>
std::error_code code_from(Coroutine coroutine)
{
  std::error_code found;
  auto const catching = [&]() -> asio::awaitable<void> {
    try {
      co_await coroutine();
    } catch (std::system_error const& e) {
      found = e.code();
    }
  };
  asio::io_context io;
  asio::co_spawn(io, catching, asio::detached);
  io.run_for(30s);
  return found;
}

// What `call` does on a thread of its own while this one waits: no more than that.
template <typename Call>
std::vector<std::error_code> on_another_thread(Call call)
{
  std::vector<std::error_code> found;
  std::thread{[&] { call(found); }}.join();
  return found;
}

// All that is neither setting up nor asking: what moves messages.
template <typename Socket>
void use(Socket& socket, std::vector<std::error_code>& found)
{
  std::error_code ec;
  cozmq::message m{"from a wrong thread"};
  (void)socket.try_send(m, ec);
  found.push_back(ec);
  (void)socket.try_recv(ec);
  found.push_back(ec);
  found.push_back(code_of([&] { (void)socket.try_send(m); }));
  found.push_back(code_of([&] { (void)socket.try_recv(); }));
  found.push_back(code_from([&] { return socket.send("text"); }));
  found.push_back(code_from([&] { return socket.recv(); }));
  found.push_back(code_from([&] { return socket.wait_readable(); }));
  found.push_back(code_from([&] { return socket.wait_writable(); }));
  found.push_back(code_from([&] { return socket.wait_connected(); }));
  found.push_back(socket.readable() ? errc{} : errc::wrong_thread);
  found.push_back(socket.writable() ? errc{} : errc::wrong_thread);
}

std::size_t wrong_in(std::vector<std::error_code> const& found)
{
  std::size_t wrong = 0;
  for (std::error_code const& each : found)
    wrong += each == errc::wrong_thread ? 1U : 0U;
  return wrong;
}

}  // namespace

TEST_CASE(
    "B23 a debug build refuses what moves messages on a thread where the socket does not live, and says so "
    "once")
{
  if (!cozmq::detail::checks_threads)
    return;
  captured_log log;
  std::optional<cozmq::context> ctx{cozmq::io_threads{2}};
  cozmq::pair_socket socket{*ctx, ctx->get_executor(0)};
  cozmq::pair_socket other{*ctx, ctx->get_executor(1)};
  other.connect(socket.bind("tcp://127.0.0.1:*"));
  std::vector<std::error_code> found;
  use(socket, found);
  REQUIRE(found.size() == 11);
  REQUIRE(wrong_in(found) == found.size());
  REQUIRE(log.count("a PAIR lives on a thread of its context and is used on another one") == 1);

  // Another thread of the context is as wrong; where it lives all is as usual.
  std::future<std::error_code> wrongly = asio::post(other.get_executor(), asio::use_future([&] {
                                                      std::error_code ec;
                                                      (void)socket.try_recv(ec);
                                                      return ec;
                                                    }));
  auto ask = [&]() -> asio::awaitable<std::string> {
    co_await socket.send("hello");
    cozmq::message const m = co_await socket.recv();
    co_return m[0].str();
  };
  auto answer = [&]() -> asio::awaitable<void> {
    cozmq::message m = co_await other.recv();
    co_await other.send(std::move(m));
  };
  auto answered = asio::co_spawn(other.get_executor(), answer(), asio::use_future);
  REQUIRE(asio::co_spawn(socket.get_executor(), ask(), asio::use_future).get() == "hello");
  answered.get();
  REQUIRE(wrongly.get() == errc::wrong_thread);
  REQUIRE(log.count("PAIR lives on") == 1);

  // The threads have ended: whoever has the socket may use it.
  ctx.reset();
  std::error_code ec;
  (void)socket.try_recv(ec);
  REQUIRE(ec == errc::terminated);
}

namespace {

// Waits for a message, and calls `then` in the handler that has read it.
template <typename Socket, typename Then>
asio::awaitable<void> receive_and(Socket& socket, Then then)
{
  (void)co_await socket.recv();
  then();
}

// Lets the event loop work until somebody waits for a message of `socket`.
template <typename Socket>
asio::awaitable<void> until_it_waits(asio::io_context& io, Socket& socket)
{
  co_await until(io, [&] { return !socket.core()->readers.empty(); });
}

}  // namespace

TEST_CASE("B23 a debug build refuses a second thread in a socket while a handler of its engine is in it")
{
  if (!cozmq::detail::checks_threads)
    return;
  captured_log log;
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::dealer_socket socket{ctx};
    cozmq::dealer_socket other{ctx};
    other.connect(socket.bind(any));
    std::vector<std::error_code> found;
    auto const try_all = [&] {
      found = on_another_thread([&](auto& f) {
        std::error_code ec;
        cozmq::message m{"from a wrong thread"};
        (void)socket.try_send(m, ec);
        f.push_back(ec);
        (void)socket.try_recv(ec);
        f.push_back(ec);
        f.push_back(code_of([&] { (void)socket.stats(); }));
        f.push_back(code_of([&] { socket.set_option(cozmq::option::send_hwm{5}); }));
        f.push_back(code_of([&] { socket.connect("tcp://127.0.0.1:1"); }));
      });
    };
    asio::co_spawn(io, receive_and(socket, try_all), asio::detached);
    co_await until_it_waits(io, socket);
    co_await other.send("first");
    co_await until(io, [&] { return !found.empty(); });
    REQUIRE(found.size() == 5);
    REQUIRE(wrong_in(found) == 5);
    REQUIRE(log.count("a DEALER is used on two threads at a time: give it a strand") == 1);
    // Nothing has happened, and the one that was in it goes on.
    REQUIRE(socket.get_option<cozmq::option::send_hwm>().value != 5);
    co_await other.send("second");
    cozmq::message const m = co_await socket.recv();
    REQUIRE(m[0] == "second");
    co_await socket.send("answer");
    cozmq::message const answer = co_await other.recv();
    REQUIRE(answer[0] == "answer");
  });
}

TEST_CASE("B23 a debug build notices sockets that lack a strand on an executor with several threads")
{
  if (!cozmq::detail::checks_threads)
    return;
  captured_log log{cozmq::log_level::error};
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::dealer_socket socket{ctx};
  cozmq::dealer_socket other{ctx};
  other.connect(socket.bind("tcp://127.0.0.1:*"));
  std::binary_semaphore inside{0};
  std::binary_semaphore tried{0};
  std::error_code refused;
  // As if the io_context had one thread: what is posted uses the socket, in which the coroutine still is.
  auto const blocks = [&] {
    asio::post(io, [&] {
      (void)socket.try_recv(refused);
      tried.release();
    });
    inside.release();
    tried.acquire();
    io.stop();
  };
  asio::co_spawn(io, receive_and(socket, blocks), asio::detached);
  auto const sends = [&]() -> asio::awaitable<void> {
    co_await until_it_waits(io, socket);
    co_await other.send("first");
  };
  asio::co_spawn(io, sends, asio::detached);
  std::thread second{[&] {
    inside.acquire();  // so that it runs what is posted then, and nothing before
    io.run();
  }};
  io.run();
  second.join();
  REQUIRE(refused == errc::wrong_thread);
  REQUIRE(log.count("a DEALER is used on two threads at a time") == 1);
}

TEST_CASE("B23 right use is never taken for wrong: before the threads run, in turns, and inside of itself")
{
  captured_log log{cozmq::log_level::error};
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pair_socket a{ctx};
  cozmq::pair_socket b{ctx};
  b.connect(a.bind("tcp://127.0.0.1:*"));
  cozmq::message m{"queued before anything runs"};
  REQUIRE(b.try_send(m));
  auto const pass_on = [&]() -> asio::awaitable<void> {
    (void)co_await a.recv();
    co_await a.send("back");
    (void)co_await b.recv();
    co_await b.send("and again");
  };
  for (int i = 0; i < 20; ++i) {
    // On another thread each time, one after the other: the program keeps them apart.
    std::future<void> over = asio::co_spawn(io, pass_on, asio::use_future);
    std::thread{[&] {
      io.restart();
      while (over.wait_for(0s) != std::future_status::ready && io.run_one_for(30s) != 0) {
      }
    }}.join();
    over.get();
    REQUIRE(a.connected_peers() == 1);
    REQUIRE(b.stats().peers == 1);
  }
  REQUIRE(log.lines.empty());
}

TEST_CASE("B23 a debug build says when a socket is given a pool of several threads and no strand of it")
{
  captured_log log{cozmq::log_level::error};
  std::size_t const expected = cozmq::detail::checks_threads ? 1 : 0;
  asio::thread_pool one{1};
  asio::thread_pool two{2};
  cozmq::context right{one};
  cozmq::context wrong{two};
  {
    cozmq::pull_socket const alone{right};
    cozmq::pull_socket const on_strand{wrong, asio::make_strand(two)};
    CAPTURE(log.lines);
    REQUIRE(log.lines.empty());
    cozmq::pull_socket const on_many{wrong};
    REQUIRE(log.count("a PULL is given a thread_pool with several threads") == expected);
  }
  one.join();
  two.join();
}
