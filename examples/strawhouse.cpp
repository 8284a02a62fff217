// Strawhouse: no security but a list of addresses that may come. Who is refused is told so; whoever can listen reads all
// that passes, and addresses can be forged.
// Usage: strawhouse server [endpoint] [address...]
//        strawhouse client [endpoint]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

constexpr std::string_view usage =
    "usage: strawhouse server [endpoint] [address...]\n"
    "       strawhouse client [endpoint]\n"
    "Addresses are as 192.0.2.1 or 192.0.2.0/24; without any, 127.0.0.1 may come.\n";

asio::awaitable<int> serve(cozmq::context& ctx, std::string endpoint, std::vector<std::string> addresses)
{
  cozmq::rep_socket server{ctx};
  server.set_option(cozmq::option::receive_metadata{true});
  server.set_option(cozmq::option::authenticator{cozmq::address_list::allow(addresses)});
  fmt::print("listening on {}\n", server.bind(endpoint));
  for (;;) {
    std::fflush(stdout);
    cozmq::message request = co_await server.recv();
    fmt::print("{} says {}\n", request.property("Peer-Address").value_or("?"), request);
    co_await server.send("Hello, neighbour");
  }
}

asio::awaitable<int> ask(cozmq::context& ctx, std::string endpoint)
{
  cozmq::req_socket client{ctx};
  client.connect(endpoint);
  try {
    co_await client.wait_connected();
  } catch (cozmq::error const& refused) {
    if (refused.code() == cozmq::errc::terminated)  // Ctrl-C
      throw;
    fmt::print("not let in: {}\n", refused.what());
    co_return 1;
  }
  co_await client.send("Hello");
  fmt::print("the server says: {}\n", co_await client.recv());
  co_return 0;
}

int main(int argc, char* argv[])
{
  std::string const part = argc > 1 ? argv[1] : "";
  if (part == "server") {
    std::vector<std::string> addresses{argv + (argc > 2 ? 3 : argc), argv + argc};
    if (addresses.empty())
      addresses.push_back("127.0.0.1");
    return cozmq::run(
        [&](cozmq::context& ctx) { return serve(ctx, argc > 2 ? argv[2] : "tcp://*:9000", addresses); });
  }
  if (part == "client")
    return cozmq::run(
        [&](cozmq::context& ctx) { return ask(ctx, argc > 2 ? argv[2] : "tcp://localhost:9000"); });
  fmt::print("{}", usage);
  return part == "--help" ? 0 : 1;
}
