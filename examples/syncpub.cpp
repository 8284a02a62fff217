// Synchronized publisher: begins when all subscribers have said that they are there, and loses nothing.
// Usage: syncpub [endpoint] [endpoint where subscribers report] [subscribers to wait for, 10] [updates, 1000000]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<void> publish(cozmq::context& ctx, std::string endpoint, std::string reports, int subscribers,
                              int updates)
{
  cozmq::pub_socket publisher{ctx};
  publisher.set_option(
      cozmq::option::xpub_nodrop{true});  // waits for a slow subscriber, where a PUB would drop
  fmt::print("publishing on {}\n", publisher.bind(endpoint));
  cozmq::rep_socket service{ctx};
  fmt::print("subscribers report at {}\n", service.bind(reports));
  std::fflush(stdout);

  for (int i = 0; i < subscribers; ++i) {
    co_await service.recv();
    co_await service.send("");
  }
  for (int i = 0; i < updates; ++i)
    co_await publisher.send("Rhubarb");
  co_await publisher.send("END");
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://*:5561";
  std::string reports = argc > 2 ? argv[2] : "tcp://*:5562";
  int subscribers = argc > 3 ? std::stoi(argv[3]) : 10;
  int updates = argc > 4 ? std::stoi(argv[4]) : 1'000'000;
  return cozmq::run(
      [&](cozmq::context& ctx) { return publish(ctx, endpoint, reports, subscribers, updates); });
}
