// The PLAIN mechanism: a user name and a password, in the clear.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/mechanism.hpp>
#include <cozmq/wire/mechanism_results.hpp>
#include <cozmq/wire/properties_codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cozmq::wire {

inline constexpr std::size_t max_plain_text = 255;

/// The side that has a name and a password. [RFC 24] HELLO, then INITIATE with its properties.
class plain_client final : public mechanism {
 public:
  /// Both have at most 255 octets.
  plain_client(std::string user_name, std::string password)
      : user_name_{std::move(user_name)}, password_{std::move(password)}
  {
  }

  std::string_view name() const noexcept override { return "PLAIN"; }
  mechanism_role role() const noexcept override { return mechanism_role::client; }

  void start(bool, properties own, std::vector<std::byte>& out) override
  {
    append_properties(own_metadata_, own);
    // [RFC 24] hello = "HELLO" username password; each is a short-size and that many octets.
    std::byte* to = append_command_head(out, "HELLO", 2 + user_name_.size() + password_.size());
    for (std::string const* text : {&user_name_, &password_}) {
      *to++ = static_cast<std::byte>(text->size());
      byte_view const bytes = as_bytes(*text);
      to = std::copy(bytes.begin(), bytes.end(), to);
    }
  }

  mechanism_result on_command(command_view command, std::vector<std::byte>& out) override
  {
    if (!welcome_) {
      if (command.name == "HELLO")
        return detail::both_are_clients(name());
      if (command.name != "WELCOME")
        return detail::unexpected(command.name, "WELCOME");
      if (!command.data.empty())
        return mechanism_result::failure(errc::malformed_command, "the peer's WELCOME is malformed");
      welcome_ = true;
      append_command(out, "INITIATE", std::exchange(own_metadata_, {}));
      return {};
    }
    if (command.name != "READY")
      return detail::unexpected(command.name, "READY");
    return detail::metadata_of(command);
  }

  void accept(std::vector<std::byte>&) override {}
  void refuse(std::string_view, std::vector<std::byte>&) override {}  // the peer's handshake is complete

 private:
  std::string user_name_;
  std::string password_;
  std::vector<std::byte> own_metadata_;
  bool welcome_ = false;
};

/// The side that decides. [RFC 24] WELCOME for who is let in, then READY with its own properties.
class plain_server final : public mechanism {
 public:
  std::string_view name() const noexcept override { return "PLAIN"; }
  mechanism_role role() const noexcept override { return mechanism_role::server; }

  void start(bool, properties own, std::vector<std::byte>&) override
  {
    append_properties(own_metadata_, own);
  }

  mechanism_result on_command(command_view command, std::vector<std::byte>&) override
  {
    if (step_ == step::hello) {
      if (command.name != "HELLO")
        return detail::unexpected(command.name, "HELLO");
      byte_view rest = command.data;
      if (!take_text(rest, shown_.user_name) || !take_text(rest, shown_.password) || !rest.empty())
        return mechanism_result::failure(errc::malformed_command, "the peer's HELLO is malformed");
      step_ = step::decision;
      return mechanism_result::decide();
    }
    if (step_ != step::initiate || command.name != "INITIATE")
      return detail::unexpected(command.name, step_ == step::initiate ? "INITIATE" : "waiting");
    step_ = step::ready;
    return detail::metadata_of(command);
  }

  credentials shown() const override { return shown_; }

  void admit(std::vector<std::byte>& out) override
  {
    step_ = step::initiate;
    append_command(out, "WELCOME", {});
  }

  void accept(std::vector<std::byte>& out) override
  {
    append_command(out, "READY", std::exchange(own_metadata_, {}));
  }

  void refuse(std::string_view reason, std::vector<std::byte>& out) override { append_error(out, reason); }

 private:
  enum class step : std::uint8_t { hello, decision, initiate, ready };

  static bool take_text(byte_view& from, std::string& to)
  {
    if (from.empty() || std::to_integer<std::size_t>(from[0]) > from.size() - 1)
      return false;
    std::size_t const size = std::to_integer<std::size_t>(from[0]);
    to = as_text(from.subspan(1, size));
    from = from.subspan(1 + size);
    return true;
  }

  std::vector<std::byte> own_metadata_;
  credentials shown_;
  step step_ = step::hello;
};

}  // namespace cozmq::wire
