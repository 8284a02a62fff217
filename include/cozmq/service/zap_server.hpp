// The ZAP handler of a context: answers all its sockets, and whoever else asks.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/engine/authentication.hpp>
#include <cozmq/service/zap_frames.hpp>
#include <cozmq/socket/context.hpp>
#include <cozmq/socket/operations.hpp>
#include <cozmq/socket/options/security.hpp>
#include <cozmq/socket/report.hpp>
#include <cozmq/socket/sockets.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace cozmq {

namespace detail {

using zap_socket = core<pattern::router>;

inline void answer_zap(zap_socket& s, engine::authenticator const& decide, zap_question q)
{
  engine::auth_answer const answer{[way = s.way(), weak = s.weak_from_this(),
                                    envelope = std::move(q.envelope),
                                    id = std::move(q.id)](auth_reply const& reply) {
    try {
      message m = envelope;
      append_zap_reply(m, id, reply);
      way->post([weak, m = std::move(m)]() mutable {
        if (auto const socket = weak.lock())
          (void)socket->try_send(m);  // who has asked may be gone
      });
    } catch (std::bad_alloc const&) {
      // Silence refuses as well, and this may be a destructor.
    }
  }};
  if (q.verdict)
    return answer(std::move(*q.verdict));
  try {
    decide(s.executor(), std::move(q.request), answer);
  } catch (...) {
    answer(engine::failed_with(std::current_exception()));
  }
}

inline asio::awaitable<void> serve_zap(std::shared_ptr<zap_socket> s, engine::authenticator decide)
{
  for (;;) {
    message const m = co_await receive(s.get());
    try {
      answer_zap(*s, decide, parse_zap_request(m));
    } catch (std::bad_alloc const&) {
      // This one gets no answer, and is refused. The next ones may.
    }
  }
}

// Its options are not those that the application sets for its own sockets: their greetings would be taken for requests.
inline void bind_zap(router_socket& socket)
{
  socket.core()->mutable_options() = {};
  socket.core()->options_changed();
  socket.bind(zap_endpoint);
}

inline asio::awaitable<void> serve_zap_here(context* ctx, engine::authenticator decide)
{
  auto const executor = co_await asio::this_coro::executor;
  router_socket socket{*ctx, executor};
  bind_zap(socket);
  co_await serve_zap(socket.core(), std::move(decide));
}

}  // namespace detail

/// The ZAP handler of a context, from its construction to its end: `cozmq::zap_server zap{ctx, decide}`. It answers the
/// sockets that have a `zap_authenticator`, and every REQ or DEALER that asks at inproc://zeromq.zap.01. [RFC 27]
///
/// `decide` is what `option::authenticator` takes: a function or a coroutine from `auth_request` to `auth_reply`, or such an
/// option. It is called on the server's executor; coroutines answer in any order. A request that is malformed, or for a
/// mechanism other than NULL, PLAIN and CURVE, gets a 500 without it.
///
/// @par Lifetimes
/// Whoever still waits for an answer when it ends does not get one, and a `zap_authenticator` then refuses the peer.
/// Coroutines of `decide` go on to their end.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe. As for a socket, it may be made and destroyed on any thread that is not
/// one of the context's.
class zap_server {
 public:
  /// Throws `error`: `errc::address_in_use` when the context has a handler, `terminated`, `too_many_sockets`.
  template <class Decide>
    requires std::constructible_from<option::authenticator, Decide>
  zap_server(context& ctx, Decide decide) : zap_server{ctx, ctx.get_executor(), std::move(decide)}
  {
  }

  /// On an executor of its own, for example a strand.
  template <class Decide>
    requires std::constructible_from<option::authenticator, Decide>
  zap_server(context& ctx, asio::any_io_executor executor, Decide decide) : socket_{ctx, std::move(executor)}
  {
    engine::authenticator ask = option::authenticator{std::move(decide)}.asks();
    detail::bind_zap(socket_);
    std::shared_ptr<detail::zap_socket> const s = socket_.core();
    asio::co_spawn(socket_.get_executor(), detail::serve_zap(s, std::move(ask)),
                   [s](std::exception_ptr left) {
                     if (s->ended() != errc{})
                       return;
                     detail::report(left, "a ZAP handler ended");
                     s->close();  // nobody is to wait for it
                   });
  }

  /// Ends it: the endpoint is free for another one.
  void close() noexcept { socket_.close(); }

 private:
  router_socket socket_;
};

/// As a `zap_server` for as long as it runs, on the executor of the coroutine: `co_await cozmq::serve_zap(ctx, decide)`. The
/// context must be there when it starts.
///
/// @par Errors
/// Throws `error`: `errc::address_in_use` when the context has a handler, `terminated`.
///
/// @par Cancellation
/// total, partial and terminal.
template <class Decide>
  requires std::constructible_from<option::authenticator, Decide>
asio::awaitable<void> serve_zap(context& ctx, Decide decide)
{
  return detail::serve_zap_here(&ctx, option::authenticator{std::move(decide)}.asks());
}

}  // namespace cozmq
