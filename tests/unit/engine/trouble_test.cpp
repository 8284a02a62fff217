// What is wrong with an endpoint is said, but not at any length.
#include <cozmq/engine/trouble.hpp>

#include "support/captured_log.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>

using cozmq::engine::trouble;
using cozmq::test::captured_log;

TEST_CASE("a cause is said once, until there is another one")
{
  captured_log log;
  trouble t{"tcp://127.0.0.1:1"};
  for (char const* const cause : {"a", "a", "b", "b", "a"})
    t.report(cause, std::string{cause} + ": port 7");
  REQUIRE(log.lines.size() == 3);
  REQUIRE(log.count("tcp://127.0.0.1:1: a: port 7") == 2);
  REQUIRE(t.count() == 5);
}

TEST_CASE("strangers who make up causes do not fill the log")
{
  captured_log log;
  trouble t{"tcp://127.0.0.1:1"};
  for (int i = 0; i < 10'000; ++i)
    t.report("cause " + std::to_string(i));
  REQUIRE(log.lines.size() < 20);
  REQUIRE(log.count("cause 0") == 1);
  REQUIRE(log.count("cause 9999") == 0);
  REQUIRE(log.count("and other troubles, which are not logged for a minute") == 1);
  REQUIRE(t.count() == 10'000);
}
