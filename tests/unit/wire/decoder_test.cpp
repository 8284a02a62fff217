#include <cozmq/wire/decoder.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"
#include "support/octets.hpp"
#include "support/wire_frames.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <random>

using namespace cozmq;
using namespace cozmq::test;

namespace {

// A decoder at the end of a connection: bytes go in through prepare() and commit(), as by a read.
struct receiver {
  wire::decoder machine;
  texts commands;
  std::error_code error_of_command;  // what the receiver of commands answers

  receiver() = default;
  explicit receiver(wire::decoder_limits limits) : machine{limits} {}

  // One read of at most `most` bytes; returns how many it took.
  std::size_t read(byte_view from, std::size_t most, std::error_code& ec)
  {
    auto const room = machine.prepare();
    REQUIRE(room[0].size() + room[1].size() > 0);
    std::size_t taken = 0;
    for (std::span<std::byte> const to : room) {
      std::size_t const part = std::min({to.size(), from.size() - taken, most - taken});
      if (part > 0)
        std::memcpy(to.data(), from.data() + taken, part);
      taken += part;
    }
    ec = machine.commit(taken, [this](byte_view body) {
      commands.emplace_back(as_text(body));
      return error_of_command;
    });
    return taken;
  }

  // Reads until everything is taken or something is wrong.
  std::error_code feed(byte_view from, std::size_t most = static_cast<std::size_t>(-1))
  {
    std::error_code ec;
    while (!from.empty() && !ec)
      from = from.subspan(read(from, most, ec));
    return ec;
  }

  texts pop()
  {
    message m;
    return machine.pop(m) ? frames_of(m) : texts{};
  }

  std::vector<texts> pop_all()
  {
    std::vector<texts> result;
    for (message m; machine.pop(m);)
      result.push_back(frames_of(m));
    return result;
  }
};

void check_in_every_way(octets const& bytes, std::vector<texts> const& messages, texts const& commands)
{
  in_every_way(bytes, [&](std::vector<octets> const& pieces) {
    receiver r;
    for (octets const& piece : pieces)
      REQUIRE_FALSE(r.feed(piece));
    REQUIRE(r.machine.ready() == messages.size());
    REQUIRE(r.pop_all() == messages);
    REQUIRE(r.machine.ready() == 0);
    REQUIRE(r.commands == commands);
  });
}

std::vector<std::size_t> interesting_cuts(std::size_t size)
{
  std::vector<std::size_t> cuts;
  for (std::size_t around : {std::size_t{0}, std::size_t{8192}, std::size_t{32768}, std::size_t{57344},
                             std::size_t{65536}, std::size_t{262144}, std::size_t{524288}, size})
    for (std::size_t at = around > 12 ? around - 12 : 1; at < around + 12 && at < size; ++at)
      cuts.push_back(at);
  return cuts;
}

}  // namespace

TEST_CASE("B29 a message of 0 to 300 bytes is decoded whole, octet by octet and in two reads")
{
  for (std::size_t size = 0; size <= 300; ++size) {
    std::string const body = pattern_text(size);
    octets const bytes = message_octets({body});
    for (std::size_t most : {bytes.size(), std::size_t{1}}) {
      receiver r;
      REQUIRE_FALSE(r.feed(bytes, most));
      REQUIRE(r.pop() == texts{body});
      REQUIRE(r.machine.ready() == 0);
    }
  }
  for (std::size_t size : {0U, 1U, 2U, 54U, 55U, 56U, 57U, 254U, 255U, 256U, 257U, 300U})
    check_in_every_way(message_octets({pattern_text(size)}), {{pattern_text(size)}}, {});
}

TEST_CASE("a short body in a long frame is legal")
{
  octets bytes = frame_octets(long_flag, "");
  append_frame(bytes, long_flag | more_flag, "ab");
  append_frame(bytes, long_flag, "c");
  append_frame(bytes, long_flag | command_flag, "\4PING");
  check_in_every_way(bytes, {{""}, {"ab", "c"}}, {"\4PING"});
}

TEST_CASE("B29 a message around the sizes where memory changes is decoded at every interesting split")
{
  for (std::size_t size :
       {32767U, 32768U, 32769U, 65526U, 65527U, 65528U, 65535U, 65536U, 262144U, 262145U, 1048576U}) {
    texts const expected{pattern_text(size)};
    octets bytes = message_octets(expected);
    append_message(bytes, {"next"});
    std::vector<std::size_t> cuts = interesting_cuts(bytes.size());
    cuts.push_back(bytes.size());
    for (std::size_t cut : cuts) {
      receiver r;
      REQUIRE_FALSE(r.feed(byte_view{bytes}.first(cut)));
      REQUIRE_FALSE(r.feed(byte_view{bytes}.subspan(cut)));
      REQUIRE(r.pop() == expected);
      REQUIRE(r.pop() == texts{"next"});
      REQUIRE(r.machine.ready() == 0);
    }
    receiver singles;
    if (size < 66000) {
      REQUIRE_FALSE(singles.feed(bytes, 1));
      REQUIRE(singles.pop() == expected);
      REQUIRE(singles.pop() == texts{"next"});
    }
  }
}

TEST_CASE("B42 frames of no bytes make a message")
{
  check_in_every_way(message_octets({"", "", ""}), {{"", "", ""}}, {});
}

TEST_CASE("a multipart message with commands between its frames is one message, and the commands come first")
{
  octets bytes = frame_octets(command_flag, "\1A");
  append_frame(bytes, more_flag, "one");
  append_frame(bytes, command_flag, "\1B");
  append_frame(bytes, more_flag, "");
  append_frame(bytes, command_flag, "\1C");
  append_frame(bytes, command_flag, "\1D");
  append_frame(bytes, 0, "three");
  append_frame(bytes, command_flag, "\1E");
  append_message(bytes, {"single"});
  append_frame(bytes, command_flag, "\1F");
  check_in_every_way(bytes, {{"one", "", "three"}, {"single"}}, {"\1A", "\1B", "\1C", "\1D", "\1E", "\1F"});
}

TEST_CASE("multipart messages mix small and large frames with commands between them, at any split")
{
  std::string const large = pattern_text(40000);
  std::string const larger = pattern_text(70000, 1);
  std::string const command = "\1X" + pattern_text(33000, 2);
  std::vector<texts> const messages{
      {"a", large, "b"}, {large, "", large}, {"x"}, {larger, larger}, {"p", "q", larger}};
  octets bytes;
  std::vector<std::size_t> cuts;
  for (texts const& parts : messages)
    for (std::size_t i = 0; i < parts.size(); ++i) {
      append_frame(bytes, command_flag, i % 2 == 0 ? std::string_view{"\1C"} : command);
      append_frame(bytes, i + 1 < parts.size() ? more_flag : 0, parts[i]);
      for (std::size_t back : {0U, 1U, 2U, 3U, 9U, 10U, 11U})
        if (bytes.size() > back)
          cuts.push_back(bytes.size() - back);
    }
  for (std::size_t cut : cuts)
    for (std::size_t most : {static_cast<std::size_t>(-1), std::size_t{1000}}) {
      receiver r;
      REQUIRE_FALSE(r.feed(byte_view{bytes}.first(cut), most));
      REQUIRE_FALSE(r.feed(byte_view{bytes}.subspan(cut), most));
      REQUIRE(r.pop_all() == messages);
      REQUIRE(r.commands.size() == 12);
      REQUIRE(std::count(r.commands.begin(), r.commands.end(), command) == 4);
    }
}

TEST_CASE("a command is handed over on arrival, once, although messages before it are unread")
{
  receiver r;
  REQUIRE_FALSE(r.feed(message_octets({"before"})));
  octets const command = frame_octets(command_flag, "\4PING");
  REQUIRE_FALSE(r.feed(byte_view{command}.first(command.size() - 1)));
  CHECK(r.commands.empty());
  REQUIRE_FALSE(r.feed(byte_view{command}.subspan(command.size() - 1)));
  CHECK(r.commands == texts{"\4PING"});
  CHECK(r.machine.ready() == 1);
  REQUIRE_FALSE(r.feed(message_octets({"after"})));
  CHECK(r.pop_all() == std::vector<texts>{{"before"}, {"after"}});
  CHECK(r.commands.size() == 1);
}

TEST_CASE("a command that has its own memory is handed over among unread messages of a full chunk")
{
  receiver r;
  std::vector<texts> expected;
  octets bytes;
  for (std::size_t i = 0; i < 60; ++i) {
    expected.push_back({pattern_text(1000, i)});
    append_message(bytes, expected.back());
  }
  append_frame(bytes, more_flag, "begun");
  std::string const command = pattern_text(50000);
  append_frame(bytes, command_flag, command);
  append_frame(bytes, 0, "done");
  REQUIRE_FALSE(r.feed(bytes, 997));
  expected.push_back({"begun", "done"});
  CHECK(r.commands == texts{command});
  CHECK(r.pop_all() == expected);
}

TEST_CASE("messages keep their order across full chunks and messages with their own memory")
{
  for (std::size_t most : {std::size_t{1500}, std::size_t{65536}, static_cast<std::size_t>(-1)}) {
    receiver r;
    std::vector<texts> expected;
    octets bytes;
    for (std::size_t i = 0; i < 300; ++i) {
      expected.push_back({i % 40 == 7 ? pattern_text(50000, i) : pattern_text(i * 7 % 1500, i)});
      append_message(bytes, expected.back());
    }
    REQUIRE_FALSE(r.feed(bytes, most));
    CHECK(r.machine.ready() == expected.size());
    CHECK((r.pop_all() == expected));
  }
}

TEST_CASE("a frame may end, or be cut, at any place of a chunk")
{
  // The first message moves the others across the places where the chunk counts as full and where it ends.
  std::string const body = pattern_text(300, 1);
  for (std::size_t first : {56300U, 57000U, 65180U, 65526U})
    for (std::size_t more = 0; more < 340; more += 3) {
      texts const lead{pattern_text(first / 2), pattern_text(first / 2 + more)};
      octets bytes = message_octets(lead);
      append_message(bytes, {body, body});
      append_frame(bytes, command_flag, "\1C");
      append_message(bytes, {"", body});
      receiver r;
      REQUIRE_FALSE(r.feed(bytes));
      REQUIRE(r.pop_all() == std::vector<texts>{lead, {body, body}, {"", body}});
      REQUIRE(r.commands == texts{"\1C"});
    }
}

TEST_CASE("a message of very many small frames is decoded")
{
  texts parts;
  for (std::size_t i = 0; i < 60000; ++i)
    parts.push_back(pattern_text(i % 5, i));
  octets bytes = message_octets({"unread"});
  append_message(bytes, parts);
  append_message(bytes, {"next"});
  receiver r;
  REQUIRE_FALSE(r.feed(bytes, 5000));
  CHECK(r.pop() == texts{"unread"});
  CHECK((r.pop() == parts));
  CHECK(r.pop() == texts{"next"});
}

TEST_CASE("B43 a message of exactly max_message_size passes, one byte more is refused from the header")
{
  for (std::uint64_t limit :
       {std::uint64_t{0}, std::uint64_t{10}, std::uint64_t{255}, std::uint64_t{256}, std::uint64_t{40000}}) {
    std::size_t const size = static_cast<std::size_t>(limit);
    receiver r{{.message_size = limit}};
    REQUIRE_FALSE(r.feed(message_octets({pattern_text(size)})));
    REQUIRE_FALSE(r.feed(message_octets({pattern_text(size)})));
    CHECK(r.pop_all().size() == 2);
    octets const over = message_octets({pattern_text(size + 1)});
    CHECK(r.feed(byte_view{over}.first(over.size() - size - 1)) == errc::message_too_large);
  }
}

TEST_CASE("B43 max_message_size counts all frames of a message together")
{
  for (std::size_t most : {static_cast<std::size_t>(-1), std::size_t{1}, std::size_t{7}})
    for (std::string const& part : {pattern_text(300), pattern_text(40000)}) {
      receiver r{{.message_size = part.size() * 3}};
      REQUIRE_FALSE(r.feed(message_octets({part, "", part, part, ""}), most));
      REQUIRE(r.pop() == texts{part, "", part, part, ""});
      CHECK(r.feed(message_octets({part, part, part, "x"}), most) == errc::message_too_large);
      CHECK(r.machine.ready() == 0);
    }
}

TEST_CASE("of messages that wait, empty frames count as what they take")
{
  receiver r{};
  REQUIRE(r.machine.ready_bytes() == 0);
  texts const empty(50'000);
  REQUIRE_FALSE(r.feed(message_octets(empty)));
  REQUIRE(r.machine.ready() == 1);
  CHECK(r.machine.ready_bytes() >= empty.size() * sizeof(frame));
  CHECK(r.machine.ready_bytes() <= empty.size() * 64);
  std::size_t const before = r.machine.ready_bytes();
  REQUIRE_FALSE(r.feed(message_octets({pattern_text(100'000)})));
  CHECK(r.machine.ready_bytes() == before + 100'000);
  r.pop();
  CHECK(r.machine.ready_bytes() == 100'000);
  r.pop();
  CHECK(r.machine.ready_bytes() == 0);
}

TEST_CASE("a message of max_frames passes, one frame more is refused")
{
  receiver r{{.frames = 3}};
  REQUIRE_FALSE(r.feed(message_octets({"", "", ""})));
  REQUIRE_FALSE(r.feed(message_octets({"1", pattern_text(40000), "3"})));
  CHECK(r.pop_all().size() == 2);
  octets const over = message_octets({"1", "2", "3", "4"});
  CHECK(r.feed(byte_view{over}.first(9)) == std::error_code{});
  CHECK(r.feed(byte_view{over}.subspan(9)) == errc::too_many_frames);

  receiver commands_do_not_count{{.frames = 1}};
  octets bytes = frame_octets(command_flag, "\1C");
  append_frame(bytes, 0, "x");
  append_frame(bytes, command_flag, "\1C");
  CHECK_FALSE(commands_do_not_count.feed(bytes));
}

TEST_CASE("a command of the largest size passes, one byte more is refused from the header")
{
  for (std::size_t limit : {std::size_t{5}, std::size_t{255}, std::size_t{40000}}) {
    receiver r{{.command_size = limit}};
    REQUIRE_FALSE(r.feed(frame_octets(command_flag, pattern_text(limit))));
    CHECK(r.commands.size() == 1);
    octets const over = frame_octets(command_flag, pattern_text(limit + 1));
    CHECK(r.feed(byte_view{over}.first(over.size() - limit - 1)) == errc::malformed_command);
    CHECK(r.commands.size() == 1);
  }
}

TEST_CASE("reserved bits, and MORE on a command, are refused whatever came before")
{
  for (unsigned flags = 0; flags < 256; ++flags) {
    bool const legal = flags < 8 && (flags & 5U) != 5U;
    octets const bytes = message_octets({"fine"}) + octets{static_cast<std::byte>(flags)};
    receiver r;
    CHECK((r.feed(bytes) == errc::malformed_frame) == !legal);
    CHECK(r.pop() == texts{"fine"});
  }
  receiver r;
  CHECK(r.feed(from_hex("02 80 00 00 00 00 00 00 00")) == errc::malformed_frame);
}

TEST_CASE("the error of the receiver of a command is handed on, also for a command with its own memory")
{
  for (std::size_t size : {5U, 40000U}) {
    receiver r;
    r.error_of_command = errc::unexpected_command;
    octets bytes = message_octets({"kept"});
    append_frame(bytes, more_flag, "dropped");
    append_frame(bytes, command_flag, pattern_text(size));
    append_frame(bytes, 0, "dropped");
    CHECK(r.feed(bytes) == errc::unexpected_command);
    r.machine.drop_partial();
    CHECK(r.pop_all() == std::vector<texts>{{"kept"}});
  }
}

TEST_CASE(
    "B38 drop_partial forgets the message in progress at each octet of it, and whole ones stay readable")
{
  octets whole = message_octets({"first", "part"});
  append_message(whole, {"second"});
  octets partial = frame_octets(more_flag, pattern_text(300));
  append_frame(partial, command_flag, "\1C");
  append_frame(partial, 0, "end");
  for (std::size_t cut = 0; cut < partial.size(); ++cut)
    for (std::size_t read_before = 0; read_before < 3; ++read_before) {
      receiver r;
      REQUIRE_FALSE(r.feed(whole + exact(byte_view{partial}.first(cut))));
      std::vector<texts> got;
      while (got.size() < read_before)
        got.push_back(r.pop());
      r.machine.drop_partial();
      // The next connection begins with a frame, not with the rest.
      REQUIRE_FALSE(r.feed(message_octets({"third"})));
      for (texts const& m : r.pop_all())
        got.push_back(m);
      REQUIRE(got == std::vector<texts>{{"first", "part"}, {"second"}, {"third"}});
    }
}

TEST_CASE("B38 drop_partial forgets a large body, and the frames before it, and starts to count anew")
{
  std::string const large = pattern_text(50000);
  octets const partial = message_octets({"a", large, large, "b"});
  for (std::size_t cut :
       {1U, 2U, 3U, 12U, 13U, 20000U, 50011U, 50012U, 50013U, 50021U, 90000U, 100021U, 100022U}) {
    receiver r{{.message_size = 100002, .frames = 4}};
    REQUIRE_FALSE(r.feed(message_octets({"first"})));
    REQUIRE_FALSE(r.feed(byte_view{partial}.first(cut)));
    r.machine.drop_partial();
    REQUIRE_FALSE(r.feed(partial));
    REQUIRE(r.pop_all() == std::vector<texts>{{"first"}, {"a", large, large, "b"}});
  }
}

TEST_CASE("memory for a body follows the bytes received and not the size that a header claims")
{
  for (std::uint64_t claimed : {std::uint64_t{1} << 30, std::uint64_t{1} << 40}) {
    receiver r{{.message_size = std::uint64_t{1} << 62}};
    octets header{std::byte{2}};
    for (int shift = 56; shift >= 0; shift -= 8)
      header.push_back(static_cast<std::byte>(claimed >> shift));
    REQUIRE_FALSE(r.feed(header));
    std::size_t received = 0;
    std::vector<std::byte> const bytes(64 * 1024);
    while (received < 4 * 1024 * 1024) {
      auto const room = r.machine.prepare();
      REQUIRE(room[1].empty());
      REQUIRE(received + room[0].size() <= std::max<std::size_t>(256 * 1024, 2 * received));
      std::error_code ec;
      received += r.read(bytes, bytes.size(), ec);
      REQUIRE_FALSE(ec);
    }
    r.machine.drop_partial();
    REQUIRE_FALSE(r.feed(message_octets({"fine"})));
    CHECK(r.pop() == texts{"fine"});
  }
}

TEST_CASE("the read that ends a large body takes what follows it too")
{
  receiver r;
  octets const bytes = message_octets({pattern_text(40000)});
  REQUIRE_FALSE(r.feed(byte_view{bytes}.first(100)));
  auto const room = r.machine.prepare();
  CHECK(room[0].size() == bytes.size() - 100);
  CHECK(room[1].size() >= 8192);
  octets const rest = exact(byte_view{bytes}.subspan(100)) + message_octets({"a"}) + message_octets({"b"});
  std::error_code ec;
  CHECK(r.read(rest, rest.size(), ec) == rest.size());
  CHECK(r.machine.ready() == 3);
}

TEST_CASE("commands take no memory once they are handed over: the next read has the whole buffer again")
{
  receiver r;
  std::size_t const whole = r.machine.prepare()[0].size();
  for (int i = 0; i < 5; ++i) {
    REQUIRE_FALSE(r.feed(frame_octets(command_flag, "\4PING")));
    CHECK(r.machine.prepare()[0].size() == whole);
    REQUIRE_FALSE(r.feed(message_octets({"m"})));
    REQUIRE_FALSE(r.feed(frame_octets(command_flag, "\4PING")));
    CHECK(r.pop() == texts{"m"});
    CHECK(r.machine.prepare()[0].size() == whole);
  }
}

TEST_CASE("every read has room for at least 8 KiB unless a body ends first")
{
  receiver r;
  std::string const body = pattern_text(3000);
  octets bytes;
  for (int i = 0; i < 200; ++i)
    append_message(bytes, {body, "x"});
  for (byte_view rest = bytes; !rest.empty();) {
    auto const room = r.machine.prepare();
    REQUIRE(room[0].size() + room[1].size() >= 8192);
    std::error_code ec;
    rest = rest.subspan(r.read(rest, 1111, ec));
    REQUIRE_FALSE(ec);
  }
  CHECK(r.machine.ready() == 200);
}

TEST_CASE("pop leaves its argument alone when there is nothing, and replaces it wholly when there is")
{
  receiver r;
  message m{"old", "frames"};
  CHECK_FALSE(r.machine.pop(m));
  CHECK(frames_of(m) == texts{"old", "frames"});
  REQUIRE_FALSE(r.feed(message_octets({"new"})));
  CHECK(r.machine.pop(m));
  CHECK(frames_of(m) == texts{"new"});
}

TEST_CASE("release() loses nothing, whatever waits")
{
  octets bytes = frame_octets(command_flag, "\1C");
  append_message(bytes, {"a", "b"});
  append_frame(bytes, more_flag, pattern_text(40000));
  append_frame(bytes, command_flag, pattern_text(33000));
  append_message(bytes, {"c"});
  append_message(bytes, {"d"});
  std::vector<texts> const expected{{"a", "b"}, {pattern_text(40000), "c"}, {"d"}};
  for (std::size_t most : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1000}}) {
    receiver r;
    std::vector<texts> got;
    for (byte_view rest = bytes; !rest.empty();) {
      std::error_code ec;
      rest = rest.subspan(r.read(rest, most, ec));
      REQUIRE_FALSE(ec);
      for (texts const& m : r.pop_all())
        got.push_back(m);
      r.machine.release();
    }
    REQUIRE(got == expected);
    REQUIRE(r.commands.size() == 2);
  }
}

namespace {

// A random stream: its bytes, what is in it, and where each message and command ends.
struct traffic {
  octets bytes;
  std::vector<texts> messages;
  std::vector<std::size_t> starts;
  std::vector<std::size_t> ends;
  texts commands;
  std::vector<std::size_t> command_ends;
};

traffic random_traffic(std::mt19937& random, std::size_t count)
{
  auto const upto = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n}(random);
  };
  auto const size = [&]() -> std::size_t {
    switch (upto(99)) {
      case 0: return 32760 + upto(16);
      case 1: return 65500 + upto(60);
      case 2: return upto(150000);
      case 3:
      case 4:
      case 5: return upto(20000);
      case 6:
      case 7:
      case 8: return 250 + upto(10);
      default: return upto(upto(300));
    }
  };
  traffic t;
  auto const maybe_command = [&](std::size_t one_in) {
    if (upto(one_in) != 0)
      return;
    t.commands.push_back(pattern_text(upto(30) == 0 ? 30000 + upto(30000) : upto(300), upto(1000)));
    append_frame(t.bytes, upto(5) == 0 ? command_flag | long_flag : command_flag, t.commands.back());
    t.command_ends.push_back(t.bytes.size());
  };
  for (std::size_t i = 0; i < count; ++i) {
    maybe_command(10);
    std::size_t frames = 1;
    if (upto(3) == 0)
      frames += upto(4);
    if (upto(400) == 0)
      frames += upto(1000);
    texts parts;
    t.starts.push_back(t.bytes.size());
    for (std::size_t f = 0; f < frames; ++f) {
      parts.push_back(pattern_text(frames > 10 ? upto(100) : size(), i + f));
      if (f > 0)
        maybe_command(20);
      unsigned const flags = (f + 1 < frames ? more_flag : 0U) | (upto(20) == 0 ? long_flag : 0U);
      append_frame(t.bytes, flags, parts.back());
    }
    t.ends.push_back(t.bytes.size());
    t.messages.push_back(std::move(parts));
  }
  return t;
}

// Feeds `t` in random reads, pops at random times, and now and then breaks the connection.
void check_random(std::mt19937& random, traffic const& t, bool breaks)
{
  auto const upto = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n}(random);
  };
  receiver r;
  std::size_t at = 0;
  std::size_t popped = 0;
  std::size_t mood = 0;
  auto const arrived = [&t](std::size_t offset) {
    return static_cast<std::size_t>(std::upper_bound(t.ends.begin(), t.ends.end(), offset) - t.ends.begin());
  };
  auto const pop = [&] {
    texts const got = r.pop();
    REQUIRE((got == t.messages[popped]));
    ++popped;
  };
  while (at < t.bytes.size()) {
    if (upto(50) == 0)
      mood = upto(4);
    std::size_t const most = mood == 0   ? 1 + upto(20)
                             : mood == 1 ? 1 + upto(1500)
                             : mood == 2 ? 65536
                                         : 1 + upto(200000);
    std::error_code ec;
    at += r.read(byte_view{t.bytes}.subspan(at), most, ec);
    REQUIRE_FALSE(ec);
    std::size_t const whole = arrived(at);
    REQUIRE(r.machine.ready() == whole - popped);
    if (!breaks) {
      auto const due =
          std::upper_bound(t.command_ends.begin(), t.command_ends.end(), at) - t.command_ends.begin();
      REQUIRE(r.commands.size() == static_cast<std::size_t>(due));
    }
    if (upto(3) != 0)
      for (std::size_t n = upto(1) == 0 ? upto(3) : whole - popped; n > 0 && popped < whole; --n)
        pop();
    if (upto(5) == 0)
      r.machine.release();
    if (breaks && upto(30) == 0 && whole < t.messages.size()) {
      r.machine.drop_partial();
      at = t.starts[whole];
      REQUIRE(r.machine.ready() == whole - popped);
    }
  }
  while (popped < t.messages.size())
    pop();
  REQUIRE(r.machine.ready() == 0);
  if (!breaks)
    REQUIRE((r.commands == t.commands));
}

}  // namespace

TEST_CASE("10000 random messages arrive in order, through reads of any size and pops at any time")
{
  std::mt19937 random{20240229};
  for (int round = 0; round < 10; ++round)
    check_random(random, random_traffic(random, 1000), false);
}

TEST_CASE("10000 random messages arrive in order, once each, through connections that break at any octet")
{
  std::mt19937 random{8128};
  for (int round = 0; round < 10; ++round)
    check_random(random, random_traffic(random, 1000), true);
}

TEST_CASE("a message that is put in comes out behind those that are whole, wherever the stream is")
{
  std::vector<texts> const sent{
      {"a"}, {"b", ""}, {pattern_text(300)}, {"c", pattern_text(40'000), "d"}, {""}};
  octets bytes;
  for (texts const& m : sent)
    bytes = bytes + message_octets(m);
  bytes = bytes + frame_octets(command_flag, "\4PING");
  for (std::size_t cut = 0; cut <= bytes.size(); cut += cut > 400 && cut < bytes.size() - 400 ? 97U : 1U) {
    receiver r;
    REQUIRE_FALSE(r.feed(byte_view{bytes}.first(cut)));
    std::vector<texts> expected = sent;
    auto const at = expected.begin() + static_cast<std::ptrdiff_t>(r.machine.ready());
    r.machine.put(message{"put", "in"});
    expected.insert(at, {"put", "in"});
    REQUIRE_FALSE(r.feed(byte_view{bytes}.subspan(cut)));
    REQUIRE(r.machine.ready() == expected.size());
    REQUIRE(r.pop_all() == expected);
    r.machine.put(message{"last"});
    REQUIRE(r.pop() == texts{"last"});
    r.machine.drop_partial();
    r.machine.release();
  }
}

TEST_CASE(
    "a message that is put in after the end of a connection comes behind what is whole, and the rest is "
    "dropped")
{
  receiver r;
  REQUIRE_FALSE(r.feed(message_octets({"whole"}) + frame_octets(more_flag, "half")));
  r.machine.drop_partial();
  r.machine.put(message{"put in"});
  REQUIRE_FALSE(r.feed(message_octets({"next connection"})));
  REQUIRE(r.pop_all() == std::vector<texts>{{"whole"}, {"put in"}, {"next connection"}});
}
