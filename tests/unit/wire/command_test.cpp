#include <cozmq/wire/command.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

#include <chrono>
#include <string>

using namespace cozmq;
using namespace cozmq::test;
using namespace std::chrono_literals;

TEST_CASE("a command body is a name and data")
{
  octets const body = from_hex("05 5245414459 0102");
  auto const command = wire::parse_command(body);
  REQUIRE(command);
  CHECK(command->name == "READY");
  CHECK(to_hex(command->data) == "0102");
}

TEST_CASE("a command without a legal name is refused")
{
  for (std::string_view hex :
       {"", "00", "0041", "055245", "0552450044 59", "05524520 4459", "05 5e52524f52", "ff41"}) {
    octets const body = from_hex(hex);
    INFO(hex);
    CHECK_FALSE(wire::parse_command(body));
  }
}

TEST_CASE("a command name of 255 letters is legal")
{
  octets const body = from_hex("ff") + from_text(std::string(255, 'a'));
  REQUIRE(wire::parse_command(body));
  CHECK(wire::parse_command(body)->data.empty());
  CHECK_FALSE(wire::parse_command(byte_view{body}.first(255)));
}

TEST_CASE("the size class of a command follows from its body")
{
  // SUBSCRIBE and its length are 10 octets: 245 of topic fill a short frame.
  for (std::size_t size : {0U, 1U, 244U, 245U, 246U, 255U, 256U, 70'000U}) {
    octets out;
    wire::append_command(out, "SUBSCRIBE", octets(size));
    CHECK(out.size() == wire::command_frame_size(9, size));
    std::error_code ec;
    auto const header = wire::parse_frame_header(out, ec);
    REQUIRE(header);
    CHECK(header->length == (size <= 245 ? 2 : 9));
    CHECK(header->size == 10 + size);
    CHECK(header->length + header->size == out.size());
    CHECK(header->command);
    auto const command = wire::parse_command(byte_view{out}.subspan(header->length));
    REQUIRE(command);
    CHECK(command->data.size() == size);
  }
}

TEST_CASE("commands are appended behind what is there")
{
  octets out = from_hex("aa");
  wire::append_pong(out, from_hex("6162"));
  CHECK(to_hex(out) == "aa040704504f4e476162");
}

TEST_CASE("a PING carries its time-to-live in tenths of a second")
{
  octets out;
  wire::append_ping(out, wire::deciseconds{3}, from_hex("78"));
  CHECK(to_hex(out) == "04080450494e47000378");
  out.clear();
  wire::append_ping(out, wire::deciseconds{65536});
  CHECK(to_hex(out) == "04070450494e47ffff");
  out.clear();
  wire::append_ping(out, wire::deciseconds{-1});
  CHECK(to_hex(out) == "04070450494e470000");
}

TEST_CASE("a PING is read with its TTL and up to 16 octets of context")
{
  octets const longest = from_hex("ffff") + octets(16);
  auto const ping = wire::parse_ping(longest);
  REQUIRE(ping);
  CHECK(ping->ttl == 6553500ms);
  CHECK(ping->context.size() == 16);
  CHECK(wire::parse_ping(from_hex("0000")));
  CHECK_FALSE(wire::parse_ping(from_hex("00")));
  CHECK_FALSE(wire::parse_ping({}));
  CHECK_FALSE(wire::parse_ping(octets(19)));
}

TEST_CASE("a PONG has at most 16 octets of context")
{
  CHECK(wire::parse_pong({}));
  CHECK(wire::parse_pong(octets(16)));
  CHECK_FALSE(wire::parse_pong(octets(17)));
}

TEST_CASE("the reason of an ERROR is what its length says")
{
  CHECK(wire::parse_error(from_hex("00")) == "");
  octets const data = from_hex("03 343030 ff");
  CHECK(wire::parse_error(data) == "400");
  CHECK_FALSE(wire::parse_error({}));
  CHECK_FALSE(wire::parse_error(from_hex("03 3430")));
}

TEST_CASE("an ERROR that we send has a reason of visible characters, 255 at most")
{
  octets out;
  wire::append_error(out, "PULL is\x01no PUB\xff");
  CHECK(to_hex(out) == "0416054552524f520f" + to_hex(from_text("PULL-is-no-PUB-")));
  out.clear();
  wire::append_error(out, std::string(300, 'x'));
  CHECK(out.size() == 9 + 1 + 5 + 1 + 255);
}
