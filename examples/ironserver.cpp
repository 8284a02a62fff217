// Ironhouse, the server: CURVE, and only clients whose certificates it has. Clients may be added and removed while it runs;
// add one before the client first comes: one that was refused does not come again by itself.
// Usage: ironserver SERVER.key_secret DIRECTORY_OF_CLIENTS [endpoint]
#include <cozmq/cozmq.hpp>
#include <cozmq/curve.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

constexpr std::string_view usage =
    "usage: ironserver certificate clients [endpoint]\n"
    "Takes the server's own certificate, with the secret key, and a directory with the public ones of its "
    "clients.\n"
    "Ann makes hers on her own machine, and sends ann.key:\n"
    "  keygen ann name=Ann\n"
    "The server, which sends server.key to Ann:\n"
    "  keygen server; mkdir clients; cp ann.key clients/; ironserver server.key_secret clients\n"
    "Clients may be added and removed while it runs; add one before it first comes.\n";

asio::awaitable<int> serve(cozmq::context& ctx, std::string own, std::string clients, std::string endpoint)
{
  cozmq::rep_socket server{ctx};
  server.set_option(cozmq::option::curve_server{cozmq::curve_certificate::load(own).keys()});
  server.set_option(cozmq::option::authenticator{cozmq::known_clients{clients}});
  fmt::print("listening on {}\n", server.bind(endpoint));
  for (;;) {
    std::fflush(stdout);
    cozmq::message request = co_await server.recv();
    std::string_view const who = request.property("name").value_or(*request.property("User-Id"));
    fmt::print("{} says {}\n", who, request);
    co_await server.send(fmt::format("Hello, {}", who));
  }
}

int main(int argc, char* argv[])
{
  if (argc < 3) {
    fmt::print("{}", usage);
    return argc > 1 && std::string_view{argv[1]} == "--help" ? 0 : 1;
  }
  return cozmq::run(
      [&](cozmq::context& ctx) { return serve(ctx, argv[1], argv[2], argc > 3 ? argv[3] : "tcp://*:9000"); });
}
