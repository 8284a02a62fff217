#include <cozmq/message/properties.hpp>

#include "support/catch.hpp"

#include <string>

using cozmq::properties;

TEST_CASE("[RFC 37, metadata] property names are found in any case, values keep theirs")
{
  properties p;
  p.add("Socket-Type", "DEALER");
  CHECK(p.get("socket-type") == "DEALER");
  CHECK(p.get("SOCKET-TYPE") == "DEALER");
  CHECK(p.contains("sOcket-Type"));
  CHECK_FALSE(p.get("Socket-Typ"));
  CHECK_FALSE(p.get("Socket-Type "));
  CHECK_FALSE(p.get(""));
}

TEST_CASE("letters only are compared without case")
{
  CHECK_FALSE(properties::same_name("[", "{"));
  CHECK_FALSE(properties::same_name("@", "`"));
  CHECK(properties::same_name("Z", "z"));
  CHECK(properties::same_name("A", "a"));
}

TEST_CASE("properties keep their order; set replaces in place, add repeats")
{
  properties p;
  p.set("a", "1");
  p.set("b", "2");
  p.set("A", "3");
  REQUIRE(p.size() == 2);
  CHECK(p.begin()->name == "a");
  CHECK(p.begin()->value == "3");
  p.add("b", "4");
  CHECK(p.size() == 3);
  CHECK(p.get("B") == "2");
  std::string order;
  for (auto const& [name, value] : p)
    order += name + value;
  CHECK(order == "a3b2b4");
  CHECK(p.erase("B") == 2);
  CHECK(p.size() == 1);
  CHECK(p.erase("B") == 0);
  p.clear();
  CHECK(p.empty());
}

TEST_CASE("a value may be empty or binary")
{
  properties p;
  p.add("Identity", "");
  p.add("X-bytes", std::string_view{"\0\xff", 2});
  CHECK(p.get("identity") == "");
  CHECK(p.get("x-bytes")->size() == 2);
  properties same = p;
  CHECK(same == p);
  same.set("Identity", "x");
  CHECK_FALSE(same == p);
}
