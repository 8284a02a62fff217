// REQ: a request and its reply as one operation, with a timeout and further attempts.
#pragma once

#include <cozmq/socket/operations.hpp>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace cozmq {

/// How long to wait for a reply, and how often to ask again.
struct request_options {
  /// Per attempt; zero waits for ever.
  std::chrono::milliseconds timeout{0};
  /// Further attempts after the first.
  unsigned retries = 0;
};

// g++ 12 destroys aggregates with non-trivial members twice inside a co_await expression.
static_assert(std::is_trivially_destructible_v<request_options>);

namespace detail {

// Ends what waits on `list` at its deadline, unless it is destroyed earlier.
class deadline {
 public:
  deadline(asio::any_io_executor const& executor, std::chrono::milliseconds after) : timer_{executor}
  {
    timer_.expires_after(after);
  }

  void guard(engine::wait_list& list)
  {
    timer_.async_wait([state = state_, &list](std::error_code ec) {
      if (ec || state->over)
        return;
      state->expired = true;
      list.wake_all(engine::wake::posted, errc::timed_out);
    });
  }

  ~deadline() { state_->over = true; }
  bool expired() const noexcept { return state_->expired; }

 private:
  struct flags {
    bool over = false;
    bool expired = false;
  };
  asio::steady_timer timer_;
  std::shared_ptr<flags> state_ = std::make_shared<flags>();
};

// Leaves the envelope ready for a next request when the attempts end, however they end.
class request_scope {
 public:
  explicit request_scope(routing::request_envelope& e) : envelope_{e} {}
  request_scope(request_scope const&) = delete;
  request_scope& operator=(request_scope const&) = delete;
  ~request_scope()
  {
    envelope_.retrying = false;
    if (!answered)
      envelope_.abandon();
  }

  bool answered = false;

 private:
  routing::request_envelope& envelope_;
};

template <class Pattern>
asio::awaitable<message> request(core<Pattern>* s, message m, request_options options)
{
  if (s->exchange().envelope().may_send() != errc{})
    throw error{errc::wrong_state};
  request_scope scope{s->exchange().envelope()};
  if (options.timeout <= options.timeout.zero()) {
    co_await send(*s, std::move(m));
    message reply = co_await receive(s);
    scope.answered = true;
    co_return reply;
  }
  // A number in the envelope tells a late reply from the one that is awaited.
  s->exchange().envelope().retrying = true;
  for (unsigned attempt = 0; attempt <= options.retries; ++attempt) {
    s->exchange().envelope().retract();
    deadline until{s->executor(), options.timeout};
    message copy{m};
    try {
      until.guard(s->writers);
      co_await send(*s, std::move(copy));
      until.guard(s->readers);
      message reply = co_await receive(s);
      scope.answered = true;
      co_return reply;
    } catch (error const& e) {
      if (e.code() != errc::timed_out)
        throw;
    }
  }
  throw error{errc::timed_out, fmt::format("no reply in {} attempts of {} ms each", options.retries + 1,
                                           options.timeout.count())};
}

}  // namespace detail
}  // namespace cozmq
