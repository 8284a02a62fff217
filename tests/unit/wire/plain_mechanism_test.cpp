#include <cozmq/wire/plain_mechanism.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

#include <string>
#include <string_view>

using namespace cozmq;
using namespace cozmq::test;
using kind = wire::mechanism_result::kind;

namespace {

std::string const socket_type_push = "0b536f636b65742d547970650000000450555348";
std::string const hello = "04130548454c4c4f0561646d696e06736563726574";
std::string const welcome = "04080757454c434f4d45";

properties push_metadata()
{
  properties own;
  own.add("Socket-Type", "PUSH");
  return own;
}

octets hello_data(std::string_view name, std::string_view password)
{
  octets data{static_cast<std::byte>(name.size())};
  data = data + from_text(name);
  data.push_back(static_cast<std::byte>(password.size()));
  return data + from_text(password);
}

void fails(wire::mechanism& m, wire::command_view command, errc error)
{
  octets out;
  auto const result = m.on_command(command, out);
  CHECK(result.what == kind::failed);
  CHECK(result.error == error);
  CHECK_FALSE(result.reason.empty());
  CHECK(out.empty());
}

}  // namespace

TEST_CASE("[RFC 24] a PLAIN client says HELLO, and INITIATE when it is welcome, whoever binds")
{
  for (bool binding : {true, false}) {
    wire::plain_client client{"admin", "secret"};
    CHECK(client.name() == "PLAIN");
    CHECK(client.role() == wire::mechanism_role::client);
    CHECK_FALSE(client.seals());
    octets out;
    client.start(binding, push_metadata(), out);
    CHECK(to_hex(out) == hello);

    out.clear();
    CHECK(client.on_command({"WELCOME", {}}, out).what == kind::proceed);
    CHECK(to_hex(out) == "041d08494e495449415445" + socket_type_push);

    out.clear();
    octets const data = from_hex("0b536f636b65742d547970650000000450554c4c");
    auto const result = client.on_command({"READY", data}, out);
    CHECK(result.what == kind::metadata);
    CHECK(result.metadata.get("Socket-Type") == "PULL");
    client.accept(out);
    client.refuse("too late", out);
    CHECK(out.empty());
  }
}

TEST_CASE("a name and a password of any octets, from none to 255, arrive as they are")
{
  std::string const most(255, '\xff');
  for (std::string const& name : {std::string{}, std::string{"\0a", 2}, most})
    for (std::string const& password : {std::string{}, std::string{"b\0", 2}, most}) {
      wire::plain_client client{name, password};
      octets out;
      client.start(false, {}, out);
      std::size_t const head = out.size() > 2 + 255 ? 9 : 2;
      auto const command = wire::parse_command(byte_view{out}.subspan(head));
      REQUIRE(command);
      wire::plain_server server;
      octets answer;
      server.start(true, {}, answer);
      REQUIRE(server.on_command(*command, answer).what == kind::decision);
      CHECK(server.shown().user_name == name);
      CHECK(server.shown().password == password);
      CHECK(server.shown().public_key.empty());
      CHECK(answer.empty());
    }
}

TEST_CASE("[RFC 24] a PLAIN server decides on HELLO, welcomes, and is READY last")
{
  wire::plain_server server;
  CHECK(server.name() == "PLAIN");
  CHECK(server.role() == wire::mechanism_role::server);
  CHECK_FALSE(server.seals());
  octets out;
  server.start(true, push_metadata(), out);
  CHECK(server.on_command({"HELLO", hello_data("admin", "secret")}, out).what == kind::decision);
  CHECK(out.empty());
  server.admit(out);
  CHECK(to_hex(out) == welcome);

  out.clear();
  octets const data = from_hex(socket_type_push);
  auto const result = server.on_command({"INITIATE", data}, out);
  CHECK(result.what == kind::metadata);
  CHECK(result.metadata == push_metadata());
  CHECK(out.empty());
  server.accept(out);
  CHECK(to_hex(out) == "041a055245414459" + socket_type_push);
}

TEST_CASE("a PLAIN server refuses with an ERROR, on HELLO and on INITIATE")
{
  wire::plain_server server;
  octets out;
  server.on_command({"HELLO", hello_data("a", "b")}, out);
  server.refuse("400", out);
  CHECK(to_hex(out) == "040a054552524f5203343030");
}

TEST_CASE("a PLAIN server takes nothing but HELLO, then nothing, then nothing but INITIATE, then nothing")
{
  for (std::string_view name : {"INITIATE", "READY", "WELCOME", "PING", "hello", "HELLOX"}) {
    wire::plain_server server;
    fails(server, {name, hello_data("a", "b")}, errc::unexpected_command);
  }
  wire::plain_server server;
  octets out;
  server.on_command({"HELLO", hello_data("a", "b")}, out);
  for (std::string_view name : {"HELLO", "INITIATE", "READY"})
    fails(server, {name, {}}, errc::unexpected_command);  // the decision is not made
  server.admit(out);
  for (std::string_view name : {"HELLO", "READY", "MESSAGE", "initiate"})
    fails(server, {name, hello_data("a", "b")}, errc::unexpected_command);
  CHECK(server.on_command({"INITIATE", {}}, out).what == kind::metadata);
  fails(server, {"INITIATE", {}}, errc::unexpected_command);
}

TEST_CASE("a HELLO that is not exactly a name and a password fails")
{
  for (std::string_view hex :
       {"", "05", "0561646d69", "0561646d696e", "0561646d696e06", "0561646d696e0673656372",
        "0561646d696e0673656372657458", "ff61646d696e06736563726574", "0561646d696eff736563726574", "00",
        "000000", "01"}) {
    INFO(hex);
    wire::plain_server server;
    octets const data = from_hex(hex);  // of exactly its size: a sanitizer sees a read past it
    fails(server, {"HELLO", data}, errc::malformed_command);
  }
}

TEST_CASE("malformed properties in INITIATE and READY fail")
{
  octets const broken = from_hex("0b536f636b65742d54797065000000ff50555348");
  octets out;
  wire::plain_server server;
  server.on_command({"HELLO", hello_data("a", "b")}, out);
  out.clear();
  server.admit(out);
  fails(server, {"INITIATE", broken}, errc::malformed_metadata);

  wire::plain_client client{"a", "b"};
  client.on_command({"WELCOME", {}}, out);
  fails(client, {"READY", broken}, errc::malformed_metadata);
}

TEST_CASE("a PLAIN client takes nothing but an empty WELCOME, then nothing but READY")
{
  for (std::string_view name : {"READY", "INITIATE", "PING", "welcome"}) {
    wire::plain_client client{"a", "b"};
    fails(client, {name, {}}, errc::unexpected_command);
  }
  wire::plain_client told_more{"a", "b"};
  octets const more = from_hex("78");
  fails(told_more, {"WELCOME", more}, errc::malformed_command);

  wire::plain_client client{"a", "b"};
  octets out;
  client.on_command({"WELCOME", {}}, out);
  for (std::string_view name : {"WELCOME", "HELLO", "INITIATE"})
    fails(client, {name, {}}, errc::unexpected_command);
}

TEST_CASE("two PLAIN clients tell that they are two")
{
  wire::plain_client client{"a", "b"};
  fails(client, {"HELLO", hello_data("c", "d")}, errc::mechanism_mismatch);
}

TEST_CASE("what a peer sends instead is shown printable, and not at length")
{
  wire::plain_server server;
  octets out;
  auto const result = server.on_command({std::string(255, 'A'), {}}, out);
  CHECK(result.reason.size() < 120);
}
