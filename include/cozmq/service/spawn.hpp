// Starts a coroutine whose failure is reported instead of swallowed.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/socket/context.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>

#include <exception>
#include <utility>

namespace cozmq {

namespace detail {

// The end of a context reaches coroutines as this error: leaving because of it is the regular way out.
inline bool is_regular_end(std::error_code const& ec) noexcept
{
  return ec == errc::terminated || ec == asio::error::operation_aborted;
}

/// Logs what left a coroutine, unless it is the regular end. True when it was a failure.
inline bool report(std::exception_ptr const& left, std::string_view where) noexcept
{
  if (!left)
    return false;
  try {
    std::rethrow_exception(left);
  } catch (std::system_error const& e) {
    if (is_regular_end(e.code()))
      return false;
    write_log(log_level::error, "{}: {}", where, e.what());
  } catch (std::exception const& e) {
    write_log(log_level::error, "{}: {}", where, e.what());
  } catch (...) {
    write_log(log_level::error, "{}: an exception of unknown type", where);
  }
  return true;
}

}  // namespace detail

/// Starts `coroutine` on the context's executor. An exception that leaves it is logged as an error, where
/// `asio::detached` would drop it; the end of the context (`errc::terminated`) is none.
template <class T>
void spawn(context& ctx, asio::awaitable<T> coroutine)
{
  asio::co_spawn(ctx.get_executor(), std::move(coroutine), [](std::exception_ptr left, auto&&...) {
    detail::report(left, "a spawned coroutine ended");
  });
}

/// As above, for a function that returns the coroutine: it may capture, and is kept until the coroutine ends.
template <class Function>
  requires std::invocable<Function&>
void spawn(context& ctx, Function function)
{
  asio::co_spawn(ctx.get_executor(), std::move(function), [](std::exception_ptr left, auto&&...) {
    detail::report(left, "a spawned coroutine ended");
  });
}

}  // namespace cozmq
