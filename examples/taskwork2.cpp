// Task worker of taskwork.cpp that also listens to a controller, and ends when that says so.
// Usage: taskwork2 [endpoint of the ventilator] [endpoint of the sink] [endpoint of the controller]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <variant>

asio::awaitable<void> work(cozmq::context& ctx, std::string ventilator, std::string sink,
                           std::string controller)
{
  cozmq::pull_socket tasks{ctx};
  cozmq::push_socket results{ctx};
  cozmq::sub_socket control{ctx};
  tasks.connect(ventilator);
  results.connect(sink);
  control.connect(controller);
  control.subscribe("");
  co_await tasks.wait_connected();
  co_await control.wait_subscribed();
  fmt::print("ready for tasks from {}\n", ventilator);
  std::fflush(stdout);

  for (;;) {
    auto got = co_await (tasks.recv() || control.recv());
    auto* task = std::get_if<0>(&got);
    if (task == nullptr)
      break;  // anything from the controller means KILL
    co_await cozmq::timeout(std::chrono::milliseconds{std::stoi((*task)[0].str())});  // the work
    co_await results.send("");
  }
  fmt::print("killed\n");
}

int main(int argc, char* argv[])
{
  std::string ventilator = argc > 1 ? argv[1] : "tcp://localhost:5557";
  std::string sink = argc > 2 ? argv[2] : "tcp://localhost:5558";
  std::string controller = argc > 3 ? argv[3] : "tcp://localhost:5559";
  return cozmq::run([&](cozmq::context& ctx) { return work(ctx, ventilator, sink, controller); });
}
