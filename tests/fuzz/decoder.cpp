// The decoder gets the same stream in one piece, octet by octet and at odd splits, and must say the same each time.
#include <cozmq/wire/decoder.hpp>

#include "fuzz/targets.hpp"

#include <cstring>
#include <string>

namespace cozmq::fuzz {

namespace {

using texts = std::vector<std::string>;

struct outcome {
  std::vector<texts> messages{};
  texts commands{};
  std::error_code error{};

  friend bool operator==(outcome const&, outcome const&) = default;
};

// Half of the inputs are octets as they are. The others are a list of frames, flags and size each, because no mutation
// would come upon bodies that are larger than a buffer.
std::vector<std::byte> stream_of(byte_view input, bool raw)
{
  constexpr std::size_t longest = 100'000;  // more than a buffer; longer ones would only take time
  if (raw)
    return {input.begin(), input.end()};
  std::vector<std::byte> stream;
  while (!input.empty() && stream.size() < longest) {
    std::size_t const flags = take(input);
    std::size_t const announced = take(input, 2) << (flags >> 6);
    unsigned const octets = (flags & 2U) != 0 ? 8 : 1;
    std::size_t const size = octets == 8 ? announced : announced % 256;
    stream.push_back(static_cast<std::byte>(flags % 64 < 48 ? flags & 7U : flags));  // mostly legal
    for (unsigned i = octets; i > 0; --i)
      stream.push_back(static_cast<std::byte>(std::uint64_t{size} >> (8 * (i - 1))));
    std::size_t const before = stream.size();
    stream.resize(before + std::min(size, longest));
    for (std::size_t i = before; i < stream.size(); ++i)
      stream[i] = static_cast<std::byte>(i * 31 + size);
  }
  return stream;
}

void pop_all(wire::decoder& machine, outcome& to)
{
  std::size_t const ready = machine.ready();
  std::size_t const before = to.messages.size();
  expect((machine.ready_bytes() == 0) <= (ready == 0), "messages are ready and take no bytes");
  for (message m; machine.pop(m);) {
    texts& frames = to.messages.emplace_back();
    for (frame const& each : m)
      frames.push_back(each.str());
  }
  expect(to.messages.size() - before == ready, "pop() gives as many messages as are ready");
  expect(machine.ready() == 0, "nothing is ready after the last pop()");
}

outcome decode(byte_view stream, wire::decoder_limits limits, cuts reads, bool pop_at_once)
{
  wire::decoder machine{limits};
  outcome result;
  while (!stream.empty() && !result.error) {
    auto const room = machine.prepare();
    expect(room[0].size() + room[1].size() > 0, "there is room for a read");
    std::size_t const most = reads.next();
    std::size_t taken = 0;
    for (std::span<std::byte> const to : room) {
      std::size_t const part = std::min({to.size(), stream.size() - taken, most - taken});
      if (part > 0)
        std::memcpy(to.data(), stream.data() + taken, part);
      taken += part;
    }
    stream = stream.subspan(taken);
    result.error = machine.commit(taken, [&](byte_view body) {
      result.commands.emplace_back(as_text(body));
      return body.size() == 13 ? make_error_code(errc::malformed_command) : std::error_code{};
    });
    if (pop_at_once)
      pop_all(machine, result);
    machine.release();
  }
  // The end of the connection: whole messages stay, and the next one starts afresh.
  machine.drop_partial();
  pop_all(machine, result);
  auto const room = machine.prepare();
  expect(room[0].size() >= 2, "there is room for the next connection");
  room[0][0] = room[0][1] = std::byte{0};
  expect(!machine.commit(2, [](byte_view) { return std::error_code{}; }), "the next connection is in step");
  message empty;
  expect(machine.pop(empty) && empty.size() == 1 && empty[0].empty(),
         "the next connection's message is whole");
  return result;
}

}  // namespace

void decoder(byte_view input)
{
  std::size_t const form = take(input);
  std::uint32_t const seed = static_cast<std::uint32_t>(take(input, 2)) + 1;
  wire::decoder_limits limits;
  if ((form & 2U) != 0)
    limits = {300, 5, 40};
  else if ((form & 4U) != 0)
    limits = {80'000, 400, 70'000};
  std::vector<std::byte> const stream = stream_of(input, (form & 1U) != 0);

  outcome const whole = decode(stream, limits, cuts{stream.size()}, false);
  expect(decode(stream, limits, cuts{20'000, seed}, (form & 8U) != 0) == whole,
         "odd splits make a difference");
  if (stream.size() <= 2048)
    expect(decode(stream, limits, cuts{1}, false) == whole, "octet by octet makes a difference");
  for (texts const& frames : whole.messages) {
    std::uint64_t bytes = 0;
    for (std::string const& each : frames)
      bytes += each.size();
    expect(bytes <= limits.message_size && frames.size() <= limits.frames, "a message is above the limits");
  }
}

}  // namespace cozmq::fuzz
