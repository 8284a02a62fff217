// What both sides of CURVE have in common: numbers that only grow, and MESSAGE commands.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/curve/box.hpp>
#include <cozmq/curve/message_key.hpp>
#include <cozmq/wire/frame_header.hpp>
#include <cozmq/wire/mechanism.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

namespace cozmq::curve {

/// One side of one connection. Its secrets are zeroed when it goes.
class session : public wire::mechanism {
 public:
  std::string_view name() const noexcept final { return "CURVE"; }
  bool seals() const noexcept final { return true; }

  std::size_t sealed_size(std::size_t size) const noexcept final
  {
    return wire::frame_header_length(overhead + size) + overhead + size;
  }

  void seal(unsigned flags, byte_view body, std::byte* to) final
  {
    // [libzmq, curve_mechanism_base] MESSAGE goes without the COMMAND bit, though RFC 26 calls it a command.
    to = wire::encode_frame_header(to, 0, overhead + body.size());
    byte_view const head = as_bytes(message_head);
    to = std::copy(head.begin(), head.end(), to);
    std::uint64_t const number = next_number();
    store_big_endian(to, number);
    unsigned const inside = ((flags & wire::flag_more) != 0 ? inner_more : 0U) |
                            ((flags & wire::flag_command) != 0 ? inner_command : 0U);
    sends_.seal(number, static_cast<std::byte>(inside), body, to + short_nonce_size);
  }

  /// Errors: `not_authentic`, whatever is wrong with the box or its number; `malformed_frame` for reserved flags in it.
  std::error_code open(unsigned, std::span<std::byte> body, wire::opened_frame& frame) final
  {
    // What stands outside the box, MORE and COMMAND, nobody has vouched for: it means nothing.
    if (body.size() < overhead || as_text(body.first(message_head.size())) != message_head)
      return errc::not_authentic;
    auto const number = load_big_endian<std::uint64_t>(body.data() + message_head.size());
    std::span<std::byte> const box = body.subspan(message_head.size() + short_nonce_size);
    if (!is_new(number) || !receives_.open(number, box))
      return errc::not_authentic;
    heard(number);
    unsigned const inside = std::to_integer<unsigned>(box[mac_size]);
    // [RFC 26, MESSAGE] bits 7-1 are reserved and MUST be zero; libzmq has COMMAND in bit 1. Commands have no MORE.
    if (inside > inner_command)
      return errc::malformed_frame;
    frame.flags = inside == inner_more ? wire::flag_more : inside == inner_command ? wire::flag_command : 0U;
    frame.body = box.subspan(mac_size + 1);
    return {};
  }

 protected:
  static constexpr std::string_view from_client = "CurveZMQMESSAGEC";
  static constexpr std::string_view from_server = "CurveZMQMESSAGES";

  // Whatever the reason, the peer and the log learn the same.
  static wire::mechanism_result not_authentic()
  {
    return wire::mechanism_result::failure(errc::not_authentic,
                                           make_error_code(errc::not_authentic).message());
  }
  static wire::mechanism_result malformed(std::string_view command)
  {
    return wire::mechanism_result::failure(errc::malformed_command,
                                           "the peer's " + std::string{command} + " is malformed");
  }

  // [RFC 26] an incrementing integer, unique to each command within a connection: 2^64 of them outlast any.
  std::uint64_t next_number() noexcept { return ++sent_; }

  // [RFC 26] disconnect clients that reuse a short nonce; here from the first command on, and servers as well.
  bool is_new(std::uint64_t number) const noexcept { return !heard_ || number > *heard_; }
  void heard(std::uint64_t number) noexcept { heard_ = number; }

  void open_for_messages(shared_key const& shared, std::string_view sends, std::string_view receives)
  {
    sends_.set(shared, sends);
    receives_.set(shared, receives);
  }

 private:
  // [RFC 26, MESSAGE] %d7 "MESSAGE", a short nonce, and a box with one octet of flags in front of the payload.
  static constexpr std::string_view message_head = "\7MESSAGE";
  static constexpr std::size_t overhead = message_head.size() + short_nonce_size + mac_size + 1;
  static constexpr unsigned inner_more = 1;
  static constexpr unsigned inner_command = 2;

  message_key sends_;
  message_key receives_;
  std::uint64_t sent_ = 0;
  std::optional<std::uint64_t> heard_;
};

}  // namespace cozmq::curve
