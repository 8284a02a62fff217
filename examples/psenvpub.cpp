// Publishes messages of three frames: the key that subscribers filter by, who sent it, and the content.
// Usage: psenvpub [endpoint] [messages of each key]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<void> publish(cozmq::context& ctx, std::string endpoint, int count)
{
  cozmq::pub_socket publisher{ctx};
  fmt::print("publishing on {}\n", publisher.bind(endpoint));
  std::fflush(stdout);
  co_await publisher.wait_subscribers("B");  // what nobody has subscribed to is lost

  for (int i = 0; i < count; ++i) {
    co_await publisher.send("A", "psenvpub", "We don't want to see this");
    co_await publisher.send("B", "psenvpub", "We would like to see this");
  }
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://*:5563";
  int count = argc > 2 ? std::stoi(argv[2]) : 10;
  return cozmq::run([&](cozmq::context& ctx) { return publish(ctx, endpoint, count); });
}
