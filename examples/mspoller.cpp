// Multiple socket poller: waits for tasks and weather alike, as a program with zmq_poll() does.
// Usage: mspoller [endpoint of the tasks] [endpoint of the weather]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

enum class source { tasks, weather };

asio::awaitable<void> read(cozmq::context& ctx, std::string ventilator, std::string weather)
{
  cozmq::pull_socket tasks{ctx};
  tasks.connect(ventilator);
  cozmq::sub_socket updates{ctx};
  updates.connect(weather);
  updates.subscribe("10001 ");

  cozmq::basic_poller<source> poller{ctx};
  poller.add(tasks, cozmq::poll::in, source::tasks);
  poller.add(updates, cozmq::poll::in, source::weather);
  for (;;) {
    auto ready = co_await poller.wait();
    if (ready.data == source::tasks)
      fmt::print("task {}\n", co_await tasks.recv());
    else
      fmt::print("weather {}\n", co_await updates.recv());
    std::fflush(stdout);
  }
}

int main(int argc, char* argv[])
{
  std::string ventilator = argc > 1 ? argv[1] : "tcp://localhost:5557";
  std::string weather = argc > 2 ? argv[2] : "tcp://localhost:5556";
  return cozmq::run([&](cozmq::context& ctx) { return read(ctx, ventilator, weather); });
}
