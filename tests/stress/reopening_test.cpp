// Sockets and connections that open and close thousands of times: nothing of them remains.
#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;

namespace {

std::size_t bytes_in_use()
{
  return ::mallinfo2().uordblks;
}

std::size_t open_files()
{
  std::filesystem::directory_iterator const all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// Whether what is open and used after the second half of many rounds is what there was after the first; `check` is
// called after each.
template <typename Round, typename Check>
asio::awaitable<void> leaves_nothing(asio::io_context& io, std::size_t count, Round round, Check check)
{
  std::size_t files = 0;
  std::size_t bytes = 0;
  for (std::size_t half = 0; half < 2; ++half) {
    for (std::size_t i = 0; i < count / 2; ++i)
      co_await round();
    co_await turns(io);
    check();
    if (half == 1)
      co_await until(io, [&] { return open_files() == files; });  // what has ended may still be on its way
    if (half == 0) {
      files = open_files();
      bytes = bytes_in_use();
    }
  }
  REQUIRE(bytes_in_use() < bytes + 10'000);  // far less than a byte for each round would be, times its size
}

}  // namespace

TEST_CASE("K13 after thousands of sockets that opened and closed none is alive, and memory is what it was")
{
  std::size_t const count = rounds(4'000, 10'000);
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::vector<std::weak_ptr<cozmq::engine::socket_core>> cores;
    cores.reserve(count);
    std::size_t n = 0;
    auto const round = [&]() -> asio::awaitable<void> {
      cozmq::pair_socket s{ctx};
      cores.emplace_back(s.core());
      s.bind(n % 2 == 0 ? "tcp://127.0.0.1:*" : "inproc://again");
      s.connect(n % 3 == 0 ? "tcp://127.0.0.1:1" : "inproc://nobody");
      // What waits on a socket is owned by it, and owns it: this circle has to end.
      s.async_recv([kept = s.core()](std::error_code, cozmq::message) {});
      s.events().async_next([kept = s.core()](std::error_code, cozmq::event) {});
      if (++n % 5 == 0)
        co_await turns(io, 2);
    };
    auto const all_gone = [&] {
      for (auto const& core : cores)
        REQUIRE(core.expired());
      REQUIRE(ctx.core()->sockets().empty());
      cores.clear();  // which keeps their memory
    };
    co_await leaves_nothing(io, count, round, all_gone);
  });
  cozmq::set_log(cozmq::log_level::warn);
}

TEST_CASE("K13 after thousands of connections that came and went memory is what it was, on every transport")
{
  std::string const any = every_transport();
  std::size_t const count = rounds(1'000, 10'000);
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    std::string const endpoint = pull.bind(any);
    cozmq::push_socket push{ctx};
    auto const round = [&]() -> asio::awaitable<void> {
      push.connect(endpoint);
      co_await push.wait_connected();
      co_await push.send("hello");
      std::string const text = co_await text_from(pull);
      if (text != "hello")
        throw std::runtime_error{"not what was sent: " + text};
      push.disconnect(endpoint);
      co_await until(io, [&] { return pull.connected_peers() == 0; });
    };
    co_await leaves_nothing(io, count, round, [] {});
  });
  cozmq::set_log(cozmq::log_level::warn);
}
