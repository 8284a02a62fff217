// The side of CURVE that clients know beforehand, and that decides whom it lets in.
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
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cozmq::curve {

/// What all connections of a server share.
struct server_settings {
  explicit server_settings(curve_keys pair) : keys{std::move(pair)} {}

  curve_keys keys;
  cookie_keys cookies;
  cookie_keys::clock::time_point (*now)() = &cookie_keys::clock::now;
};

/// The server. A HELLO, a forged one too, costs a multiplication on the curve; before it is found good, no key pair is made
/// and nothing of it is kept. Until INITIATE what is kept of a client is a nonce, and the key of its cookie, which it shares
/// with others.
class server final : public session {
 public:
  explicit server(std::shared_ptr<server_settings> settings) : settings_{std::move(settings)} {}

  wire::mechanism_role role() const noexcept override { return wire::mechanism_role::server; }
  bool is_dear() const noexcept override { return true; }

  void start(bool, properties own, std::vector<std::byte>&) override
  {
    wire::append_properties(own_metadata_, own);
  }

  wire::mechanism_result on_command(wire::command_view command, std::vector<std::byte>& out) override
  {
    std::string_view const awaited = step_ == step::hello      ? "HELLO"
                                     : step_ == step::initiate ? "INITIATE"
                                                               : "nothing more";
    if (command.name != awaited)
      return wire::detail::unexpected(command.name, awaited);
    return step_ == step::hello ? on_hello(command.data, out) : on_initiate(command);
  }

  wire::credentials shown() const override { return {{}, {}, std::string{as_text(client_)}}; }

  void accept(std::vector<std::byte>& out) override
  {
    // [RFC 26, READY] a short nonce and a box with our metadata.
    std::uint64_t const number = next_number();
    std::byte* const to =
        wire::append_command_head(out, "READY", short_nonce_size + mac_size + own_metadata_.size());
    store_big_endian(to, number);
    shared_.seal(nonce{"CurveZMQREADY---", number}, std::exchange(own_metadata_, {}), to + short_nonce_size);
    shared_.wipe();
  }

  void refuse(std::string_view reason, std::vector<std::byte>& out) override
  {
    wire::append_error(out, reason);  // [RFC 26, ERROR] in the clear
  }

 private:
  enum class step : std::uint8_t { hello, initiate, ready };

  wire::mechanism_result on_hello(byte_view data, std::vector<std::byte>& out)
  {
    if (data.size() != hello::size || data[0] != hello::version[0] || data[1] != hello::version[1])
      return malformed("HELLO");
    // NetMQ does not clear the padding, so it may be anything; the size is what it is for.
    data = data.subspan(hello::padding_end);
    auto const theirs = data.first<key_size>();
    auto const number = load_big_endian<std::uint64_t>(data.data() + key_size);
    shared_key shared;
    std::array<std::byte, hello::zeros_size> zeros;
    if (!shared.agree(theirs, settings_->keys.secret_key().expose()) ||
        !shared.open(nonce{"CurveZMQHELLO---", number}, data.subspan(key_size + short_nonce_size),
                     zeros.data()) ||
        sodium_is_zero(raw(zeros.data()), zeros.size()) == 0)
      return not_authentic();
    heard(number);
    welcome(theirs, shared, out);
    step_ = step::initiate;
    return {};
  }

  // [RFC 26, WELCOME] a long nonce, Box [S' + cookie](S->C').
  void welcome(std::span<std::byte const, key_size> theirs, shared_key const& shared,
               std::vector<std::byte>& out)
  {
    std::array<std::byte, key_size + cookie_size> text;
    wiped<cookie_text_size> inside;  // [RFC 26] C' + s'
    std::copy(theirs.begin(), theirs.end(), inside.data());
    must_succeed(crypto_box_keypair(raw(text.data()), inside.raw() + key_size));
    cookie_key_ = settings_->cookies.current(settings_->now());
    randombytes_buf(cookie_nonce_.data(), cookie_nonce_.size());
    std::byte* const cookie = std::copy(cookie_nonce_.begin(), cookie_nonce_.end(), text.data() + key_size);
    cookie_key_->seal(cookie_nonce_, inside.view(), cookie);

    std::array<std::byte, long_nonce_size> random;
    randombytes_buf(random.data(), random.size());
    std::byte* to = wire::append_command_head(out, "WELCOME", random.size() + mac_size + text.size());
    to = std::copy(random.begin(), random.end(), to);
    shared.seal(nonce{"WELCOME-", random}, text, to);
  }

  // [RFC 26, INITIATE] the cookie, a short nonce, Box [C + vouch + metadata](C'->S'), where the vouch is a long nonce and
  // Box [C',S](C->S').
  static constexpr std::size_t vouch_size = long_nonce_size + mac_size + 2 * key_size;
  static constexpr std::size_t initiate_head = cookie_size + short_nonce_size;

  wire::mechanism_result on_initiate(wire::command_view command)
  {
    step_ = step::ready;
    std::shared_ptr<cookie_key const> const sealed_by = std::exchange(cookie_key_, nullptr);
    byte_view const data = command.data;
    if (data.size() < initiate_head + mac_size + key_size + vouch_size)
      return malformed("INITIATE");
    // The cookie is the one of this connection: else whoever has recorded another one could play it again.
    wiped<cookie_text_size> ours;
    if (settings_->now() - sealed_by->made() >= cookie_keys::valid_for ||
        !same_octets(data.first(long_nonce_size), cookie_nonce_) ||
        !sealed_by->open(cookie_nonce_, data.subspan(long_nonce_size, cookie_box_size), ours.data()))
      return not_authentic();
    auto const short_key = ours.view().first<key_size>();
    auto const short_secret = ours.view().last<key_size>();

    auto const number = load_big_endian<std::uint64_t>(data.data() + cookie_size);
    byte_view const box = data.subspan(initiate_head);
    std::vector<std::byte> text(box.size() - mac_size);
    if (!is_new(number) || !shared_.agree(short_key, short_secret) ||
        !shared_.open(nonce{"CurveZMQINITIATE", number}, box, text.data()))
      return not_authentic();
    heard(number);
    byte_view const whole = text;
    auto const long_key = whole.first<key_size>();
    if (!vouches(long_key, whole.subspan(key_size, vouch_size), short_key, short_secret))
      return not_authentic();
    std::copy(long_key.begin(), long_key.end(), client_.begin());
    open_for_messages(shared_, from_server, from_client);
    return wire::detail::metadata_of({command.name, whole.subspan(key_size + vouch_size)});
  }

  // Has the owner of `long_key` said that `short_key` is its own, and that it talks to us?
  bool vouches(std::span<std::byte const, key_size> long_key, byte_view vouch, byte_view short_key,
               std::span<std::byte const, key_size> short_secret) const
  {
    shared_key shared;
    std::array<std::byte, 2 * key_size> text;
    if (!shared.agree(long_key, short_secret) ||
        !shared.open(nonce{"VOUCH---", vouch.first<long_nonce_size>()}, vouch.subspan(long_nonce_size),
                     text.data()))
      return false;
    byte_view const said = text;
    // [RFC 26, INITIATE] C' and S; libzmq looks at the first only.
    bool const is_its_own = same_octets(said.first<key_size>(), short_key);
    bool const is_for_us = same_octets(said.last<key_size>(), settings_->keys.public_key().bytes());
    return is_its_own && is_for_us;
  }

  std::shared_ptr<server_settings> settings_;
  std::vector<std::byte> own_metadata_;
  std::shared_ptr<cookie_key const> cookie_key_;
  std::array<std::byte, long_nonce_size> cookie_nonce_{};
  std::array<std::byte, key_size> client_{};
  shared_key shared_;
  step step_ = step::hello;
};

}  // namespace cozmq::curve
