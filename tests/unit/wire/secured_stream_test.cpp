#include <cozmq/wire/secured_stream.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"
#include "support/octets.hpp"
#include "support/toy_mechanism.hpp"
#include "support/wire_frames.hpp"
#include <cozmq/wire/command.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <random>

using namespace cozmq;
using namespace cozmq::test;

namespace {

constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();

// One end of a connection, with all that it sends and receives.
struct end {
  wire::encoder encoder{};
  wire::decoder decoder{};
  wire::secured_stream stream;
  texts commands{};

  explicit end(wire::decoder_limits limits = {}, byte_view rest_of_handshake = {}, std::uint32_t key = 1)
      : decoder{limits}, stream{std::make_unique<toy_mechanism>(key), rest_of_handshake, encoder, decoder}
  {
  }

  void put(texts const& parts)
  {
    message m = message_of(parts);
    encoder.put(m);
  }

  // What the kernel would be given next, at most `most` octets of it.
  octets gathered(std::size_t most = everything)
  {
    std::array<byte_view, 32> views;
    std::size_t const filled = stream.gather(views);
    octets result;
    for (std::size_t i = 0; i < filled; ++i) {
      REQUIRE_FALSE(views[i].empty());
      std::size_t const part = std::min(views[i].size(), most - result.size());
      result.insert(result.end(), views[i].begin(), views[i].begin() + static_cast<std::ptrdiff_t>(part));
    }
    return result;
  }

  octets send(std::size_t most = everything)
  {
    octets const result = gathered(most);
    stream.consume(result.size());
    return result;
  }

  octets send_all(std::size_t step = everything)
  {
    octets result;
    for (octets part = send(step); !part.empty(); part = send(step))
      result.insert(result.end(), part.begin(), part.end());
    REQUIRE(encoder.empty());
    return result;
  }

  // One read of at most `most` octets; returns how many that were.
  std::size_t read(byte_view from, std::size_t most, std::error_code& ec)
  {
    auto const room = stream.prepare();
    REQUIRE(room[0].size() + room[1].size() > 0);
    std::size_t taken = 0;
    for (std::span<std::byte> const to : room) {
      std::size_t const part = std::min({to.size(), from.size() - taken, most - taken});
      if (part > 0)
        std::memcpy(to.data(), from.data() + taken, part);
      taken += part;
    }
    ec = stream.commit(taken, [this](byte_view body) {
      commands.emplace_back(as_text(body));
      return std::error_code{};
    });
    stream.release_input();
    if (decoder.ready() == 0)
      decoder.release();
    return taken;
  }

  std::error_code receive(byte_view from, std::size_t most = everything)
  {
    std::error_code ec;
    while (!from.empty() && !ec)
      from = from.subspan(read(from, most, ec));
    return ec;
  }

  std::vector<texts> pop_all()
  {
    std::vector<texts> result;
    for (message m; decoder.pop(m);)
      result.push_back(frames_of(m));
    return result;
  }
};

octets const ping = from_hex("04 07 04 50 49 4e 47 00 00");
octets const pong = from_hex("04 05 04 50 4f 4e 47");
std::string const ping_body{"\4PING\0\0", 7};
std::string const pong_body{"\4PONG", 5};

std::vector<texts> const of_every_kind{
    {""},
    {"one"},
    {"", "", ""},
    {pattern_text(241)},
    {pattern_text(242), "b"},
    {pattern_text(255)},
    {pattern_text(256), "b"},
    {pattern_text(32753)},
    {pattern_text(32754)},
    {pattern_text(32767), pattern_text(30000)},
    {pattern_text(32768)},
    {"a", pattern_text(40000), "", pattern_text(32768), "z"},
    {pattern_text(30000), pattern_text(30000), pattern_text(30000)},
    {pattern_text(65513)},
    {pattern_text(65514)},
    {pattern_text(65536)},
    {pattern_text(65641)},
    {pattern_text(65642)},
    {"id", pattern_text(300000)},
    {"last"},
};

// What a mechanism with the same key makes of these frames.
octets sealed(std::vector<std::pair<unsigned, std::string>> const& frames)
{
  toy_mechanism security;
  octets result;
  for (auto const& [flags, body] : frames) {
    std::size_t const before = result.size();
    result.resize(before + security.sealed_size(body.size()));
    security.seal(flags, as_bytes(body), result.data() + before);
  }
  return result;
}

}  // namespace

TEST_CASE("what goes over the wire are sealed frames, one for each, commands first")
{
  end e;
  e.put({"Hi", ""});
  e.encoder.put_command(ping);
  CHECK((e.gathered() == sealed({{command_flag, ping_body}, {more_flag, "Hi"}, {0, ""}})));
  CHECK(e.encoder.messages() == 1);
  e.send_all();
  CHECK(e.encoder.messages() == 0);
  CHECK(e.gathered().empty());
}

TEST_CASE("what is left of the handshake goes first, as it is")
{
  octets const ready = from_text("\4\6\5READY");
  for (std::size_t step : {everything, std::size_t{3}}) {
    end e{{}, ready};
    CHECK(e.stream.unsealed() == ready.size());
    e.put({"a"});
    CHECK(e.send(3).size() == 3);
    CHECK(e.stream.unsealed() == ready.size() - 3);
    CHECK(e.encoder.messages() == 1);
    CHECK((e.send_all(step) == octets{ready.begin() + 3, ready.end()} + sealed({{0, "a"}})));
    CHECK(e.stream.unsealed() == 0);
  }
  octets const long_word(100'000, std::byte{7});
  end e{{}, long_word};
  CHECK(e.stream.unsealed() == long_word.size());
  e.encoder.put_command(ping);
  CHECK((e.send_all(999) == long_word + sealed({{command_flag, ping_body}})));
}

TEST_CASE("messages of every kind come out as they went in, however they are written and read")
{
  octets reference;
  for (std::size_t write : {everything, std::size_t{65536}, std::size_t{1009}}) {
    end from;
    for (texts const& m : of_every_kind)
      from.put(m);
    octets const bytes = from.send_all(write);
    if (reference.empty())
      reference = bytes;
    REQUIRE((bytes == reference));
  }
  for (std::size_t read :
       {everything, std::size_t{65536}, std::size_t{40000}, std::size_t{1021}, std::size_t{1}}) {
    end to;
    REQUIRE_FALSE(to.receive(reference, read));
    REQUIRE((to.pop_all() == of_every_kind));
    REQUIRE(to.commands.empty());
  }
}

TEST_CASE("small frames are the same cut in two at every place, octet by octet and whole")
{
  octets const bytes = sealed({{0, "a"},
                               {more_flag, ""},
                               {command_flag, ping_body},
                               {0, pattern_text(300)},
                               {command_flag, pong_body},
                               {0, ""}});
  in_every_way(bytes, [](std::vector<octets> const& pieces) {
    end to;
    for (octets const& piece : pieces)
      REQUIRE_FALSE(to.receive(piece));
    REQUIRE((to.pop_all() == std::vector<texts>{{"a"}, {"", pattern_text(300)}, {""}}));
    REQUIRE((to.commands == texts{ping_body, pong_body}));
  });
}

TEST_CASE("a sealed frame may be a message or a command, of any length of header")
{
  octets bytes = sealed({{0, "as a command"}, {0, "long"}});
  bytes[0] |= std::byte{command_flag};
  std::size_t const second = 2 + toy_mechanism::overhead + 12;
  octets const size(7, std::byte{0});
  bytes[second] |= std::byte{long_flag};
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(second) + 1, size.begin(), size.end());
  end to;
  REQUIRE_FALSE(to.receive(bytes));
  CHECK((to.pop_all() == std::vector<texts>{{"as a command"}, {"long"}}));
}

TEST_CASE("the encoder hears of a message when the kernel has its last octet, and not before")
{
  std::vector<texts> const all{{"a"},
                               {"", "b"},
                               {pattern_text(32768)},
                               {"c", "c", ""},
                               {pattern_text(65700)},
                               {"d", pattern_text(33000), ""},
                               {pattern_text(300)}};
  end e;
  std::vector<std::size_t> ends;
  std::size_t total = 0;
  for (texts const& parts : all) {
    e.put(parts);
    for (std::string const& part : parts)
      total += toy_mechanism{}.sealed_size(part.size());
    ends.push_back(total);
  }
  std::size_t sent = 0;
  for (;;) {
    auto const whole = std::upper_bound(ends.begin(), ends.end(), sent) - ends.begin();
    REQUIRE(e.encoder.messages() == all.size() - static_cast<std::size_t>(whole));
    if (sent == total)
      break;
    // One octet at a time where something ends.
    bool const near = std::any_of(ends.begin(), ends.end(),
                                  [sent](std::size_t at) { return sent + 40 > at && sent < at + 40; });
    sent += e.send(near ? 1 : 20).size();
  }
  REQUIRE(e.encoder.empty());
}

TEST_CASE("a command that comes while sealed frames wait is not taken for one of them")
{
  for (std::size_t cut : {1U, 15U, 16U, 17U, 40U, 60U}) {
    end from;
    from.encoder.put_command(ping);
    from.put({"a"});
    from.put({"b", "c"});
    octets bytes = from.send(cut);
    from.encoder.put_command(pong);
    from.put({"d"});
    while (from.encoder.messages() > 0)
      bytes = bytes + from.send(cut);
    REQUIRE(from.encoder.empty());
    end to;
    REQUIRE_FALSE(to.receive(bytes));
    REQUIRE((to.pop_all() == std::vector<texts>{{"a"}, {"b", "c"}, {"d"}}));
    REQUIRE((to.commands == texts{ping_body, pong_body}));
  }
}

TEST_CASE("a command does not get between the frames of a message, which may be sealed one by one")
{
  end from;
  texts parts;
  for (std::size_t i = 0; i < 40; ++i)
    parts.push_back(pattern_text(i % 3 == 0 ? 33000 : i, i));
  from.put(parts);
  octets bytes = from.send();
  REQUIRE(from.encoder.messages() == 1);
  from.encoder.put_command(ping);
  bytes = bytes + from.send_all();
  end to;
  REQUIRE_FALSE(to.receive(bytes));
  REQUIRE((to.pop_all() == std::vector<texts>{parts}));
  // It is there last.
  octets const command = sealed({{command_flag, ping_body}});
  CHECK(to.commands.size() == 1);
  end early;
  REQUIRE_FALSE(early.receive(byte_view{bytes}.first(bytes.size() - command.size())));
  CHECK(early.commands.empty());
  CHECK(early.decoder.ready() == 1);
}

TEST_CASE("the next connection begins with the first message of which the kernel has not everything")
{
  std::vector<texts> const all{{"a", "b"}, {"c"}, {pattern_text(70000), "d"}, {"e"}, {pattern_text(50000)},
                               {"f"}};
  std::size_t total = 0;
  {
    end e;
    for (texts const& parts : all)
      e.put(parts);
    total = e.send_all().size();
  }
  for (std::size_t cut = 0; cut < total; cut += cut < 200 || total - cut < 200 ? 1 : 991) {
    wire::encoder encoder;
    wire::decoder unused;
    octets first;
    octets second;
    for (octets* const bytes : {&first, &second}) {
      wire::secured_stream stream{std::make_unique<toy_mechanism>(), {}, encoder, unused};
      if (bytes == &first)
        for (texts const& parts : all) {
          message m = message_of(parts);
          encoder.put(m);
        }
      encoder.put_command(ping);
      std::array<byte_view, 32> views;
      while (bytes == &second || first.size() < cut) {
        std::size_t const filled = stream.gather(views);
        if (filled == 0)
          break;
        std::size_t count = 0;
        for (std::size_t i = 0; i < filled; ++i)
          count += views[i].size();
        if (bytes == &first)
          count = std::min(count, cut - first.size());
        for (std::size_t i = 0, left = count; i < filled; ++i) {
          std::size_t const part = std::min(left, views[i].size());
          bytes->insert(bytes->end(), views[i].begin(), views[i].begin() + static_cast<std::ptrdiff_t>(part));
          left -= part;
        }
        stream.consume(count);
      }
      encoder.rewind();
    }
    end a;
    REQUIRE_FALSE(a.receive(first));
    end b;
    REQUIRE_FALSE(b.receive(second));
    std::vector<texts> got = a.pop_all();
    for (texts const& m : b.pop_all())
      got.push_back(m);
    REQUIRE((got == all));
    REQUIRE((b.commands == texts{ping_body}));
  }
}

TEST_CASE("dropping what waits leaves what is sealed, and commands")
{
  for (std::size_t cut : {0U, 1U, 17U, 18U, 70'100U, 70'150U}) {
    end from;
    from.put({"a"});
    from.put({"b", pattern_text(70'000), "b"});
    from.put({"c"});
    octets bytes = from.send(cut);
    if (cut == 0)
      (void)from.gathered();  // sealed, and not sent
    from.encoder.put_command(ping);
    for (int i = 0; i < 3; ++i) {
      from.stream.drop_waiting();
      from.put({"newest"});
    }
    // Of b the first frames are sealed at first, and the rest belongs to them; then nothing is.
    REQUIRE(from.encoder.messages() == (cut < 17 ? 3 : 2));
    bytes = bytes + from.send_all();
    end to;
    REQUIRE_FALSE(to.receive(bytes));
    std::vector<texts> const expected{{"a"}, {"b", pattern_text(70'000), "b"}, {"newest"}};
    REQUIRE((to.pop_all() == expected));
    REQUIRE((to.commands == texts{ping_body}));
  }
  end nothing_sealed;
  nothing_sealed.put({"a"});
  nothing_sealed.stream.drop_waiting();
  CHECK(nothing_sealed.encoder.empty());
}

TEST_CASE("clearing drops what is sealed as well")
{
  end e;
  e.put({"a"});
  e.put({pattern_text(70'000)});
  e.encoder.put_command(ping);
  (void)e.send(5);
  CHECK(e.stream.clear() == 2);
  CHECK(e.encoder.empty());
  CHECK(e.gathered().empty());
}

TEST_CASE("what is not sealed with the key, or not at all, ends it; what came before is there")
{
  octets const good = sealed({{0, "good"}, {more_flag, "half"}});
  octets tampered = sealed({{0, "good"}, {more_flag, "half"}, {0, pattern_text(40'000)}});
  tampered.back() ^= std::byte{1};
  octets replayed = good + good;
  struct {
    octets bytes;
    errc error;
  } const cases[] = {
      {good + frame_octets(0, "in the clear"), errc::unexpected_command},
      {good + ping, errc::unexpected_command},
      {good + frame_octets(0, ""), errc::unexpected_command},
      {good + frame_octets(0, pattern_text(40'000)), errc::unexpected_command},
      {good + sealed({{0, "first again"}}), errc::not_authentic},
      {tampered, errc::not_authentic},
      {replayed, errc::not_authentic},
      {good + from_hex("08 01 00"), errc::malformed_frame},
      {sealed({{0, "good"}, {more_flag, "half"}, {command_flag | more_flag, "x"}}), errc::malformed_frame},
      {sealed({{0, "good"}, {more_flag, "half"}, {command_flag | more_flag, pattern_text(40'000)}}),
       errc::malformed_frame},
  };
  for (auto const& c : cases)
    for (std::size_t step : {everything, std::size_t{1000}, std::size_t{1}}) {
      end to;
      CHECK(to.receive(c.bytes, step) == c.error);
      CHECK(to.decoder.ready() == 1);
      to.decoder.drop_partial();
      CHECK((to.pop_all() == std::vector<texts>{{"good"}}));
    }
}

TEST_CASE("limits are those of the clear frames")
{
  wire::decoder_limits limits;
  limits.message_size = 100'000;
  limits.command_size = 1000;
  limits.frames = 3;
  struct {
    std::vector<std::pair<unsigned, std::string>> frames;
    errc error;
  } const cases[] = {
      {{{0, pattern_text(100'000)}}, errc{}},
      {{{0, pattern_text(100'001)}}, errc::message_too_large},
      {{{more_flag, pattern_text(60'000)}, {0, pattern_text(40'000)}}, errc{}},
      {{{more_flag, pattern_text(60'000)}, {0, pattern_text(40'001)}}, errc::message_too_large},
      {{{more_flag, pattern_text(99'999)}, {0, "ab"}}, errc::message_too_large},
      {{{more_flag, ""}, {more_flag, ""}, {0, pattern_text(50'000)}}, errc{}},
      {{{more_flag, ""}, {more_flag, ""}, {more_flag, ""}, {0, pattern_text(50'000)}}, errc::too_many_frames},
      {{{command_flag, pattern_text(1000)}}, errc{}},
      {{{command_flag, pattern_text(1001)}}, errc::malformed_command},
      {{{command_flag, pattern_text(50'000)}}, errc::malformed_command},
  };
  for (auto const& c : cases)
    for (std::size_t step : {everything, std::size_t{1000}, std::size_t{1}}) {
      end to{limits};
      std::error_code const got = to.receive(sealed(c.frames), step);
      CHECK(got == (c.error == errc{} ? std::error_code{} : make_error_code(c.error)));
    }
}

TEST_CASE("a frame that could never be taken is refused by its header alone, without memory for it")
{
  // One octet more than any sealed frame can have.
  auto const announce = [](std::uint64_t size) {
    octets header(9);
    wire::encode_frame_header(header.data(), wire::flag_long, size);
    return header;
  };
  wire::decoder_limits limits;
  limits.message_size = 100'000;
  std::uint64_t const most = 100'000 + toy_mechanism::overhead;
  end refuses{limits};
  CHECK(refuses.receive(announce(most + 1)) == errc::message_too_large);
  end takes{limits};
  CHECK_FALSE(takes.receive(announce(most)));

  // What has come of the message already counts.
  end second{limits};
  octets const first = sealed({{more_flag, pattern_text(30'000)}});
  CHECK(second.receive(first + announce(most - 30'000 + 1)) == errc::message_too_large);
  end just{limits};
  CHECK_FALSE(just.receive(first + announce(most - 30'000)));

  limits.message_size = std::numeric_limits<std::uint64_t>::max();
  end unlimited{limits};
  CHECK_FALSE(unlimited.receive(announce(std::numeric_limits<std::int64_t>::max())));
  CHECK(unlimited.stream.prepare()[0].size() <= 256 * 1024);
}

TEST_CASE("the memory of a large frame grows with what has come")
{
  octets const bytes = sealed({{0, pattern_text(1'000'000)}});
  end to;
  REQUIRE_FALSE(to.receive(byte_view{bytes}.first(1000)));
  CHECK(to.stream.prepare()[0].size() < 256 * 1024);
  REQUIRE_FALSE(to.receive(byte_view{bytes}.subspan(1000, 299'000)));
  CHECK(to.stream.prepare()[0].size() < 512 * 1024 - 299'000);
  REQUIRE_FALSE(to.receive(byte_view{bytes}.subspan(300'000)));
  CHECK((to.pop_all() == std::vector<texts>{{pattern_text(1'000'000)}}));
}

TEST_CASE("A34 large frames that follow each other become messages where they were read, aligned")
{
  std::size_t const sizes[]{100'000, 65'536, 40'001};
  std::vector<std::pair<unsigned, std::string>> frames;
  for (std::size_t size : sizes)
    frames.push_back({0, pattern_text(size)});
  octets const bytes = sealed(frames);
  end to;
  std::error_code ec;
  byte_view rest = bytes;
  rest = rest.subspan(to.read(rest, 600, ec));  // the beginning is copied, and at most 512 octets of each one
  for (std::size_t size : sizes) {
    std::span<std::byte> const into = to.stream.prepare()[0];
    rest = rest.subspan(to.read(rest, everything, ec));
    REQUIRE_FALSE(ec);
    message m;
    REQUIRE(to.decoder.pop(m));
    REQUIRE(m[0].size() == size);
    CHECK(into.data() > m[0].data());
    CHECK(into.data() + into.size() == m[0].data() + size);
    CHECK(into.size() + 600 >= size);
    CHECK(reinterpret_cast<std::uintptr_t>(m[0].data()) % 16 == 0);
    CHECK(m[0].view() == pattern_text(size));
  }
}

TEST_CASE("nothing that is idle holds a buffer")
{
  if (!cozmq::detail::reuses_memory)
    return;  // with sanitizers nobody sees it
  // What one gives back, the next one on the same thread takes.
  auto const spare = [] {
    wire::chunk c;
    c.acquire();
    return c.data();
  };
  end e;
  e.put({"a"});
  std::array<byte_view, 32> views;
  REQUIRE(e.stream.gather(views) == 1);
  std::byte const* const out = views[0].data();
  e.stream.release_output();
  CHECK(e.gathered().data() != nullptr);
  CHECK(spare() != out);  // it waits
  (void)e.send_all();
  e.stream.release_output();
  CHECK(spare() == out);

  std::byte const* const in = e.stream.prepare()[0].data();
  octets const bytes = sealed({{command_flag, ping_body}});
  std::error_code ec;
  CHECK(e.read(byte_view{bytes}.first(5), everything, ec) == 5);
  CHECK(spare() != in);
  CHECK(e.read(byte_view{bytes}.subspan(5), everything, ec) == bytes.size() - 5);
  CHECK_FALSE(ec);
  wire::chunk one;
  wire::chunk two;  // there was the decoder's as well
  one.acquire();
  two.acquire();
  CHECK((one.data() == in || two.data() == in));
}

TEST_CASE("random messages and commands pass through short writes, reads and dead connections")
{
  std::mt19937 random{271828};
  auto const upto = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n}(random);
  };
  wire::encoder encoder;
  wire::decoder decoder;
  wire::decoder unused_in;
  wire::encoder unused_out;
  std::vector<texts> sent;
  std::vector<texts> received;
  std::size_t commands = 0;
  std::size_t wholly_sent = 0;
  for (std::uint32_t key = 1; received.size() < 2000; ++key) {
    wire::secured_stream out{std::make_unique<toy_mechanism>(key), {}, encoder, unused_in};
    wire::secured_stream in{std::make_unique<toy_mechanism>(key), {}, unused_out, decoder};
    for (std::size_t steps = upto(60); steps > 0 && received.size() < 2000; --steps) {
      for (std::size_t n = upto(20); n > 0 && sent.size() < 2000; --n) {
        texts parts;
        for (std::size_t f = upto(9) == 0 ? 1 + upto(5) : 1; f > 0; --f)
          parts.push_back(pattern_text(upto(30) == 0 ? upto(140000) : upto(400), sent.size() + f));
        message m = message_of(parts);
        encoder.put(m);
        sent.push_back(std::move(parts));
      }
      if (upto(3) == 0)
        encoder.put_command(upto(1) == 0 ? ping : pong);
      std::array<byte_view, 32> views;
      std::size_t const filled = out.gather(views);
      std::size_t left = upto(1) == 0 ? 1 + upto(100) : 1 + upto(200000);
      octets bytes;
      for (std::size_t i = 0; i < filled; ++i) {
        std::size_t const part = std::min(left, views[i].size());
        bytes.insert(bytes.end(), views[i].begin(), views[i].begin() + static_cast<std::ptrdiff_t>(part));
        left -= part;
      }
      std::size_t const before = encoder.messages();
      out.consume(bytes.size());
      wholly_sent += before - encoder.messages();
      REQUIRE(encoder.messages() == sent.size() - wholly_sent);
      for (byte_view rest = bytes; !rest.empty();) {
        auto const room = in.prepare();
        std::size_t const count = std::min({rest.size(), room[0].size(), 1 + upto(100000)});
        std::memcpy(room[0].data(), rest.data(), count);
        REQUIRE_FALSE(in.commit(count, [&](byte_view) {
          ++commands;
          return std::error_code{};
        }));
        rest = rest.subspan(count);
      }
      in.release_input();
      // Everything that the encoder counts as taken is readable at the other end.
      REQUIRE(received.size() + decoder.ready() == wholly_sent);
      if (upto(2) == 0)
        for (message m; decoder.pop(m);)
          received.push_back(frames_of(m));
    }
    encoder.rewind();
    decoder.drop_partial();
  }
  CHECK((received == sent));
  CHECK(commands > 0);
}
