// Task sink: collects the results of 100 tasks and says how long the batch took. Usage: tasksink [endpoint]
// The more workers there are, the sooner it is done.
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>

asio::awaitable<void> collect(cozmq::context& ctx, std::string endpoint)
{
  cozmq::pull_socket results{ctx};
  fmt::print("collecting on {}\n", results.bind(endpoint));
  std::fflush(stdout);

  co_await results.recv();  // the ventilator says that the batch begins
  auto start = std::chrono::steady_clock::now();
  for (int task = 0; task < 100; ++task) {
    co_await results.recv();
    fmt::print("{}", task % 10 == 0 ? ':' : '.');
    std::fflush(stdout);
  }
  std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  fmt::print("\ntotal elapsed time: {:.0f} ms\n", elapsed.count());
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://*:5558";
  return cozmq::run([&](cozmq::context& ctx) { return collect(ctx, endpoint); });
}
