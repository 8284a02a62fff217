#include <cozmq/wire/greeting.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

#include <string>

using namespace cozmq;
using namespace cozmq::test;

namespace {

struct outcome {
  bool complete = false;
  std::error_code error;
  std::size_t consumed = 0;
  wire::greeting_parser parser;
};

outcome parse(std::vector<octets> const& pieces)
{
  outcome result;
  for (octets const& piece : pieces) {
    byte_view input{piece};
    result.complete = result.parser.feed(input, result.error);
    result.consumed += piece.size() - input.size();
    if (result.error)
      break;
  }
  return result;
}

// The greeting of a 3.1 peer with some octets replaced.
octets greeting_with(std::size_t at, std::string_view hex, std::string_view mechanism = "NULL")
{
  auto const valid = wire::encode_greeting(mechanism);
  octets bytes{valid.begin(), valid.end()};
  octets const patch = from_hex(hex);
  std::copy(patch.begin(), patch.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return bytes;
}

void fails(octets const& bytes, errc error, std::size_t after)
{
  in_every_way(bytes, [&](std::vector<octets> const& pieces) {
    outcome const result = parse(pieces);
    REQUIRE(result.error == error);
    REQUIRE(result.consumed == after);
    REQUIRE_FALSE(result.complete);
  });
}

}  // namespace

TEST_CASE("our greeting has the octets of the RFC's worked example")
{
  auto const bytes = wire::encode_greeting("NULL");
  CHECK(to_hex(bytes) ==
        "ff00000000000000007f0301"
        "4e554c4c" +
            std::string(32, '0') + "00" + std::string(62, '0'));
  CHECK(bytes.size() == 64);
}

TEST_CASE("a mechanism name of 20 characters fills its field and a longer one is cut to it")
{
  CHECK(to_hex(byte_view{wire::encode_greeting(std::string(20, 'A'))}.subspan(12, 21)) == [] {
    std::string hex;
    for (int i = 0; i < 20; ++i)
      hex += "41";
    return hex + "00";
  }());
  CHECK(wire::encode_greeting(std::string(30, 'A')) == wire::encode_greeting(std::string(20, 'A')));
}

TEST_CASE("a greeting is read in any pieces and what follows is left alone")
{
  in_every_way(greeting_with(0, "ff"), [](std::vector<octets> pieces) {
    pieces.back().push_back(std::byte{0x04});
    outcome const result = parse(pieces);
    REQUIRE_FALSE(result.error);
    REQUIRE(result.complete);
    REQUIRE(result.consumed == 64);
    REQUIRE(result.parser.peer_major() == 3);
    REQUIRE(result.parser.peer_minor() == 1);
    REQUIRE(result.parser.mechanism() == "NULL");
    REQUIRE_FALSE(result.parser.as_server());
  });
}

TEST_CASE("a mechanism name of 20 characters is read whole")
{
  outcome const result = parse({greeting_with(0, "ff", "ABCDEFGHIJ-_.+012345")});
  REQUIRE(result.complete);
  CHECK(result.parser.mechanism() == "ABCDEFGHIJ-_.+012345");
}

TEST_CASE("padding, as-server and filler are not judged")
{
  for (octets const& bytes :
       {greeting_with(1, "ffffffffffffffff"), greeting_with(1, "0000000000000001"), greeting_with(32, "01"),
        greeting_with(32, "ff"),
        greeting_with(33, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")}) {
    outcome const result = parse({bytes});
    CHECK(result.complete);
    CHECK_FALSE(result.error);
  }
  CHECK(parse({greeting_with(32, "01")}).parser.as_server());
}

TEST_CASE("later versions are accepted and spoken to as 3.1")
{
  CHECK(parse({greeting_with(10, "0300")}).parser.peer_minor() == 0);
  CHECK(parse({greeting_with(10, "0302")}).parser.peer_minor() == 2);
  CHECK(parse({greeting_with(10, "ffff")}).complete);
  CHECK(parse({greeting_with(10, "0400")}).parser.peer_minor() == 1);
}

TEST_CASE("what is not ZMTP is refused at its first wrong octet")
{
  fails(from_text("GET / HTTP/1.1\r\n"), errc::bad_greeting, 1);
  fails(from_hex("1603010200"), errc::bad_greeting, 1);
  fails(from_hex("010003006869"), errc::bad_greeting, 1);
  fails(greeting_with(0, "fe"), errc::bad_greeting, 1);
  fails(greeting_with(9, "7e"), errc::bad_greeting, 10);
  fails(greeting_with(9, "01"), errc::bad_greeting, 10);
  fails(from_hex("ffffffffffffffffda0041414141"), errc::bad_greeting, 10);
}

TEST_CASE("a revision before 3 is refused at the eleventh octet")
{
  for (std::string_view revision : {"00", "01", "02"})
    fails(greeting_with(10, revision), errc::peer_too_old, 11);
}

TEST_CASE("an illegal mechanism field is refused at its first wrong octet")
{
  fails(greeting_with(12, "6e756c6c"), errc::mechanism_mismatch, 13);
  fails(greeting_with(12, "4e554c4c0058"), errc::mechanism_mismatch, 18);
  fails(greeting_with(12, "4e554c4c20"), errc::mechanism_mismatch, 17);
  fails(greeting_with(12, "4e554c4cff"), errc::mechanism_mismatch, 17);
  fails(greeting_with(31, "58"), errc::mechanism_mismatch, 32);
}

TEST_CASE("an empty mechanism field reads as an empty name")
{
  CHECK(parse({greeting_with(12, "00000000")}).parser.mechanism().empty());
}
