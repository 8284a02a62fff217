// The side of CURVE that knows the server's public key, and proves that it owns its own.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/curve/box.hpp>
#include <cozmq/curve/cookie.hpp>
#include <cozmq/curve/hello.hpp>
#include <cozmq/curve/keys.hpp>
#include <cozmq/curve/session.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/mechanism.hpp>
#include <cozmq/wire/mechanism_results.hpp>
#include <cozmq/wire/properties_codec.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace cozmq::curve {

/// What all connections of a client share.
struct client_settings {
  curve_keys keys;
  curve_public_key server;

  /// Whether something can be sealed for this server: its key is not one of low order.
  bool usable() const noexcept
  {
    shared_key shared;
    return shared.agree(server.bytes(), keys.secret_key().expose());
  }
};

/// The client. Each connection has a key pair of its own, zeroed when the handshake no longer needs it.
class client final : public session {
 public:
  /// The settings must be `usable()`.
  explicit client(std::shared_ptr<client_settings const> settings) : settings_{std::move(settings)} {}

  wire::mechanism_role role() const noexcept override { return wire::mechanism_role::client; }

  void start(bool, properties own, std::vector<std::byte>& out) override
  {
    wire::append_properties(own_metadata_, own);
    must_succeed(crypto_box_keypair(raw(short_key_.data()), short_secret_.raw()));
    must_succeed(shared_.agree(settings_->server.bytes(), short_secret_.view().first<key_size>()) ? 0 : -1);
    constexpr std::array<std::byte, hello::zeros_size> zeros{};
    std::byte* to = wire::append_command_head(out, "HELLO", hello::size);
    to = std::copy(hello::version.begin(), hello::version.end(), to);
    to = std::fill_n(to, hello::padding_size, std::byte{});
    to = std::copy(short_key_.begin(), short_key_.end(), to);
    std::uint64_t const number = next_number();
    store_big_endian(to, number);
    shared_.seal(nonce{"CurveZMQHELLO---", number}, zeros, to + short_nonce_size);
  }

  wire::mechanism_result on_command(wire::command_view command, std::vector<std::byte>& out) override
  {
    if (step_ == step::welcome && command.name == "HELLO")
      return wire::detail::both_are_clients(name());
    std::string_view const awaited = step_ == step::welcome ? "WELCOME"
                                     : step_ == step::ready ? "READY"
                                                            : "nothing more";
    if (command.name != awaited)
      return wire::detail::unexpected(command.name, awaited);
    return step_ == step::welcome ? on_welcome(command.data, out) : on_ready(command);
  }

  void accept(std::vector<std::byte>&) override {}
  void refuse(std::string_view, std::vector<std::byte>&) override {
  }  // [RFC 26] a client SHALL NOT send ERROR

 private:
  enum class step : std::uint8_t { welcome, ready, done };

  // [RFC 26, WELCOME] a long nonce, Box [S' + cookie](S->C').
  wire::mechanism_result on_welcome(byte_view data, std::vector<std::byte>& out)
  {
    std::array<std::byte, key_size + cookie_size> text;
    if (data.size() != long_nonce_size + mac_size + text.size())
      return malformed("WELCOME");
    if (!shared_.open(nonce{"WELCOME-", data.first<long_nonce_size>()}, data.subspan(long_nonce_size),
                      text.data()))
      return not_authentic();
    byte_view const whole = text;
    auto const theirs = whole.first<key_size>();
    shared_key for_vouch;
    if (!shared_.agree(theirs, short_secret_.view().first<key_size>()) ||
        !for_vouch.agree(theirs, settings_->keys.secret_key().expose()))
      return not_authentic();
    short_secret_.wipe();
    initiate(whole.subspan(key_size), for_vouch, out);
    step_ = step::ready;
    return {};
  }

  // [RFC 26, INITIATE] the cookie, a short nonce, Box [C + vouch + metadata](C'->S'), where the vouch is a long nonce and
  // Box [C',S](C->S').
  void initiate(byte_view cookie, shared_key const& for_vouch, std::vector<std::byte>& out)
  {
    std::array<std::byte, 2 * key_size> vouch;
    auto const server = settings_->server.bytes();
    std::copy(server.begin(), server.end(), std::copy(short_key_.begin(), short_key_.end(), vouch.begin()));
    std::array<std::byte, long_nonce_size> random;
    randombytes_buf(random.data(), random.size());

    std::vector<std::byte> text(key_size + random.size() + mac_size + vouch.size());
    auto const own = settings_->keys.public_key().bytes();
    std::byte* at = std::copy(own.begin(), own.end(), text.data());
    at = std::copy(random.begin(), random.end(), at);
    for_vouch.seal(nonce{"VOUCH---", random}, vouch, at);
    text.insert(text.end(), own_metadata_.begin(), own_metadata_.end());
    own_metadata_ = {};

    std::byte* to =
        wire::append_command_head(out, "INITIATE", cookie.size() + short_nonce_size + mac_size + text.size());
    to = std::copy(cookie.begin(), cookie.end(), to);
    std::uint64_t const number = next_number();
    store_big_endian(to, number);
    shared_.seal(nonce{"CurveZMQINITIATE", number}, text, to + short_nonce_size);
  }

  // [RFC 26, READY] a short nonce, Box [metadata](S'->C').
  wire::mechanism_result on_ready(wire::command_view command)
  {
    byte_view const data = command.data;
    if (data.size() < short_nonce_size + mac_size)
      return malformed("READY");
    auto const number = load_big_endian<std::uint64_t>(data.data());
    byte_view const box = data.subspan(short_nonce_size);
    std::vector<std::byte> text(box.size() - mac_size);
    if (!shared_.open(nonce{"CurveZMQREADY---", number}, box, text.data()))
      return not_authentic();
    heard(number);
    open_for_messages(shared_, from_client, from_server);
    shared_.wipe();
    step_ = step::done;
    return wire::detail::metadata_of({command.name, text});
  }

  std::shared_ptr<client_settings const> settings_;
  std::vector<std::byte> own_metadata_;
  std::array<std::byte, key_size> short_key_{};
  wiped<key_size> short_secret_;
  shared_key shared_;  // with the server's long-term key, then with its short-term key
  step step_ = step::welcome;
};

}  // namespace cozmq::curve
