// REQ: a request and its reply as one operation, with a timeout and further attempts.
#pragma once

#include <cozmq/socket/operations.hpp>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
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

// When an attempt is over. What waits is woken then; whoever was woken a moment before is in no list, so that each is
// to look at expired() before it waits.
class deadline {
 public:
  deadline(engine::socket_core& s, std::chrono::milliseconds after) : timer_{s.executor(), after}
  {
    timer_.async_wait([state = state_, &s](std::error_code ec) {
      if (ec || state->over)
        return;
      state->expired = true;
      s.writers.wake_all(engine::wake::posted);
      s.readers.wake_all(engine::wake::posted);
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

// Repeats `attempt` with each wake of `list`, until it succeeds or fails, or until the deadline.
template <class Attempt>
asio::awaitable<void> repeat(engine::socket_core* s, engine::wait_list* list, deadline const* until,
                             Attempt const* attempt)
{
  std::uint32_t const before = s->endings();
  for (errc e = (*attempt)(); e != errc{}; e = (*attempt)()) {
    if (e == errc::would_block && until->expired())
      e = errc::timed_out;
    if (e != errc::would_block)
      throw error{e};
    co_await wait(s, list);
    check_endings(s, before);
  }
}

// Leaves the envelope ready for a next request when the attempts end, however they end: with their execution context the
// coroutine may go after everything else that kept the socket.
class request_scope {
 public:
  request_scope(engine::socket_core& s, routing::request_envelope& e)
      : socket_{s.shared_from_this()}, envelope_{e}
  {
    envelope_.busy = true;
  }
  request_scope(request_scope const&) = delete;
  request_scope& operator=(request_scope const&) = delete;
  ~request_scope()
  {
    envelope_.retrying = envelope_.busy = false;
    if (!answered)
      envelope_.abandon();
  }

  bool answered = false;

 private:
  std::shared_ptr<engine::socket_core> socket_;
  routing::request_envelope& envelope_;
};

// One attempt without a deadline.
template <class Pattern>
asio::awaitable<message> ask(core<Pattern>* s, message m)
{
  std::uint32_t const before = s->endings();
  co_await send(*s, std::move(m));
  check_endings(s, before);
  co_return co_await receive(s);
}

template <class Pattern>
asio::awaitable<message> request(core<Pattern>* s, message m, request_options options)
{
  if (errc const e = s->misuse(); e != errc{})
    throw error{e};
  if (s->exchange().envelope().busy)
    throw error{errc::operation_in_progress, "another request() is under way on this socket: await it first"};
  if (s->exchange().envelope().may_send() != errc{})
    throw error{errc::wrong_state};
  request_scope scope{*s, s->exchange().envelope()};
  if (options.timeout <= options.timeout.zero()) {
    message reply = co_await ask(s, std::move(m));
    scope.answered = true;
    co_return reply;
  }
  // A number in the envelope tells a late reply from the one that is awaited.
  s->exchange().envelope().retrying = true;
  for (unsigned attempt = 0; attempt <= options.retries; ++attempt) {
    s->exchange().envelope().retract();
    deadline const until{*s, options.timeout};
    message copy{m};
    message reply;
    auto const send_it = [s, &copy] { return s->try_send(copy); };
    auto const receive_it = [s, &reply] {
      errc const e = s->try_receive(reply);
      return e == errc::would_block && !s->readers.empty() ? errc::operation_in_progress : e;
    };
    try {
      co_await repeat(s, &s->writers, &until, &send_it);
      co_await repeat(s, &s->readers, &until, &receive_it);
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
