#include <cozmq/wire/properties_codec.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

#include <string>

using namespace cozmq;
using namespace cozmq::test;

namespace {

bool is_malformed(octets const& data)
{
  std::error_code ec;
  properties const result = wire::parse_properties(data, ec);
  CHECK((!ec || result.empty()));
  return ec == errc::malformed_metadata;
}

}  // namespace

TEST_CASE("properties are written as a short name and a value with four octets of size")
{
  properties metadata;
  metadata.add("Socket-Type", "PUSH");
  metadata.add("Identity", "");
  octets out = from_hex("aa");
  CHECK(wire::append_properties(out, metadata));
  CHECK(to_hex(out) == "aa0b536f636b65742d547970650000000450555348084964656e7469747900000000");
}

TEST_CASE("properties are read back in order, with repetitions and binary values")
{
  properties metadata;
  metadata.add("X-a", std::string(300, '\0'));
  metadata.add("x-A", "2");
  metadata.add(std::string(255, 'n'), "");
  octets data;
  REQUIRE(wire::append_properties(data, metadata));
  std::error_code ec;
  CHECK(wire::parse_properties(data, ec) == metadata);
  CHECK_FALSE(ec);
}

TEST_CASE("properties cut short at any octet but a boundary are refused")
{
  octets const first = from_hex("03 582d61 00000002 6162");
  octets const both = first + from_hex("03 582d62 00000000");
  for (std::size_t n = 0; n <= both.size(); ++n) {
    bool const boundary = n == 0 || n == first.size() || n == both.size();
    INFO(n);
    CHECK(is_malformed(exact(byte_view{both}.first(n))) == !boundary);
  }
}

TEST_CASE("a value size that runs past the end is refused, whatever it claims")
{
  for (std::string_view size : {"00000003", "7fffffff", "80000000", "ffffffff"})
    CHECK(is_malformed(from_hex("03582d61") + from_hex(size) + from_hex("6162")));
}

TEST_CASE("empty names and names with other characters are refused")
{
  CHECK(is_malformed(from_hex("00 00000001 76")));
  CHECK(is_malformed(from_hex("05 582d0020ff 00000001 76")));
  CHECK(wire::is_property_name("aZ09-_.+"));
  for (char c : {'/', ' ', '@', '[', '`', '{', ':', ',', '\0', '\xff'})
    CHECK_FALSE(wire::is_property_name(std::string{"X"} + c));
  CHECK_FALSE(wire::is_property_name(""));
  CHECK_FALSE(wire::is_property_name(std::string(256, 'n')));
}

TEST_CASE("there is a limit to the number of properties")
{
  octets data;
  for (std::size_t i = 0; i < wire::max_property_count; ++i)
    wire::append_property(data, "a", "");
  CHECK_FALSE(is_malformed(data));
  wire::append_property(data, "a", "");
  CHECK(is_malformed(data));
}

TEST_CASE("a property that the wire cannot carry is left out and reported")
{
  properties metadata;
  metadata.add("X a", "1");
  metadata.add("X-b", "2");
  octets out;
  CHECK_FALSE(wire::append_properties(out, metadata));
  CHECK(to_hex(out) == "03582d620000000132");
}
