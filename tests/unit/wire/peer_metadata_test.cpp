#include <cozmq/wire/peer_metadata.hpp>

#include "support/catch.hpp"

#include <initializer_list>
#include <string>
#include <utility>

using namespace cozmq;

namespace {

properties make(std::initializer_list<std::pair<std::string, std::string>> rows)
{
  properties result;
  for (auto const& [name, value] : rows)
    result.add(name, value);
  return result;
}

wire::metadata_verdict check(properties const& metadata)
{
  return wire::check_metadata(metadata, socket_type::router, {socket_type::dealer, socket_type::rep});
}

}  // namespace

TEST_CASE("REQ, DEALER and ROUTER announce an identity, even an empty one, and no other type does")
{
  for (std::string_view name : socket_type_names) {
    auto const type = parse_socket_type(name).value();
    bool const has = name == "REQ" || name == "DEALER" || name == "ROUTER";
    properties const own = wire::own_metadata(type, "", {});
    CHECK(own.get("Socket-Type") == name);
    CHECK(own.contains("Identity") == has);
    CHECK(wire::own_metadata(type, "me", {}).get("Identity") ==
          (has ? std::optional<std::string_view>{"me"} : std::nullopt));
  }
}

TEST_CASE("properties of the application follow ours and cannot repeat them")
{
  properties const own = wire::own_metadata(
      socket_type::dealer, "me", make({{"X-a", "1"}, {"IDENTITY", "you"}, {"socket-type", "PUB"}}));
  CHECK(own == make({{"Socket-Type", "DEALER"}, {"Identity", "me"}, {"X-a", "1"}}));
}

TEST_CASE("a peer whose type fits is welcome, with its identity")
{
  auto const verdict = check(make({{"SOCKET-type", "DEALER"}, {"X-a", "1"}, {"identity", "me"}}));
  CHECK(verdict.error == errc{});
  CHECK(verdict.type == socket_type::dealer);
  CHECK(verdict.identity == "me");
}

TEST_CASE("the identity of a type that has none is ignored")
{
  CHECK(check(make({{"Socket-Type", "REP"}, {"Identity", "me"}})).identity.empty());
}

TEST_CASE("an identity has at most 255 octets and may begin with a zero")
{
  CHECK(check(make({{"Socket-Type", "DEALER"}, {"Identity", std::string(255, '\0')}})).identity.size() ==
        255);
  auto const verdict = check(make({{"Socket-Type", "DEALER"}, {"Identity", std::string(256, 'I')}}));
  CHECK(verdict.error == errc::malformed_metadata);
  CHECK_FALSE(verdict.tell_peer);
}

TEST_CASE("a repeated identity is refused without an ERROR")
{
  auto const verdict = check(make({{"Socket-Type", "DEALER"}, {"Identity", "A"}, {"identity", "B"}}));
  CHECK(verdict.error == errc::malformed_metadata);
  CHECK_FALSE(verdict.tell_peer);
}

TEST_CASE("a missing or repeated Socket-Type is malformed, a foreign one incompatible, and the peer is told")
{
  for (properties const& metadata :
       {make({}), make({{"Socket-Type", "DEALER"}, {"socket-type", "DEALER"}})}) {
    auto const verdict = check(metadata);
    CHECK(verdict.error == errc::malformed_metadata);
    CHECK(verdict.tell_peer);
  }
  for (std::string const& type : {std::string{"PUB"}, std::string{"dealer"}, std::string{"FOO"},
                                  std::string{}, std::string{"DEALER\0", 7}, std::string{"SERVER"}}) {
    auto const verdict = check(make({{"Socket-Type", type}}));
    CHECK(verdict.error == errc::incompatible_peer);
    CHECK(verdict.tell_peer);
  }
  CHECK(check(make({{"Socket-Type", "PUB\x1b"}})).reason == "ROUTER does not talk to PUB\\x1b");
}
