// Grasslands: no security. Whoever reaches the server is served, and whoever can listen reads all that passes.
// Usage: grasslands server|client [endpoint]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

asio::awaitable<int> serve(cozmq::context& ctx, std::string endpoint)
{
  cozmq::rep_socket server{ctx};
  server.set_option(cozmq::option::no_security{});  // the default; this line says that it is meant
  fmt::print("listening on {}\n", server.bind(endpoint));
  for (;;) {
    std::fflush(stdout);
    cozmq::message request = co_await server.recv();
    fmt::print("somebody says {}\n", request);
    co_await server.send("Hello, whoever you are");
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
  if (part != "server" && part != "client") {
    fmt::print("usage: grasslands server|client [endpoint]\n");
    return part == "--help" ? 0 : 1;
  }
  std::string const usual = part == "server" ? "tcp://*:9000" : "tcp://localhost:9000";
  std::string const endpoint = argc > 2 ? argv[2] : usual;
  return cozmq::run(
      [&](cozmq::context& ctx) { return part == "server" ? serve(ctx, endpoint) : ask(ctx, endpoint); });
}
