// Blocking calls of a foreign library on a thread of their own, whose end a coroutine can await.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace cozmq::test {

// The io_context keeps running while the thread works, so that our end moves its bytes. No assertions in
// `work`: throw instead, join() brings it over.
class peer_thread {
 public:
  template <typename Work>
  peer_thread(asio::io_context& io, Work work) : state_{std::make_shared<state>(io)}
  {
    thread_ = std::thread{[&io, state = state_, work = std::move(work)]() mutable {
      std::exception_ptr failure;
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
      asio::post(io, [state, failure] {
        state->ended = true;
        state->failure = failure;
        state->end.cancel();
      });
    }};
  }

  peer_thread(peer_thread const&) = delete;
  peer_thread& operator=(peer_thread const&) = delete;
  ~peer_thread()
  {
    if (thread_.joinable())
      thread_.join();
  }

  // Waits for the end of the work and throws what it threw.
  asio::awaitable<void> join()
  {
    std::error_code cancelled;
    while (!state_->ended)
      co_await state_->end.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (state_->failure)
      std::rethrow_exception(state_->failure);
  }

 private:
  struct state {
    explicit state(asio::io_context& io) : end{io, asio::steady_timer::time_point::max()} {}
    asio::steady_timer end;
    bool ended = false;
    std::exception_ptr failure;
  };

  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace cozmq::test
