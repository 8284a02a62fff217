// Task worker: pulls tasks, works for as many milliseconds as each says, and tells the sink. Start several.
// Usage: taskwork [endpoint of the ventilator] [endpoint of the sink]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>

asio::awaitable<void> work(cozmq::context& ctx, std::string ventilator, std::string sink)
{
  cozmq::pull_socket tasks{ctx};
  cozmq::push_socket results{ctx};
  tasks.connect(ventilator);
  results.connect(sink);
  co_await tasks.wait_connected();
  fmt::print("ready for tasks from {}\n", ventilator);
  std::fflush(stdout);

  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (;;) {
    cozmq::message task = co_await tasks.recv();
    timer.expires_after(std::chrono::milliseconds{std::stoi(task[0].str())});
    co_await timer.async_wait(asio::use_awaitable);  // the work
    fmt::print("worked {} ms\n", task);
    std::fflush(stdout);
    co_await results.send("");
  }
}

int main(int argc, char* argv[])
{
  std::string ventilator = argc > 1 ? argv[1] : "tcp://localhost:5557";
  std::string sink = argc > 2 ? argv[2] : "tcp://localhost:5558";
  return cozmq::run([&](cozmq::context& ctx) { return work(ctx, ventilator, sink); });
}
