// Task ventilator: deals 100 tasks of 1 to 100 ms to the connected workers, in turn.
// Usage: taskvent [endpoint for the workers] [endpoint of the sink]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <random>
#include <string>
#include <system_error>

// Waits without blocking the thread: the workers connect meanwhile, so the tasks are dealt out evenly.
asio::awaitable<void> wait_for_enter()
{
  asio::posix::stream_descriptor input{co_await asio::this_coro::executor, ::dup(STDIN_FILENO)};
  std::string line;
  std::error_code end_of_input;
  co_await asio::async_read_until(input, asio::dynamic_buffer(line), '\n',
                                  asio::redirect_error(asio::use_awaitable, end_of_input));
}

asio::awaitable<void> deal(cozmq::context& ctx, std::string endpoint, std::string sink_endpoint)
{
  cozmq::push_socket workers{ctx};
  cozmq::push_socket sink{ctx};
  fmt::print("tasks are at {}\n", workers.bind(endpoint));
  sink.connect(sink_endpoint);

  fmt::print("press Enter when the workers are ready\n");
  std::fflush(stdout);
  co_await wait_for_enter();
  co_await sink.send("0");  // tells the sink that the batch begins

  std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution workload{1, 100};
  int total = 0;
  for (int task = 0; task < 100; ++task) {
    int milliseconds = workload(random);
    total += milliseconds;
    co_await workers.send(fmt::to_string(milliseconds));
  }
  fmt::print("total expected cost: {} ms\n", total);
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://*:5557";
  std::string sink = argc > 2 ? argv[2] : "tcp://localhost:5558";
  return cozmq::run([&](cozmq::context& ctx) { return deal(ctx, endpoint, sink); });
}
