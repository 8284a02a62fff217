// The properties that have a meaning in ZMTP: what we announce, and what we accept from a peer.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/printable.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cozmq::wire {

inline constexpr std::size_t max_identity = 255;

/// Whether a socket of this type announces an identity.
constexpr bool has_identity(socket_type type) noexcept
{
  // [RFC 37, Identity] REQ, DEALER, or ROUTER; for all other types the property shall be ignored.
  return type == socket_type::req || type == socket_type::dealer || type == socket_type::router;
}

/// What a socket announces: its type, its identity where it has one, then `extra`.
inline properties own_metadata(socket_type type, std::string_view identity, properties const& extra)
{
  properties own;
  own.add("Socket-Type", to_string(type));
  // Even when empty: a NetMQ ROUTER or REP fails without it.
  if (has_identity(type))
    own.add("Identity", identity);
  // A second Socket-Type or Identity would make the peer close.
  for (auto const& [name, value] : extra)
    if (!properties::same_name(name, "Socket-Type") && !properties::same_name(name, "Identity"))
      own.add(name, value);
  return own;
}

/// What came of checking a peer's properties.
struct metadata_verdict {
  errc error{};            ///< zero when the peer is welcome
  std::string reason{};    ///< printable
  bool tell_peer = false;  ///< an ERROR command is due
  socket_type type{};
  std::string identity{};
};

/// Whether a socket of type `own`, which talks to `accepts`, can talk to a peer with these properties.
///
/// Errors: `malformed_metadata` (Socket-Type missing or repeated, Identity repeated or over 255 octets) and
/// `incompatible_peer` (a type that is unknown or does not fit).
inline metadata_verdict check_metadata(properties const& metadata, socket_type own, socket_type_set accepts)
{
  auto const refused = [](errc error, std::string reason, bool tell_peer) {
    return metadata_verdict{error, std::move(reason), tell_peer, {}, {}};
  };
  std::optional<std::string_view> type_name;
  std::optional<std::string_view> identity;
  for (auto const& [name, value] : metadata) {
    if (properties::same_name(name, "Socket-Type")) {
      if (type_name)
        return refused(errc::malformed_metadata, "the peer announced Socket-Type more than once", true);
      type_name = value;
    } else if (properties::same_name(name, "Identity")) {
      if (identity)
        return refused(errc::malformed_metadata, "the peer announced Identity more than once", false);
      identity = value;
    }
  }
  if (!type_name)
    return refused(errc::malformed_metadata, "the peer announced no Socket-Type", true);
  std::optional<socket_type> const type = parse_socket_type(*type_name);
  if (!type || !accepts.contains(*type)) {
    return refused(errc::incompatible_peer,
                   std::string{to_string(own)} + " does not talk to " + printable(*type_name, 64), true);
  }
  // [RFC 37, Identity] identity = 0*255OCTET. A leading zero is accepted: random UUIDs have one, 1 in 256.
  if (identity && identity->size() > max_identity)
    return refused(errc::malformed_metadata, "the peer's Identity is longer than 255 bytes", false);
  bool const counts = identity && has_identity(*type);
  return {errc{}, {}, false, *type, counts ? std::string{*identity} : std::string{}};
}

}  // namespace cozmq::wire
