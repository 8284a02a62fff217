#include "curve/ends.hpp"
#include "curve/hand_made.hpp"
#include "support/catch.hpp"
#include "support/octets.hpp"
#include <cozmq/curve/client.hpp>
#include <cozmq/curve/server.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <system_error>

using namespace cozmq;
using namespace cozmq::test;

namespace {

// Our server, open, and a client made by hand that has sent HELLO with 1 and INITIATE with 2.
struct open_server {
  open_server() : client{keys.public_key()}
  {
    server_end end{keys};
    feed(end.side, client.hello());
    client.welcome(take_output(end.side));
    REQUIRE(feed(end.side, client.initiate()) == status::done);
    client.ready(take_output(end.side));
    mechanism = end.side.take_mechanism();
  }

  std::error_code open(octets body, unsigned flags = 0)
  {
    text = std::move(body);
    return mechanism->open(flags, text, frame);
  }

  curve_keys keys = curve_keys::generate();
  hand_made_client client;
  std::unique_ptr<wire::mechanism> mechanism;
  octets text;
  wire::opened_frame frame;
};

// Our client, open, and a server made by hand that has sent READY with 5.
struct open_client {
  open_client() : server{keys}
  {
    client_end end{keys, keys.public_key()};
    server.hello(take_output(end.side));
    feed(end.side, server.welcome());
    server.initiate(take_output(end.side));
    REQUIRE(feed(end.side, server.ready(5)) == status::done);
    mechanism = end.side.take_mechanism();
  }

  std::error_code open(octets body)
  {
    text = std::move(body);
    return mechanism->open(0, text, frame);
  }

  curve_keys keys = curve_keys::generate();
  hand_made_server server;
  std::unique_ptr<wire::mechanism> mechanism;
  octets text;
  wire::opened_frame frame;
};

octets sealed_by(wire::mechanism& mechanism, unsigned flags, octets const& body)
{
  octets frame(mechanism.sealed_size(body.size()));
  mechanism.seal(flags, body, frame.data());
  return frame;
}

octets body_of(octets const& frame)
{
  std::error_code ec;
  auto const header = wire::parse_frame_header(frame, ec);
  REQUIRE(header);
  REQUIRE(frame.size() == header->length + header->size);
  return part_of(frame, header->length, static_cast<std::size_t>(header->size));
}

octets const plain_x = from_hex("0078");  // no flags, "x"

}  // namespace

TEST_CASE("a client's frames are the MESSAGEs that RFC 26 has for them, and libzmq's outside")
{
  open_client end;
  REQUIRE(end.mechanism->seals());
  std::uint64_t number = 2;  // HELLO and INITIATE were 1 and 2
  for (unsigned flags : {0U, wire::flag_more, wire::flag_command}) {
    for (std::size_t size : {0U, 1U, 221U, 222U, 223U, 1000U}) {
      CAPTURE(flags, size);
      octets const body(size, std::byte{7});
      octets const frame = sealed_by(*end.mechanism, flags, body);
      CHECK((std::to_integer<unsigned>(frame[0]) & ~wire::flag_long) == 0);
      octets const said = body_of(frame);
      CHECK(as_text(byte_view{said}.first(8)) == "\7MESSAGE");
      REQUIRE(load_big_endian<std::uint64_t>(said.data() + 8) == ++number);
      octets const nonce = from_text("CurveZMQMESSAGEC") + number_octets(number);
      octets const payload = opened(part_of(said, 16, said.size() - 16), nonce, end.server.client_short,
                                    end.server.short_term.secret_key);
      octets const inside{static_cast<std::byte>(flags == wire::flag_command ? 2U : flags)};
      CHECK(payload == inside + body);
    }
  }
}

TEST_CASE("a server's frames open with what the client knows")
{
  open_server end;
  octets const said = body_of(sealed_by(*end.mechanism, wire::flag_more, from_text("hello")));
  CHECK(load_big_endian<std::uint64_t>(said.data() + 8) == 2);  // READY was 1
  octets const nonce = from_text("CurveZMQMESSAGES") + number_octets(2);
  CHECK(opened(part_of(said, 16, said.size() - 16), nonce, end.client.server_short,
               end.client.short_term.secret_key) == from_text("\1hello"));
}

TEST_CASE("a MESSAGE opens in place, with the flags inside and whatever flags outside")
{
  open_server end;
  std::uint64_t number = 2;
  for (unsigned outside : {0U, wire::flag_command, wire::flag_more}) {
    CAPTURE(outside);
    REQUIRE_FALSE(end.open(end.client.message(++number, from_text(std::string_view{"\0abc", 4})), outside));
    CHECK(end.frame.flags == 0);
    CHECK(as_text(end.frame.body) == "abc");
    CHECK((end.frame.body.data() == end.text.data() + 33));
    REQUIRE_FALSE(end.open(end.client.message(++number, from_text("\1abc")), outside));
    CHECK(end.frame.flags == wire::flag_more);
    REQUIRE_FALSE(end.open(end.client.message(++number, from_text("\2")), outside));
    CHECK(end.frame.flags == wire::flag_command);
    CHECK(end.frame.body.empty());
  }
}

TEST_CASE("reserved flags in a MESSAGE are malformed")
{
  std::uint64_t number = 2;
  open_server end;
  for (unsigned flags = 3; flags < 256; ++flags) {
    CAPTURE(flags);
    REQUIRE(end.open(end.client.message(++number, {static_cast<std::byte>(flags)})) == errc::malformed_frame);
  }
}

TEST_CASE("the number of a MESSAGE is greater than all before, those of the handshake too")
{
  SECTION("at the server")
  {
    open_server end;
    CHECK(end.open(end.client.message(2, plain_x)) == errc::not_authentic);
    CHECK_FALSE(end.open(end.client.message(3, plain_x)));
    CHECK(end.open(end.client.message(3, plain_x)) == errc::not_authentic);
    CHECK_FALSE(end.open(end.client.message(1000, plain_x)));
    CHECK(end.open(end.client.message(999, plain_x)) == errc::not_authentic);
    constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    CHECK_FALSE(end.open(end.client.message(last, plain_x)));
    CHECK(end.open(end.client.message(last, plain_x)) == errc::not_authentic);
    CHECK(end.open(end.client.message(0, plain_x)) == errc::not_authentic);
  }
  SECTION("at the client")
  {
    open_client end;
    CHECK(end.open(end.server.message(5, plain_x)) == errc::not_authentic);
    CHECK_FALSE(end.open(end.server.message(6, plain_x)));
    CHECK(end.open(end.server.message(6, plain_x)) == errc::not_authentic);
  }
}

TEST_CASE("a MESSAGE that was not authentic does not use up its number")
{
  open_server end;
  octets const good = end.client.message(3, plain_x);
  octets bad = good;
  bad.back() ^= std::byte{1};
  CHECK(end.open(bad) == errc::not_authentic);
  CHECK_FALSE(end.open(good));
}

TEST_CASE("no octet of a MESSAGE may be changed, added or taken away")
{
  open_server end;
  octets const good = end.client.message(3, from_text(std::string_view{"\0abcdefgh", 9}));
  for (std::size_t i = 0; i < good.size(); ++i) {
    CAPTURE(i);
    octets turned = good;
    turned[i] ^= static_cast<std::byte>(1U << (i % 8));
    REQUIRE(end.open(turned) == errc::not_authentic);
    REQUIRE(end.open(part_of(good, 0, i)) == errc::not_authentic);
  }
  CHECK(end.open(good + octets(1)) == errc::not_authentic);
  CHECK_FALSE(end.open(good));
}

TEST_CASE("a MESSAGE without even its flags is refused")
{
  open_server end;
  CHECK(end.open(end.client.message(3, {})) == errc::not_authentic);
  CHECK_FALSE(end.open(end.client.message(3, from_hex("00"))));
}

TEST_CASE("a MESSAGE that comes back to its sender is refused")
{
  // With a number that has not been used yet: it is the key that is another.
  auto const comes_back = [](auto& end, std::uint64_t number) {
    octets said;
    do
      said = body_of(sealed_by(*end.mechanism, 0, octets(10)));
    while (load_big_endian<std::uint64_t>(said.data() + 8) < number);
    REQUIRE(load_big_endian<std::uint64_t>(said.data() + 8) == number);
    return end.open(said);
  };
  open_server server;
  CHECK(comes_back(server, 3) == errc::not_authentic);
  CHECK_FALSE(server.open(server.client.message(3, plain_x)));
  open_client client;
  CHECK(comes_back(client, 6) == errc::not_authentic);
  CHECK_FALSE(client.open(client.server.message(6, plain_x)));
}

TEST_CASE("what is not sealed is refused once the handshake is complete")
{
  open_server end;
  for (std::string_view text : {"", "pwn",
                                "\5ERROR\3"
                                "400",
                                "\4PING", "\7MESSAGE"})
    CHECK(end.open(from_text(text), wire::flag_command) == errc::not_authentic);
}
