// ZPL, the text format of certificates: names with values, one a line, in sections by indentation.
#pragma once

#include <cozmq/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cozmq::curve {

/// One line that says something. The views are into the text.
struct zpl_line {
  std::size_t level = 0;  ///< how far it is indented
  std::string_view name;
  std::string_view value;  ///< without its quotes
};

namespace detail {

constexpr bool is_zpl_name_char(char c) noexcept
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view{"$-_@.&+/"}.find(c) != std::string_view::npos;
}

inline std::string_view trimmed(std::string_view text) noexcept
{
  std::string_view const space = " \t";
  std::size_t const first = text.find_first_not_of(space);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

[[noreturn]] inline void throw_malformed(std::size_t number, std::string_view what)
{
  // What the line has is not repeated: it may be nearly a secret key.
  throw error{errc::invalid_option, "line " + std::to_string(number) + ": " + std::string{what}};
}

inline std::string_view zpl_value(std::string_view text, std::size_t number)
{
  text = trimmed(text);
  if (text.empty() || text[0] == '#')
    return {};
  if (text[0] != '=')
    throw_malformed(number, "there must be = between a name and its value");
  text = trimmed(text.substr(1));
  if (!text.empty() && (text[0] == '"' || text[0] == '\'')) {
    std::size_t const end = text.find(text[0], 1);
    if (end != std::string_view::npos) {
      std::string_view const rest = trimmed(text.substr(end + 1));
      if (!rest.empty() && rest[0] != '#')
        throw_malformed(number, "there is something behind the closing quote");
      return text.substr(1, end - 1);
    }
  }
  // [RFC 4] a value that starts with a quote and does not end in a matching quote is treated as unquoted.
  return trimmed(text.substr(0, text.find('#')));
}

}  // namespace detail

/// Takes a text apart. Throws `error` with `errc::invalid_option`, which says which line is malformed and why.
///
/// [RFC 4] A child is indented by 4 spaces more than its parent; # begins a comment; a value may be quoted.
inline std::vector<zpl_line> parse_zpl(std::string_view text)
{
  std::vector<zpl_line> result;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::size_t const end = text.find_first_of("\r\n");
    std::string_view const line = text.substr(0, end);
    text.remove_prefix(line.size());
    text.remove_prefix(text.starts_with("\r\n") ? 2 : text.empty() ? 0 : 1);
    std::string_view const said = detail::trimmed(line);
    if (said.empty() || said[0] == '#')
      continue;
    std::size_t const indent = std::min(line.find_first_not_of(' '), line.size());
    if (line[indent] == '\t')
      detail::throw_malformed(number, "it is indented with a tab; use 4 spaces for each level");
    zpl_line found{indent / 4, {}, {}};
    if (indent % 4 != 0 || found.level > (result.empty() ? 0 : result.back().level + 1))
      detail::throw_malformed(number, "it is not indented by 4 spaces for each level");
    auto const name_end = std::find_if_not(said.begin(), said.end(), detail::is_zpl_name_char);
    auto const length = static_cast<std::size_t>(name_end - said.begin());
    if (length == 0)
      detail::throw_malformed(number, "it does not begin with a name");
    found.name = said.substr(0, length);
    found.value = detail::zpl_value(said.substr(length), number);
    result.push_back(found);
  }
  return result;
}

/// Appends a line. Throws `error` with `errc::invalid_option` for what the format cannot carry: such a name, or a value with
/// a line end, or with both kinds of quotes.
inline void append_zpl(std::string& to, std::size_t level, std::string_view name, std::string_view value = {})
{
  if (name.empty() || !std::all_of(name.begin(), name.end(), detail::is_zpl_name_char) ||
      name.front() == '/' || name.back() == '/')
    throw error{errc::invalid_option, "a name in a certificate has letters, digits and $-_@.&+ only"};
  bool const quoted = value.find('"') != std::string_view::npos;
  if (value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos ||
      (quoted && value.find('\'') != std::string_view::npos))
    throw error{errc::invalid_option,
                "a value in a certificate has no line end, and not both kinds of quotes"};
  to.append(4 * level, ' ').append(name);
  if (level > 0)
    to.append(" = ").append(1, quoted ? '\'' : '"').append(value).append(1, quoted ? '\'' : '"');
  to += '\n';
}

}  // namespace cozmq::curve
