// RFC 37 (ZMTP 3.1), sentence by sentence, as far as greeting, handshake, commands and heartbeat go.
#include "support/catch.hpp"
#include "support/octets.hpp"
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/frame_header.hpp>
#include <cozmq/wire/greeting.hpp>
#include <cozmq/wire/handshake.hpp>
#include <cozmq/wire/heartbeat.hpp>
#include <cozmq/wire/properties_codec.hpp>
#include <cozmq/wire/subscription.hpp>

#include <algorithm>
#include <chrono>
#include <string>

using namespace cozmq;
using namespace cozmq::test;
using namespace std::chrono_literals;
using status = wire::handshake::status;

namespace {

octets greeting(std::string_view mechanism = "NULL")
{
  auto const bytes = wire::encode_greeting(mechanism);
  return {bytes.begin(), bytes.end()};
}

octets greeting_with(std::size_t at, std::string_view hex)
{
  octets bytes = greeting();
  for (std::byte b : from_hex(hex))
    bytes[at++] = b;
  return bytes;
}

octets ready_with(std::string_view properties_hex)
{
  octets out;
  wire::append_command(out, "READY", from_hex(properties_hex));
  return out;
}

octets ready_as(std::string_view type)
{
  octets property;
  wire::append_property(property, "Socket-Type", type);
  return ready_with(to_hex(property));
}

std::string const push_property = "0b536f636b65742d547970650000000450555348";

wire::handshake make(socket_type type, socket_type_set accepts, bool binding)
{
  wire::handshake_config config;
  config.type = type;
  config.accepts = accepts;
  config.binding = binding;
  return wire::handshake{std::move(config)};
}

wire::handshake server()
{
  return make(socket_type::pull, {socket_type::push}, true);
}

wire::handshake client()
{
  return make(socket_type::pull, {socket_type::push}, false);
}

status feed(wire::handshake& machine, octets const& bytes)
{
  byte_view input{bytes};
  return machine.feed(input);
}

// Sends what there is to send and says what it was.
std::string sent_by(wire::handshake& machine)
{
  std::string const hex = to_hex(machine.output());
  machine.sent(machine.output().size());
  return hex;
}

std::error_code error_of(wire::handshake machine, octets const& bytes)
{
  return feed(machine, bytes) == status::failed ? machine.error() : std::error_code{};
}

}  // namespace

// ---- version negotiation ----

TEST_CASE("RFC 37: the peer SHALL send its entire greeting (64 octets)")
{
  CHECK(server().output().size() == 64);
}

TEST_CASE("RFC 37: the peer SHALL expect a matching 64 octet greeting")
{
  wire::handshake machine = client();
  sent_by(machine);
  CHECK(feed(machine, exact(byte_view{greeting()}.first(63))) == status::needs_input);
  CHECK(sent_by(machine).empty());
  feed(machine, {std::byte{0}});
  CHECK_FALSE(sent_by(machine).empty());
}

TEST_CASE("RFC 37: the peer SHOULD set the padding field to binary zeros")
{
  CHECK(to_hex(byte_view{greeting()}.first(10)) == "ff00000000000000007f");
}

TEST_CASE("RFC 37: a peer SHALL NOT assign any significance to the padding field and MUST NOT validate this")
{
  wire::handshake machine = server();
  CHECK(feed(machine, greeting_with(1, "ffa5017f00ffffff") + ready_as("PUSH")) == status::done);
}

TEST_CASE("RFC 37: a peer MUST accept higher protocol versions as valid")
{
  for (std::string_view version : {"0302", "03ff", "0400", "0401", "ffff"}) {
    wire::handshake machine = server();
    CHECK(feed(machine, greeting_with(10, version) + ready_as("PUSH")) == status::done);
  }
}

TEST_CASE("RFC 37: a peer SHALL always use its own protocol when talking to an equal or higher protocol peer")
{
  wire::handshake machine = server();
  feed(machine, greeting_with(10, "0500") + ready_as("PUSH"));
  CHECK(machine.peer().minor == 1);
}

TEST_CASE("RFC 37: if a peer cannot downgrade its protocol to match its peer, it MUST close the connection")
{
  for (std::string_view revision : {"00", "01", "02"})
    CHECK(error_of(server(), greeting_with(10, revision)) == errc::peer_too_old);
}

// ---- mechanism ----

TEST_CASE("RFC 37: the mechanism is an ASCII string, null-padded as needed to fit 20 octets")
{
  CHECK(to_hex(byte_view{greeting()}.subspan(12, 20)) == "4e554c4c00000000000000000000000000000000");
  CHECK(error_of(server(), greeting_with(12, "4e554c4c0058")) == errc::mechanism_mismatch);
}

TEST_CASE("RFC 37: if the mechanism received does not exactly match the mechanism sent, it MUST close")
{
  for (std::string_view name : {"PLAIN", "CURVE", "NULL2", "NUL", ""})
    CHECK(error_of(server(), greeting(name)) == errc::mechanism_mismatch);
  CHECK(error_of(server(), greeting_with(12, "6e756c6c")) == errc::mechanism_mismatch);
}

TEST_CASE("RFC 37: a peer that reads a full greeting, including mechanism, MUST also send a full greeting")
{
  wire::handshake machine = server();
  feed(machine, greeting("CURVE"));
  CHECK(sent_by(machine) == to_hex(greeting()));
}

TEST_CASE("RFC 37: when a peer uses the NULL security mechanism, the as-server field MUST be zero")
{
  for (bool binding : {true, false})
    CHECK(make(socket_type::pull, {}, binding).output()[32] == std::byte{0});
}

TEST_CASE("RFC 37: if the mechanism has no client and server roles, as-server SHALL have no significance")
{
  wire::handshake machine = server();
  CHECK(feed(machine, greeting_with(32, "01") + ready_as("PUSH")) == status::done);
}

// ---- framing ----

TEST_CASE("RFC 37: bits 7-3 are reserved for future use and MUST be zero")
{
  for (unsigned bit = 3; bit < 8; ++bit) {
    std::error_code ec;
    CHECK_FALSE(wire::parse_frame_header(octets{static_cast<std::byte>(1U << bit), std::byte{0}}, ec));
    CHECK(ec == errc::malformed_frame);
  }
}

TEST_CASE("RFC 37: the MORE bit SHALL be zero on command frames")
{
  std::error_code ec;
  CHECK_FALSE(wire::parse_frame_header(from_hex("0500"), ec));
  CHECK(ec == errc::malformed_frame);
  octets out;
  wire::append_command(out, "READY", {});
  CHECK(to_hex(byte_view{out}.first(1)) == "04");
}

TEST_CASE("RFC 37: a long frame has a body of 0 to 2^63-1 octets")
{
  std::error_code ec;
  CHECK(wire::parse_frame_header(from_hex("020000000000000000"), ec)->size == 0);
  CHECK(wire::parse_frame_header(from_hex("027fffffffffffffff"), ec)->size == 0x7fff'ffff'ffff'ffff);
  CHECK_FALSE(ec);
  CHECK_FALSE(wire::parse_frame_header(from_hex("028000000000000000"), ec));
  CHECK(ec == errc::malformed_frame);
}

TEST_CASE("RFC 37: a command of 0-255 octets SHOULD use a short size field, one of 256 or more a long one")
{
  for (std::size_t body : {1U, 6U, 255U, 256U, 257U}) {
    octets out;
    std::size_t const name = std::min<std::size_t>(body - 1, 5);
    wire::append_command(out, std::string(name, 'N'), octets(body - 1 - name));
    CHECK(to_hex(byte_view{out}.first(1)) == (body <= 255 ? "04" : "06"));
  }
}

TEST_CASE("RFC 37: a command name is 1 to 255 letters behind its size")
{
  CHECK(wire::parse_command(from_hex("0141")));
  CHECK_FALSE(wire::parse_command(from_hex("00")));
  CHECK_FALSE(wire::parse_command(from_hex("0131")));
  CHECK_FALSE(wire::parse_command(from_hex("0241")));
}

// ---- NULL ----

TEST_CASE("RFC 37: the client SHALL send a READY command and then wait for a READY command in reply")
{
  wire::handshake machine = client();
  sent_by(machine);
  CHECK(feed(machine, greeting()) == status::needs_input);
  CHECK(sent_by(machine) == "041a0552454144590b536f636b65742d547970650000000450554c4c");
  CHECK(feed(machine, ready_as("PUSH")) == status::done);
  CHECK(sent_by(machine).empty());
}

TEST_CASE("RFC 37: the server, if there is no error, MUST send a READY command in reply")
{
  wire::handshake machine = server();
  sent_by(machine);
  feed(machine, greeting());
  CHECK(sent_by(machine).empty());
  feed(machine, ready_as("PUSH"));
  CHECK(sent_by(machine) == "041a0552454144590b536f636b65742d547970650000000450554c4c");
}

TEST_CASE("RFC 37: a peer MAY start to send messages immediately after having both sent and received a READY")
{
  octets const bytes = greeting() + ready_as("PUSH") + from_hex("00026869");
  wire::handshake machine = server();
  byte_view input{bytes};
  CHECK(machine.feed(input) == status::done);
  CHECK(to_hex(input) == "00026869");
}

TEST_CASE("RFC 37: nothing but the mechanism's commands may come before the end of the handshake")
{
  CHECK(error_of(server(), greeting() + from_hex("00026869")) == errc::unexpected_command);
  CHECK(error_of(server(), greeting() + from_hex("04070450494e470000")) == errc::unexpected_command);
}

TEST_CASE("RFC 37: the name SHALL be 1 to 255 characters; zero-sized names are not valid")
{
  CHECK(error_of(server(), greeting() + ready_with(push_property + "000000000176")) ==
        errc::malformed_metadata);
  octets longest;
  wire::append_property(longest, std::string(255, 'n'), "v");
  wire::handshake machine = server();
  CHECK(feed(machine, greeting() + ready_with(push_property + to_hex(longest))) == status::done);
}

TEST_CASE("RFC 37: the case (upper or lower) of names SHALL NOT be significant")
{
  octets property;
  wire::append_property(property, "sOCKET-tYPE", "PUSH");
  wire::handshake machine = server();
  CHECK(feed(machine, greeting() + ready_with(to_hex(property))) == status::done);
  property.clear();
  wire::append_property(property, "SOCKET-TYPE", "SUB");
  CHECK(error_of(server(), greeting() + ready_with(to_hex(property))) == errc::incompatible_peer);
}

TEST_CASE("RFC 37: the value SHALL be 0 to 2^31-1 octets of opaque binary data")
{
  wire::handshake machine = server();
  CHECK(feed(machine, greeting() + ready_with(push_property + "03582d6100000000" +
                                              "03582d620000000300ff0a")) == status::done);
  CHECK(machine.peer().metadata.get("X-a") == "");
  CHECK(machine.peer().metadata.get("X-b") == std::string_view{"\0\xff\n", 3});
  for (std::string_view size : {"80000000", "ffffffff"})
    CHECK(error_of(server(), greeting() + ready_with(push_property + "03582d61" + std::string{size})) ==
          errc::malformed_metadata);
}

TEST_CASE("RFC 37: the peer SHALL treat an incoming ERROR command as fatal, closing and not re-connecting")
{
  for (bool binding : {true, false}) {
    wire::handshake machine = make(socket_type::pull, {socket_type::push}, binding);
    CHECK(feed(machine, greeting() + from_hex("040a054552524f5203343030")) == status::failed);
    CHECK(machine.error() == errc::refused_by_peer);
    CHECK(machine.permanent());
  }
}

TEST_CASE("RFC 37: an error reason is 0 to 255 visible characters behind its size")
{
  octets out;
  wire::append_error(out, "no\tway \x80");
  std::error_code ec;
  auto const header = wire::parse_frame_header(out, ec);
  auto const command = wire::parse_command(byte_view{out}.subspan(header->length));
  REQUIRE(command);
  auto const reason = wire::parse_error(command->data).value();
  CHECK(reason == "no-way--");
  CHECK(command->data.size() == 1 + reason.size());
}

// ---- metadata ----

TEST_CASE("RFC 37: the peer SHOULD enforce that the other peer is using a valid socket type")
{
  socket_type_set const legal{socket_type::req, socket_type::dealer, socket_type::router};
  for (std::string_view peer : socket_type_names)
    for (bool binding : {true, false}) {
      INFO(peer);
      wire::handshake machine = make(socket_type::router, legal, binding);
      bool const fits = legal.contains(parse_socket_type(peer).value());
      CHECK(feed(machine, greeting() + ready_as(peer)) == (fits ? status::done : status::failed));
      CHECK(machine.error() == (fits ? std::error_code{} : make_error_code(errc::incompatible_peer)));
    }
}

TEST_CASE("RFC 37: a peer SHOULD handle a wrong socket type by returning an ERROR command")
{
  for (std::string_view type : {"SUB", "push", "FOO", "", "CLIENT"}) {
    wire::handshake machine = server();
    sent_by(machine);
    CHECK(feed(machine, greeting() + ready_as(type)) == status::failed);
    CHECK(sent_by(machine).substr(4, 12) == "054552524f52");
  }
}

TEST_CASE("RFC 37: the Identity SHALL match 0*255OCTET")
{
  auto const dealer = [](std::size_t size) {
    octets properties;
    wire::append_property(properties, "Socket-Type", "DEALER");
    wire::append_property(properties, "Identity", std::string(size, 'I'));
    return greeting() + ready_with(to_hex(properties));
  };
  for (std::size_t size : {0U, 1U, 255U}) {
    wire::handshake machine = make(socket_type::router, {socket_type::dealer}, true);
    CHECK(feed(machine, dealer(size)) == status::done);
    CHECK(machine.peer().identity.size() == size);
  }
  CHECK(error_of(make(socket_type::router, {socket_type::dealer}, true), dealer(256)) ==
        errc::malformed_metadata);
}

TEST_CASE("RFC 37: for all other socket types, the Identity property shall be ignored")
{
  octets identity;
  wire::append_property(identity, "Identity", "me");
  wire::handshake machine = server();
  CHECK(feed(machine, greeting() + ready_with(push_property + to_hex(identity))) == status::done);
  CHECK(machine.peer().identity.empty());
}

TEST_CASE("RFC 37: the implementation SHALL accept all resource requests")
{
  octets resource;
  wire::append_property(resource, "Resource", "system/name-service/test");
  wire::handshake machine = server();
  CHECK(feed(machine, greeting() + ready_with(push_property + to_hex(resource))) == status::done);
}

// ---- subscriptions and heartbeat ----

TEST_CASE("RFC 37: to create a subscription, the SUB or XSUB peer SHALL send a SUBSCRIBE command")
{
  octets out;
  wire::append_subscription(out, {true, from_hex("41")}, 1);
  CHECK(to_hex(out) == "040b0953554253435249424541");
}

TEST_CASE("RFC 37: to cancel a subscription, the SUB or XSUB peer SHALL send a CANCEL command")
{
  octets out;
  wire::append_subscription(out, {false, from_hex("41")}, 1);
  CHECK(to_hex(out) == "04080643414e43454c41");
}

TEST_CASE("RFC 37: a PONG SHALL echo the ping-context, which may be empty and MUST not exceed 16 octets")
{
  for (std::size_t size : {0U, 1U, 16U}) {
    octets ping;
    wire::append_ping(ping, wire::deciseconds{0}, octets(size, std::byte{'c'}));
    std::error_code ec;
    auto const header = wire::parse_frame_header(ping, ec);
    auto const command = wire::parse_command(byte_view{ping}.subspan(header->length)).value();
    auto const parsed = wire::parse_ping(command.data);
    REQUIRE(parsed);
    octets pong;
    wire::append_pong(pong, parsed->context);
    CHECK(pong.size() == 7 + size);
    CHECK(to_hex(byte_view{pong}.subspan(7)) == to_hex(parsed->context));
  }
  CHECK_FALSE(wire::parse_ping(octets(2 + 17)));
  CHECK_FALSE(wire::parse_pong(octets(17)));
}

TEST_CASE("RFC 37: ping-ttl is in tenths of seconds; the maximum TTL is 6553.5 seconds")
{
  octets const data = from_hex("ffff");
  CHECK(wire::parse_ping(data)->ttl == 6553500ms);
}

TEST_CASE("RFC 37: a peer SHOULD treat any incoming traffic (not just a PONG reply) as a sign of life")
{
  wire::heartbeat::time_point const start{};
  wire::heartbeat beat{{1s, 1500ms, 0s, false}, 1, start};
  CHECK(beat.poll(start + 1s) == wire::heartbeat::action::send_ping);
  beat.on_bytes_received();
  CHECK(beat.poll(start + 2500ms) == wire::heartbeat::action::send_ping);
}

TEST_CASE("RFC 37: dead if it sends a PING command and does not receive any traffic within some timeout")
{
  wire::heartbeat::time_point const start{};
  wire::heartbeat beat{{1s, 1500ms, 0s, false}, 1, start};
  CHECK(beat.poll(start + 1s) == wire::heartbeat::action::send_ping);
  CHECK(beat.poll(start + 2500ms) == wire::heartbeat::action::expired);
}

TEST_CASE(
    "RFC 37: dead if it receives a PING with a non-zero TTL and then no further traffic within that TTL")
{
  wire::heartbeat::time_point const start{};
  wire::heartbeat beat{{}, 1, start};
  beat.on_bytes_received();
  beat.on_ping(wire::deciseconds{4}, start);
  CHECK(beat.poll(start + 399ms) == wire::heartbeat::action::nothing);
  CHECK(beat.poll(start + 400ms) == wire::heartbeat::action::expired);
}
