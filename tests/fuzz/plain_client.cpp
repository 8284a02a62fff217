// The client of PLAIN: its name and password go out once, to whoever greets as PLAIN, and its properties behind a WELCOME.
#include "fuzz/shake_hands.hpp"
#include <cozmq/wire/plain_mechanism.hpp>

namespace cozmq::fuzz {

namespace {

due expected_of(byte_view stream, form how, std::string const& user_name, std::string const& password)
{
  wire::handshake_config const config = config_of(how);
  due result;
  result.greet("PLAIN", false);
  if (!greets(stream, "PLAIN", false))
    return result;
  octets hello;
  for (std::string const* text : {&user_name, &password}) {
    hello.push_back(static_cast<std::byte>(text->size()));
    hello.insert(hello.end(), as_bytes(*text).begin(), as_bytes(*text).end());
  }
  wire::append_command(result.sent, "HELLO", hello);
  auto const welcome = command_at(stream, wire::greeting_size, config.max_command);
  if (!welcome || welcome->name != "WELCOME" || !welcome->data.empty())
    return result;
  result.send("INITIATE", config);
  auto const ready = command_at(stream, welcome->end, config.max_command);
  if (!ready || ready->name != "READY" || judge(ready->data, config).error != errc{})
    return result;
  result.done = true;
  result.end = ready->end;
  return result;
}

}  // namespace

void plain_client(byte_view input)
{
  form const how{take(input)};
  std::uint32_t const seed = static_cast<std::uint32_t>(take(input)) + 1;
  std::string const user_name(take(input), 'u');
  std::string const password(take(input), 'p');
  octets const stream = stream_of(input, how, "PLAIN");
  outcome const seen = shake_hands_in_every_way(
      stream,
      [&] {
        wire::handshake_config config = config_of(how);
        config.security = std::make_unique<wire::plain_client>(user_name, password);
        return config;
      },
      how, seed);
  check(seen, expected_of(stream, how, user_name, password), stream, how);
  std::size_t const leaked = seen.reason.find("pppp");
  expect(
      password.size() < 4 || leaked == std::string::npos || as_text(stream).find("pppp") != std::string::npos,
      "a reason does not give the password away");
}

}  // namespace cozmq::fuzz
