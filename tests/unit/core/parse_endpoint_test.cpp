#include <cozmq/core/parse_endpoint.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <system_error>

using cozmq::endpoint;
using cozmq::endpoint_use;
using cozmq::errc;
using cozmq::explain_endpoint;
using cozmq::parse_endpoint;
using cozmq::transport_type;

namespace {

std::error_code code_of(std::string_view text, endpoint_use use)
{
  std::error_code ec;
  parse_endpoint(text, use, ec);
  return ec;
}

std::string why_bind(std::string_view text)
{
  return explain_endpoint(text, endpoint_use::bind);
}

std::string why_connect(std::string_view text)
{
  return explain_endpoint(text, endpoint_use::connect);
}

}  // namespace

TEST_CASE("a tcp endpoint is a host and a port")
{
  endpoint const name = parse_endpoint("tcp://my-host.example_x.org:5555", endpoint_use::connect);
  CHECK(name.transport == transport_type::tcp);
  CHECK(name.host == "my-host.example_x.org");
  CHECK(name.port == 5555);
  CHECK_FALSE(name.any_host);
  CHECK_FALSE(name.any_port);
  CHECK(name.source_host.empty());

  CHECK(parse_endpoint("tcp://127.0.0.1:1", endpoint_use::bind).host == "127.0.0.1");
  CHECK(parse_endpoint("tcp://eth0:65535", endpoint_use::bind).port == 65535);
  CHECK(parse_endpoint("tcp://h:007", endpoint_use::connect).port == 7);
}

TEST_CASE("an IPv6 address is written in brackets and kept without them")
{
  CHECK(parse_endpoint("tcp://[::1]:5555", endpoint_use::connect).host == "::1");
  CHECK(parse_endpoint("tcp://[fe80::1%eth0]:5555", endpoint_use::bind).host == "fe80::1%eth0");
  CHECK(parse_endpoint("tcp://[::ffff:10.0.0.1]:5555", endpoint_use::bind).host == "::ffff:10.0.0.1");
}

TEST_CASE("on bind a star stands for every interface and for any port, and port 0 for any port")
{
  endpoint const any = parse_endpoint("tcp://*:*", endpoint_use::bind);
  CHECK(any.any_host);
  CHECK(any.any_port);
  CHECK(any.port == 0);
  endpoint const zero = parse_endpoint("tcp://127.0.0.1:0", endpoint_use::bind);
  CHECK_FALSE(zero.any_host);
  CHECK(zero.any_port);
  endpoint const fixed = parse_endpoint("tcp://*:5555", endpoint_use::bind);
  CHECK(fixed.any_host);
  CHECK_FALSE(fixed.any_port);
  CHECK(parse_endpoint("ipc://*", endpoint_use::bind).any_path);
}

TEST_CASE("a connect may name the address to connect from")
{
  endpoint const both = parse_endpoint("tcp://10.0.0.2:7;10.0.0.1:5555", endpoint_use::connect);
  CHECK(both.source_host == "10.0.0.2");
  CHECK(both.source_port == 7);
  CHECK(both.host == "10.0.0.1");
  CHECK(both.port == 5555);
  endpoint const any = parse_endpoint("tcp://*:*;[::1]:5555", endpoint_use::connect);
  CHECK(any.source_host == "*");
  CHECK(any.source_port == 0);
  CHECK(any.host == "::1");
  CHECK_FALSE(any.any_port);
  CHECK(why_bind("tcp://10.0.0.2:7;10.0.0.1:5555").ends_with(": a source address is for connect only"));
  CHECK(why_connect("tcp://10.0.0.2;10.0.0.1:5555").find("no source port") != std::string::npos);
}

TEST_CASE("an ipc endpoint is a path, an inproc endpoint a name")
{
  CHECK(parse_endpoint("ipc:///tmp/x.ipc", endpoint_use::bind).path == "/tmp/x.ipc");
  CHECK(parse_endpoint("ipc://weather.ipc", endpoint_use::connect).path == "weather.ipc");
  CHECK(parse_endpoint("ipc://@x", endpoint_use::connect).abstract());
  CHECK_FALSE(parse_endpoint("ipc://x", endpoint_use::bind).any_path);
  CHECK(parse_endpoint("inproc://#1 a://b", endpoint_use::connect).name == "#1 a://b");
}

TEST_CASE("what is parsed prints as it was written")
{
  for (std::string_view const text :
       {"tcp://*:*", "tcp://*:5555", "tcp://h:1", "tcp://[::1]:80", "tcp://[fe80::1%2]:80", "ipc://*",
        "ipc://@x", "ipc:///a/b", "inproc://name"})
    CHECK(to_string(parse_endpoint(text, endpoint_use::bind)) == text);
  CHECK(to_string(parse_endpoint("tcp://*:*;h:1", endpoint_use::connect)) == "tcp://*:*;h:1");
  CHECK(to_string(parse_endpoint("tcp://[::2]:5;[::1]:80", endpoint_use::connect)) ==
        "tcp://[::2]:5;[::1]:80");
}

TEST_CASE("a text without transport is refused with the likely one")
{
  CHECK(why_bind("127.0.0.1:5555") ==
        R"(invalid endpoint "127.0.0.1:5555": no transport; did you mean "tcp://127.0.0.1:5555"?)");
  CHECK(why_bind("/tmp/x.ipc") ==
        R"(invalid endpoint "/tmp/x.ipc": no transport; did you mean "ipc:///tmp/x.ipc"?)");
  CHECK(why_bind("tcp:*:5555") ==
        R"(invalid endpoint "tcp:*:5555": no transport; did you mean "tcp://*:5555"?)");
  CHECK(why_bind("tcp:/h:5555") ==
        R"(invalid endpoint "tcp:/h:5555": no transport; did you mean "tcp://h:5555"?)");
  CHECK(why_bind("inproc:a") == R"(invalid endpoint "inproc:a": no transport; did you mean "inproc://a"?)");
  CHECK(why_bind("hello").ends_with(
      R"(": no transport; write transport://address, for example "tcp://127.0.0.1:5555")"));
  CHECK(why_bind("") ==
        R"(invalid endpoint "": it is empty; write transport://address, for example "tcp://127.0.0.1:5555")");
  CHECK(code_of("127.0.0.1:5555", endpoint_use::bind) == errc::invalid_endpoint);
}

TEST_CASE("an unknown transport is answered with the known ones")
{
  CHECK(why_connect("htp://x:1") == R"(unknown transport "htp"; this build has tcp, ipc, inproc)");
  CHECK(why_connect("TCP://x:1") ==
        R"(unknown transport "TCP"; this build has tcp, ipc, inproc; did you mean "tcp"?)");
  CHECK(code_of("htp://x:1", endpoint_use::connect) == errc::unknown_transport);
  CHECK(code_of("://x:1", endpoint_use::connect) == errc::unknown_transport);
}

TEST_CASE("a port is a number up to 65535")
{
  CHECK(why_connect("tcp://h:99999") ==
        R"(invalid endpoint "tcp://h:99999": port 99999 is greater than 65535)");
  CHECK(why_connect("tcp://h:65536").find("greater") != std::string::npos);
  CHECK(why_connect("tcp://h:99999999999999999999").find("is greater than 65535") != std::string::npos);
  CHECK(why_connect("tcp://h:http") == R"(invalid endpoint "tcp://h:http": port "http" is not a number)");
  CHECK(why_connect("tcp://h:5555/").find(R"(port "5555/" is not a number)") != std::string::npos);
  CHECK(why_connect("tcp://h:-1").find("is not a number") != std::string::npos);
  CHECK(why_connect("tcp://h:+1").find("is not a number") != std::string::npos);
  CHECK(why_connect("tcp://h:0").find("port 0 is for bind only") != std::string::npos);
  CHECK(why_connect("tcp://h") ==
        R"(invalid endpoint "tcp://h": no port; write it behind a colon, for example "h:5555")");
  CHECK(why_connect("tcp://h:").find("no port") != std::string::npos);
  CHECK(why_connect("tcp://[::1]").find(R"("[::1]:5555")") != std::string::npos);
  CHECK(why_connect("tcp://[::1]5555").find("no port") != std::string::npos);
}

TEST_CASE("a star is for bind only")
{
  CHECK(why_connect("tcp://*:1") ==
        R"(invalid endpoint "tcp://*:1": "*" is for bind only; connect to a host name or an address)");
  for (std::string_view const text : {"tcp://*:1", "tcp://h:*", "ipc://*"}) {
    CHECK(code_of(text, endpoint_use::connect) == errc::no_bind_wildcard);
    CHECK(why_bind(text).empty());
  }
}

TEST_CASE("a host is a name or an address")
{
  CHECK(why_bind("tcp://:5555") == R"(invalid endpoint "tcp://:5555": no host; "*" is every interface)");
  CHECK(why_connect("tcp://:5555") == R"(invalid endpoint "tcp://:5555": no host)");
  CHECK(why_connect("tcp://::1:5555").find("write an IPv6 address in brackets") != std::string::npos);
  CHECK(why_connect("tcp://[::1:5555").find(R"("[" without "]")") != std::string::npos);
  CHECK(why_connect("tcp://[zz]:1").find("not an IPv6 address") != std::string::npos);
  CHECK(why_connect("tcp://[::1%]:1").find("not an IPv6 address") != std::string::npos);
  CHECK(why_connect("tcp://[]:1").find("not an IPv6 address") != std::string::npos);
  CHECK(why_connect("tcp://256.0.0.1:1").find(R"("256.0.0.1" is not an IPv4 address)") != std::string::npos);
  CHECK(why_connect("tcp://1.2.3:1").find("not an IPv4 address") != std::string::npos);
  CHECK(why_connect("tcp://1.2.3.4.:1").find("not an IPv4 address") != std::string::npos);
  CHECK(why_connect("tcp://a b:1").find("not a host name") != std::string::npos);
  CHECK(why_connect("tcp://a/b:1").find("not a host name") != std::string::npos);
  CHECK(why_connect("tcp://" + std::string(254, 'a') + ":1").find("254 characters") != std::string::npos);
  CHECK(why_connect("tcp://" + std::string(253, 'a') + ":1").empty());
}

TEST_CASE("ipc paths have 1 to 107 bytes")
{
  CHECK(why_bind("ipc://") ==
        R"(invalid endpoint "ipc://": no path; write for example "ipc:///tmp/name.ipc")");
  CHECK(why_bind("ipc://@").find("no path") != std::string::npos);
  CHECK(why_bind("ipc://" + std::string(107, 'a')).empty());
  CHECK(
      why_bind("ipc://" + std::string(108, 'a')).ends_with("the path has 108 bytes; the system allows 107"));
}

TEST_CASE("inproc names have 1 to 255 bytes")
{
  CHECK(why_bind("inproc://") ==
        R"(invalid endpoint "inproc://": no name; write for example "inproc://name")");
  CHECK(why_bind("inproc://" + std::string(255, 'a')).empty());
  CHECK(why_bind("inproc://" + std::string(256, 'a'))
            .ends_with("the name has 256 bytes; at most 255 are allowed"));
}

TEST_CASE("an endpoint with control bytes is shown escaped, one with a NUL refused")
{
  CHECK(why_connect("tcp://a\x1b[31m:1").starts_with(R"(invalid endpoint "tcp://a\x1b[31m:1")"));
  for (char const* transport : {"tcp://h:1", "ipc://x", "inproc://x"})
    CHECK(why_bind(std::string{transport} + '\0').ends_with("it contains a NUL byte"));
}

TEST_CASE("the throwing form throws the whole sentence")
{
  try {
    parse_endpoint("tcp://h:70000", endpoint_use::connect);
    FAIL("no exception");
  } catch (cozmq::error const& e) {
    CHECK(e.code() == errc::invalid_endpoint);
    CHECK(std::string{e.what()} == R"(invalid endpoint "tcp://h:70000": port 70000 is greater than 65535)");
  }
  CHECK(explain_endpoint("tcp://h:1", endpoint_use::connect).empty());
  std::error_code ec = errc::terminated;
  parse_endpoint("tcp://h:1", endpoint_use::connect, ec);
  CHECK_FALSE(ec);
}
