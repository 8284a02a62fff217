// Stonehouse: CURVE. All is encrypted, and the client knows by its key that it talks to its server. The server serves whoever
// has that key.
// Usage: stonehouse server [endpoint]
//        stonehouse client server_key [endpoint]
#include <cozmq/cozmq.hpp>
#include <cozmq/curve.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

constexpr std::string_view usage =
    "usage: stonehouse server [endpoint]\n"
    "       stonehouse client server_key [endpoint]\n"
    "The server makes a new key each time and prints what a client has to run.\n";

asio::awaitable<int> serve(cozmq::context& ctx, std::string endpoint)
{
  auto const keys = cozmq::curve_keys::generate();
  cozmq::rep_socket server{ctx};
  server.set_option(cozmq::option::curve_server{keys});
  fmt::print("listening on {}\n", server.bind(endpoint));
  fmt::print("a client runs: stonehouse client '{}'\n", keys.public_key());
  for (;;) {
    std::fflush(stdout);
    cozmq::message request = co_await server.recv();
    fmt::print("somebody says {}\n", request);
    co_await server.send("Hello, whoever you are");
  }
}

asio::awaitable<int> ask(cozmq::context& ctx, std::string server_key, std::string endpoint)
{
  cozmq::req_socket client{ctx};
  client.set_option(cozmq::option::curve_client{cozmq::curve_public_key::from_z85(server_key)});
  client.set_option(cozmq::option::reconnect_stop{{.handshake_failed = true}});  // a wrong key is not told
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
  if (part == "server")
    return cozmq::run([&](cozmq::context& ctx) { return serve(ctx, argc > 2 ? argv[2] : "tcp://*:9000"); });
  if (part == "client" && argc > 2) {
    return cozmq::run(
        [&](cozmq::context& ctx) { return ask(ctx, argv[2], argc > 3 ? argv[3] : "tcp://localhost:9000"); });
  }
  fmt::print("{}", usage);
  return part == "--help" ? 0 : 1;
}
