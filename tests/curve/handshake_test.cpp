#include "curve/ends.hpp"
#include "curve/hand_made.hpp"
#include "support/catch.hpp"
#include "support/octets.hpp"
#include <cozmq/curve/client.hpp>
#include <cozmq/curve/server.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace cozmq;
using namespace cozmq::test;

namespace {

// Everything that is not authentic ends alike: the same error and text, and not a word to the peer.
void check_not_authentic(wire::handshake& side)
{
  CHECK(side.state() == status::failed);
  CHECK(side.error() == errc::not_authentic);
  CHECK(side.reason() == make_error_code(errc::not_authentic).message());
  CHECK(side.output().empty());
  CHECK_FALSE(side.permanent());
}

void check_malformed(wire::handshake& side, std::string const& command)
{
  CHECK(side.state() == status::failed);
  CHECK(side.error() == errc::malformed_command);
  CHECK(side.reason() == "the peer's " + command + " is malformed");
  CHECK(side.output().empty());
}

// A server that has answered a hand-made client's HELLO.
struct welcomed {
  welcomed() : client{keys.public_key()}, server{settings}
  {
    feed(server.side, client.hello());
    client.welcome(take_output(server.side));
  }

  curve_keys keys = curve_keys::generate();
  std::shared_ptr<curve::server_settings> settings = std::make_shared<curve::server_settings>(keys);
  hand_made_client client;
  server_end server;
};

}  // namespace

TEST_CASE("our CURVE client and server agree")
{
  curve_keys const server_keys = curve_keys::generate();
  curve_keys const client_keys = curve_keys::generate();
  server_end server{server_keys};
  client_end client{client_keys, server_keys.public_key()};
  octets const hello = take_output(client.side);
  CHECK(hello.size() == 2 + 200);
  CHECK(feed(server.side, hello) == status::needs_input);
  octets const welcome = take_output(server.side);
  CHECK(welcome.size() == 2 + 168);
  CHECK(feed(client.side, welcome) == status::needs_input);
  CHECK(feed(server.side, take_output(client.side)) == status::done);
  CHECK(server.side.shown().public_key == as_text(client_keys.public_key().bytes()));
  CHECK(feed(client.side, take_output(server.side)) == status::done);
  CHECK(server.side.peer().type == socket_type::push);
  CHECK(client.side.peer().type == socket_type::pull);
  CHECK(client.side.peer().mechanism == "CURVE");
}

TEST_CASE("a CURVE server whose keys were moved from answers the first HELLO")
{
  curve_keys keys = curve_keys::generate();
  curve_keys const elsewhere{std::move(keys)};
  server_end server{keys};
  client_end client{curve_keys::generate(), elsewhere.public_key()};
  CHECK(feed(server.side, take_output(client.side)) == status::needs_input);
  CHECK(feed(client.side, take_output(server.side)) == status::needs_input);
}

TEST_CASE("our CURVE server greets as the server, and our client does not")
{
  CHECK(curve::server{nullptr}.role() == wire::mechanism_role::server);
  CHECK(curve::client{nullptr}.role() == wire::mechanism_role::client);
}

TEST_CASE("our CURVE server understands a client made by hand")
{
  welcomed end;
  CHECK(feed(end.server.side, end.client.initiate()) == status::done);
  CHECK(end.server.side.shown().public_key == as_text(end.client.long_term.public_key));
  CHECK(end.client.ready(take_output(end.server.side)) == metadata_octets(socket_type::pull));
}

TEST_CASE("our CURVE client understands a server made by hand")
{
  curve_keys const keys = curve_keys::generate();
  hand_made_server server{curve_keys::generate()};
  client_end client{keys, *curve_public_key::from_bytes(as_text(server.long_term.public_key))};
  server.hello(take_output(client.side));
  feed(client.side, server.welcome());
  CHECK(server.initiate(take_output(client.side)) == metadata_octets(socket_type::push));
  CHECK(server.client == octets_of(keys.public_key()));
  CHECK(feed(client.side, server.ready()) == status::done);
}

TEST_CASE("two CURVE handshakes of one server with one client have no key, nonce or box in common")
{
  SECTION("what the server says to the same HELLO")
  {
    welcomed one;
    hand_made_client again = one.client;
    server_end server{one.settings};
    feed(server.side, again.hello());
    octets const welcome = take_output(server.side);
    again.welcome(welcome);
    CHECK(again.server_short != one.client.server_short);
    CHECK(part_of(again.cookie, 0, 16) != part_of(one.client.cookie, 0, 16));
    CHECK(part_of(again.cookie, 16, 80) != part_of(one.client.cookie, 16, 80));
    server_end third{one.settings};
    feed(third.side, again.hello());
    octets const other = data_of(take_output(third.side), "WELCOME");
    CHECK(part_of(other, 0, 16) != part_of(data_of(welcome, "WELCOME"), 0, 16));
  }
  SECTION("what the client says, to the same WELCOME too")
  {
    curve_keys const server_keys = curve_keys::generate();
    curve_keys const client_keys = curve_keys::generate();
    hand_made_server server{server_keys};
    std::vector<octets> boxes;
    std::vector<octets> keys;
    std::vector<octets> vouches;
    for (int i = 0; i < 2; ++i) {
      client_end client{client_keys, server_keys.public_key()};
      server.hello(take_output(client.side));
      keys.push_back(server.client_short);
      feed(client.side, server.welcome());
      octets const said = take_output(client.side);
      server.initiate(said);
      octets const data = data_of(said, "INITIATE");
      boxes.push_back(part_of(data, 104, data.size() - 104));
      vouches.push_back(part_of(opened(boxes.back(), from_text("CurveZMQINITIATE") + part_of(data, 96, 8),
                                       server.client_short, server.short_term.secret_key),
                                32, 96));
    }
    CHECK(keys[0] != keys[1]);
    CHECK(boxes[0] != boxes[1]);
    CHECK(part_of(vouches[0], 0, 16) != part_of(vouches[1], 0, 16));
    CHECK(part_of(vouches[0], 16, 80) != part_of(vouches[1], 16, 80));
  }
}

TEST_CASE("no octet of a CURVE command may be changed on its way, but the padding of HELLO")
{
  curve_keys const server_keys = curve_keys::generate();
  curve_keys const client_keys = curve_keys::generate();
  std::array<std::size_t, 4> sizes{1, 1, 1, 1};
  for (std::size_t command = 0; command < sizes.size(); ++command) {
    for (std::size_t i = 0; i < sizes[command]; ++i) {
      CAPTURE(command, i);
      server_end server{server_keys};
      client_end client{client_keys, server_keys.public_key()};
      wire::handshake* from = &client.side;
      wire::handshake* to = &server.side;
      for (std::size_t said = 0; said < command; ++said) {
        feed(*to, take_output(*from));
        std::swap(from, to);
      }
      octets bytes = take_output(*from);
      std::size_t const header = bytes.size() > 257 ? 9 : 2;
      sizes[command] = bytes.size() - header;
      bytes[header + i] ^= static_cast<std::byte>(1U << (i % 7));
      bool const padding = command == 0 && i >= 8 && i < 80;
      REQUIRE((feed(*to, bytes) == status::failed) != padding);
      REQUIRE(to->output().empty() != padding);
    }
  }
  CHECK(sizes == std::array<std::size_t, 4>{200, 168, 257 + 20, 30 + 20});
}

TEST_CASE("the bit of HELLO's key that Curve25519 does not look at is missed in the vouch")
{
  welcomed end;
  server_end server{end.settings};
  octets hello = end.client.hello();
  hello[2 + 111] ^= std::byte{0x80};
  feed(server.side, hello);
  end.client.welcome(take_output(server.side));
  feed(server.side, end.client.initiate());
  check_not_authentic(server.side);
}

TEST_CASE("the padding of HELLO may be anything: NetMQ does not clear it")
{
  curve_keys const keys = curve_keys::generate();
  server_end server{keys};
  hand_made_client client{keys.public_key()};
  client.padding = octets(72, std::byte{0xFF});
  CHECK(feed(server.side, client.hello()) == status::needs_input);
  client.welcome(take_output(server.side));
}

TEST_CASE("a CURVE command of another length is malformed")
{
  curve_keys const keys = curve_keys::generate();
  for (std::size_t size : {0U, 1U, 193U, 195U, 1000U}) {
    CAPTURE(size);
    server_end server{keys};
    octets data = data_of(hand_made_client{keys.public_key()}.hello(), "HELLO");
    data.resize(size);
    feed(server.side, command_frame("HELLO", data));
    check_malformed(server.side, "HELLO");
  }
  for (std::size_t size : {0U, 95U, 96U, 104U, 247U}) {
    CAPTURE(size);
    welcomed end;
    octets data = data_of(end.client.initiate(), "INITIATE");
    data.resize(size);
    feed(end.server.side, command_frame("INITIATE", data));
    check_malformed(end.server.side, "INITIATE");
  }
  for (std::size_t size : {0U, 15U, 16U, 159U, 161U}) {
    CAPTURE(size);
    hand_made_server server{keys};
    client_end client{keys, keys.public_key()};
    server.hello(take_output(client.side));
    octets data = data_of(server.welcome(), "WELCOME");
    data.resize(size);
    feed(client.side, command_frame("WELCOME", data));
    check_malformed(client.side, "WELCOME");
  }
  for (std::size_t size : {0U, 7U, 8U, 23U}) {
    CAPTURE(size);
    hand_made_server server{keys};
    client_end client{keys, keys.public_key()};
    server.hello(take_output(client.side));
    feed(client.side, server.welcome());
    server.initiate(take_output(client.side));
    octets data = data_of(server.ready(), "READY");
    data.resize(size);
    feed(client.side, command_frame("READY", data));
    check_malformed(client.side, "READY");
  }
}

TEST_CASE("a HELLO of another version is malformed")
{
  curve_keys const keys = curve_keys::generate();
  for (std::string_view version : {"0000", "0101", "0200"}) {
    server_end server{keys};
    hand_made_client client{keys.public_key()};
    client.version = from_hex(version);
    feed(server.side, client.hello());
    check_malformed(server.side, "HELLO");
  }
}

TEST_CASE("a HELLO for another server, of other than zeros, or with a key of low order is not authentic")
{
  curve_keys const keys = curve_keys::generate();
  SECTION("another server")
  {
    server_end server{keys};
    feed(server.side, hand_made_client{curve_keys::generate().public_key()}.hello());
    check_not_authentic(server.side);
  }
  SECTION("other than zeros")
  {
    server_end server{keys};
    hand_made_client client{keys.public_key()};
    client.signature[63] = std::byte{1};
    feed(server.side, client.hello());
    check_not_authentic(server.side);
  }
  SECTION("low order")
  {
    // libzmq would seal under a key that everybody knows, if libsodium did not refuse it.
    server_end server{keys};
    hand_made_client client{keys.public_key()};
    octets data = data_of(client.hello(), "HELLO");
    std::fill_n(data.begin() + 74, 32, std::byte{0});
    feed(server.side, command_frame("HELLO", data));
    check_not_authentic(server.side);
  }
}

TEST_CASE("a WELCOME with a transient key of low order is not authentic")
{
  curve_keys const keys = curve_keys::generate();
  hand_made_server server{keys};
  server.short_key = octets(32);
  client_end client{keys, keys.public_key()};
  server.hello(take_output(client.side));
  feed(client.side, server.welcome());
  check_not_authentic(client.side);
}

TEST_CASE("a CURVE client goes on with its server only")
{
  curve_keys const keys = curve_keys::generate();
  hand_made_server server{keys};
  client_end client{keys, keys.public_key()};
  server.hello(take_output(client.side));
  server.long_term = short_term_pair{};
  feed(client.side, server.welcome());
  check_not_authentic(client.side);
}

TEST_CASE("both halves of the vouch must be right, and its owner's")
{
  SECTION("for another transient key")
  {
    welcomed end;
    end.client.vouched_short = short_term_pair{}.public_key;
    feed(end.server.side, end.client.initiate());
    check_not_authentic(end.server.side);
  }
  SECTION("for another server")
  {
    welcomed end;
    end.client.vouched_server = short_term_pair{}.public_key;
    feed(end.server.side, end.client.initiate());
    check_not_authentic(end.server.side);
  }
  SECTION("by somebody else")
  {
    welcomed end;
    end.client.vouched_by = short_term_pair{};
    feed(end.server.side, end.client.initiate());
    check_not_authentic(end.server.side);
  }
  SECTION("by a key of low order, which anybody can vouch with")
  {
    welcomed end;
    end.client.vouched_by = end.client.long_term;
    end.client.long_term.public_key = octets(32);
    feed(end.server.side, end.client.initiate());
    check_not_authentic(end.server.side);
  }
}

TEST_CASE("a cookie is good for its own connection only, so that nobody can play a recorded client again")
{
  welcomed recorded;
  octets const initiate = recorded.client.initiate();
  server_end again{recorded.settings};
  feed(again.side, recorded.client.hello());
  take_output(again.side);
  feed(again.side, initiate);
  check_not_authentic(again.side);
  // It was good where it belongs.
  CHECK(feed(recorded.server.side, initiate) == status::done);
}

TEST_CASE("a cookie is good for two minutes")
{
  using namespace std::chrono_literals;
  static curve::cookie_keys::clock::time_point now;
  now = curve::cookie_keys::clock::now();
  auto const handshake_after = [](std::chrono::milliseconds pause) {
    curve_keys const keys = curve_keys::generate();
    auto const settings = std::make_shared<curve::server_settings>(keys);
    settings->now = [] { return now; };
    server_end server{settings};
    hand_made_client client{keys.public_key()};
    feed(server.side, client.hello());
    client.welcome(take_output(server.side));
    now += pause;
    feed(server.side, client.initiate());
    return server.side.error();
  };
  CHECK_FALSE(handshake_after(119'999ms));
  CHECK(handshake_after(120'000ms) == errc::not_authentic);
}

TEST_CASE("cookie keys are new every minute, and when nobody holds one")
{
  using namespace std::chrono_literals;
  curve::cookie_keys keys;
  auto const start = curve::cookie_keys::clock::now();
  auto const first = keys.current(start);
  CHECK(keys.current(start + 59'999ms) == first);
  auto const second = keys.current(start + 60s);
  CHECK(second != first);
  CHECK(keys.current(start + 61s) == second);

  std::weak_ptr<curve::cookie_key const> gone;
  {
    curve::cookie_keys other;
    gone = other.current(start);
    CHECK(gone.expired());
  }
}

TEST_CASE("a server lets the key of a cookie go once INITIATE has come, whatever that is")
{
  welcomed end;
  std::weak_ptr<curve::cookie_key const> const key = end.settings->cookies.current(end.settings->now());
  REQUIRE_FALSE(key.expired());
  octets initiate = end.client.initiate();
  SECTION("good")
  {
    CHECK(feed(end.server.side, initiate) == status::done);
  }
  SECTION("forged")
  {
    initiate.back() ^= std::byte{1};
    CHECK(feed(end.server.side, initiate) == status::failed);
  }
  SECTION("malformed")
  {
    CHECK(feed(end.server.side, command_frame("INITIATE", octets(100))) == status::failed);
  }
  CHECK(key.expired());
}

TEST_CASE("the numbers of a handshake's commands grow")
{
  for (std::uint64_t number : {0U, 1U, 2U}) {
    CAPTURE(number);
    curve_keys const keys = curve_keys::generate();
    server_end server{keys};
    hand_made_client client{keys.public_key()};
    feed(server.side, client.hello(1));
    client.welcome(take_output(server.side));
    feed(server.side, client.initiate(number));
    if (number == 2)
      CHECK(server.side.state() == status::done);
    else
      check_not_authentic(server.side);
  }
}

TEST_CASE("metadata that is none is malformed, though authentic")
{
  welcomed end;
  end.client.metadata = from_hex("0b");
  feed(end.server.side, end.client.initiate());
  CHECK(end.server.side.error() == errc::malformed_metadata);
  CHECK(end.server.side.output().empty());
}

TEST_CASE("a CURVE command out of turn is not taken")
{
  curve_keys const keys = curve_keys::generate();
  SECTION("INITIATE or READY to a server that awaits HELLO")
  {
    for (std::string_view name : {"INITIATE", "READY", "WELCOME", "MESSAGE"}) {
      server_end server{keys};
      feed(server.side, command_frame(name, octets(300)));
      CHECK(server.side.error() == errc::unexpected_command);
      CHECK(server.side.output().empty());
    }
  }
  SECTION("a second HELLO")
  {
    welcomed end;
    feed(end.server.side, end.client.hello(2));
    CHECK(end.server.side.error() == errc::unexpected_command);
  }
  SECTION("READY to a client that awaits WELCOME")
  {
    client_end client{keys, keys.public_key()};
    take_output(client.side);
    feed(client.side, command_frame("READY", octets(100)));
    CHECK(client.side.error() == errc::unexpected_command);
  }
  SECTION("HELLO to a client that awaits READY")
  {
    hand_made_server server{keys};
    client_end client{keys, keys.public_key()};
    server.hello(take_output(client.side));
    feed(client.side, server.welcome());
    feed(client.side, command_frame("HELLO", octets(194)));
    CHECK(client.side.error() == errc::unexpected_command);
  }
}

TEST_CASE("two CURVE clients find out that they are, and do not try again")
{
  curve_public_key const server = curve_keys::generate().public_key();
  client_end one{curve_keys::generate(), server};
  client_end two{curve_keys::generate(), server};
  take_output(two.side);
  feed(two.side, take_output(one.side));
  CHECK(two.side.error() == errc::mechanism_mismatch);
  CHECK(two.side.reason() == "both ends are clients of CURVE: one of them must be the server");
  CHECK(two.side.permanent());
  CHECK(two.side.output().empty());
}

TEST_CASE("who is let in by CURVE is decided before READY, and who is not gets the status in the clear")
{
  curve_keys const server_keys = curve_keys::generate();
  curve_keys const client_keys = curve_keys::generate();
  server_end server{std::make_shared<curve::server_settings>(server_keys), true};
  client_end client{client_keys, server_keys.public_key()};
  feed(server.side, take_output(client.side));
  feed(client.side, take_output(server.side));
  REQUIRE(feed(server.side, take_output(client.side)) == status::needs_decision);
  CHECK(server.side.output().empty());
  CHECK(server.side.shown().public_key == as_text(client_keys.public_key().bytes()));
  SECTION("admitted")
  {
    server.side.admit({});
    CHECK(server.side.state() == status::done);
    CHECK(feed(client.side, take_output(server.side)) == status::done);
  }
  SECTION("refused")
  {
    server.side.refuse("not on the list", "400");
    octets const said = take_output(server.side);
    CHECK(to_hex(said) == "040a054552524f5203343030");
    feed(client.side, said);
    CHECK(client.side.error() == errc::refused_by_peer);
    CHECK(client.side.permanent());
  }
}

TEST_CASE("a CURVE client of the wrong socket type is told so")
{
  welcomed end;
  end.client.metadata = metadata_octets(socket_type::sub);
  feed(end.server.side, end.client.initiate());
  CHECK(end.server.side.error() == errc::incompatible_peer);
  CHECK(as_text(take_output(end.server.side)).substr(2, 6) == "\5ERROR");
}

TEST_CASE("what is wiped is zero")
{
  alignas(curve::wiped<32>) std::array<std::byte, sizeof(curve::wiped<32>)> place;
  auto* const secret = new (place.data()) curve::wiped<32>;
  std::fill_n(secret->data(), 32, std::byte{0x5A});
  secret->~wiped();
  CHECK(to_hex(byte_view{place}) == std::string(64, '0'));
}
