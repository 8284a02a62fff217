// Waiting for the first of several things, or for all of them, without losing a message.
#pragma once

#include <cozmq/socket/alternatives.hpp>
#include <cozmq/socket/timeout.hpp>

#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>

namespace cozmq {

namespace detail {

template <class Alternatives>
using alternatives_ptr = std::shared_ptr<Alternatives>;

template <class... A>
bool any_running(std::tuple<A...> const& alternatives)
{
  return std::apply([](auto const&... a) { return (a.running() || ...); }, alternatives);
}

template <class... A>
void disarm_all(std::tuple<A...>& alternatives)
{
  std::apply([](auto&... a) { (a.disarm(), ...); }, alternatives);
}

template <class... A>
void hold_all(std::tuple<A...>& alternatives)
{
  auto const hold = [](auto& a) {
    if constexpr (requires { a.hold(); })
      a.hold();
  };
  std::apply([&hold](auto&... a) { (hold(a), ...); }, alternatives);
}

template <class... A>
using first_result = std::variant<typename A::result...>;

// Asio's && leaves out what has no result, and unwraps a single one.
template <class... Kept>
struct all_results {
  using type = std::tuple<Kept...>;
};
template <class Only>
struct all_results<Only> {
  using type = Only;
};
template <>
struct all_results<> {
  using type = void;
};

template <class Kept, class... A>
struct without_void;
template <class... Kept>
struct without_void<std::tuple<Kept...>> : all_results<Kept...> {};
template <class... Kept, class First, class... More>
struct without_void<std::tuple<Kept...>, First, More...>
    : std::conditional_t<std::is_same_v<First, std::monostate>, without_void<std::tuple<Kept...>, More...>,
                         without_void<std::tuple<Kept..., First>, More...>> {};
template <class... A>
using all_result = typename without_void<std::tuple<>, typename A::result...>::type;

// Takes the result of the first alternative that is ready. What has ended and cannot be put back goes first.
template <std::size_t I = 0, class... A>
bool take_first(std::tuple<A...>& alternatives, std::optional<first_result<A...>>& to, bool only_ended)
{
  if constexpr (I == sizeof...(A)) {
    return false;
  } else {
    auto& a = std::get<I>(alternatives);
    bool const can_wait = !requires { typename std::remove_reference_t<decltype(a)>::ended_only; };
    if ((!only_ended || !can_wait) && a.ready()) {
      to.emplace(std::in_place_index<I>, a.take());
      return true;
    }
    return take_first<I + 1>(alternatives, to, only_ended);
  }
}

template <class... A>
bool take_first(std::tuple<A...>& alternatives, std::optional<first_result<A...>>& to)
{
  return take_first<0>(alternatives, to, true) || take_first<0>(alternatives, to, false);
}

// The index of the first ready alternative, or the number of alternatives.
template <class... A>
std::size_t first_ready(std::tuple<A...>& alternatives)
{
  std::size_t index = 0;
  std::apply([&index](auto&... a) { (void)((a.ready() || (++index, false)) || ...); }, alternatives);
  return index;
}

template <class... A>
bool all_ready(std::tuple<A...>& alternatives)
{
  return std::apply([](auto&... a) { return (a.ready() && ...); }, alternatives);
}

// Waits until `enough()`, then ends what is still running. Returns why it was not waited to the end.
// Both arguments are in the frame of the coroutine that awaits this one.
template <class... A, class Enough>
asio::awaitable<std::error_code> wait_for(std::tuple<A...>* several, Enough* enough)
{
  std::tuple<A...>& alternatives = *several;
  auto const executor = co_await asio::this_coro::executor;
  auto const state = std::make_shared<selection>(executor);
  // A cancellation must not skip the clearing up below, which may have to wait as well.
  bool const throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  asio::cancellation_state const cancellation = co_await asio::this_coro::cancellation_state;
  auto const before = cancellation.cancelled();
  std::apply([&](auto&... a) { (a.arm(state, executor), ...); }, alternatives);
  std::error_code ec;
  while (!ec && !(*enough)()) {
    std::apply([&](auto&... a) { (a.rearm(state, executor), ...); }, alternatives);
    co_await state->waiting.async_wait(executor, asio::redirect_error(asio::use_awaitable, ec));
    // Between the wake and this line nothing of ours was there to be told.
    if (!ec && cancellation.cancelled() != before && !(*enough)())
      ec = aborted();
  }
  disarm_all(alternatives);
  if (!ec && any_running(alternatives))
    hold_all(alternatives);
  while (any_running(alternatives)) {
    std::error_code ignored;
    co_await state->waiting.async_wait(executor, asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return ec;
}

template <class... A>
asio::awaitable<first_result<A...>> wait_first(alternatives_ptr<std::tuple<A...>> alternatives)
{
  std::optional<first_result<A...>> result;
  if (take_first(*alternatives, result))
    co_return std::move(*result);
  auto enough = [&alternatives] { return first_ready(*alternatives) < sizeof...(A); };
  std::error_code const ec = co_await wait_for(alternatives.get(), &enough);
  // What came while we were being cancelled is lost if it is not taken now.
  if (ec && !take_first<0>(*alternatives, result, true))
    throw error{ec};
  if (!ec)
    take_first(*alternatives, result);
  co_return std::move(*result);
}

template <class... A>
asio::awaitable<all_result<A...>> wait_all(alternatives_ptr<std::tuple<A...>> alternatives)
{
  // An alternative that fails is ready too, and its failure ends the wait.
  auto enough = [&alternatives] { return all_ready(*alternatives); };
  if (!enough()) {
    std::error_code const ec = co_await wait_for(alternatives.get(), &enough);
    if (ec)
      throw error{ec};
  }
  auto results =
      std::apply([](auto&... a) { return std::tuple<typename A::result...>{a.take()...}; }, *alternatives);
  if constexpr (!std::is_void_v<all_result<A...>>) {
    auto kept = std::apply(
        [](auto&... r) {
          auto const keep = []<class R>(R& value) {
            if constexpr (std::is_same_v<R, std::monostate>)
              return std::tuple<>{};
            else
              return std::tuple<R>{std::move(value)};
          };
          return std::tuple_cat(keep(r)...);
        },
        results);
    if constexpr (std::tuple_size_v<decltype(kept)> == 1)
      co_return std::move(std::get<0>(kept));
    else
      co_return kept;
  }
}

}  // namespace detail

/// What `||` gives: an `asio::awaitable` of a `std::variant`, one alternative per operand.
template <class... A>
class [[nodiscard]] first_awaitable : public asio::awaitable<detail::first_result<A...>> {
 public:
  explicit first_awaitable(std::shared_ptr<std::tuple<A...>> alternatives)
      : asio::awaitable<detail::first_result<A...>>{detail::wait_first(alternatives)},
        alternatives_{std::move(alternatives)}
  {
  }
  std::tuple<A...> take_alternatives() { return std::move(*alternatives_); }

 private:
  std::shared_ptr<std::tuple<A...>> alternatives_;
};

namespace detail {

template <class Pattern>
std::tuple<receive_alternative<Pattern>> alternatives(receive_awaitable<Pattern> r)
{
  return {receive_alternative<Pattern>{r.socket()}};
}

inline std::tuple<readiness_alternative> alternatives(ready_awaitable r)
{
  return {readiness_alternative{r.socket(), r.which()}};
}

inline std::tuple<event_alternative> alternatives(event_awaitable e)
{
  return {event_alternative{e.stream()}};
}

inline std::tuple<timer_alternative> alternatives(timeout_awaitable t)
{
  return {timer_alternative{t.after()}};
}

template <class... A>
std::tuple<A...> alternatives(first_awaitable<A...> several)
{
  return several.take_alternatives();
}

template <class T>
std::tuple<coroutine_alternative<T>> alternatives(asio::awaitable<T> other)
{
  return {coroutine_alternative<T>{std::move(other)}};
}

template <class T>
inline constexpr bool is_ours = false;
template <class Pattern>
inline constexpr bool is_ours<receive_awaitable<Pattern>> = true;
template <>
inline constexpr bool is_ours<ready_awaitable> = true;
template <>
inline constexpr bool is_ours<event_awaitable> = true;
template <>
inline constexpr bool is_ours<timeout_awaitable> = true;
template <class... A>
inline constexpr bool is_ours<first_awaitable<A...>> = true;

// At least one side is ours, so that Asio's own operators keep theirs.
template <class L, class R>
concept alternatives_of_ours =
    (is_ours<L> || is_ours<R>) && !std::is_reference_v<L> && !std::is_reference_v<R> && requires(L l, R r) {
      detail::alternatives(std::move(l));
      detail::alternatives(std::move(r));
    };

template <class... A>
first_awaitable<A...> first_of(std::tuple<A...> several)
{
  return first_awaitable<A...>{std::make_shared<std::tuple<A...>>(std::move(several))};
}

template <class... A>
asio::awaitable<all_result<A...>> all_of(std::tuple<A...> several)
{
  return wait_all(std::make_shared<std::tuple<A...>>(std::move(several)));
}

}  // namespace detail

/// Waits for the first of both sides and gives a `std::variant`, `std::monostate` where a side has no result. A
/// receive that loses has taken nothing; any other coroutine that loses is cancelled and waited for.
///
/// @par Errors
/// Throws what the first side throws.
template <class L, class R>
  requires detail::alternatives_of_ours<L, R>
auto operator||(L&& l, R&& r)
{
  return detail::first_of(
      std::tuple_cat(detail::alternatives(std::forward<L>(l)), detail::alternatives(std::forward<R>(r))));
}

/// Waits for both sides and gives a `std::tuple` of their results, or the only one; no receive takes its message before
/// the other side is ready as well.
template <class L, class R>
  requires detail::alternatives_of_ours<L, R>
auto operator&&(L&& l, R&& r)
{
  return detail::all_of(
      std::tuple_cat(detail::alternatives(std::forward<L>(l)), detail::alternatives(std::forward<R>(r))));
}

}  // namespace cozmq
