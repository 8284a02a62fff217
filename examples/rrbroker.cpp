// Request-reply broker, by hand: passes requests of clients on to workers, and their replies back.
// Usage: rrbroker [endpoint for clients] [endpoint for workers] [say "idle" after so many ms]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <variant>

asio::awaitable<void> broke(cozmq::context& ctx, std::string clients, std::string workers,
                            std::chrono::milliseconds patience)
{
  cozmq::router_socket frontend{ctx};  // puts the client's id in front of each request, and finds it by that
  fmt::print("clients at {}\n", frontend.bind(clients));
  cozmq::dealer_socket backend{ctx};  // gives each worker its turn
  fmt::print("workers at {}\n", backend.bind(workers));

  for (;;) {
    std::fflush(stdout);
    auto got = co_await (frontend.recv() || backend.recv() || cozmq::timeout(patience));
    if (auto* request = std::get_if<0>(&got))
      co_await backend.send(std::move(*request));  // waits while there is no worker; clients wait with it
    else if (auto* reply = std::get_if<1>(&got))
      co_await frontend.send(std::move(*reply));
    else
      fmt::print("idle\n");
  }
}

int main(int argc, char* argv[])
{
  std::string clients = argc > 1 ? argv[1] : "tcp://*:5559";
  std::string workers = argc > 2 ? argv[2] : "tcp://*:5560";
  std::chrono::milliseconds patience{argc > 3 ? std::stoi(argv[3]) : 10'000};
  return cozmq::run([&](cozmq::context& ctx) { return broke(ctx, clients, workers, patience); });
}
