// What the handshake targets share: streams out of inputs, one side fed with them in pieces, and a naive reader of the same
// octets that says what had to come of it.
#pragma once

#include "fuzz/targets.hpp"
#include <cozmq/wire/handshake.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cozmq::fuzz {

using status = wire::handshake::status;
using octets = std::vector<std::byte>;

// What the first octet of an input chooses.
struct form {
  std::size_t bits = 0;

  bool binding() const { return (bits & 1U) != 0; }
  bool router() const { return (bits & 2U) != 0; }
  bool short_commands() const { return (bits & 4U) != 0; }
  bool greeted() const { return (bits & 8U) != 0; }  // the input begins behind the greeting
  bool commands() const
  {
    return (bits & 16U) != 0;
  }  // it is a list of commands rather than octets as they are
  std::size_t verdict() const { return bits >> 5 & 3U; }
  bool admits() const { return verdict() < 2; }
  bool asks() const { return (bits & 128U) != 0; }
};

inline wire::handshake_config config_of(form how)
{
  wire::handshake_config config;
  config.binding = how.binding();
  if (how.router()) {
    config.type = socket_type::router;
    config.accepts = {socket_type::req, socket_type::dealer, socket_type::router};
    config.identity = "own name";
  } else {
    config.type = socket_type::pull;
    config.accepts = {socket_type::push};
  }
  if (how.short_commands())
    config.max_command = 100;
  config.asks = how.asks();
  return config;
}

// A list of commands, name and data each, because few mutations keep the sizes of a frame in step with its body.
inline octets commands_of(byte_view input)
{
  constexpr std::string_view names[] = {"HELLO", "WELCOME", "INITIATE", "READY",
                                        "ERROR", "PING",    "MESSAGE",  ""};
  octets stream;
  while (!input.empty()) {
    std::size_t const what = take(input);
    std::size_t const announced = take(input, (what & 8U) != 0 ? 2 : 1);
    std::size_t const size = std::min(announced, input.size());
    byte_view const data = input.first(size);
    input = input.subspan(size);
    std::string_view const name = names[what & 7U];
    if ((what & 16U) != 0) {  // whatever its size, in a long frame
      stream.push_back(std::byte{0x06});
      for (unsigned shift = 64; shift > 0; shift -= 8)
        stream.push_back(static_cast<std::byte>(std::uint64_t{1 + name.size() + size} >> (shift - 8)));
      stream.push_back(static_cast<std::byte>(name.size()));
      stream.insert(stream.end(), as_bytes(name).begin(), as_bytes(name).end());
      stream.insert(stream.end(), data.begin(), data.end());
    } else {
      wire::append_command(stream, name, data);
    }
  }
  return stream;
}

inline octets stream_of(byte_view input, form how, std::string_view mechanism)
{
  octets stream;
  if (how.greeted()) {
    auto const greeting = wire::encode_greeting(mechanism);
    stream.assign(greeting.begin(), greeting.end());
  }
  octets const rest = how.commands() ? commands_of(input) : octets{input.begin(), input.end()};
  stream.insert(stream.end(), rest.begin(), rest.end());
  return stream;
}

// All that can be seen of one side's handshake.
struct outcome {
  status state{};
  std::error_code error{};
  std::string reason{};
  bool permanent = false;
  std::string sent{};
  std::string unread{};
  std::string identity{};
  cozmq::properties metadata{};
  cozmq::properties told{};
  std::string user_name{};
  std::string password{};
  std::size_t decisions = 0;

  friend bool operator==(outcome const&, outcome const&) = default;
};

constexpr std::string_view told_to_peer = "400";

inline void decide(wire::handshake& machine, form how)
{
  cozmq::properties told;
  switch (how.verdict()) {
    case 0: return machine.admit({});
    case 1: told.add("User-Id", "somebody"); return machine.admit(std::move(told));
    case 2: return machine.refuse("not on the list", told_to_peer);
    default: return machine.refuse("come back later", {});
  }
}

// Nothing that is behind `barrier` is read together with what is in front of it: a peer that waits to be let in sends
// nothing before.
inline outcome shake_hands(byte_view stream, wire::handshake_config config, form how, cuts reads,
                           std::size_t barrier = 0)
{
  wire::handshake machine{std::move(config)};
  outcome result;
  auto const send = [&] {
    result.sent += as_text(machine.output());
    machine.sent(machine.output().size());
  };
  send();
  while (!stream.empty() && machine.state() == status::needs_input) {
    // A copy of its own size, so that AddressSanitizer sees a read past its end.
    std::size_t size = std::min(reads.next(), stream.size());
    if (barrier > 0)
      size = std::min(size, barrier);
    octets const piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    byte_view input{piece};
    machine.feed(input);
    while (machine.state() == status::needs_decision) {
      std::size_t const left = input.size();
      expect(machine.feed(input) == status::needs_decision && input.size() == left,
             "nothing is taken before the decision");
      ++result.decisions;
      wire::credentials const shown = machine.shown();
      result.user_name = shown.user_name;
      result.password = shown.password;
      decide(machine, how);
      send();
      machine.feed(input);
    }
    expect(input.empty() || machine.state() != status::needs_input, "a handshake that goes on takes all");
    stream = stream.subspan(size - input.size());
    barrier -= std::min(barrier, size);
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
    result.told = machine.peer().told;
  }
  return result;
}

inline bool is_printable(std::string_view text)
{
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// The stream in one piece; the others must make no difference to it.
template <class Config>
outcome shake_hands_in_every_way(byte_view stream, Config&& config, form how, std::uint32_t seed,
                                 std::size_t barrier = 0)
{
  outcome whole = shake_hands(stream, config(), how, cuts{stream.size() + 1}, barrier);
  expect(shake_hands(stream, config(), how, cuts{1}, barrier) == whole, "octet by octet makes a difference");
  expect(shake_hands(stream, config(), how, cuts{70, seed}, barrier) == whole,
         "odd splits make a difference");
  expect((whole.state == status::failed) == static_cast<bool>(whole.error), "what fails has an error");
  expect((whole.state == status::failed) != whole.reason.empty(), "what fails has a reason");
  expect(whole.reason.size() <= 255 && is_printable(whole.reason), "a reason is short and printable");
  expect(whole.identity.size() <= wire::max_identity, "an identity is short");
  return whole;
}

// ---- the naive reader -----------------------------------------------------------------------------------------

struct seen_command {
  std::string_view name;
  byte_view data;
  std::size_t end;  // where in the stream the next one begins
};

inline bool greets(byte_view stream, std::string_view mechanism, bool we_are_server)
{
  wire::greeting_parser parser;
  std::error_code ec;
  return parser.feed(stream, ec) && parser.mechanism() == mechanism && !(we_are_server && parser.as_server());
}

// The legal command behind `at`, if there is one.
inline std::optional<seen_command> command_at(byte_view stream, std::size_t at, std::size_t max_command)
{
  byte_view const rest = stream.subspan(at);
  if (rest.size() < 2 || (rest[0] != std::byte{4} && rest[0] != std::byte{6}))
    return std::nullopt;
  std::size_t const octets_of_size = rest[0] == std::byte{4} ? 1 : 8;
  byte_view front = rest.subspan(1);
  if (front.size() < octets_of_size)
    return std::nullopt;
  std::size_t const size = take(front, octets_of_size);
  if (size > max_command || size > front.size() || size == 0)
    return std::nullopt;
  std::size_t const name_size = std::to_integer<std::size_t>(front[0]);
  if (name_size == 0 || name_size >= size)
    return std::nullopt;
  std::string_view const name = as_text(front.subspan(1, name_size));
  for (char c : name)
    if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
      return std::nullopt;
  return seen_command{name, front.subspan(1 + name_size, size - 1 - name_size),
                      at + 1 + octets_of_size + size};
}

// What had to come of a stream.
struct due {
  octets sent{};
  std::size_t decisions = 0;
  bool done = false;
  std::size_t end = 0;  // of what a complete handshake has read

  void greet(std::string_view mechanism, bool as_server)
  {
    auto const greeting = wire::encode_greeting(mechanism, as_server);
    sent.assign(greeting.begin(), greeting.end());
  }

  void send(std::string_view name, wire::handshake_config const& config)
  {
    octets data;
    wire::append_properties(data, wire::own_metadata(config.type, config.identity, config.extra));
    wire::append_command(sent, name, data);
  }
};

inline wire::metadata_verdict judge(byte_view data, wire::handshake_config const& config)
{
  std::error_code ec;
  cozmq::properties const metadata = wire::parse_properties(data, ec);
  if (ec)
    return {errc::malformed_metadata, {}, false, {}, {}};
  return wire::check_metadata(metadata, config.type, config.accepts);
}

inline void check(outcome const& seen, due const& expected, byte_view stream, form how)
{
  expect(seen.sent == as_text(expected.sent), "what was sent is what was due, and no octet more");
  expect(seen.decisions == expected.decisions, "a decision is asked for when it is due, and once");
  expect((seen.state == status::done) == expected.done, "a handshake is done when all of it has come");
  expect(!expected.done || seen.unread == as_text(stream.subspan(expected.end)),
         "what follows the handshake stays unread");
  expect(seen.decisions == 0 || how.admits() || seen.error == errc::access_denied,
         "who was refused is not let in");
}

}  // namespace cozmq::fuzz
