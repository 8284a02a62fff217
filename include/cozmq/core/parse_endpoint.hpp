// From text to endpoint, and from wrong text to advice.
#pragma once

#include <cozmq/core/endpoint.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/core/escape.hpp>
#include <cozmq/core/ip_text.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq {

namespace detail {

/// Parses one endpoint; on failure keeps the cause and the rest of the sentence for the user.
class endpoint_parser {
 public:
  endpoint_parser(std::string_view text, endpoint_use use) : text_{text}, use_{use} { parse(); }

  std::error_code code() const noexcept { return code_; }
  endpoint& result() noexcept { return result_; }

  /// The whole sentence, for example: invalid endpoint "tcp://h": no port; write "tcp://h:5555".
  std::string explanation() const
  {
    if (code_ == errc::unknown_transport)
      return reason_;
    return "invalid endpoint " + quoted(text_) + ": " + reason_;
  }

 private:
  struct address {
    std::string host;
    std::uint16_t port = 0;
    bool any_host = false;
    bool any_port = false;
  };

  static std::string quoted(std::string_view text) { return "\"" + escaped(text) + "\""; }

  bool fail(std::string reason, errc cause = errc::invalid_endpoint)
  {
    code_ = cause;
    reason_ = std::move(reason);
    return false;
  }

  bool binds() const noexcept { return use_ == endpoint_use::bind; }

  void parse()
  {
    std::size_t const separator = text_.find("://");
    if (separator == std::string_view::npos) {
      fail(no_transport());
      return;
    }
    std::string_view const name = text_.substr(0, separator);
    std::string_view const rest = text_.substr(separator + 3);
    std::optional<transport_type> const transport = find_transport(name);
    if (!transport) {
      unknown_transport(name);
      return;
    }
    result_.transport = *transport;
    if (text_.find('\0') != std::string_view::npos)
      fail("it contains a NUL byte");
    else if (*transport == transport_type::tcp)
      parse_tcp(rest);
    else if (*transport == transport_type::ipc)
      parse_ipc(rest);
    else
      parse_inproc(rest);
  }

  static std::optional<transport_type> find_transport(std::string_view name) noexcept
  {
    for (std::size_t i = 0; i < transport_names.size(); ++i)
      if (transport_names[i] == name)
        return static_cast<transport_type>(i);
    return std::nullopt;
  }

  std::string no_transport() const
  {
    if (text_.empty())
      return "it is empty; write transport://address, for example \"tcp://127.0.0.1:5555\"";
    std::string_view rest = text_;
    std::string_view likely = text_[0] == '/' || text_[0] == '.' || text_[0] == '@' ? "ipc" : "tcp";
    // "tcp:host:port" and "tcp:/host:port" miss a slash or two.
    if (std::size_t const colon = text_.find(':'); colon != std::string_view::npos) {
      if (auto const meant = find_transport(text_.substr(0, colon))) {
        likely = to_string(*meant);
        rest = text_.substr(colon + 1);
        rest.remove_prefix(*meant == transport_type::tcp && rest.starts_with('/') ? 1 : 0);
      }
    }
    std::string guess = std::string{likely}.append("://").append(rest);
    if (!endpoint_parser{guess, use_}.code())
      return "no transport; did you mean " + quoted(guess) + "?";
    return "no transport; write transport://address, for example \"tcp://127.0.0.1:5555\"";
  }

  void unknown_transport(std::string_view name)
  {
    std::string known;
    std::string hint;
    std::string lower{name};
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z')
        c = static_cast<char>(c - 'A' + 'a');
    for (std::string_view const each : transport_names) {
      known.append(known.empty() ? "" : ", ").append(each);
      if (each == lower)
        hint = "; did you mean \"" + lower + "\"?";
    }
    fail("unknown transport " + quoted(name) + "; this build has " + known + hint, errc::unknown_transport);
  }

  void parse_tcp(std::string_view rest)
  {
    address target;
    if (std::size_t const semicolon = rest.rfind(';'); semicolon != std::string_view::npos) {
      address source;
      if (binds()) {
        fail("a source address is for connect only");
        return;
      }
      if (!parse_address(rest.substr(0, semicolon), source, true, "source "))
        return;
      result_.source_host = source.host;
      result_.source_port = source.port;
      rest.remove_prefix(semicolon + 1);
    }
    if (!parse_address(rest, target, binds(), ""))
      return;
    result_.host = target.host;
    result_.port = target.port;
    result_.any_host = target.any_host;
    result_.any_port = target.any_port;
  }

  bool parse_address(std::string_view text, address& out, bool wildcards, std::string const& which)
  {
    std::string_view host;
    std::string_view port;
    if (text.starts_with('[')) {
      std::size_t const close = text.find(']');
      if (close == std::string_view::npos)
        return fail("\"[\" without \"]\"");
      host = text.substr(1, close - 1);
      port = text.substr(close + 1);
      if (!looks_like_ipv6(host))
        return fail(quoted(host) + " is not an IPv6 address");
    } else {
      std::size_t const colon = text.find(':');
      host = text.substr(0, colon);
      port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
      if (port.find(':', 1) != std::string_view::npos)
        return fail("write an IPv6 address in brackets, for example \"tcp://[::1]:5555\"");
    }
    out.host = host;
    return parse_host(host, out, wildcards, which) && parse_port(text, port, out, wildcards, which);
  }

  bool parse_host(std::string_view host, address& out, bool wildcards, std::string const& which)
  {
    if (host.empty())
      return fail("no " + which + "host" + (wildcards ? "; \"*\" is every interface" : ""));
    if (host == "*") {
      out.any_host = true;
      return wildcards || no_wildcard();
    }
    if (host.find(':') != std::string_view::npos)
      return true;  // IPv6, seen already
    if (host.size() > 253)
      return fail("the " + which + "host name has " + std::to_string(host.size()) +
                  " characters; at most 253 are allowed");
    if (host.find_first_not_of("0123456789.") == std::string_view::npos && !is_ipv4(host))
      return fail(quoted(host) + " is not an IPv4 address");
    for (char const c : host)
      if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F ||
          std::string_view{"/\\*[]()<>{}%\"'?#@,"}.find(c) != std::string_view::npos)
        return fail(quoted(host) + " is not a host name or an address");
    return true;
  }

  bool parse_port(std::string_view text, std::string_view port, address& out, bool wildcards,
                  std::string const& which)
  {
    if (port.size() < 2 || port[0] != ':') {
      std::string const host = escaped(text.substr(0, text.size() - port.size()));
      return fail("no " + which + "port; write it behind a colon, for example \"" + host + ":5555\"");
    }
    port.remove_prefix(1);
    if (port == "*") {
      out.any_port = true;
      return wildcards || no_wildcard();
    }
    if (port.find_first_not_of("0123456789") != std::string_view::npos)
      return fail(which + "port " + quoted(port) + " is not a number");
    std::uint32_t value = 0;
    for (char const c : port) {
      value = value * 10 + static_cast<std::uint32_t>(c - '0');
      if (value > 65535)
        return fail(which + "port " + std::string{port} + " is greater than 65535");
    }
    if (value == 0 && !wildcards)
      return fail("port 0 is for bind only, where the system chooses a port");
    out.port = static_cast<std::uint16_t>(value);
    out.any_port = value == 0;
    return true;
  }

  bool no_wildcard()
  {
    return fail("\"*\" is for bind only; connect to a host name or an address", errc::no_bind_wildcard);
  }

  void parse_ipc(std::string_view path)
  {
    if (path.empty() || path == "@")
      fail("no path; write for example \"ipc:///tmp/name.ipc\"");
    else if (path == "*" && !binds())
      fail("\"*\" is for bind only; connect to a path", errc::no_bind_wildcard);
    else if (path.size() > endpoint::max_path_size)
      fail("the path has " + std::to_string(path.size()) + " bytes; the system allows " +
           std::to_string(endpoint::max_path_size));
    result_.path = path;
    result_.any_path = path == "*";
  }

  void parse_inproc(std::string_view name)
  {
    if (name.empty())
      fail("no name; write for example \"inproc://name\"");
    else if (name.size() > endpoint::max_name_size)
      fail("the name has " + std::to_string(name.size()) + " bytes; at most " +
           std::to_string(endpoint::max_name_size) + " are allowed");
    result_.name = name;
  }

  std::string_view text_;
  endpoint_use use_;
  endpoint result_;
  std::error_code code_;
  std::string reason_;
};

}  // namespace detail

/// Reads an endpoint without resolving anything.
/// On failure `ec` is errc::invalid_endpoint, unknown_transport or no_bind_wildcard, and the result means
/// nothing.
inline endpoint parse_endpoint(std::string_view text, endpoint_use use, std::error_code& ec)
{
  detail::endpoint_parser parser{text, use};
  ec = parser.code();
  return ec ? endpoint{} : std::move(parser.result());
}

/// As above; throws cozmq::error, whose what() says what is wrong with this text.
inline endpoint parse_endpoint(std::string_view text, endpoint_use use)
{
  detail::endpoint_parser parser{text, use};
  if (parser.code())
    throw error{parser.code(), parser.explanation()};
  return std::move(parser.result());
}

/// What is wrong with a text that parse_endpoint() refuses, for people; empty when nothing is.
inline std::string explain_endpoint(std::string_view text, endpoint_use use)
{
  detail::endpoint_parser const parser{text, use};
  return parser.code() ? parser.explanation() : std::string{};
}

}  // namespace cozmq
