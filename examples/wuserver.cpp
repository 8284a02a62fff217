// Weather server: publishes random updates "zipcode temperature humidity" until it is stopped.
// A publisher never waits for its subscribers, and sends them what they asked for. Usage: wuserver [endpoint...]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

asio::awaitable<void> publish(cozmq::context& ctx, std::vector<std::string> endpoints)
{
  cozmq::pub_socket publisher{ctx};
  for (std::string const& endpoint : endpoints)
    fmt::print("publishing on {}\n", publisher.bind(endpoint));
  std::fflush(stdout);

  std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution zipcode{0, 99'999};
  std::uniform_int_distribution temperature{-80, 135};
  std::uniform_int_distribution humidity{10, 60};
  for (;;) {
    co_await publisher.send(
        fmt::format("{:05} {} {}", zipcode(random), temperature(random), humidity(random)));
  }
}

int main(int argc, char* argv[])
{
  std::vector<std::string> endpoints{argv + 1, argv + argc};
  if (endpoints.empty())
    endpoints.push_back("tcp://*:5556");
  return cozmq::run([&](cozmq::context& ctx) { return publish(ctx, endpoints); });
}
