// The greeting: judged alike however it is split, and as the RFC's table of its octets has it.
#include <cozmq/wire/greeting.hpp>

#include "fuzz/targets.hpp"

#include <array>
#include <string>

namespace cozmq::fuzz {

namespace {

struct outcome {
  bool complete = false;
  std::error_code error{};
  std::size_t taken = 0;
  std::array<unsigned, 2> version{};
  std::string mechanism{};
  bool as_server = false;

  friend bool operator==(outcome const&, outcome const&) = default;
};

outcome read(byte_view stream, cuts reads)
{
  wire::greeting_parser parser;
  outcome result;
  while (result.taken < stream.size() && !result.complete && !result.error) {
    std::size_t const size = std::min(reads.next(), stream.size() - result.taken);
    byte_view const from = stream.subspan(result.taken, size);
    std::vector<std::byte> const piece(from.begin(), from.end());
    byte_view input{piece};
    result.complete = parser.feed(input, result.error);
    expect(input.empty() || result.complete || result.error, "a greeting that goes on takes all");
    result.taken += size - input.size();
  }
  expect(!(result.complete && result.error), "a greeting is either complete or wrong");
  if (result.complete) {
    result.version = {parser.peer_major(), parser.peer_minor()};
    result.mechanism = parser.mechanism();
    result.as_server = parser.as_server();
    byte_view more = stream;
    expect(parser.feed(more, result.error) && more.size() == stream.size(),
           "after a greeting nothing more is taken");
  }
  return result;
}

// [RFC 37, grammar] The first octet that cannot be in a greeting, and why.
std::pair<std::size_t, std::error_code> first_wrong(byte_view stream)
{
  bool padding = false;
  for (std::size_t i = 0; i < std::min(stream.size(), wire::greeting_size); ++i) {
    char const c = as_text(stream)[i];
    auto const octet = static_cast<unsigned char>(c);
    if ((i == 0 && octet != 0xFF) || (i == 9 && octet != 0x7F))
      return {i, errc::bad_greeting};
    if (i == 10 && octet < 3)
      return {i, errc::peer_too_old};
    if (i < 12 || i >= 32)
      continue;
    bool const legal =
        std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+"}.find(c) != std::string::npos;
    if (c != '\0' && (padding || !legal))
      return {i, errc::mechanism_mismatch};
    padding = c == '\0';
  }
  return {stream.size(), {}};
}

void check_own(std::string_view mechanism, bool as_server)
{
  auto const own = wire::encode_greeting(mechanism, as_server);
  outcome const seen = read(own, cuts{own.size()});
  expect(seen.complete && seen.mechanism == mechanism && seen.as_server == as_server,
         "our own greeting says what it was told");
  expect(seen.version == std::array<unsigned, 2>{wire::version_major, wire::version_minor},
         "and our version");
}

}  // namespace

void greeting(byte_view input)
{
  std::size_t const how = take(input);
  std::uint32_t const seed = static_cast<std::uint32_t>(take(input)) + 1;
  std::vector<std::byte> stream(input.begin(), input.end());
  // Half of the inputs are changes to a legal one: where, and by what.
  if ((how & 1U) != 0) {
    auto const legal = wire::encode_greeting("NULL");
    stream.assign(legal.begin(), legal.end());
    while (input.size() >= 2) {
      std::size_t const at = take(input) % (stream.size() + 1);
      std::byte const by = static_cast<std::byte>(take(input));
      if (at < stream.size())
        stream[at] ^= by;
      else
        stream.push_back(by);
    }
  }
  outcome const whole = read(stream, cuts{stream.size() + 1});
  expect(read(stream, cuts{1}) == whole, "octet by octet makes a difference");
  expect(read(stream, cuts{9, seed}) == whole, "odd splits make a difference");
  auto const [at, error] = first_wrong(stream);
  expect(whole.error == error, "a greeting is wrong where an octet of it is");
  expect(whole.taken == (error ? at + 1 : std::min(stream.size(), wire::greeting_size)),
         "it is read up to there, and no further than its end");
  expect(whole.complete == (!error && stream.size() >= wire::greeting_size), "it is complete with 64 octets");
  if (whole.complete) {
    expect(whole.version[0] >= 3 && (whole.version[0] == 3 || whole.version[1] == wire::version_minor),
           "a later peer is talked to in our version");
    check_own(whole.mechanism, whole.as_server);
  }
}

}  // namespace cozmq::fuzz
