// A coroutine with an io_context and a context of its own.
#pragma once

#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <functional>

namespace cozmq::test {

// Runs `body(io, ctx)`, a coroutine, to its end. It may be a lambda that captures.
template <typename Body>
void scenario(Body body)
{
  asio::io_context io;
  context ctx{io};
  run_test(io, std::invoke(body, io, ctx));
}

// Lets the event loop work until `condition()` holds; that it does in time is for run_test to see.
template <typename Condition>
asio::awaitable<void> until(asio::io_context& io, Condition condition)
{
  while (!condition())
    co_await asio::post(io, asio::use_awaitable);
}

// Gives the event loop `rounds` turns: for what must not happen.
inline asio::awaitable<void> turns(asio::io_context& io, int rounds = 100)
{
  for (int i = 0; i < rounds; ++i)
    co_await asio::post(io, asio::use_awaitable);
}

}  // namespace cozmq::test
