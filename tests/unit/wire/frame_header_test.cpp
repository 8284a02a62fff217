#include <cozmq/wire/frame_header.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

#include <array>

using namespace cozmq;
using namespace cozmq::test;

namespace {

std::optional<wire::frame_header> parse(std::string_view hex, std::error_code& ec)
{
  octets const bytes = from_hex(hex);
  return wire::parse_frame_header(bytes, ec);
}

std::string encode(unsigned flags, std::uint64_t size)
{
  std::array<std::byte, wire::max_frame_header_size> room{};
  std::byte* const end = wire::encode_frame_header(room.data(), flags, size);
  return to_hex({room.data(), end});
}

}  // namespace

TEST_CASE("a short header has one octet of size, a long one eight")
{
  CHECK(encode(0, 0) == "0000");
  CHECK(encode(wire::flag_more, 255) == "01ff");
  CHECK(encode(wire::flag_command, 7) == "0407");
  CHECK(encode(0, 256) == "020000000000000100");
  CHECK(encode(wire::flag_more, 0x0102030405060708) == "030102030405060708");
  CHECK(encode(wire::flag_command, 65536) == "060000000000010000");
  CHECK(wire::frame_header_length(255) == 2);
  CHECK(wire::frame_header_length(256) == 9);
}

TEST_CASE("every header that we write is read back, and is incomplete until its last octet")
{
  for (unsigned flags : {0U, wire::flag_more, wire::flag_command})
    for (std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{255}, std::uint64_t{256},
                               std::uint64_t{0x7fff'ffff'ffff'ffff}}) {
      octets const bytes = from_hex(encode(flags, size));
      std::error_code ec;
      for (std::size_t n = 0; n < bytes.size(); ++n) {
        REQUIRE_FALSE(wire::parse_frame_header(exact(byte_view{bytes}.first(n)), ec));
        REQUIRE_FALSE(ec);
      }
      auto const header = wire::parse_frame_header(bytes, ec);
      REQUIRE(header);
      REQUIRE_FALSE(ec);
      REQUIRE(header->more == (flags == wire::flag_more));
      REQUIRE(header->command == (flags == wire::flag_command));
      REQUIRE(header->size == size);
      REQUIRE(header->length == bytes.size());
      auto const again = wire::read_frame_header(bytes.data());
      REQUIRE(again.more == header->more);
      REQUIRE(again.command == header->command);
      REQUIRE(again.size == size);
      REQUIRE(again.length == header->length);
    }
}

TEST_CASE("a long header for a short body is accepted")
{
  std::error_code ec;
  auto const header = parse("02 0000000000000000", ec);
  REQUIRE(header);
  CHECK(header->size == 0);
  CHECK(header->length == 9);
}

TEST_CASE("exactly six values of the flags octet are legal, and the others are refused at once")
{
  for (unsigned flags = 0; flags < 256; ++flags) {
    bool const legal = flags < 8 && (flags & 5U) != 5U;
    std::error_code ec;
    std::array<std::byte, 1> const bytes{static_cast<std::byte>(flags)};
    CHECK_FALSE(wire::parse_frame_header(bytes, ec));
    CHECK((ec == errc::malformed_frame) == !legal);
  }
}

TEST_CASE("a size over 2^63-1 is refused")
{
  for (std::string_view hex :
       {"028000000000000000", "02ffffffffffffffff", "03fffffffffffffff7", "068000000000000001"}) {
    std::error_code ec;
    CHECK_FALSE(parse(hex, ec));
    CHECK(ec == errc::malformed_frame);
  }
}
