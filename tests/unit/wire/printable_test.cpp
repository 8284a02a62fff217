#include <cozmq/wire/printable.hpp>

#include "support/catch.hpp"

using cozmq::wire::append_printable;
using cozmq::wire::printable;

TEST_CASE("printable ASCII stays, everything else is escaped")
{
  CHECK(printable("PUSH ~!") == "PUSH ~!");
  CHECK(printable(std::string_view{"%n\x1b[2J\0\x7f\xff\\", 9}) == "%n\\x1b[2J\\x00\\x7f\\xff");
  CHECK(printable("\\x41") == "\\x5cx41");
  CHECK(printable("").empty());
}

TEST_CASE("text is cut at the limit, escapes whole and dots included")
{
  CHECK(printable(std::string(300, 'x'), 10) == "xxxxxxx...");
  CHECK(printable(std::string(300, '\n'), 10) == "\\x0a...");
  std::string line = "peer: ";
  append_printable(line, std::string(300, 'x'), 10);
  CHECK(line == "peer: xxxxxxx...");
}

TEST_CASE("text that just fits is not cut")
{
  CHECK(printable("1234567890", 10) == "1234567890");
  CHECK(printable("12345678901", 10) == "1234567...");
}
