// What mechanisms with a client and a server make alike of a command.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/mechanism.hpp>
#include <cozmq/wire/printable.hpp>
#include <cozmq/wire/properties_codec.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq::wire::detail {

inline mechanism_result unexpected(std::string_view got, std::string_view instead)
{
  return mechanism_result::failure(errc::unexpected_command, "the peer sent " + printable(got, 64) +
                                                                 " instead of " + std::string{instead});
}

// A client has got a HELLO. [RFC 37, as-server] the greeting does not tell: servers of libzmq say 0 there as well.
inline mechanism_result both_are_clients(std::string_view mechanism)
{
  return mechanism_result::failure(
      errc::mechanism_mismatch,
      "both ends are clients of " + std::string{mechanism} + ": one of them must be the server");
}

inline mechanism_result metadata_of(command_view command)
{
  std::error_code ec;
  properties metadata = parse_properties(command.data, ec);
  if (ec)
    return mechanism_result::failure(
        errc::malformed_metadata,
        "the properties in the peer's " + printable(command.name, 64) + " are malformed");
  return mechanism_result::received(std::move(metadata));
}

}  // namespace cozmq::wire::detail
