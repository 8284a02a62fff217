#include <cozmq/core/z85.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

using namespace cozmq;
using namespace cozmq::test;

namespace {

bool decodes(std::string_view text, std::size_t size)
{
  octets bytes(size);
  return z85_decode(text, bytes);
}

// [RFC 32, test case]
constexpr std::array vector_bytes{std::byte{0x86}, std::byte{0x4F}, std::byte{0xD2}, std::byte{0x6F},
                                  std::byte{0xB5}, std::byte{0x59}, std::byte{0xF7}, std::byte{0x5B}};

constexpr bool vector_holds()
{
  std::array<char, 10> text{};
  std::array<std::byte, 8> bytes{};
  return z85_encode(vector_bytes, text) && std::string_view{text.data(), text.size()} == "HelloWorld" &&
         z85_decode("HelloWorld", bytes) && bytes == vector_bytes;
}
static_assert(vector_holds());

}  // namespace

TEST_CASE("Z85 writes and reads the test case of RFC 32")
{
  CHECK(z85_encode(vector_bytes) == "HelloWorld");
  octets bytes(8);
  REQUIRE(z85_decode("HelloWorld", bytes));
  CHECK(to_hex(bytes) == "864fd26fb559f75b");
}

TEST_CASE("Z85 writes and reads a key as libzmq does")
{
  // A key of the tests of libzmq, which is public.
  octets const key = from_hex("BB88471D65E2659B30C55A5321CEBB5AAB2B70A398645C26DCA2B2FCB43FC518");
  std::string const text = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
  CHECK(z85_encode(key) == text);
  octets bytes(32);
  REQUIRE(z85_decode(text, bytes));
  CHECK(bytes == key);
}

TEST_CASE("Z85 takes every number to the end of 32 bits and none beyond")
{
  CHECK(z85_encode(from_hex("00000000")) == "00000");
  CHECK(z85_encode(from_hex("ffffffff")) == "%nSc0");
  octets bytes(4);
  REQUIRE(z85_decode("%nSc0", bytes));
  CHECK(to_hex(bytes) == "ffffffff");
  CHECK_FALSE(z85_decode("%nSc1", bytes));
  CHECK_FALSE(z85_decode("#####", bytes));
}

TEST_CASE("Z85 refuses lengths that are no whole groups and do not fit")
{
  CHECK(z85_encode(octets(3)).empty());
  CHECK(z85_encode(octets{}).empty());
  CHECK(decodes("", 0));
  CHECK_FALSE(decodes("", 4));
  CHECK_FALSE(decodes("0000", 4));
  CHECK_FALSE(decodes("000000", 4));
  CHECK_FALSE(decodes("0000000000", 4));
  CHECK_FALSE(decodes("00000", 8));
  CHECK_FALSE(decodes("00000", 5));
  std::array<char, 9> narrow{};
  CHECK_FALSE(z85_encode(vector_bytes, narrow));
}

TEST_CASE("Z85 has an alphabet of 85 characters, and reads no other")
{
  int known = 0;
  for (int c = 0; c < 256; ++c) {
    std::string text = "00000";
    text[4] = static_cast<char>(c);
    if (!decodes(text, 4))
      continue;
    ++known;
    octets bytes(4);
    z85_decode(text, bytes);
    CHECK(z85_encode(bytes) == text);
  }
  CHECK(known == 85);
}

TEST_CASE("Z85 reads what it wrote")
{
  std::mt19937 random{32};
  for (int i = 0; i < 1000; ++i) {
    octets bytes(4 * (random() % 20));
    for (std::byte& b : bytes)
      b = static_cast<std::byte>(random());
    octets back(bytes.size());
    REQUIRE(z85_decode(z85_encode(bytes), back));
    CHECK(back == bytes);
  }
}
