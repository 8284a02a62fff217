// The option to connect through a proxy.
#pragma once

#include <cozmq/core/parse_endpoint.hpp>
#include <cozmq/socket/options/option.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq::option {

/// A SOCKS5 proxy to make tcp connections through: "host:port", and where it asks a user name and password of up to 255
/// bytes each. It resolves the names of our endpoints. It must answer within `connect_timeout`, or without one within
/// `handshake_timeout`. Default: none, `socks_proxy::none()`. Affects later attempts to connect.
/// @libzmq ZMQ_SOCKS_PROXY, ZMQ_SOCKS_USERNAME, ZMQ_SOCKS_PASSWORD | none | next attempt | all; tcp
struct socks_proxy {
  std::string address;
  std::string username;
  std::string password;
  explicit socks_proxy(std::string host_and_port, std::string user = {}, std::string secret = {})
      : address{std::move(host_and_port)}, username{std::move(user)}, password{std::move(secret)}
  {
  }
  static socks_proxy none() { return socks_proxy{""}; }
  static constexpr bool applies_to(socket_type) { return true; }
  static constexpr std::string_view rule =
      "socks_proxy takes host:port, for example \"127.0.0.1:1080\", and a user name and password of up to "
      "255 bytes; a "
      "password needs a user name";
  std::error_code apply(engine::socket_options& to) const
  {
    if (username.size() > 255 || password.size() > 255 || (username.empty() && !password.empty()))
      return errc::invalid_option;
    if (address.empty()) {
      to.proxy.reset();
      return username.empty() ? std::error_code{} : errc::invalid_option;
    }
    std::error_code ec;
    endpoint const at = parse_endpoint("tcp://" + address, endpoint_use::connect, ec);
    if (ec || !at.source_host.empty())
      return errc::invalid_option;
    to.proxy = transport::socks_proxy{at.host, at.port, username, password};
    return {};
  }
  static socks_proxy read(engine::socket_options const& from)
  {
    if (!from.proxy)
      return none();
    return socks_proxy{cozmq::detail::host_and_port(from.proxy->host, from.proxy->port, false),
                       from.proxy->username, from.proxy->password};
  }
};

}  // namespace cozmq::option
