#include <cozmq/wire/encoder.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"
#include "support/octets.hpp"
#include "support/wire_frames.hpp"
#include <cozmq/wire/decoder.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <random>

using namespace cozmq;
using namespace cozmq::test;

namespace {

// What the spans of gather() hold, at most `most` bytes of it.
octets gathered(wire::encoder const& e, std::size_t spans = 32,
                std::size_t most = static_cast<std::size_t>(-1))
{
  std::vector<byte_view> views(spans);
  std::size_t const filled = e.gather(views);
  REQUIRE(filled <= spans);
  octets result;
  for (std::size_t i = 0; i < filled; ++i) {
    REQUIRE_FALSE(views[i].empty());
    std::size_t const part = std::min(views[i].size(), most - result.size());
    result.insert(result.end(), views[i].begin(), views[i].begin() + static_cast<std::ptrdiff_t>(part));
  }
  return result;
}

// Takes everything out, at most `step` bytes at a time.
octets drain(wire::encoder& e, std::size_t step = static_cast<std::size_t>(-1), std::size_t spans = 32)
{
  octets result;
  while (!e.empty()) {
    octets const part = gathered(e, spans, step);
    REQUIRE_FALSE(part.empty());
    e.consume(part.size());
    result.insert(result.end(), part.begin(), part.end());
  }
  return result;
}

void put(wire::encoder& e, texts const& parts)
{
  message m = message_of(parts);
  e.put(m);
  REQUIRE(m.empty());
}

octets const ping = from_hex("04 07 04 50 49 4e 47 00 00");
octets const pong = from_hex("04 05 04 50 4f 4e 47");

std::vector<texts> const of_every_kind{
    {""},
    {"one"},
    {"", "", ""},
    {pattern_text(255)},
    {pattern_text(256), "b"},
    {pattern_text(32767)},
    {pattern_text(32767), pattern_text(30000)},
    {pattern_text(32768)},
    {"a", pattern_text(40000), "", pattern_text(32768), "z"},
    {pattern_text(30000), pattern_text(30000), pattern_text(30000)},
    {pattern_text(300000)},
    {"last"},
};

}  // namespace

TEST_CASE("the bytes are those of ZMTP frames in their shortest form")
{
  wire::encoder e;
  put(e, {"Hi", ""});
  CHECK(to_hex(gathered(e)) ==
        "01024869"
        "0000");
  CHECK(e.messages() == 1);
  CHECK(e.bytes() == 6);
  e.consume(6);
  CHECK(e.empty());
  CHECK(e.messages() == 0);
  std::array<byte_view, 2> none;
  CHECK(e.gather(none) == 0);
}

TEST_CASE("encode() and put_encoded() give the same bytes as put()")
{
  for (texts const& parts : of_every_kind) {
    octets encoded;
    wire::encode(message_of(parts), encoded);
    CHECK((encoded == message_octets(parts)));
    if (encoded.size() > 60000)
      continue;
    wire::encoder e;
    e.put_encoded(encoded);
    e.put_encoded(encoded);
    CHECK(e.messages() == 2);
    CHECK((drain(e, 1000) == encoded + encoded));
  }
}

TEST_CASE("a frame that borrows no bytes at all is an empty frame")
{
  message m{frame::borrow(byte_view{}), frame::borrow(byte_view{})};
  message single{frame::borrow(byte_view{})};
  wire::encoder e;
  e.put(m);
  e.put(single);
  CHECK(to_hex(drain(e)) ==
        "0100"
        "0000"
        "0000");
}

TEST_CASE(
    "what is put in comes out byte for byte, however little the kernel takes and however few spans there are")
{
  octets expected;
  for (texts const& parts : of_every_kind)
    append_message(expected, parts);
  for (std::size_t step :
       {static_cast<std::size_t>(-1), std::size_t{65536}, std::size_t{4097}, std::size_t{100}})
    for (std::size_t spans : {1U, 2U, 3U, 32U}) {
      wire::encoder e;
      for (texts const& parts : of_every_kind)
        put(e, parts);
      REQUIRE(e.bytes() == expected.size());
      REQUIRE((drain(e, step, spans) == expected));
      REQUIRE(e.messages() == 0);
    }
}

TEST_CASE("messages() counts exactly the messages that are not wholly consumed, byte by byte")
{
  std::vector<texts> const all{{"a"}, {"", "b"}, {pattern_text(32768)}, {"c"}, {"d", pattern_text(33000), ""},
                               {"e"}, {""},      {pattern_text(300)}};
  wire::encoder e;
  std::vector<std::size_t> ends;
  std::size_t total = 0;
  for (texts const& parts : all) {
    put(e, parts);
    total += message_octets(parts).size();
    ends.push_back(total);
  }
  for (std::size_t consumed = 0;; ++consumed) {
    auto const whole = std::upper_bound(ends.begin(), ends.end(), consumed) - ends.begin();
    REQUIRE(e.messages() == all.size() - static_cast<std::size_t>(whole));
    REQUIRE(e.bytes() == total - consumed);
    if (consumed == total)
      break;
    e.consume(1);
  }
}

TEST_CASE("commands leave before the messages that have not begun to leave, and are not counted as messages")
{
  wire::encoder e;
  put(e, {"a"});
  put(e, {"b"});
  e.put_command(ping);
  e.put_command(pong);
  CHECK(e.messages() == 2);
  CHECK(e.command_bytes() == ping.size() + pong.size());
  CHECK((gathered(e) == ping + pong + message_octets({"a"}) + message_octets({"b"})));
  e.consume(3);
  CHECK(e.messages() == 2);
  CHECK(e.command_bytes() == ping.size() + pong.size() - 3);
  octets const rest = drain(e, 2);
  octets const expected = ping + pong + message_octets({"a"}) + message_octets({"b"});
  CHECK((octets{ping.begin(), ping.begin() + 3} + rest == expected));
}

TEST_CASE("commands that never quite drain take no more memory than those that wait")
{
  // Where they lie tells of how much memory there is.
  std::uintptr_t lowest = UINTPTR_MAX;
  std::uintptr_t highest = 0;
  wire::encoder e;
  e.put_command(pong);
  e.consume(pong.size() - 1);
  bool in_order = true;
  for (int i = 0; i < 1'000'000; ++i) {
    e.put_command(pong);
    std::array<byte_view, 2> to;
    in_order = in_order && e.gather(to) == 1 && to[0].size() == pong.size() + 1 &&
               to[0].front() == pong.back() && std::equal(pong.begin(), pong.end(), to[0].begin() + 1);
    if (i >= 10) {
      lowest = std::min(lowest, reinterpret_cast<std::uintptr_t>(to[0].data()));
      highest = std::max(highest, reinterpret_cast<std::uintptr_t>(to[0].data()));
    }
    e.consume(pong.size());
  }
  CHECK(in_order);
  CHECK(highest - lowest < 100);
}

TEST_CASE("a command never comes between the frames of a message, wherever that message was cut")
{
  std::vector<texts> const kinds{{"abc", "", "def"}, {"x", pattern_text(32768), "y"}, {pattern_text(40000)}};
  for (texts const& parts : kinds) {
    octets const first = message_octets(parts);
    std::vector<std::size_t> cuts{1, 2, 3, 4, 5, first.size() / 2, first.size() - 3, first.size() - 1};
    for (std::size_t cut : cuts) {
      wire::encoder e;
      put(e, parts);
      put(e, {"next"});
      e.consume(cut);
      e.put_command(ping);
      octets const expected = octets{first.begin() + static_cast<std::ptrdiff_t>(cut), first.end()} + ping +
                              message_octets({"next"});
      for (std::size_t step : {static_cast<std::size_t>(-1), std::size_t{1000}, std::size_t{1}}) {
        if (step == 1 && first.size() > 100)
          continue;
        wire::encoder again;
        put(again, parts);
        put(again, {"next"});
        again.consume(cut);
        again.put_command(ping);
        REQUIRE((drain(again, step) == expected));
      }
    }
  }
}

TEST_CASE("rewind() resends from the first message that was not wholly consumed, after any number of bytes")
{
  std::vector<texts> const all{
      {"a", "b"}, {"c"}, {"d", pattern_text(33000), "e"}, {"f"}, {pattern_text(40000)}, {"g"}};
  octets whole;
  std::vector<std::size_t> starts{0};
  for (texts const& parts : all) {
    append_message(whole, parts);
    starts.push_back(whole.size());
  }
  for (std::size_t consumed = 0; consumed < whole.size(); ++consumed) {
    // Every byte near a message's or a frame's border, and some within large bodies.
    bool const near = std::any_of(starts.begin(), starts.end(), [consumed](std::size_t s) {
      return consumed + 12 > s && consumed < s + 14;
    });
    if (!near && consumed % 1009 != 0)
      continue;
    auto const first = std::upper_bound(starts.begin(), starts.end(), consumed) - starts.begin() - 1;
    for (std::size_t step : {consumed, std::size_t{777}}) {
      wire::encoder e;
      for (texts const& parts : all)
        put(e, parts);
      for (std::size_t left = consumed; left > 0; left -= std::min(left, step))
        e.consume(std::min(left, step));
      e.put_command(ping);
      e.rewind();
      REQUIRE(e.command_bytes() == 0);
      REQUIRE(e.messages() == all.size() - static_cast<std::size_t>(first));
      auto const from = static_cast<std::ptrdiff_t>(starts[static_cast<std::size_t>(first)]);
      octets const expected{whole.begin() + from, whole.end()};
      REQUIRE(e.bytes() == expected.size());
      REQUIRE((drain(e) == expected));
      REQUIRE(e.messages() == 0);
    }
  }
}

TEST_CASE("rewind() drops commands, also one that has left in part")
{
  wire::encoder e;
  put(e, {"a"});
  e.put_command(ping);
  e.consume(4);
  e.rewind();
  CHECK((gathered(e) == message_octets({"a"})));
  e.put_command(pong);
  CHECK((drain(e) == pong + message_octets({"a"})));
}

TEST_CASE("clear() drops everything and says how many messages that were")
{
  wire::encoder e;
  CHECK(e.clear() == 0);
  put(e, {"a"});
  put(e, {pattern_text(40000)});
  put(e, {"b"});
  e.put_command(ping);
  e.consume(ping.size() + 4);
  CHECK(e.clear() == 2);
  CHECK(e.empty());
  CHECK(e.messages() == 0);
  CHECK(e.command_bytes() == 0);
  put(e, {"c"});
  CHECK((drain(e) == message_octets({"c"})));
}

TEST_CASE("release() loses nothing that waits")
{
  wire::encoder e;
  put(e, {"a"});
  e.release();
  put(e, {pattern_text(40000)});
  e.release();
  put(e, {"b"});
  e.consume(1);
  e.release();
  octets const expected =
      message_octets({"a"}) + message_octets({pattern_text(40000)}) + message_octets({"b"});
  CHECK((drain(e) == octets{expected.begin() + 1, expected.end()}));
  e.release();
  put(e, {"c"});
  CHECK((drain(e) == message_octets({"c"})));
}

TEST_CASE("A34 a large frame leaves from where it is, without a copy")
{
  frame const body{pattern_text(100000)};
  message m{"head", body};
  wire::encoder e;
  e.put(m);
  std::array<byte_view, 8> views;
  std::size_t const filled = e.gather(views);
  CHECK(std::any_of(views.begin(), views.begin() + static_cast<std::ptrdiff_t>(filled),
                    [&body](byte_view v) { return v.data() == body.data() && v.size() == body.size(); }));
}

TEST_CASE(
    "random messages and commands pass encoder and decoder, through short writes, reads and dead connections")
{
  std::mt19937 random{314159};
  auto const upto = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n}(random);
  };
  wire::encoder e;
  wire::decoder d;
  std::vector<texts> sent;
  std::vector<texts> received;
  std::size_t commands_received = 0;
  std::size_t wholly_consumed = 0;  // messages that this connection or an earlier one took
  while (received.size() < 3000) {
    for (std::size_t n = upto(20); n > 0 && sent.size() < 3000; --n) {
      texts parts;
      for (std::size_t f = upto(9) == 0 ? 1 + upto(5) : 1; f > 0; --f)
        parts.push_back(pattern_text(upto(30) == 0 ? upto(90000) : upto(400), sent.size() + f));
      sent.push_back(parts);
      put(e, parts);
    }
    if (upto(3) == 0)
      e.put_command(upto(1) == 0 ? ping : pong);

    octets const out = gathered(e, 1 + upto(31), upto(1) == 0 ? 1 + upto(100) : 1 + upto(100000));
    std::size_t const before = e.messages();
    e.consume(out.size());
    wholly_consumed += before - e.messages();
    REQUIRE(e.messages() == sent.size() - wholly_consumed);
    for (byte_view rest = out; !rest.empty();) {
      auto const room = d.prepare();
      std::size_t const count = std::min(rest.size(), room[0].size());
      std::memcpy(room[0].data(), rest.data(), count);
      REQUIRE_FALSE(d.commit(count, [&](byte_view body) {
        ++commands_received;
        return body.size() == 7 || body.size() == 5 ? std::error_code{} : errc::unexpected_command;
      }));
      rest = rest.subspan(count);
    }
    // Everything that the encoder counts as taken is readable at the other end.
    REQUIRE(received.size() + d.ready() == wholly_consumed);
    if (upto(2) == 0)
      for (message m; d.pop(m);)
        received.push_back(frames_of(m));
    if (upto(20) == 0) {
      e.rewind();
      d.drop_partial();
    }
  }
  CHECK((received == sent));
  CHECK(commands_received > 0);
}

TEST_CASE("drop_waiting() keeps the message that has begun to leave, and commands, at every cut")
{
  for (texts const& first : of_every_kind) {
    wire::encoder reference;
    put(reference, first);
    octets const whole = drain(reference);
    std::vector<std::size_t> const cuts{0, 1, whole.size() / 2, whole.size() - 1};
    for (std::size_t cut : cuts) {
      wire::encoder e;
      put(e, first);
      for (texts const& waiting : of_every_kind)
        put(e, waiting);
      if (cut > 0)
        e.consume(cut);
      e.put_command(ping);
      e.drop_waiting();
      std::size_t const begun = cut == 0 ? 0 : 1;
      CHECK(e.messages() == begun);
      put(e, {"newest"});
      CHECK(e.messages() == begun + 1);
      octets expected;
      if (begun == 1)
        expected.assign(whole.begin() + static_cast<std::ptrdiff_t>(cut), whole.end());
      expected.insert(expected.end(), ping.begin(), ping.end());
      wire::encoder newest;
      put(newest, {"newest"});
      octets const tail = drain(newest);
      expected.insert(expected.end(), tail.begin(), tail.end());
      CHECK(e.bytes() == expected.size());
      CHECK(drain(e, 1000) == expected);
      CHECK(e.messages() == 0);
    }
  }
}
