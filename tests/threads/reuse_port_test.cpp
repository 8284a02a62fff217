// Sockets on several threads that listen on one port.
#include "support/catch.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using cozmq::io_threads;
using cozmq::pull_socket;
namespace option = cozmq::option;

namespace {

asio::awaitable<void> count_messages(pull_socket pull, std::atomic<int>* count)
{
  for (;;) {
    co_await pull.recv();
    ++*count;
  }
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

}  // namespace

TEST_CASE("A3 B32 two threads serve one endpoint when both sockets ask for reuse_port")
{
  std::array<std::atomic<int>, 2> counts{};
  cozmq::context ctx{io_threads{2}};
  std::array<std::string, 2> bound;
  for (std::size_t i = 0; i < 2; ++i) {
    pull_socket pull{ctx, ctx.get_executor(i)};
    pull.set_option(option::reuse_port{true});
    bound[i] = pull.bind(i == 0 ? std::string{"tcp://127.0.0.1:*"} : bound[0]);
    asio::co_spawn(ctx.get_executor(i), count_messages(std::move(pull), &counts[i]), asio::detached);
  }
  REQUIRE(bound[0] == bound[1]);

  // Which of them gets a connection is a hash of its addresses: all to one is as likely as 64 equal coins.
  constexpr int clients = 64;
  cozmq::context others;
  for (int i = 0; i < clients; ++i) {
    cozmq::blocking<cozmq::push_socket> push{others};
    push.connect(bound[0]);
    push.send("task");
  }
  wait_until([&] { return counts[0] + counts[1] == clients; });
  CAPTURE(counts[0].load());
  REQUIRE(counts[0] > 0);
  REQUIRE(counts[1] > 0);
}

TEST_CASE("a port is shared only if all who bind it ask for that")
{
  asio::io_context io;
  cozmq::context ctx{io};
  pull_socket first{ctx};
  pull_socket second{ctx};
  bool const asks = GENERATE(true, false);
  CAPTURE(asks);
  first.set_option(option::reuse_port{asks});
  second.set_option(option::reuse_port{!asks});
  std::string const endpoint = first.bind("tcp://127.0.0.1:*");
  std::error_code ec;
  second.bind(endpoint, ec);
  REQUIRE(ec == cozmq::errc::address_in_use);

  second.set_option(option::reuse_port{asks});
  second.bind(endpoint, ec);
  REQUIRE(!ec == asks);
}

TEST_CASE("reuse_port changes nothing on ipc")
{
  asio::io_context io;
  cozmq::context ctx{io};
  ctx.set_default(option::reuse_port{true});
  pull_socket first{ctx};
  pull_socket second{ctx};
  std::string const endpoint = first.bind("ipc://*");
  std::error_code ec;
  second.bind(endpoint, ec);
  REQUIRE(ec == cozmq::errc::address_in_use);
}
