// Weather client: averages the temperature of one zipcode. Usage: wuclient [zipcode] [endpoint] [updates]
// The subscription is a prefix, so "10001 " with the blank matches this zipcode and no longer one.
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <sstream>
#include <string>

asio::awaitable<void> average(cozmq::context& ctx, std::string zipcode, std::string endpoint, int updates)
{
  cozmq::sub_socket subscriber{ctx};
  subscriber.connect(endpoint);
  subscriber.subscribe(zipcode + " ");
  fmt::print("collecting {} updates for zipcode {} from {}\n", updates, zipcode, endpoint);
  std::fflush(stdout);

  double total = 0;
  for (int i = 0; i < updates; ++i) {
    cozmq::message update = co_await subscriber.recv();
    std::istringstream fields{update[0].str()};
    double temperature = 0;
    fields >> zipcode >> temperature;
    total += temperature;
  }
  fmt::print("the average temperature for zipcode {} was {:.1f} F\n", zipcode, total / updates);
}

int main(int argc, char* argv[])
{
  std::string zipcode = argc > 1 ? argv[1] : "10001";
  std::string endpoint = argc > 2 ? argv[2] : "tcp://localhost:5556";
  int updates = argc > 3 ? std::stoi(argv[3]) : 100;
  return cozmq::run([&](cozmq::context& ctx) { return average(ctx, zipcode, endpoint, updates); });
}
