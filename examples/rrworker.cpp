// Request-reply worker: answers what a broker passes on to it. Start several. Usage: rrworker [endpoint] [work in ms]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>

asio::awaitable<void> work(cozmq::context& ctx, std::string endpoint, std::chrono::milliseconds effort)
{
  cozmq::rep_socket worker{ctx};
  worker.connect(endpoint);
  co_await worker.wait_connected();
  fmt::print("working for {}\n", endpoint);
  for (;;) {
    std::fflush(stdout);
    cozmq::message request = co_await worker.recv();
    fmt::print("received {}\n", request);
    co_await cozmq::timeout(effort);
    co_await worker.send("World");
  }
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://localhost:5560";
  std::chrono::milliseconds effort{argc > 2 ? std::stoi(argv[2]) : 1000};
  return cozmq::run([&](cozmq::context& ctx) { return work(ctx, endpoint, effort); });
}
