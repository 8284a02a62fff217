#include "curve/ends.hpp"
#include "support/catch.hpp"
#include "support/octets.hpp"
#include <cozmq/curve.hpp>
#include <cozmq/socket/options/option.hpp>
#include <cozmq/wire/command.hpp>

#include <memory>
#include <string>
#include <utility>

using namespace cozmq;
using namespace cozmq::test;

TEST_CASE("CURVE's options are options, not for STREAM, and cannot be read back")
{
  STATIC_REQUIRE(socket_option<option::curve_server>);
  STATIC_REQUIRE(socket_option<option::curve_client>);
  STATIC_REQUIRE_FALSE(readable_option<option::curve_server>);
  STATIC_REQUIRE_FALSE(readable_option<option::curve_client>);
  STATIC_REQUIRE(option::curve_server::applies_to(socket_type::rep));
  STATIC_REQUIRE_FALSE(option::curve_server::applies_to(socket_type::stream));
  STATIC_REQUIRE_FALSE(option::curve_client::applies_to(socket_type::stream));
}

TEST_CASE("CURVE's options make a mechanism for each connection")
{
  curve_keys const keys = curve_keys::generate();
  engine::socket_options to;
  REQUIRE_FALSE(option::curve_server{keys}.apply(to));
  auto const server = to.mechanism();
  CHECK(server->name() == "CURVE");
  CHECK((server->role() == wire::mechanism_role::server));
  CHECK(to.mechanism() != server);
  REQUIRE_FALSE(option::curve_client{keys, keys.public_key()}.apply(to));
  CHECK((to.mechanism()->role() == wire::mechanism_role::client));
}

TEST_CASE("a CURVE option that was moved from is set as before")
{
  curve_keys const keys = curve_keys::generate();
  option::curve_server server{keys};
  option::curve_server const other_server{std::move(server)};
  option::curve_client client{keys.public_key()};
  option::curve_client const other_client{std::move(client)};
  engine::socket_options to;
  octets hello;
  REQUIRE_FALSE(client.apply(to));
  to.mechanism()->start(false, {}, hello);
  CHECK(hello.size() == 202);
  REQUIRE_FALSE(server.apply(to));
  octets said;
  auto const mechanism = to.mechanism();
  auto const command = wire::parse_command(byte_view{hello}.subspan(2));
  REQUIRE(command);
  CHECK((mechanism->on_command(*command, said).what == wire::mechanism_result::kind::proceed));
  CHECK(said.size() == 170);
}

TEST_CASE("a CURVE client without keys makes a pair for all its connections")
{
  curve_keys const keys = curve_keys::generate();
  auto const key_shown_by = [&](option::curve_client const& option) {
    engine::socket_options to;
    REQUIRE_FALSE(option.apply(to));
    wire::handshake client{push_config(to.mechanism())};
    take_output(client);
    feed(client, curve_greeting());
    server_end server{keys};
    feed(server.side, take_output(client));
    feed(client, take_output(server.side));
    REQUIRE(feed(server.side, take_output(client)) == status::done);
    return server.side.shown().public_key;
  };
  option::curve_client const client{keys.public_key()};
  std::string const first = key_shown_by(client);
  CHECK(first.size() == 32);
  CHECK((key_shown_by(client) == first));
  CHECK((key_shown_by(option::curve_client{keys.public_key()}) != first));
}

TEST_CASE("a CURVE client takes no server's key with which nothing can be sealed")
{
  octets const zeros(32);
  engine::socket_options to;
  option::curve_client const client{*curve_public_key::from_bytes(as_text(zeros))};
  CHECK(client.apply(to) == errc::invalid_option);
  CHECK_FALSE(to.mechanism);
}
