// Runs a coroutine to its end in a bounded time; what it throws, a failed REQUIRE too, fails the test.
#pragma once

#include "support/catch.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <utility>

namespace cozmq::test {

// Generous: it is there to end a hanging test, not to measure.
inline constexpr std::chrono::seconds default_bound{180};

// Returns when the coroutine has ended, with sockets that outlive it still open. Assertions belong in the
// coroutine or after this call, never on another thread.
inline void run_test(asio::io_context& io, asio::awaitable<void> coroutine,
                     std::chrono::steady_clock::duration bound = default_bound)
{
  struct outcome {
    bool done = false;
    std::exception_ptr failure;
  };
  auto result = std::make_shared<outcome>();  // shared: a coroutine given up on may end during ~io_context
  asio::co_spawn(io, std::move(coroutine), [result](std::exception_ptr failure) {
    result->done = true;
    result->failure = std::move(failure);
  });

  io.restart();
  auto const deadline = std::chrono::steady_clock::now() + bound;
  while (!result->done && io.run_one_until(deadline) != 0) {
  }
  if (result->failure)
    std::rethrow_exception(result->failure);
  if (!result->done && io.stopped() && std::chrono::steady_clock::now() < deadline)
    FAIL("the coroutine is suspended for ever: nothing is left that could resume it");
  if (!result->done)
    FAIL("the coroutine did not end in time");
}

}  // namespace cozmq::test
