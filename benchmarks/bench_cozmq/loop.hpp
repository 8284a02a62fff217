// One io_context and one context, as a user has them in one thread; a failing coroutine ends the run.
#pragma once

#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <utility>

namespace bench::with_cozmq {

class loop {
 public:
  cozmq::context& context() { return context_; }

  void start(asio::awaitable<void> work)
  {
    asio::co_spawn(io_, std::move(work), [](std::exception_ptr error) {
      if (error) {
        std::rethrow_exception(error);  // out of run()
      }
    });
  }

  /// Ends with stop(); throws what a coroutine let escape.
  void run() { io_.run(); }

  void stop() { io_.stop(); }

 private:
  asio::io_context io_{1};  // the hint: one thread
  cozmq::context context_{io_};
};

}  // namespace bench::with_cozmq
