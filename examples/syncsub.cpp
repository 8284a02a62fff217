// Synchronized subscriber: reports to the publisher when its subscription is there, and counts the updates.
// Usage: syncsub [endpoint] [endpoint to report to]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <string>

asio::awaitable<void> count(cozmq::context& ctx, std::string endpoint, std::string reports)
{
  cozmq::sub_socket subscriber{ctx};
  subscriber.connect(endpoint);
  subscriber.subscribe("");
  co_await subscriber.wait_subscribed();  // from here on nothing is missed

  cozmq::req_socket client{ctx};
  client.connect(reports);
  co_await client.request("");

  int updates = 0;
  for (;;) {
    cozmq::message update = co_await subscriber.recv();
    if (update[0] == "END")
      break;
    ++updates;
  }
  fmt::print("received {} updates\n", updates);
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://localhost:5561";
  std::string reports = argc > 2 ? argv[2] : "tcp://localhost:5562";
  return cozmq::run([&](cozmq::context& ctx) { return count(ctx, endpoint, reports); });
}
