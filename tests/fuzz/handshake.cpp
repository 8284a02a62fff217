// The handshake, as either side, gets the same octets in one piece, octet by octet and at odd splits.
#include <cozmq/wire/handshake.hpp>

#include "fuzz/targets.hpp"

#include <string>

namespace cozmq::fuzz {

namespace {

using status = wire::handshake::status;

struct outcome {
  status state{};
  std::error_code error{};
  std::string reason{};
  bool permanent = false;
  std::string sent{};
  std::string unread{};
  std::string identity{};
  cozmq::properties metadata{};

  friend bool operator==(outcome const&, outcome const&) = default;
};

wire::handshake_config config_of(std::size_t form)
{
  wire::handshake_config config;
  config.binding = (form & 1U) != 0;
  if ((form & 2U) != 0) {
    config.type = socket_type::router;
    config.accepts = {socket_type::req, socket_type::dealer, socket_type::router};
    config.identity = "own name";
  } else {
    config.type = socket_type::pull;
    config.accepts = {socket_type::push};
  }
  if ((form & 4U) != 0)
    config.max_command = 100;
  return config;
}

outcome shake_hands(byte_view stream, std::size_t form, cuts reads)
{
  wire::handshake machine{config_of(form)};
  outcome result;
  auto const send = [&] {
    result.sent += as_text(machine.output());
    machine.sent(machine.output().size());
  };
  send();
  while (!stream.empty() && machine.state() == status::needs_input) {
    // A copy of its own size, so that AddressSanitizer sees a read past its end.
    std::size_t const size = std::min(reads.next(), stream.size());
    std::vector<std::byte> const piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    byte_view input{piece};
    machine.feed(input);
    expect(input.empty() || machine.state() != status::needs_input, "a handshake that goes on takes all");
    stream = stream.subspan(size - input.size());
    send();
  }
  result.state = machine.state();
  result.error = machine.error();
  result.reason = machine.reason();
  result.permanent = machine.permanent();
  if (result.state == status::done) {
    result.unread = as_text(stream);
    result.identity = machine.peer().identity;
    result.metadata = machine.peer().metadata;
  }
  return result;
}

bool is_printable(std::string_view text)
{
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

void handshake(byte_view input)
{
  std::size_t const form = take(input);
  std::uint32_t const seed = static_cast<std::uint32_t>(take(input)) + 1;
  std::vector<std::byte> stream;
  // Half of the inputs begin behind the greeting.
  if ((form & 8U) != 0) {
    auto const greeting = wire::encode_greeting("NULL");
    stream.assign(greeting.begin(), greeting.end());
  }
  stream.insert(stream.end(), input.begin(), input.end());

  outcome const whole = shake_hands(stream, form, cuts{stream.size() + 1});
  expect(shake_hands(stream, form, cuts{1}) == whole, "octet by octet makes a difference");
  expect(shake_hands(stream, form, cuts{70, seed}) == whole, "odd splits make a difference");
  expect((whole.state == status::failed) == static_cast<bool>(whole.error), "what fails has an error");
  expect((whole.state == status::failed) != whole.reason.empty(), "what fails has a reason");
  expect(whole.reason.size() <= 255 && is_printable(whole.reason), "a reason is short and printable");
  expect(whole.identity.size() <= wire::max_identity, "an identity is short");
  expect(whole.sent.size() < 1024, "a stranger is not told much");
}

}  // namespace cozmq::fuzz
