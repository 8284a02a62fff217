// The publish-subscribe broker of broker.cpp with the proxy that comes with the library.
// Usage: proxy [endpoint for publishers] [endpoint for subscribers]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<void> forward(cozmq::context& ctx, std::string publishers, std::string subscribers)
{
  cozmq::xsub_socket frontend{ctx};
  fmt::print("publishers at {}\n", frontend.bind(publishers));
  cozmq::xpub_socket backend{ctx};
  fmt::print("subscribers at {}\n", backend.bind(subscribers));
  std::fflush(stdout);
  co_await cozmq::proxy(frontend, backend);
}

int main(int argc, char* argv[])
{
  std::string publishers = argc > 1 ? argv[1] : "tcp://*:5555";
  std::string subscribers = argc > 2 ? argv[2] : "tcp://*:5556";
  return cozmq::run([&](cozmq::context& ctx) { return forward(ctx, publishers, subscribers); });
}
