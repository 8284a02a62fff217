// Both sides of CURVE made by hand, of nothing but RFC 26 and crypto_box_easy(): what ours must understand, and, bent a
// little, what it must refuse.
#pragma once

#include "support/catch.hpp"
#include "support/octets.hpp"
#include <cozmq/core/bytes.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/curve/keys.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/frame_header.hpp>
#include <cozmq/wire/properties_codec.hpp>

#include <sodium.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cozmq::test {

inline octets number_octets(std::uint64_t number)
{
  octets result(8);
  store_big_endian(result.data(), number);
  return result;
}

inline octets random_octets(std::size_t size)
{
  octets result(size);
  randombytes_buf(result.data(), size);
  return result;
}

inline octets part_of(octets const& all, std::size_t from, std::size_t size)
{
  return exact(byte_view{all}.subspan(from, size));
}

inline octets octets_of(curve_public_key const& key)
{
  return exact(key.bytes());
}

inline unsigned char const* sodium_view(octets const& bytes)
{
  return reinterpret_cast<unsigned char const*>(bytes.data());
}

struct short_term_pair {
  short_term_pair() : public_key(32), secret_key(32)
  {
    REQUIRE(crypto_box_keypair(reinterpret_cast<unsigned char*>(public_key.data()),
                               reinterpret_cast<unsigned char*>(secret_key.data())) == 0);
  }
  explicit short_term_pair(curve_keys const& keys)
      : public_key{octets_of(keys.public_key())}, secret_key{exact(keys.secret_key().expose())}
  {
  }
  octets public_key;
  octets secret_key;
};

inline octets sealed(octets const& clear, octets const& nonce, octets const& to, octets const& from)
{
  octets box(clear.size() + 16);
  REQUIRE(nonce.size() == 24);
  REQUIRE(crypto_box_easy(reinterpret_cast<unsigned char*>(box.data()), sodium_view(clear), clear.size(),
                          sodium_view(nonce), sodium_view(to), sodium_view(from)) == 0);
  return box;
}

inline octets opened(octets const& box, octets const& nonce, octets const& from, octets const& to)
{
  octets clear(box.size() - 16);
  REQUIRE(nonce.size() == 24);
  REQUIRE(crypto_box_open_easy(reinterpret_cast<unsigned char*>(clear.data()), sodium_view(box), box.size(),
                               sodium_view(nonce), sodium_view(from), sodium_view(to)) == 0);
  return clear;
}

inline octets command_frame(std::string_view name, octets const& data)
{
  octets out;
  wire::append_command(out, name, data);
  return out;
}

// The data of a command frame that must have this name.
inline octets data_of(octets const& frame, std::string_view name)
{
  std::error_code ec;
  auto const header = wire::parse_frame_header(frame, ec);
  REQUIRE(header);
  CHECK(header->command);
  REQUIRE(frame.size() == header->length + header->size);
  auto const command = wire::parse_command(byte_view{frame}.subspan(header->length));
  REQUIRE(command);
  REQUIRE(command->name == name);
  return exact(command->data);
}

inline octets metadata_octets(socket_type type)
{
  octets data;
  wire::append_property(data, "Socket-Type", to_string(type));
  return data;
}

// A message as it stands in a frame: "\7MESSAGE", a short nonce, a box.
inline octets message_body(std::string_view prefix, std::uint64_t number, octets const& payload,
                           octets const& to, octets const& from)
{
  octets const nonce = from_text(prefix) + number_octets(number);
  return from_text("\7MESSAGE") + number_octets(number) + sealed(payload, nonce, to, from);
}

struct hand_made_client {
  explicit hand_made_client(curve_public_key const& its_server) : server{octets_of(its_server)} {}

  octets hello(std::uint64_t number = 1) const
  {
    octets const nonce = from_text("CurveZMQHELLO---") + number_octets(number);
    return command_frame("HELLO", version + padding + short_term.public_key + number_octets(number) +
                                      sealed(signature, nonce, server, short_term.secret_key));
  }

  void welcome(octets const& frame)
  {
    octets const data = data_of(frame, "WELCOME");
    REQUIRE(data.size() == 160);
    octets const text = opened(part_of(data, 16, 144), from_text("WELCOME-") + part_of(data, 0, 16), server,
                               short_term.secret_key);
    server_short = part_of(text, 0, 32);
    cookie = part_of(text, 32, 96);
  }

  octets initiate(std::uint64_t number = 2) const
  {
    octets const random = random_octets(16);
    octets const vouch =
        sealed(vouched_short.value_or(short_term.public_key) + vouched_server.value_or(server),
               from_text("VOUCH---") + random, server_short, vouched_by.value_or(long_term).secret_key);
    octets const nonce = from_text("CurveZMQINITIATE") + number_octets(number);
    return command_frame("INITIATE", cookie + number_octets(number) +
                                         sealed(long_term.public_key + random + vouch + metadata, nonce,
                                                server_short, short_term.secret_key));
  }

  // The metadata.
  octets ready(octets const& frame) const
  {
    octets const data = data_of(frame, "READY");
    return opened(part_of(data, 8, data.size() - 8), from_text("CurveZMQREADY---") + part_of(data, 0, 8),
                  server_short, short_term.secret_key);
  }

  octets message(std::uint64_t number, octets const& payload) const
  {
    return message_body("CurveZMQMESSAGEC", number, payload, server_short, short_term.secret_key);
  }

  octets server;
  short_term_pair long_term;
  short_term_pair short_term;
  octets server_short;
  octets cookie;
  // To be bent.
  octets version = from_hex("0100");
  octets padding = octets(72);
  octets signature = octets(64);
  octets metadata = metadata_octets(socket_type::push);
  std::optional<octets> vouched_short;
  std::optional<octets> vouched_server;
  std::optional<short_term_pair> vouched_by;
};

struct hand_made_server {
  explicit hand_made_server(curve_keys const& keys) : long_term{keys} {}

  void hello(octets const& frame)
  {
    octets const data = data_of(frame, "HELLO");
    REQUIRE(data.size() == 194);
    CHECK(part_of(data, 0, 74) == from_hex("0100") + octets(72));
    client_short = part_of(data, 74, 32);
    hello_number = load_big_endian<std::uint64_t>(data.data() + 106);
    octets const text =
        opened(part_of(data, 114, 80), from_text("CurveZMQHELLO---") + number_octets(hello_number),
               client_short, long_term.secret_key);
    CHECK(text == octets(64));
  }

  octets welcome() const
  {
    octets const random = random_octets(16);
    return command_frame("WELCOME",
                         random + sealed(short_key.value_or(short_term.public_key) + cookie,
                                         from_text("WELCOME-") + random, client_short, long_term.secret_key));
  }

  // The metadata.
  octets initiate(octets const& frame)
  {
    octets const data = data_of(frame, "INITIATE");
    CHECK(part_of(data, 0, 96) == cookie);
    CHECK(load_big_endian<std::uint64_t>(data.data() + 96) > hello_number);
    octets const text =
        opened(part_of(data, 104, data.size() - 104), from_text("CurveZMQINITIATE") + part_of(data, 96, 8),
               client_short, short_term.secret_key);
    client = part_of(text, 0, 32);
    octets const vouch = opened(part_of(text, 48, 80), from_text("VOUCH---") + part_of(text, 32, 16), client,
                                short_term.secret_key);
    CHECK(vouch == client_short + long_term.public_key);
    return part_of(text, 128, text.size() - 128);
  }

  octets ready(std::uint64_t number = 1) const
  {
    octets const nonce = from_text("CurveZMQREADY---") + number_octets(number);
    return command_frame(
        "READY", number_octets(number) + sealed(metadata, nonce, client_short, short_term.secret_key));
  }

  octets message(std::uint64_t number, octets const& payload) const
  {
    return message_body("CurveZMQMESSAGES", number, payload, client_short, short_term.secret_key);
  }

  short_term_pair long_term;
  short_term_pair short_term;
  octets client_short;
  octets client;
  std::uint64_t hello_number = 0;
  // To be bent.
  octets cookie = random_octets(96);
  std::optional<octets> short_key;
  octets metadata = metadata_octets(socket_type::pull);
};

}  // namespace cozmq::test
