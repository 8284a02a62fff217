// Subscribes to the key "B" and reads messages frame by frame. A message arrives whole or not at all.
// Usage: psenvsub [endpoint]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<void> read(cozmq::context& ctx, std::string endpoint)
{
  cozmq::sub_socket subscriber{ctx};
  subscriber.connect(endpoint);
  subscriber.subscribe("B");
  for (;;) {
    cozmq::message update = co_await subscriber.recv();
    for (cozmq::frame const& frame : update)
      fmt::print("[{}] ", frame);
    fmt::print("{} frames\n", update.size());
    std::fflush(stdout);
  }
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://localhost:5563";
  return cozmq::run([&](cozmq::context& ctx) { return read(ctx, endpoint); });
}
