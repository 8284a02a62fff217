// What || and && choose between: a message of a socket, a point in time, the end of another coroutine.
#pragma once

#include <cozmq/socket/receive_awaitable.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace cozmq::detail {

/// Wakes the coroutine that waits for the first, or for all, of several alternatives. That coroutine owns it, and is
/// owned by the handler that waits here: the execution context cuts this circle when it goes first.
class selection final : private engine::shutdown_hook {
 public:
  explicit selection(asio::any_io_executor const& executor)
      : service_{&engine::shutdown_service::of(executor)}
  {
    service_->add(*this);
  }
  selection(selection const&) = delete;
  selection& operator=(selection const&) = delete;
  ~selection()
  {
    if (service_ != nullptr)
      service_->remove(*this);
  }

  engine::wait_list waiting;
  void fire() { waiting.wake_all(engine::wake::at_once); }

 private:
  void on_context_shutdown() noexcept override
  {
    service_ = nullptr;
    engine::wait_list going;
    going.take(waiting);  // destroying what waits may destroy this object
  }

  engine::shutdown_service* service_;
};

/// The next message of a socket. Nothing is taken before `take()`.
template <class Pattern>
class receive_alternative {
 public:
  using result = message;

  explicit receive_alternative(core<Pattern>& s)
      : socket_{&s}, cancel_{std::make_unique<asio::cancellation_signal>()}
  {
  }

  bool ready()
  {
    error_ = socket_->look_ahead();
    if (error_ == errc::would_block && !armed_ && !socket_->readers.empty())
      error_ = errc::operation_in_progress;
    return error_ != errc::would_block;
  }

  message take()
  {
    message m;
    if (error_ == errc{})
      error_ = socket_->try_receive(m);
    if (error_ != errc{})
      throw error{error_};
    return m;
  }

  void arm(std::shared_ptr<selection> const& s, asio::any_io_executor const&)
  {
    if (std::exchange(armed_, true))
      return;
    socket_->readers.async_wait(
        socket_->executor(),
        asio::bind_cancellation_slot(cancel_->slot(), [s, fired = fired_](std::error_code ec) {
          *fired = true;
          if (ec != asio::error::operation_aborted)
            s->fire();
        }));
  }

  // Fired without a message for us, for example a topic that is filtered out.
  void rearm(std::shared_ptr<selection> const& s, asio::any_io_executor const& executor)
  {
    if (armed_ && std::exchange(*fired_, false)) {
      armed_ = false;
      arm(s, executor);
    }
  }

  void disarm()
  {
    if (std::exchange(armed_, false))
      cancel_->emit(asio::cancellation_type::terminal);
  }

  bool running() const noexcept { return false; }

 private:
  core<Pattern>* socket_;
  std::unique_ptr<asio::cancellation_signal> cancel_;
  std::shared_ptr<bool> fired_ = std::make_shared<bool>(false);
  errc error_{};
  bool armed_ = false;
};

/// A point in time, counted from when the waiting begins.
class timer_alternative {
 public:
  using result = std::monostate;

  explicit timer_alternative(std::chrono::steady_clock::duration after) : after_{after} {}

  bool ready() const noexcept { return *expired_; }
  std::monostate take() const noexcept { return {}; }

  void arm(std::shared_ptr<selection> const& s, asio::any_io_executor const& executor)
  {
    timer_.emplace(executor);
    timer_->expires_after(after_);
    timer_->async_wait([s, expired = expired_](std::error_code ec) {
      if (ec)
        return;
      *expired = true;
      s->fire();
    });
  }

  void rearm(std::shared_ptr<selection> const&, asio::any_io_executor const&) const noexcept {}
  void disarm() { timer_.reset(); }
  bool running() const noexcept { return false; }

 private:
  std::chrono::steady_clock::duration after_;
  std::shared_ptr<bool> expired_ = std::make_shared<bool>(false);
  std::optional<asio::steady_timer> timer_;
};

/// The end of any other awaitable. It runs beside the others and is cancelled, and waited for, when it loses.
template <class T>
class coroutine_alternative {
 public:
  using result = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
  using ended_only = void;  // what it produced cannot be left for later

  explicit coroutine_alternative(asio::awaitable<T> c) : coroutine_{std::move(c)} {}

  // Failing because it lost is no result; a result that came before the cancellation is one, and is not thrown away.
  bool ready() const noexcept { return outcome_ && outcome_->ended && !(cancelled_ && outcome_->failure); }

  result take()
  {
    if (outcome_->failure)
      std::rethrow_exception(outcome_->failure);
    return std::move(*outcome_->value);
  }

  void arm(std::shared_ptr<selection> const& s, asio::any_io_executor const& executor)
  {
    outcome_ = std::make_shared<outcome>();
    auto const end = [s, o = outcome_](std::exception_ptr failure) {
      o->failure = failure;
      o->ended = true;
      s->fire();
    };
    if constexpr (std::is_void_v<T>) {
      asio::co_spawn(executor, std::move(coroutine_),
                     asio::bind_cancellation_slot(outcome_->cancel.slot(),
                                                  [end, o = outcome_](std::exception_ptr failure) {
                                                    o->value.emplace();
                                                    end(failure);
                                                  }));
    } else {
      asio::co_spawn(executor, std::move(coroutine_),
                     asio::bind_cancellation_slot(outcome_->cancel.slot(),
                                                  [end, o = outcome_](std::exception_ptr failure, T value) {
                                                    if (!failure)
                                                      o->value.emplace(std::move(value));
                                                    end(failure);
                                                  }));
    }
  }

  void rearm(std::shared_ptr<selection> const&, asio::any_io_executor const&) const noexcept {}

  void disarm()
  {
    if (!running())
      return;
    cancelled_ = true;
    outcome_->cancel.emit(asio::cancellation_type::terminal);
  }

  bool running() const noexcept { return outcome_ && !outcome_->ended; }

 private:
  struct outcome {
    bool ended = false;
    std::exception_ptr failure;
    std::optional<result> value;
    asio::cancellation_signal cancel;
  };

  asio::awaitable<T> coroutine_;
  std::shared_ptr<outcome> outcome_;
  bool cancelled_ = false;
};

}  // namespace cozmq::detail
