// What || and && choose between: a message of a socket, a point in time, the end of another coroutine.
#pragma once

#include <cozmq/socket/events.hpp>
#include <cozmq/socket/readiness.hpp>
#include <cozmq/socket/receive_awaitable.hpp>
#include <cozmq/socket/selection.hpp>

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

/// The next message of a socket. Nothing is taken before `take()`, or `hold()`, after which it is put back if another
/// alternative wins.
template <class Pattern>
class receive_alternative {
 public:
  using result = message;

  explicit receive_alternative(core<Pattern>& s) : socket_{&s}, watch_{s.readers} {}
  receive_alternative(receive_alternative&&) = default;
  receive_alternative& operator=(receive_alternative&&) = delete;
  ~receive_alternative()
  {
    if (!keeper_)
      return;
    keeper_->put_back(std::move(held_));
    keeper_->readers.wake_one(engine::wake::posted);
  }

  bool ready()
  {
    if (found_)
      return *found_;
    if (watch_.ended())
      return true;
    error_ = socket_->look_ahead();
    if (error_ == errc::would_block && !watch_.armed() && !socket_->readers.empty())
      error_ = errc::operation_in_progress;
    return error_ != errc::would_block;
  }

  // What was found stays so while those that lose are waited for: others may use the socket, or destroy it.
  void hold()
  {
    found_ = ready();
    if (!*found_ || watch_.ended() || error_ != errc{})
      return;
    error_ = socket_->try_receive(held_);
    keeper_ = socket_->shared_from_this();
  }

  message take()
  {
    if (watch_.ended())
      throw error{watch_.ended()};
    if (std::exchange(keeper_, nullptr))
      return std::move(held_);
    message m;
    if (error_ == errc{})
      error_ = socket_->try_receive(m);
    if (error_ != errc{})
      throw error{error_};
    return m;
  }

  // Also when it was woken without a message for us, for example by a topic that is filtered out.
  void arm(std::shared_ptr<selection> const& s, asio::any_io_executor const&) { watch_.arm(s); }
  void rearm(std::shared_ptr<selection> const& s, asio::any_io_executor const&) { watch_.arm(s); }
  void disarm() noexcept { watch_.disarm(); }
  bool running() const noexcept { return false; }

 private:
  core<Pattern>* socket_;
  socket_watch watch_;
  errc error_{};
  std::optional<bool> found_;
  message held_;
  std::shared_ptr<engine::socket_core> keeper_;  // while a message is held: the socket may be gone
};

/// That a socket is readable, or writable, without taking or sending anything.
class readiness_alternative {
 public:
  using result = std::monostate;

  readiness_alternative(engine::socket_core& s, readiness which)
      : socket_{&s}, which_{which}, watch_{list_of(s, which)}
  {
  }

  bool ready()
  {
    if (found_)
      return *found_;
    if (watch_.ended())
      return true;
    error_ = ready_for(*socket_, which_, watch_.armed());
    return error_ != errc::would_block;
  }

  // What was found stays so while those that lose are waited for.
  void hold() { found_ = ready(); }

  std::monostate take() const
  {
    if (watch_.ended())
      throw error{watch_.ended()};
    if (error_ != errc{})
      throw error{error_};
    return {};
  }

  void arm(std::shared_ptr<selection> const& s, asio::any_io_executor const&) { watch_.arm(s); }
  void rearm(std::shared_ptr<selection> const& s, asio::any_io_executor const&) { watch_.arm(s); }
  void disarm() noexcept { watch_.disarm(); }
  bool running() const noexcept { return false; }

 private:
  engine::socket_core* socket_;
  readiness which_;
  socket_watch watch_;
  errc error_{};
  std::optional<bool> found_;
};

/// The next event of a socket. It is put back if another alternative wins.
class event_alternative {
 public:
  using result = event;

  explicit event_alternative(std::shared_ptr<engine::event_stream> from)
      : stream_{std::move(from)}, watch_{stream_->waiting}
  {
  }
  event_alternative(event_alternative&&) = default;
  event_alternative& operator=(event_alternative&&) = delete;
  ~event_alternative()
  {
    if (stream_ && ahead_)
      stream_->put_back(std::move(*ahead_));
  }

  // Others may read between this call and take().
  bool ready()
  {
    event e;
    if (!ahead_ && stream_->pop(e))
      ahead_.emplace(std::move(e));
    return ahead_ || watch_.ended() || stream_->ended();
  }

  event take()
  {
    if (!ahead_)
      throw error{watch_.ended() ? watch_.ended() : stream_->ended()};
    event e{std::move(*ahead_)};
    ahead_.reset();
    return e;
  }

  void arm(std::shared_ptr<selection> const& s, asio::any_io_executor const&) { watch_.arm(s); }
  void rearm(std::shared_ptr<selection> const& s, asio::any_io_executor const&) { watch_.arm(s); }
  void disarm() noexcept { watch_.disarm(); }
  bool running() const noexcept { return false; }

 private:
  std::shared_ptr<engine::event_stream> stream_;
  socket_watch watch_;
  std::optional<event> ahead_;
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
