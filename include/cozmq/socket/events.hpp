// Reading a socket's events.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/engine/event_stream.hpp>
#include <cozmq/socket/operations.hpp>

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/compose.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace cozmq {

namespace detail {

inline asio::awaitable<event> next_event(std::shared_ptr<engine::event_stream> from)
{
  event e;
  while (!from->pop(e)) {
    std::error_code ec = from->ended();
    if (!ec)
      co_await from->waiting.async_wait(from->executor(), asio::redirect_error(asio::use_awaitable, ec));
    if (ec)
      throw error{ec};
  }
  co_return e;
}

/// async_next as a composed operation.
struct event_operation {
  std::shared_ptr<engine::event_stream> from;
  event e{};
  bool started = false;
  bool done = false;
  bool waited = false;
  std::error_code result{};

  template <class Self>
  void operator()(Self& self, std::error_code ec = {})
  {
    if (done)
      return self.complete(result, std::move(e));
    if (!started) {
      started = true;
      self.reset_cancellation_state(asio::enable_total_cancellation());
    }
    std::shared_ptr<engine::event_stream> const stream = from;
    if (!ec && !stream->pop(e)) {
      ec = stream->ended();
      if (!ec && cancelled_before_waiting(self))
        ec = aborted();
      if (!ec) {
        waited = true;
        // Whatever executor the handler asks for, this step belongs on the socket's.
        return stream->waiting.async_wait(stream->executor(),
                                          asio::bind_executor(stream->executor(), std::move(self)));
      }
    }
    done = true;
    result = ec;
    // After a wait we are in a handler of our own already; before, in the initiating call, which must return first.
    if (waited)
      asio::dispatch(std::move(self));
    else
      asio::post(stream->executor(), std::move(self));
  }
};

}  // namespace detail

/// What `next()` returns: an awaitable event that can also be waited for, by `||` and `&&`, without being taken.
class [[nodiscard]] event_awaitable : public asio::awaitable<event> {
 public:
  explicit event_awaitable(std::shared_ptr<engine::event_stream> from)
      : awaitable{detail::next_event(from)}, stream_{std::move(from)}
  {
  }

  std::shared_ptr<engine::event_stream> const& stream() const noexcept { return stream_; }

 private:
  std::shared_ptr<engine::event_stream> stream_;
};

/// Reads the events of a socket. A cheap handle: all handles of a socket read from one stream, so that each event goes
/// to one reader. It may outlive its socket, whose last events it then still gives.
///
/// The stream keeps the newest 1000 events, or as `option::events` says; for older ones that nobody read in time there
/// is one event of kind `dropped`.
///
/// @par Thread safety
/// As the socket: use it on the socket's executor.
class event_reader {
 public:
  explicit event_reader(std::shared_ptr<engine::event_stream> from) : stream_{std::move(from)} {}

  /// The next event; completes when there is one. `co_await (socket.events().next() || timeout(1s))` loses none.
  ///
  /// @par Errors
  /// Throws `error` after the socket's last event: `asio::error::operation_aborted` when it was closed,
  /// `errc::terminated` when its context ended.
  ///
  /// @par Cancellation
  /// total, partial and terminal; the event stays for the next call.
  event_awaitable next() const { return event_awaitable{stream_}; }

  /// The next event if there is one now; never waits.
  std::optional<event> try_next() const
  {
    std::optional<event> e{std::in_place};
    if (!stream_->pop(*e))
      e.reset();
    return e;
  }

  /// As `next`, for any completion token.
  ///
  /// @par Completion signature
  /// `void(std::error_code, event)`, on the handler's executor, never from inside this call.
  ///
  /// @par Cancellation
  /// total, partial and terminal; the event stays for the next call.
  template <asio::completion_token_for<void(std::error_code, event)> Token>
  auto async_next(Token&& token) const
  {
    return asio::async_compose<Token, void(std::error_code, event)>(detail::event_operation{stream_}, token,
                                                                    stream_->executor());
  }

 private:
  std::shared_ptr<engine::event_stream> stream_;
};

}  // namespace cozmq
