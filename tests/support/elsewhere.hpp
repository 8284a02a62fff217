// An io_context with a thread of its own, for sockets that live there.
#pragma once

#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <functional>
#include <thread>
#include <utility>

namespace cozmq::test {

// Its coroutines are awaited from the test's own thread. No assertions in them: they return what is to be looked at.
class elsewhere {
 public:
  elsewhere() : work_{io_.get_executor()}, thread_{[this] { io_.run(); }} {}
  elsewhere(elsewhere const&) = delete;
  elsewhere& operator=(elsewhere const&) = delete;
  ~elsewhere() { stop(); }

  asio::io_context::executor_type executor() noexcept { return io_.get_executor(); }

  // Completes on the caller's executor when the coroutine has ended there, with its result or exception.
  template <typename T>
  asio::awaitable<T> run(asio::awaitable<T> coroutine)
  {
    return asio::co_spawn(io_, std::move(coroutine), asio::use_awaitable);
  }

  // Waits for the thread, which ends when what it has begun is done.
  void finish()
  {
    work_.reset();
    if (thread_.joinable())
      thread_.join();
  }

  // Ends the thread, whatever waits there.
  void stop()
  {
    io_.stop();
    finish();
  }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

// Runs `body(io, ctx, there)`, a coroutine, to its end. The other thread ends first: it may be in a call of our executor.
template <typename Body>
void two_threads(Body body)
{
  asio::io_context io;
  context ctx{io};
  elsewhere there;
  run_test(io, std::invoke(body, io, ctx, there));
}

}  // namespace cozmq::test
