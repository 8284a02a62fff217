// Weather proxy: a bridge from the network of the weather server to that of its subscribers. What nobody there has
// subscribed to does not cross it. Usage: wuproxy [endpoint of the weather server] [endpoint for subscribers]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<void> bridge(cozmq::context& ctx, std::string weather, std::string subscribers)
{
  cozmq::xsub_socket inside{ctx};
  inside.connect(weather);
  cozmq::xpub_socket outside{ctx};
  fmt::print("subscribers at {}\n", outside.bind(subscribers));
  std::fflush(stdout);
  co_await cozmq::proxy(inside, outside);
}

int main(int argc, char* argv[])
{
  std::string weather = argc > 1 ? argv[1] : "tcp://localhost:5556";
  std::string subscribers = argc > 2 ? argv[2] : "tcp://*:8100";
  return cozmq::run([&](cozmq::context& ctx) { return bridge(ctx, weather, subscribers); });
}
