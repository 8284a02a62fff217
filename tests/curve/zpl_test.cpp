#include <cozmq/curve/zpl.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using cozmq::curve::append_zpl;
using cozmq::curve::parse_zpl;

namespace {

std::string shown(std::string_view text)
{
  std::string result;
  for (auto const& line : parse_zpl(text))
    result += std::to_string(line.level) + std::string{line.name} + "=" + std::string{line.value} + "|";
  return result;
}

std::string error_of(std::string_view text)
{
  try {
    parse_zpl(text);
  } catch (cozmq::error const& e) {
    CHECK(e.code() == cozmq::errc::invalid_option);
    return e.what();
  }
  return {};
}

std::string written(std::size_t level, std::string_view name, std::string_view value)
{
  std::string result;
  append_zpl(result, level, name, value);
  return result;
}

}  // namespace

TEST_CASE("the example of RFC 4 is read")
{
  CHECK(shown("#   ZPL configuration file example\n"
              "#\n"
              "context\n"
              "    iothreads = 1\n"
              "    verbose = 1      #   Ask for a trace\n"
              "\n"
              "main\n"
              "    type = zmq_queue\n"
              "    frontend\n"
              "        option\n"
              "            hwm = 1000\n"
              "            subscribe = \"#2\"\n"
              "        bind = tcp://eth0:5555\n") ==
        "0context=|1iothreads=1|1verbose=1|0main=|1type=zmq_queue|1frontend=|2option=|3hwm=1000|"
        "3subscribe=#2|2bind=tcp://eth0:5555|");
}

TEST_CASE("values may be quoted, and all line ends are line ends")
{
  CHECK(shown("") == "");
  CHECK(shown("a") == "0a=|");
  CHECK(shown("a=") == "0a=|");
  CHECK(shown("a = #b") == "0a=|");
  CHECK(shown("a # = b") == "0a=|");
  CHECK(shown("a=b\rb=c\r\nc=d\n\n\nd=e") == "0a=b|0b=c|0c=d|0d=e|");
  CHECK(shown("a = \" b # c \"  # d") == "0a= b # c |");
  CHECK(shown("a = 'say \"no\"'") == "0a=say \"no\"|");
  CHECK(shown("a = say \"no\"") == "0a=say \"no\"|");
  CHECK(shown("a = \"b") == "0a=\"b|");
  CHECK(shown("a = b c = d \t ") == "0a=b c = d|");
  CHECK(shown("a\n    # b\n\n    b\n") == "0a=|1b=|");
  CHECK(shown("a-b_c@d.e&f+g$h/1 = \xc3\xa9") == "0a-b_c@d.e&f+g$h/1=\xc3\xa9|");
}

TEST_CASE("of a malformed text it is said where and what, and not what is there")
{
  CHECK(error_of("a\n\n   b = 1") == "line 3: it is not indented by 4 spaces for each level");
  CHECK(error_of("    a") == "line 1: it is not indented by 4 spaces for each level");
  CHECK(error_of("a\n        b") == "line 2: it is not indented by 4 spaces for each level");
  CHECK(error_of("a\r\n\tb") == "line 2: it is indented with a tab; use 4 spaces for each level");
  CHECK(error_of("a b") == "line 1: there must be = between a name and its value");
  CHECK(error_of("= b") == "line 1: it does not begin with a name");
  CHECK(error_of("a = 'b' c") == "line 1: there is something behind the closing quote");
}

TEST_CASE("what is written is read again")
{
  for (std::string_view const value : {"", "plain", " # = \\ ", "say \"no\"", "it's", "\xc3\xa9"})
    CHECK(shown(written(0, "a", {}) + written(1, "name", value)) == "0a=|1name=" + std::string{value} + "|");
  for (std::string_view const name : {"", "a b", "a=", "/a", "a/", "\xc3\xa9"})
    CHECK_THROWS_AS(written(1, name, "x"), cozmq::error);
  for (std::string_view const value : {"a\nb", "a\rb", "'\""})
    CHECK_THROWS_AS(written(1, "name", value), cozmq::error);
}
