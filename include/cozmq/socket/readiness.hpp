// Waiting until a socket can be read from or written to, without doing it.
#pragma once

#include <cozmq/engine/socket_core.hpp>
#include <cozmq/socket/operations.hpp>

#include <asio/awaitable.hpp>
#include <asio/post.hpp>

#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

namespace cozmq {

namespace detail {

enum class readiness : std::uint8_t { readable, writable };

inline engine::wait_list& list_of(engine::socket_core& s, readiness which) noexcept
{
  return which == readiness::readable ? s.readers : s.writers;
}

/// Zero, `would_block`, or an error. One at a time may wait for a message; `waiting` says that this is the caller.
inline errc ready_for(engine::socket_core& s, readiness which, bool waiting = false)
{
  if (which == readiness::writable)
    return s.room();
  errc const e = s.look_ahead();
  return e == errc::would_block && !waiting && !s.readers.empty() ? errc::operation_in_progress : e;
}

inline asio::awaitable<void> wait_ready(engine::socket_core* s, readiness which)
{
  if (s->budget().spend())
    co_await pause_first(s);
  for (;;) {
    errc const e = ready_for(*s, which);
    if (e == errc{})
      co_return;
    if (e != errc::would_block)
      throw error{e};
    co_await wait(s, &list_of(*s, which));
  }
}

/// async_wait_readable and async_wait_writable as a composed operation.
struct ready_operation {
  std::shared_ptr<engine::socket_core>
      socket;  // it may be closed and gone while the operation completes elsewhere
  readiness which;
  bool started = false;
  bool done = false;
  std::error_code result{};

  template <class Self>
  void operator()(Self& self, std::error_code ec = {})
  {
    if (done)
      return self.complete(result);
    if (!started) {
      started = true;
      self.reset_cancellation_state(asio::enable_total_cancellation());
    }
    if (!ec)
      ec = code(ready_for(*socket, which));
    if (ec == errc::would_block && cancelled_before_waiting(self))
      ec = aborted();
    std::shared_ptr<engine::socket_core> const s = socket;
    if (ec == errc::would_block)
      return list_of(*s, which).async_wait(s->executor(), on_own_executor(s.get(), self));
    done = true;
    result = ec;
    asio::post(s->executor(), std::move(self));
  }
};

}  // namespace detail

/// An `asio::awaitable<void>` that remembers what it waits for, so that `||` and `&&` can wait for it among others.
class [[nodiscard]] ready_awaitable : public asio::awaitable<void> {
 public:
  ready_awaitable(engine::socket_core& s, detail::readiness which)
      : awaitable{detail::wait_ready(&s, which)}, socket_{&s}, which_{which}
  {
  }

  engine::socket_core& socket() const noexcept { return *socket_; }
  detail::readiness which() const noexcept { return which_; }

 private:
  engine::socket_core* socket_;
  detail::readiness which_;
};

}  // namespace cozmq
