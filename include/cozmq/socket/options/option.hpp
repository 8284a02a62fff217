// What an option is, and what most of them have in common: one value, checked, stored and read back.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/engine/options.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

namespace cozmq {

/// An option: it says for which socket types it is, checks and stores its value.
template <class O>
concept socket_option = requires(O const o, engine::socket_options& to, socket_type type) {
  { O::applies_to(type) } -> std::same_as<bool>;
  { o.apply(to) } -> std::same_as<std::error_code>;
};

/// One that can be read back. Those with secrets cannot.
template <class O>
concept readable_option = socket_option<O> && requires(engine::socket_options const& from) {
  { O::read(from) } -> std::same_as<O>;
};

namespace option {

/// No limit, for options that count messages or bytes.
inline constexpr std::size_t unlimited = engine::socket_options::unlimited;

/// The common part of the options: `Option` is the derived one, `Path` leads to its place in the engine's options.
///
/// An option hides `applies_to` when it is for some socket types only, and `valid` when not every value will do; it
/// then says in `rule` which will, for the text of `errc::invalid_option`.
template <class Option, class Value, auto... Path>
struct single {
  Value value;
  explicit single(Value v) : value{std::move(v)} {}

  static constexpr bool applies_to(socket_type) { return true; }
  static bool valid(Value const&) { return true; }

  std::error_code apply(engine::socket_options& to) const
  {
    if (!Option::valid(value))
      return errc::invalid_option;
    (to.*....*Path) = value;  // ((to.*first).*second), and so on
    return {};
  }
  static Option read(engine::socket_options const& from) { return Option{(from.*....*Path)}; }
};

}  // namespace option

namespace detail {

/// Throws what is wrong with an option, in its own words where it has some.
template <socket_option Option>
[[noreturn]] void refuse_option(std::error_code ec)
{
  if constexpr (requires { Option::rule; }) {
    if (ec == errc::invalid_option)
      throw error{ec, std::string{Option::rule}};
  }
  throw error{ec};
}

}  // namespace detail
}  // namespace cozmq
