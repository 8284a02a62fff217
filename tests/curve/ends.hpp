// Our two sides of CURVE within the handshakes of a PUSH and a PULL, in memory.
#pragma once

#include "support/catch.hpp"
#include "support/octets.hpp"
#include <cozmq/core/bytes.hpp>
#include <cozmq/curve/client.hpp>
#include <cozmq/curve/keys.hpp>
#include <cozmq/curve/server.hpp>
#include <cozmq/wire/greeting.hpp>
#include <cozmq/wire/handshake.hpp>
#include <cozmq/wire/mechanism.hpp>

#include <memory>
#include <utility>

namespace cozmq::test {

using status = wire::handshake::status;

inline wire::handshake_config push_config(std::unique_ptr<wire::mechanism> security)
{
  wire::handshake_config config;
  config.type = socket_type::push;
  config.accepts = {socket_type::pull};
  config.security = std::move(security);
  return config;
}

inline wire::handshake_config pull_config(std::unique_ptr<wire::mechanism> security)
{
  wire::handshake_config config;
  config.type = socket_type::pull;
  config.accepts = {socket_type::push};
  config.binding = true;
  config.security = std::move(security);
  return config;
}

// What a side has to say.
inline octets take_output(wire::handshake& side)
{
  octets said = exact(side.output());
  side.sent(said.size());
  return said;
}

inline status feed(wire::handshake& side, octets const& bytes)
{
  octets const piece = exact(bytes);
  byte_view input{piece};
  status const state = side.feed(input);
  CHECK(input.empty());
  return state;
}

inline octets curve_greeting()
{
  auto const bytes = wire::encode_greeting("CURVE");
  return {bytes.begin(), bytes.end()};
}

// A server, greeted.
struct server_end {
  explicit server_end(std::shared_ptr<curve::server_settings> settings, bool asks = false)
      : side{[&] {
          auto config = pull_config(std::make_unique<curve::server>(std::move(settings)));
          config.asks = asks;
          return config;
        }()}
  {
    take_output(side);
    feed(side, curve_greeting());
  }
  explicit server_end(curve_keys const& keys) : server_end{std::make_shared<curve::server_settings>(keys)} {}

  wire::handshake side;
};

// A client, greeted; its HELLO is the next output.
struct client_end {
  explicit client_end(curve_keys const& keys, curve_public_key const& server)
      : side{push_config(std::make_unique<curve::client>(
            std::make_shared<curve::client_settings const>(curve::client_settings{keys, server})))}
  {
    take_output(side);
    feed(side, curve_greeting());
  }

  wire::handshake side;
};

}  // namespace cozmq::test
