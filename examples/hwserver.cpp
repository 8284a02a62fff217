// Hello World server: answers every request with "World". Usage: hwserver [endpoint]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<void> serve(cozmq::context& ctx, std::string endpoint)
{
  cozmq::rep_socket server{ctx};
  fmt::print("listening on {}\n", server.bind(endpoint));
  std::fflush(stdout);
  for (;;) {
    cozmq::message request = co_await server.recv();
    fmt::print("received {}\n", request);
    std::fflush(stdout);
    co_await server.send("World");
  }
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://*:5555";
  return cozmq::run([&](cozmq::context& ctx) { return serve(ctx, endpoint); });
}
