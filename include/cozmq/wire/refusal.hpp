// Why two ends do not come together, in words that say what to do.
#pragma once

#include <cozmq/wire/printable.hpp>

#include <string>
#include <string_view>

namespace cozmq::wire {

/// What the reason of an ERROR means; printable, at most 210 characters.
inline std::string explain_refusal(std::string_view told)
{
  // [RFC 27, status codes] a server that asks a ZAP handler tells the client the status, and nothing else.
  if (told == "300")
    return "300: it does not let us in at present";
  if (told == "400")
    return "400: it does not accept the credentials";
  if (told == "500")
    return "500: its authenticator failed";
  return printable(told, 200);
}

/// What to do when the ends use different mechanisms.
inline std::string explain_mismatch(std::string_view theirs, std::string_view ours)
{
  std::string text =
      "the peer uses mechanism \"" + printable(theirs, 24) + "\", this socket " + std::string{ours};
  if (theirs == "PLAIN")
    text += "; set option::plain_client here, or option::plain_server if this end decides";
  else if (theirs == "CURVE")
    text += "; set option::curve_client here, or option::curve_server if this end decides";
  else if (theirs == "NULL")
    text += "; the peer has no security set: set the same there";
  return text;
}

}  // namespace cozmq::wire
