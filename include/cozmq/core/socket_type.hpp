// The socket types as the wire names them, and sets of them.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace cozmq {

/// What a socket is, as announced in the Socket-Type property of READY (RFC 37); a STREAM announces nothing.
enum class socket_type : std::uint8_t {
  pair,
  pub,
  sub,
  req,
  rep,
  dealer,
  router,
  pull,
  push,
  xpub,
  xsub,
  stream
};

inline constexpr std::array<std::string_view, 12> socket_type_names{
    "PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM"};

/// The name on the wire, for example "PUSH".
constexpr std::string_view to_string(socket_type type) noexcept
{
  return socket_type_names[static_cast<std::size_t>(type)];
}

/// The type with exactly this name, or nothing: Socket-Type values are case-sensitive.
constexpr std::optional<socket_type> parse_socket_type(std::string_view name) noexcept
{
  for (std::size_t i = 0; i < socket_type_names.size(); ++i)
    if (socket_type_names[i] == name)
      return static_cast<socket_type>(i);
  return std::nullopt;
}

/// A set of socket types: the peers that a pattern talks to.
class socket_type_set {
 public:
  constexpr socket_type_set() noexcept = default;
  constexpr socket_type_set(std::initializer_list<socket_type> types) noexcept
  {
    for (socket_type type : types)
      bits_ |= bit(type);
  }

  constexpr bool contains(socket_type type) const noexcept { return (bits_ & bit(type)) != 0; }
  friend constexpr bool operator==(socket_type_set, socket_type_set) noexcept = default;

 private:
  static constexpr std::uint32_t bit(socket_type type) noexcept { return 1U << static_cast<unsigned>(type); }

  std::uint32_t bits_ = 0;
};

}  // namespace cozmq
