// Multithreaded Hello World server: a proxy deals the requests to four threads that block.
// Usage: mtserver [endpoint] [work in ms]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

void work(cozmq::context& ctx, int number, std::chrono::milliseconds effort)
try {
  cozmq::blocking<cozmq::rep_socket> worker{ctx};
  worker.connect("inproc://workers");
  for (;;) {
    cozmq::message request = worker.recv();
    fmt::print("worker {} received {}\n", number, request);
    std::fflush(stdout);
    std::this_thread::sleep_for(effort);  // keeps this thread busy and no other
    worker.send("World");
  }
} catch (cozmq::error const& e) {
  if (e.code() != cozmq::errc::terminated)  // that is how it is told to end
    fmt::print(stderr, "worker {}: {}\n", number, e.what());
}

asio::awaitable<void> deal(cozmq::router_socket clients, cozmq::dealer_socket workers)
{
  co_await cozmq::proxy(clients, workers);
}

int main(int argc, char* argv[])
try {
  std::string endpoint = argc > 1 ? argv[1] : "tcp://*:5555";
  std::chrono::milliseconds effort{argc > 2 ? std::stoi(argv[2]) : 1000};

  cozmq::context ctx;  // has one thread of its own: the proxy and its sockets live there
  cozmq::router_socket clients{ctx};
  fmt::print("listening on {}\n", clients.bind(endpoint));
  std::fflush(stdout);
  cozmq::dealer_socket backend{ctx};
  backend.bind("inproc://workers");
  ctx.spawn(deal(std::move(clients), std::move(backend)));

  std::vector<std::jthread> workers;
  for (int number = 1; number <= 4; ++number)
    workers.emplace_back(work, std::ref(ctx), number, effort);

  asio::io_context io;
  asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](std::error_code, int) { ctx.shutdown(); });  // ends the proxy and the workers
  io.run();
} catch (std::exception const& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
