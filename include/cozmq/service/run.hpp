// A whole program around one coroutine.
#pragma once

#include <cozmq/service/spawn.hpp>
#include <cozmq/socket/context.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <type_traits>
#include <utility>

namespace cozmq {

/// Runs `function(context&)`, which returns `asio::awaitable<void>` or `asio::awaitable<int>`, on an io_context of its
/// own, and returns an exit code: the coroutine's, 0 when it returned or a signal ended it, 1 when an exception left it
/// (which is printed).
///
/// SIGINT and SIGTERM shut the context down: operations end with `errc::terminated`, so that the coroutine's locals are
/// destroyed in an orderly way, and what is queued is delivered as `option::linger` says. A second signal kills.
template <class Function>
  requires std::invocable<Function&, context&>
int run(Function&& function)
{
  asio::io_context io{1};
  context ctx{io};
  int exit_code = 0;

  asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](std::error_code ec, int) {
    if (ec)
      return;
    signals.clear();  // the next one has its default effect
    ctx.shutdown();
  });

  auto const over = [&](std::exception_ptr left) {
    if (detail::report(left, "the program ended"))
      exit_code = 1;
    signals.cancel();
    ctx.shutdown();
  };
  using result = std::invoke_result_t<Function&, context&>;
  if constexpr (std::is_same_v<result, asio::awaitable<int>>) {
    asio::co_spawn(io, function(ctx), [&](std::exception_ptr left, int code) {
      exit_code = code;
      over(left);
    });
  } else {
    asio::co_spawn(io, function(ctx), over);
  }
  io.run();
  return exit_code;
}

}  // namespace cozmq
