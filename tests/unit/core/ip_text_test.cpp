#include <cozmq/core/ip_text.hpp>

#include "support/catch.hpp"

using cozmq::detail::is_ipv4;
using cozmq::detail::looks_like_ipv6;

TEST_CASE("an IPv4 address is four octets")
{
  CHECK(is_ipv4("0.0.0.0"));
  CHECK(is_ipv4("255.255.255.255"));
  for (char const* text : {"", "1", "1.2.3", "1.2.3.4.", ".1.2.3.4", "1..3.4", "1.2.3.4.5", "256.0.0.1",
                           "1.2.3.0004", "a.b.c.d", "1.2.3.4 "})
    CHECK_FALSE(is_ipv4(text));
}

TEST_CASE("an IPv6 address has colons, hexadecimal digits and perhaps a zone")
{
  for (char const* text : {"::", "::1", "2001:DB8::1", "::ffff:10.0.0.1", "fe80::1%eth0", "fe80::1%2"})
    CHECK(looks_like_ipv6(text));
  for (char const* text : {"", "1.2.3.4", "host", "a:b", "::g", "::1%", "%eth0", "::1 ",
                           "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa"})
    CHECK_FALSE(looks_like_ipv6(text));
}
