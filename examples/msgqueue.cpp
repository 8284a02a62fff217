// Message queue: the broker of rrbroker.cpp with the proxy that comes with the library.
// Usage: msgqueue [endpoint for clients] [endpoint for workers]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<void> forward(cozmq::context& ctx, std::string clients, std::string workers)
{
  cozmq::router_socket frontend{ctx};
  fmt::print("clients at {}\n", frontend.bind(clients));
  cozmq::dealer_socket backend{ctx};
  fmt::print("workers at {}\n", backend.bind(workers));
  std::fflush(stdout);
  co_await cozmq::proxy(frontend, backend);
}

int main(int argc, char* argv[])
{
  std::string clients = argc > 1 ? argv[1] : "tcp://*:5559";
  std::string workers = argc > 2 ? argv[2] : "tcp://*:5560";
  return cozmq::run([&](cozmq::context& ctx) { return forward(ctx, clients, workers); });
}
