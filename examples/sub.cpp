// A subscriber: prints all that begins with what it asked for. Usage: sub [beginning] [endpoint]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<void> show(cozmq::context& ctx, std::string beginning, std::string endpoint)
{
  cozmq::sub_socket subscriber{ctx};
  subscriber.connect(endpoint);
  subscriber.subscribe(beginning);  // "" is everything
  for (;;) {
    fmt::print("{}\n", co_await subscriber.recv());
    std::fflush(stdout);
  }
}

int main(int argc, char* argv[])
{
  std::string beginning = argc > 1 ? argv[1] : "";
  std::string endpoint = argc > 2 ? argv[2] : "tcp://localhost:5556";
  return cozmq::run([&](cozmq::context& ctx) { return show(ctx, beginning, endpoint); });
}
