// A mechanism that seals frames and keeps nobody out: what goes over the wire is not what was written, each frame tells its
// number and what it should add up to, and both are checked.
#pragma once

#include "support/octets.hpp"
#include <cozmq/wire/mechanism.hpp>
#include <cozmq/wire/null_mechanism.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq::test {

class toy_mechanism final : public wire::mechanism {
 public:
  // 'S', number, sum, flags.
  static constexpr std::size_t overhead = 1 + 8 + 4 + 1;

  explicit toy_mechanism(std::uint32_t key = 1) : key_{key} {}

  std::string_view name() const noexcept override { return "TOY"; }

  // The handshake is that of NULL.
  void start(bool binding, properties own, octets& out) override
  {
    handshake_.start(binding, std::move(own), out);
  }
  wire::mechanism_result on_command(wire::command_view command, octets& out) override
  {
    return handshake_.on_command(command, out);
  }
  void accept(octets& out) override { handshake_.accept(out); }
  void refuse(std::string_view reason, octets& out) override { handshake_.refuse(reason, out); }

  bool seals() const noexcept override { return true; }

  std::size_t sealed_size(std::size_t size) const noexcept override
  {
    return wire::frame_header_length(size + overhead) + size + overhead;
  }

  void seal(unsigned flags, byte_view body, std::byte* to) override
  {
    to = wire::encode_frame_header(to, 0, body.size() + overhead);
    *to = std::byte{'S'};
    store_big_endian(to + 1, ++sealed_);
    store_big_endian(to + 9, sum(sealed_, flags, body));
    to += 13;
    *to++ = static_cast<std::byte>(flags) ^ mask(sealed_, 0);
    for (std::size_t i = 0; i < body.size(); ++i)
      to[i] = body[i] ^ mask(sealed_, i + 1);
  }

  std::error_code open(unsigned flags, std::span<std::byte> body, wire::opened_frame& opened) override
  {
    if ((flags & wire::flag_more) != 0 || body.size() < overhead || body[0] != std::byte{'S'})
      return errc::unexpected_command;
    if (load_big_endian<std::uint64_t>(body.data() + 1) != ++opened_)
      return errc::not_authentic;
    opened.flags = std::to_integer<unsigned>(body[13] ^ mask(opened_, 0));
    std::span<std::byte> const clear = body.subspan(overhead);
    for (std::size_t i = 0; i < clear.size(); ++i)
      clear[i] ^= mask(opened_, i + 1);
    opened.body = clear;
    if (load_big_endian<std::uint32_t>(body.data() + 9) != sum(opened_, opened.flags, clear))
      return errc::not_authentic;
    return {};
  }

 private:
  std::byte mask(std::uint64_t number, std::size_t at) const noexcept
  {
    return static_cast<std::byte>((key_ + number * 31 + at * 7) | 1);
  }

  std::uint32_t sum(std::uint64_t number, unsigned flags, byte_view body) const noexcept
  {
    auto result = static_cast<std::uint32_t>(key_ * 2654435761U + number + flags * 65537);
    for (std::byte b : body)
      result = (result ^ std::to_integer<std::uint32_t>(b)) * 16777619U;
    return result;
  }

  std::uint32_t key_;
  std::uint64_t sealed_ = 0;
  std::uint64_t opened_ = 0;
  wire::null_mechanism handshake_;
};

}  // namespace cozmq::test
