// Request-reply client: asks ten times through a broker, or each of several services in turn.
// Usage: rrclient [endpoint...]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <string>
#include <vector>

asio::awaitable<void> ask(cozmq::context& ctx, std::vector<std::string> endpoints)
{
  cozmq::req_socket client{ctx};
  for (std::string const& endpoint : endpoints)
    client.connect(endpoint);
  for (int number = 1; number <= 10; ++number) {
    co_await client.send(fmt::format("Hello {}", number));
    fmt::print("reply {}: {}\n", number, co_await client.recv());
  }
}

int main(int argc, char* argv[])
{
  std::vector<std::string> endpoints{argv + 1, argv + argc};
  if (endpoints.empty())
    endpoints.push_back("tcp://localhost:5559");
  return cozmq::run([&](cozmq::context& ctx) { return ask(ctx, endpoints); });
}
