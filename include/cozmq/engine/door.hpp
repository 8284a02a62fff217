// The way to a socket's executor from other threads.
#pragma once

#include <cozmq/core/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <exception>
#include <mutex>
#include <optional>
#include <semaphore>
#include <type_traits>
#include <utility>

namespace cozmq::engine {

/// Lets other threads post to an executor as long as its execution context lives: closed before that goes, it lets nothing
/// through any more. Thread-safe.
class door {
 public:
  explicit door(asio::any_io_executor executor) : executor_{std::move(executor)} {}

  /// Is it this executor that the door leads to? May be asked after it is closed.
  bool leads_to(asio::any_io_executor const& other) const noexcept { return executor_ == other; }

  /// Posts `work`. False when the door is closed: nothing has happened.
  template <class Work>
  bool post(Work&& work)
  {
    std::lock_guard const lock{mutex_};
    if (!open_)
      return false;
    asio::post(executor_, std::forward<Work>(work));
    return true;
  }

  /// Runs `call` over there and waits for its result; what it throws is thrown here. For threads that may wait. When the
  /// executor is gone, nobody else is at what it works on, and it runs here; when it goes meanwhile, that is
  /// `errc::terminated`.
  template <class Call>
  auto call(Call& call)
  {
    using result = std::invoke_result_t<Call&>;
    waiting_call<Call, result> state{call};
    if (!post(runner<Call, result>{&state}))
      return call();
    state.over.acquire();
    if (state.failure)
      std::rethrow_exception(state.failure);
    if constexpr (!std::is_void_v<result>)
      return std::move(*state.value);
  }

  void close() noexcept
  {
    std::lock_guard const lock{mutex_};
    open_ = false;
  }

 private:
  template <class Call, class Result>
  struct waiting_call {
    Call& call;
    std::binary_semaphore over{0};
    std::exception_ptr failure = std::make_exception_ptr(error{errc::terminated});
    std::optional<std::conditional_t<std::is_void_v<Result>, bool, Result>> value{};
  };

  // Ends the wait when it has run, or is destroyed before.
  template <class Call, class Result>
  struct runner {
    explicit runner(waiting_call<Call, Result>* s) : state{s} {}
    runner(runner&& other) noexcept : state{std::exchange(other.state, nullptr)} {}
    runner& operator=(runner&&) = delete;
    ~runner()
    {
      if (state != nullptr)
        state->over.release();
    }

    void operator()()
    {
      try {
        if constexpr (std::is_void_v<Result>)
          state->call();
        else
          state->value.emplace(state->call());
        state->failure = nullptr;
      } catch (...) {
        state->failure = std::current_exception();
      }
    }

    waiting_call<Call, Result>* state;
  };

  asio::any_io_executor const executor_;
  std::mutex mutex_;
  bool open_ = true;
};

}  // namespace cozmq::engine
