// Multiple socket reader: tasks first, weather only when there are no tasks, with receives that never wait.
// Usage: msreader [endpoint of the tasks] [endpoint of the weather]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<void> read(cozmq::context& ctx, std::string ventilator, std::string weather)
{
  cozmq::pull_socket tasks{ctx};
  tasks.connect(ventilator);
  cozmq::sub_socket updates{ctx};
  updates.connect(weather);
  updates.subscribe("10001 ");

  for (;;) {
    while (auto task = tasks.try_recv())
      fmt::print("task {}\n", *task);
    if (auto update = updates.try_recv())
      fmt::print("weather {}\n", *update);
    std::fflush(stdout);
    co_await (tasks.wait_readable() || updates.wait_readable());  // sleeps when there is nothing to do
  }
}

int main(int argc, char* argv[])
{
  std::string ventilator = argc > 1 ? argv[1] : "tcp://localhost:5557";
  std::string weather = argc > 2 ? argv[2] : "tcp://localhost:5556";
  return cozmq::run([&](cozmq::context& ctx) { return read(ctx, ventilator, weather); });
}
