// A publisher among several at a broker: a weather report every so often, with the publisher's name in front.
// Usage: pub [number] [endpoint of the broker] [ms between reports]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <random>
#include <string>

asio::awaitable<void> publish(cozmq::context& ctx, std::string number, std::string broker,
                              std::chrono::milliseconds pause)
{
  cozmq::pub_socket publisher{ctx};
  publisher.connect(broker);

  std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution zipcode{0, 99'999};
  std::uniform_int_distribution temperature{-80, 135};
  std::uniform_int_distribution humidity{10, 60};
  for (;;) {
    co_await publisher.send(
        fmt::format("puber{} {:05} {} {}", number, zipcode(random), temperature(random), humidity(random)));
    co_await cozmq::timeout(pause);
  }
}

int main(int argc, char* argv[])
{
  std::string number = argc > 1 ? argv[1] : "1";
  std::string broker = argc > 2 ? argv[2] : "tcp://localhost:5555";
  std::chrono::milliseconds pause{argc > 3 ? std::stoi(argv[3]) : 1000};
  return cozmq::run([&](cozmq::context& ctx) { return publish(ctx, number, broker, pause); });
}
