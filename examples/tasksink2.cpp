// Task sink of tasksink.cpp that, when it has all results, tells the workers to end.
// Usage: tasksink2 [endpoint] [endpoint for the workers to listen to]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>

asio::awaitable<void> collect(cozmq::context& ctx, std::string endpoint, std::string control)
{
  cozmq::pull_socket results{ctx};
  fmt::print("collecting on {}\n", results.bind(endpoint));
  cozmq::pub_socket controller{ctx};
  fmt::print("controlling from {}\n", controller.bind(control));
  std::fflush(stdout);

  co_await results.recv();  // the ventilator says that the batch begins
  auto start = std::chrono::steady_clock::now();
  for (int task = 0; task < 100; ++task)
    co_await results.recv();
  std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  fmt::print("total elapsed time: {:.0f} ms\n", elapsed.count());
  co_await controller.send("KILL");  // it leaves before the program does
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://*:5558";
  std::string control = argc > 2 ? argv[2] : "tcp://*:5559";
  return cozmq::run([&](cozmq::context& ctx) { return collect(ctx, endpoint, control); });
}
