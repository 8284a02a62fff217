// Woodhouse: PLAIN. The server knows its clients by name and password. Both travel in the clear, as do the messages: for
// networks where nobody listens.
// Usage: woodhouse server [endpoint]
//        woodhouse client name password [endpoint]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string>
#include <string_view>

constexpr std::string_view usage =
    "usage: woodhouse server [endpoint]\n"
    "       woodhouse client name password [endpoint]\n"
    "The server knows admin with the password secret, and guest with guest.\n";

cozmq::auth_reply decide(cozmq::auth_request const& who)
{
  static std::map<std::string, std::string> const passwords{{"admin", "secret"}, {"guest", "guest"}};
  auto const known = passwords.find(who.user_name);
  if (known == passwords.end() || known->second != who.password)
    return cozmq::auth_reply::refuse("wrong name or password");
  return cozmq::auth_reply::admit(who.user_name);  // its messages say so from now on
}

asio::awaitable<int> serve(cozmq::context& ctx, std::string endpoint)
{
  cozmq::rep_socket server{ctx};
  server.set_option(cozmq::option::plain_server{});
  server.set_option(cozmq::option::authenticator{decide});
  fmt::print("listening on {}\n", server.bind(endpoint));
  for (;;) {
    std::fflush(stdout);
    cozmq::message request = co_await server.recv();
    fmt::print("{} says {}\n", request.property("User-Id").value_or("?"), request);
    co_await server.send(fmt::format("Hello, {}", request.property("User-Id").value_or("?")));
  }
}

asio::awaitable<int> ask(cozmq::context& ctx, std::string name, std::string password, std::string endpoint)
{
  cozmq::req_socket client{ctx};
  client.set_option(cozmq::option::plain_client{name, password});
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
  if (part == "client" && argc > 3) {
    return cozmq::run([&](cozmq::context& ctx) {
      return ask(ctx, argv[2], argv[3], argc > 4 ? argv[4] : "tcp://localhost:9000");
    });
  }
  fmt::print("{}", usage);
  return part == "--help" ? 0 : 1;
}
