#include <cozmq/core/escape.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

using cozmq::detail::escaped;

TEST_CASE("printable ASCII and well-formed UTF-8 are shown as they are")
{
  for (std::string_view const text :
       {" !\"azAZ09~\\", "Gr\u00fc\u00dfe", "\u65e5\u672c", "\U0001F600", "\u00a0", "\u07ff", "\u0800",
        "\ud7ff", "\ue000", "\U00010000", "\U0010ffff"})
    CHECK(escaped(text) == text);
}

TEST_CASE("control characters are shown in hexadecimal")
{
  CHECK(escaped("a\nb\t\x1b[0m\x7f") == R"(a\x0ab\x09\x1b[0m\x7f)");
  CHECK(escaped(std::string_view{"\0", 1}) == R"(\x00)");
  CHECK(escaped("\x1f") == R"(\x1f)");
}

TEST_CASE("bytes that are no UTF-8 are shown in hexadecimal, and what follows is read afresh")
{
  CHECK(escaped("\x80") == R"(\x80)");
  CHECK(escaped("\xffz") == R"(\xffz)");
  CHECK(escaped("\xc0\xaf") == R"(\xc0\xaf)");                  // overlong
  CHECK(escaped("\xe0\x9f\xbf") == R"(\xe0\x9f\xbf)");          // overlong
  CHECK(escaped("\xf0\x8f\xbf\xbf") == R"(\xf0\x8f\xbf\xbf)");  // overlong
  CHECK(escaped("\xed\xa0\x80") == R"(\xed\xa0\x80)");          // a surrogate
  CHECK(escaped("\xf4\x90\x80\x80") == R"(\xf4\x90\x80\x80)");  // above U+10FFFF
  CHECK(escaped("\xf5\x80\x80\x80") == R"(\xf5\x80\x80\x80)");
  CHECK(escaped("\xe2\x82") == R"(\xe2\x82)");  // cut off
  CHECK(escaped("\xe2\x82z") == R"(\xe2\x82z)");
  CHECK(escaped("\xc3ü") == "\\xc3ü");
}

TEST_CASE("characters that steer a terminal or reverse the reading are shown in hexadecimal")
{
  CHECK(escaped("\u009b") == R"(\xc2\x9b)");
  CHECK(escaped("\u2028") == R"(\xe2\x80\xa8)");
  CHECK(escaped("\u202e") == R"(\xe2\x80\xae)");
  CHECK(escaped("\u2066") == R"(\xe2\x81\xa6)");
}
