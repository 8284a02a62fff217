// The server of PLAIN: nobody gets further than a naive reader of the same octets would let them.
#include "fuzz/shake_hands.hpp"
#include <cozmq/wire/plain_mechanism.hpp>

namespace cozmq::fuzz {

namespace {

// [RFC 24] hello = "HELLO" username password; each is an octet with its size, and that many.
std::optional<wire::credentials> hello_of(byte_view data)
{
  wire::credentials shown;
  for (std::string* text : {&shown.user_name, &shown.password}) {
    if (data.empty())
      return std::nullopt;
    std::size_t const size = take(data);
    if (size > data.size())
      return std::nullopt;
    *text = as_text(data.first(size));
    data = data.subspan(size);
  }
  if (!data.empty())
    return std::nullopt;
  return shown;
}

due expected_of(byte_view stream, form how, wire::credentials& shown)
{
  wire::handshake_config const config = config_of(how);
  due result;
  result.greet("PLAIN", true);
  if (!greets(stream, "PLAIN", true))
    return result;
  auto const hello = command_at(stream, wire::greeting_size, config.max_command);
  if (!hello || hello->name != "HELLO")
    return result;
  auto const credentials = hello_of(hello->data);
  if (!credentials)
    return result;
  shown = *credentials;
  result.decisions = 1;
  if (!how.admits()) {
    if (how.verdict() == 2)
      wire::append_error(result.sent, told_to_peer);
    return result;
  }
  wire::append_command(result.sent, "WELCOME", {});
  auto const initiate = command_at(stream, hello->end, config.max_command);
  if (!initiate || initiate->name != "INITIATE")
    return result;
  wire::metadata_verdict const verdict = judge(initiate->data, config);
  if (verdict.error != errc{}) {
    if (verdict.tell_peer)
      wire::append_error(result.sent, verdict.reason);
    return result;
  }
  result.send("READY", config);
  result.done = true;
  result.end = initiate->end;
  return result;
}

}  // namespace

void plain_server(byte_view input)
{
  form const how{take(input)};
  std::uint32_t const seed = static_cast<std::uint32_t>(take(input)) + 1;
  octets const stream = stream_of(input, how, "PLAIN");
  auto const config = [&] {
    wire::handshake_config result = config_of(how);
    result.security = std::make_unique<wire::plain_server>();
    return result;
  };
  std::size_t hello_end = 0;
  if (greets(stream, "PLAIN", true))
    if (auto const hello = command_at(stream, wire::greeting_size, config().max_command))
      hello_end = hello->end;
  outcome const seen = shake_hands_in_every_way(stream, config, how, seed, hello_end);
  wire::credentials shown;
  check(seen, expected_of(stream, how, shown), stream, how);
  expect(seen.user_name == shown.user_name && seen.password == shown.password,
         "the authenticator sees the name and the password that were sent");
  if (seen.decisions == 0 || stream.size() == hello_end)
    return;
  // The same without the patience to wait for WELCOME.
  outcome const hasty = shake_hands(stream, config(), how, cuts{stream.size()});
  expect(hasty.error == errc::unexpected_command && hasty.decisions == 0 &&
             hasty.sent.size() == wire::greeting_size,
         "who goes on before it was let in is not let in");
}

}  // namespace cozmq::fuzz
