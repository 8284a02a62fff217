// Ironhouse, the client: CURVE. It shows its own certificate, and talks to nobody but the owner of the server's.
// Usage: ironclient CLIENT.key_secret SERVER.key [endpoint]
#include <cozmq/cozmq.hpp>
#include <cozmq/curve.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>

constexpr std::string_view usage =
    "usage: ironclient certificate server_certificate [endpoint]\n"
    "Takes the client's own certificate, with the secret key, and the public one of the server:\n"
    "  ironclient ann.key_secret server.key\n";

asio::awaitable<int> ask(cozmq::context& ctx, std::string own, std::string servers, std::string endpoint)
{
  auto const me = cozmq::curve_certificate::load(own);
  auto const server = cozmq::curve_certificate::load(servers);
  cozmq::req_socket client{ctx};
  client.set_option(cozmq::option::curve_client{me.keys(), server.public_key()});
  client.set_option(
      cozmq::option::reconnect_stop{{.handshake_failed = true}});  // a wrong key is not told, see below
  client.connect(endpoint);
  try {
    co_await client.wait_connected();
  } catch (cozmq::error const& refused) {
    if (refused.code() == cozmq::errc::terminated)  // Ctrl-C
      throw;
    // 400: the server does not know this client. Closed without a reason: this is not the server's key, or no server.
    fmt::print("not let in: {}\n", refused.what());
    co_return 1;
  }
  co_await client.send("Hello");
  fmt::print("the server says: {}\n", co_await client.recv());
  co_return 0;
}

int main(int argc, char* argv[])
{
  if (argc < 3) {
    fmt::print("{}", usage);
    return argc > 1 && std::string_view{argv[1]} == "--help" ? 0 : 1;
  }
  return cozmq::run([&](cozmq::context& ctx) {
    return ask(ctx, argv[1], argv[2], argc > 3 ? argv[3] : "tcp://localhost:9000");
  });
}
