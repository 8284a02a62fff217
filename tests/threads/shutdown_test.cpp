// What the end of a context reports when its sockets live on several threads.
#include "support/catch.hpp"
#include "support/elsewhere.hpp"
#include "support/numbers.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <chrono>
#include <cstddef>
#include <string>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::close_report;

TEST_CASE("the report of a context is that of all its sockets, wherever they live")
{
  two_threads([&](asio::io_context&, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    cozmq::context receiving{co_await asio::this_coro::executor};
    cozmq::pull_socket pull{receiving};
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    cozmq::push_socket here{ctx};
    cozmq::push_socket far{ctx, there.executor()};
    cozmq::push_socket absent{ctx};
    here.connect(endpoint);
    absent.connect("inproc://nobody");
    auto const begin = [&]() -> asio::awaitable<void> {
      far.connect(endpoint);
      co_await send_numbers(far, 20);
    };
    co_await send_numbers(here, 10);
    co_await there.run(begin());
    co_await send_numbers(absent, 5);
    close_report const r = co_await ctx.shutdown(30s);
    REQUIRE(r.undelivered == 5);
    REQUIRE(r.delivered <= 30);  // what has left before is not counted
    for (int i = 0; i < 30; ++i)
      co_await pull.recv();
    close_report const again = co_await ctx.shutdown(30s);
    REQUIRE((again == close_report{}));
    auto const end = [&]() -> asio::awaitable<void> {
      far.close();
      co_return;
    };
    co_await there.run(end());
  });
}

TEST_CASE("a thread waits for the report of a context with threads")
{
  cozmq::context ctx{cozmq::io_threads{2}};
  cozmq::blocking<cozmq::push_socket> push{ctx};
  cozmq::blocking<cozmq::push_socket> absent{ctx};
  cozmq::context receiving;
  cozmq::blocking<cozmq::pull_socket> pull{receiving};
  push.connect(pull.bind("tcp://127.0.0.1:*"));
  absent.connect("inproc://nobody");
  for (int i = 0; i < 100; ++i)
    push.send(std::to_string(i));
  absent.send("in vain");
  for (int i = 0; i < 100; ++i)
    REQUIRE(pull.recv()[0] == std::to_string(i));
  REQUIRE((ctx.shutdown_and_wait(30s) == close_report{0, 1}));
}
