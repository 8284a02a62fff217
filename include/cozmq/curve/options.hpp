// Options: CURVE, as the server or as a client.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/curve/client.hpp>
#include <cozmq/curve/keys.hpp>
#include <cozmq/curve/server.hpp>
#include <cozmq/engine/options.hpp>

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq::option {

/// CURVE, as the side that clients know by its public key: what goes over the wire is encrypted, and clients have proved that
/// they own the key they show. Which clients come in says `option::authenticator`; without one, all do. The keys lie once in
/// memory for all connections and all copies of this option. Later binds and connects; not over inproc.
/// @libzmq ZMQ_CURVE_SERVER, ZMQ_CURVE_SECRETKEY | NULL | later binds, connects | all but STREAM
class curve_server {
 public:
  explicit curve_server(curve_keys keys)
      : settings_{std::make_shared<curve::server_settings>(std::move(keys))}
  {
  }
  // A move is a copy: an option that was moved from is still one.
  curve_server(curve_server const&) noexcept = default;
  curve_server& operator=(curve_server const&) noexcept = default;

  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  std::error_code apply(engine::socket_options& to) const
  {
    to.mechanism = [settings = settings_] { return std::make_unique<curve::server>(settings); };
    return {};
  }

 private:
  std::shared_ptr<curve::server_settings> settings_;
};

/// CURVE, as the side that knows the server's public key, and talks to nobody who does not own it. Without keys of its own
/// it is a client that nobody knows: it makes a pair, the same for all its connections. Later binds and
/// connects; not over inproc.
/// @libzmq ZMQ_CURVE_SERVERKEY, ZMQ_CURVE_PUBLICKEY, ZMQ_CURVE_SECRETKEY | NULL | later binds, connects | all but STREAM
class curve_client {
 public:
  curve_client(curve_keys keys, curve_public_key const& server)
      : settings_{
            std::make_shared<curve::client_settings const>(curve::client_settings{std::move(keys), server})}
  {
  }
  explicit curve_client(curve_public_key const& server) : curve_client{curve_keys::generate(), server} {}
  // As above.
  curve_client(curve_client const&) noexcept = default;
  curve_client& operator=(curve_client const&) noexcept = default;

  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule = "this is no server's public key: nothing can be encrypted with it";
  std::error_code apply(engine::socket_options& to) const
  {
    if (!settings_->usable())
      return errc::invalid_option;
    to.mechanism = [settings = settings_] { return std::make_unique<curve::client>(settings); };
    return {};
  }

 private:
  std::shared_ptr<curve::client_settings const> settings_;
};

}  // namespace cozmq::option
