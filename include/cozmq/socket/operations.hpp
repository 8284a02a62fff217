// The waiting forms of send and receive, on top of the ones that never wait.
#pragma once

#include <cozmq/socket/core.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/compose.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace cozmq::detail {

// Where from a copy into the encoding buffer is no longer cheaper than an allocation of its own.
inline constexpr std::size_t lent_at_most = 32768;

/// Lets others run. A receive does so before it takes anything, so that a cancellation meanwhile loses nothing.
inline asio::awaitable<void> pause(engine::socket_core* s)
{
  co_await asio::post(s->executor(), asio::use_awaitable);
  s->budget().renew();
}

/// For an operation that was perhaps in no list when operations were ended: throws if they were, since `before`.
inline void check_endings(engine::socket_core const* s, std::uint32_t before)
{
  if (s->endings() != before)
    throw error{s->ended() == errc::terminated ? code(errc::terminated) : aborted()};
}

/// A pause before an operation, which has had no effect yet: what ends operations meanwhile ends it. On a socket that has
/// ended there is none: nobody keeps that socket for it.
inline asio::awaitable<void> pause_first(engine::socket_core* s)
{
  if (s->ended() != errc{})
    co_return;
  std::uint32_t const before = s->endings();
  co_await pause(s);
  check_endings(s, before);
}

/// Waits for one wake of `list`. Throws what ends the wait instead.
inline asio::awaitable<void> wait(engine::socket_core* s, engine::wait_list* list)
{
  std::error_code ec;
  co_await list->async_wait(s->executor(), asio::redirect_error(asio::use_awaitable, ec));
  if (ec)
    throw error{ec};
  s->budget().renew();
}

/// One frame of a message that is sent: bytes that the caller owns are lent for the call, if they are few enough to be
/// encoded at once; what the caller gives up is taken over.
template <class Source>
frame to_frame(Source&& source)
{
  if constexpr (std::same_as<std::remove_cvref_t<Source>, frame>) {
    return std::forward<Source>(source);
  } else if constexpr (std::convertible_to<Source, byte_view> &&
                       !std::convertible_to<Source, std::string_view>) {
    byte_view const bytes{source};
    return bytes.size() < lent_at_most ? frame::lend(bytes) : frame{bytes};
  } else if constexpr (std::convertible_to<Source, std::string_view>) {
    std::string_view const text{source};
    if (text.size() < lent_at_most)
      return frame::lend(as_bytes(text));
    return frame(std::forward<Source>(source));
  } else {
    return frame(std::forward<Source>(source));
  }
}

template <class... Sources>
message to_message(Sources&&... sources)
{
  if constexpr (sizeof...(Sources) == 1 && (std::same_as<std::remove_cvref_t<Sources>, message> && ...))
    return message(std::forward<Sources>(sources)...);
  else
    return message(to_frame(std::forward<Sources>(sources))...);
}

template <class Pattern>
asio::awaitable<void> send_slowly(core<Pattern>* s, message m, errc e)
{
  for (; e != errc{}; e = s->try_send(m)) {
    if (e != errc::would_block)
      throw error{e};
    co_await wait(s, &s->writers);
  }
}

inline asio::awaitable<void> done()
{
  co_return;
}

/// Sends at once if that is possible; only what is left, waiting or letting others run, is for the awaitable.
template <class Pattern>
asio::awaitable<void> send(core<Pattern>& s, message&& m)
{
  if (errc const e = s.try_send(m); e != errc{}) [[unlikely]] {
    m.keep();
    return send_slowly(&s, std::move(m), e);
  }
  if (s.budget().spend()) [[unlikely]]
    return pause(&s);
  return done();
}

template <class Pattern>
asio::awaitable<void> receive_slowly(core<Pattern>* s, message* m, errc e)
{
  for (; e != errc{}; e = s->try_receive(*m)) {
    if (e == errc::would_block && !s->readers.empty())
      e = errc::operation_in_progress;
    if (e != errc::would_block)
      throw error{e};
    co_await wait(s, &s->readers);
  }
}

// On the fast path nothing is awaited, and what waits has a frame of its own: Asio recycles small frames only.
template <class Pattern>
asio::awaitable<message> receive(core<Pattern>* s)
{
  if (s->budget().spend()) [[unlikely]]
    co_await pause_first(s);
  message m;
  if (errc const e = s->try_receive(m); e != errc{}) [[unlikely]]
    co_await receive_slowly(s, &m, e);
  co_return m;
}

// A pause comes before the first message: afterwards nothing can end the operation, and so nothing is lost.
template <class Pattern>
asio::awaitable<std::size_t> receive_some(core<Pattern>* s, std::span<message> to)
{
  if (to.empty())
    co_return 0;
  if (s->budget().spend()) [[unlikely]]
    co_await pause_first(s);
  if (errc const e = s->try_receive(to[0]); e != errc{})
    co_await receive_slowly(s, &to[0], e);
  std::size_t count = 1;
  while (count < to.size() && !s->budget().spend() && s->try_receive(to[count]) == errc{})
    ++count;
  co_return count;
}

template <class Pattern>
asio::awaitable<std::size_t> send_some(core<Pattern>* s, std::span<message> from)
{
  if (from.empty())
    co_return 0;
  if (s->budget().spend()) [[unlikely]]
    co_await pause_first(s);
  for (errc e = s->try_send(from[0]); e != errc{}; e = s->try_send(from[0])) {
    if (e != errc::would_block)
      throw error{e};
    co_await wait(s, &s->writers);
  }
  std::size_t count = 1;
  while (count < from.size() && !s->budget().spend() && s->try_send(from[count]) == errc{})
    ++count;
  co_return count;
}

// Whatever executor the completion handler asks for (use_future asks for a thread pool), the steps before it touch the
// socket and belong on the socket's executor.
template <class Self>
auto on_own_executor(engine::socket_core* s, Self& self)
{
  return asio::bind_executor(s->executor(), std::move(self));
}

/// Whether a composed operation that cannot go on yet was cancelled after its last wake, before this step: it was in no
/// list then, so that nobody else will end it.
template <class Self>
bool cancelled_before_waiting(Self const& self)
{
  return self.get_cancellation_state().cancelled() != asio::cancellation_type::none;
}

/// async_send as a composed operation.
template <class Pattern>
struct send_operation {
  std::shared_ptr<core<Pattern>> socket;  // it may be closed and gone while the operation completes elsewhere
  message m;
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
      ec = code(socket->try_send(m));
    if (ec == errc::would_block && cancelled_before_waiting(self))
      ec = aborted();
    if (ec == errc::would_block) {
      std::shared_ptr<core<Pattern>> const s = socket;
      return s->writers.async_wait(s->executor(), on_own_executor(s.get(), self));
    }
    done = true;
    result = ec;
    std::shared_ptr<core<Pattern>> const s = socket;
    asio::post(s->executor(), std::move(self));
  }
};

/// async_receive as a composed operation.
template <class Pattern>
struct receive_operation {
  std::shared_ptr<core<Pattern>> socket;  // it may be closed and gone while the operation completes elsewhere
  message m{};
  bool started = false;
  bool done = false;
  bool waited = false;
  std::error_code result{};

  template <class Self>
  void operator()(Self& self, std::error_code ec = {})
  {
    if (done)
      return self.complete(result, std::move(m));
    if (!started) {
      started = true;
      self.reset_cancellation_state(asio::enable_total_cancellation());
    }
    if (!ec)
      ec = code(socket->try_receive(m));
    if (ec == errc::would_block && cancelled_before_waiting(self))
      ec = aborted();
    else if (ec == errc::would_block && !socket->readers.empty())
      ec = errc::operation_in_progress;
    std::shared_ptr<core<Pattern>> const s = socket;
    if (ec == errc::would_block) {
      waited = true;
      return s->readers.async_wait(s->executor(), on_own_executor(s.get(), self));
    }
    done = true;
    result = ec;
    // After a wait we are in a handler of our own already; before, in the initiating call, which must return first.
    if (waited)
      asio::dispatch(std::move(self));
    else
      asio::post(s->executor(), std::move(self));
  }
};

}  // namespace cozmq::detail
