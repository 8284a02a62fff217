// Commands and subscriptions: every parser gets every body, and what it accepts survives being written and read again.
#include "fuzz/targets.hpp"
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/subscription.hpp>

namespace cozmq::fuzz {

namespace {

// The body of the one frame that was written.
byte_view body_of(std::vector<std::byte> const& written, bool command)
{
  std::error_code ec;
  auto const header = wire::parse_frame_header(written, ec);
  expect(header && !ec && header->command == command && !header->more, "what was written is a frame");
  expect(header->length + header->size == written.size(), "the header has the size of what follows");
  return byte_view{written}.subspan(header->length);
}

bool same(byte_view a, byte_view b)
{
  return as_text(a) == as_text(b);
}

void check_subscription(wire::subscription_view what)
{
  std::vector<std::byte> written;
  append_subscription(written, what, 1);
  auto const command = wire::parse_command(body_of(written, true));
  expect(command.has_value(), "a subscription is a command");
  auto again = wire::parse_subscription(*command);
  expect(again && again->subscribe == what.subscribe && same(again->topic, what.topic),
         "3.1: the same again");

  written.clear();
  append_subscription(written, what, 0);
  again = wire::parse_subscription_message(body_of(written, false));
  expect(again && again->subscribe == what.subscribe && same(again->topic, what.topic),
         "3.0: the same again");
}

void check_ping(wire::ping_view ping)
{
  std::vector<std::byte> written;
  wire::append_ping(written, ping.ttl, ping.context);
  auto const command = wire::parse_command(body_of(written, true));
  auto const again = command ? wire::parse_ping(command->data) : std::nullopt;
  expect(again && again->ttl == ping.ttl && same(again->context, ping.context), "PING: the same again");

  written.clear();
  wire::append_pong(written, ping.context);
  auto const answer = wire::parse_command(body_of(written, true));
  auto const echo = answer ? wire::parse_pong(answer->data) : std::nullopt;
  expect(echo && same(*echo, ping.context), "PONG: the context again");
}

}  // namespace

void commands(byte_view input)
{
  if (auto const what = wire::parse_subscription_message(input))
    check_subscription(*what);
  auto const command = wire::parse_command(input);
  if (!command)
    return;
  expect(!command->name.empty() && 1 + command->name.size() + command->data.size() == input.size(),
         "a command is its name and its data");
  std::vector<std::byte> written;
  wire::append_command(written, command->name, command->data);
  expect(same(body_of(written, true), input), "a command is written alike");

  if (auto const what = wire::parse_subscription(*command))
    check_subscription(*what);
  if (auto const ping = wire::parse_ping(command->data))
    check_ping(*ping);
  if (auto const context = wire::parse_pong(command->data))
    expect(context->size() <= wire::max_ping_context, "a context is short");
  if (auto const reason = wire::parse_error(command->data)) {
    written.clear();
    wire::append_error(written, *reason);
    auto const refusal = wire::parse_command(body_of(written, true));
    auto const again = refusal ? wire::parse_error(refusal->data) : std::nullopt;
    expect(again && again->size() == reason->size(), "ERROR: a reason of the same length");
  }
}

}  // namespace cozmq::fuzz
