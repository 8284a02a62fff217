// Hello World client: asks ten times and prints the answers. Usage: hwclient [endpoint]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <string>

asio::awaitable<void> ask(cozmq::context& ctx, std::string endpoint)
{
  cozmq::req_socket client{ctx};
  client.connect(endpoint);
  for (int number = 1; number <= 10; ++number) {
    co_await client.send("Hello");
    cozmq::message reply = co_await client.recv();
    fmt::print("Hello {}: {}\n", number, reply);
  }
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://localhost:5555";
  return cozmq::run([&](cozmq::context& ctx) { return ask(ctx, endpoint); });
}
