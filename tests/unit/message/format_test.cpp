#include <cozmq/message/format.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

using cozmq::frame;
using cozmq::message;

TEST_CASE("a text prints as it is")
{
  CHECK(fmt::format("{}", frame{"Hello, Grüße"}) == "Hello, Grüße");
  CHECK(fmt::format("{}", message{"Hello"}) == "Hello");
  CHECK(fmt::format("<{}>", frame{}) == "<>");
  CHECK(fmt::format("<{}>", message{}) == "<>");
  CHECK(fmt::format("received {}, {}\n", message{"a"}, frame{"b"}) == "received a, b\n");
}

TEST_CASE("frames are joined by a bar")
{
  CHECK(fmt::format("{}", message{"10001 ", "22 60"}) == "10001  | 22 60");
  CHECK(fmt::format("{}", message{"", "", "x"}) == " |  | x");
}

TEST_CASE("other bytes are escaped")
{
  CHECK(fmt::format("{}", frame{std::string_view{"\0\x1b[2J\n\xff", 7}}) == R"(\x00\x1b[2J\x0a\xff)");
  CHECK(fmt::format("{}", message{"a\r", "b\x80"}) == R"(a\x0d | b\x80)");
}

TEST_CASE("x prints hexadecimal")
{
  CHECK(fmt::format("{:x}", frame{std::string_view{"\0Az\xff", 4}}) == "00417aff");
  CHECK(fmt::format("{:x}", message{"A", "", "B"}) == "41 |  | 42");
  CHECK(fmt::format("{:}", frame{"A"}) == "A");
  CHECK_THROWS_AS(fmt::format(fmt::runtime("{:d}"), frame{"A"}), fmt::format_error);
  CHECK_THROWS_AS(fmt::format(fmt::runtime("{:xx}"), frame{"A"}), fmt::format_error);
}

TEST_CASE("a long frame is cut and says its size")
{
  CHECK(fmt::format("{}", frame{std::string(256, 'a')}) == std::string(256, 'a'));
  CHECK(fmt::format("{}", frame{std::string(257, 'a')}) == std::string(256, 'a') + "... (257 bytes)");
  CHECK(fmt::format("{:x}", frame{std::string(1000, 'A')}).ends_with("41... (1000 bytes)"));
  CHECK(fmt::format("{:x}", frame{std::string(1000, 'A')}).size() == 512 + 16);
}

TEST_CASE("a long text is not cut within a character")
{
  for (std::string const character : {"ü", "日", "\U0001F600"})
    for (std::size_t before = 250; before < 257; ++before) {
      std::string const text = std::string(before, 'a') + character + std::string(20, 'b');
      std::string const shown = fmt::format("{}", frame{std::string_view{text}});
      CHECK(shown.find('\\') == std::string::npos);
      CHECK(shown.ends_with(" bytes)"));
      bool const fits = before + character.size() <= 256;
      CHECK((shown.find(character) != std::string::npos) == fits);
    }
  // Bytes that are no character are cut like any other.
  CHECK(fmt::format("{}", frame{std::string(300, '\x80')}).size() == 4 * 256 + 15);
}

TEST_CASE("a message of very many frames is cut too")
{
  message m;
  for (int i = 0; i < 65; ++i)
    m.push_back("f");
  std::string const shown = fmt::format("{}", m);
  CHECK(shown.ends_with("f | ... (65 frames)"));
  m.pop_back();
  CHECK(fmt::format("{}", m).ends_with("f | f"));
}
