// Contexts, sockets and execution contexts that end in any order, in the middle of everything.
#include "support/catch.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/detached.hpp>

#include <chrono>
#include <memory>
#include <random>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace cozmq;

// The sockets are made before the coroutines start: what a coroutine refers to must outlive it.
asio::awaitable<void> push_for_ever(push_socket s, std::size_t size)
{
  std::string const payload(size, 'x');
  for (;;)
    co_await s.send(payload);
}

asio::awaitable<void> pull_for_ever(pull_socket s)
{
  for (;;)
    (void)co_await s.recv();
}

asio::awaitable<void> answer_for_ever(rep_socket s)
{
  for (;;) {
    message m = co_await s.recv();
    co_await s.send(std::move(m));
  }
}

asio::awaitable<void> ask_for_ever(req_socket s)
{
  for (;;)
    (void)co_await s.request("question", {.timeout = 20ms, .retries = 3});
}

asio::awaitable<void> publish_for_ever(pub_socket s)
{
  for (;;)
    co_await s.send("topic", "body");
}

asio::awaitable<void> follow_for_ever(sub_socket s)
{
  s.subscribe("top");
  for (;;)
    (void)co_await (s.recv() || timeout(1ms));
}

void start_traffic(asio::io_context& io, context& ctx, std::mt19937& random)
{
  char const* const transports[] = {"tcp://127.0.0.1:*", "ipc://*", "inproc://traffic"};
  char const* const transport = transports[random() % 3];
  std::size_t const peers = 1 + random() % 3;
  std::size_t const size = random() % 4 == 0 ? 200'000 : random() % 100;
  auto const go = [&io](asio::awaitable<void> c) { asio::co_spawn(io, std::move(c), asio::detached); };
  auto const connected = [&ctx]<class Socket>(std::type_identity<Socket>, std::string const& endpoint) {
    Socket s{ctx};
    s.connect(endpoint);
    return s;
  };
  switch (random() % 3) {
    case 0: {
      pull_socket s{ctx};
      std::string const endpoint = s.bind(transport);
      go(pull_for_ever(std::move(s)));
      for (std::size_t i = 0; i < peers; ++i) {
        push_socket p = connected(std::type_identity<push_socket>{}, endpoint);
        p.set_option(option::linger{random() % 2 == 0 ? 0ms : 5ms});
        go(push_for_ever(std::move(p), size));
      }
      break;
    }
    case 1: {
      rep_socket s{ctx};
      std::string const endpoint = s.bind(transport);
      go(answer_for_ever(std::move(s)));
      for (std::size_t i = 0; i < peers; ++i)
        go(ask_for_ever(connected(std::type_identity<req_socket>{}, endpoint)));
      break;
    }
    default: {
      pub_socket s{ctx};
      std::string const endpoint = s.bind(transport);
      go(publish_for_ever(std::move(s)));
      for (std::size_t i = 0; i < peers; ++i)
        go(follow_for_ever(connected(std::type_identity<sub_socket>{}, endpoint)));
      break;
    }
  }
}

}  // namespace

TEST_CASE("B19 B20 everything may end in any order at any time, at once and without a leak")
{
  set_log(log_level::off);
  std::mt19937 random{20};
  for (int round = 0; round < 150; ++round) {
    CAPTURE(round);
    auto io = std::make_unique<asio::io_context>(1);
    auto ctx = std::make_unique<context>(*io);
    start_traffic(*io, *ctx, random);
    io->run_for(std::chrono::microseconds{random() % 8000});
    switch (random() % 4) {
      case 0:  // the execution context first
        io.reset();
        break;
      case 1:  // the context first
        ctx.reset();
        break;
      case 2:  // an orderly end: run() returns when all is delivered or given up
        ctx->shutdown();
        io->restart();
        io->run_for(30s);
        CHECK(io->stopped());
        break;
      default:  // the loop has stopped, nothing is delivered any more
        io->stop();
        ctx->shutdown();
        ctx.reset();
        break;
    }
  }
  set_log(log_level::warn);
}
