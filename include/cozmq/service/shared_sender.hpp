// A handle through which any number of threads send to one socket.
#pragma once

#include <cozmq/service/carrier.hpp>
#include <cozmq/service/shared_queue.hpp>
#include <cozmq/socket/basic_socket.hpp>

#include <asio/async_result.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace cozmq {

namespace detail {

/// The socket's side of a shared_queue: stays with the socket until that closes, or nobody can send any more.
class shared_outbox final : public carrier<shared_outbox> {
 public:
  explicit shared_outbox(std::shared_ptr<engine::socket_core> socket) : carrier{std::move(socket)} {}

  /// For `senders`, once.
  std::shared_ptr<shared_queue> open()
  {
    auto way = carrier::socket().way();
    auto call = [way, weak = weak_from_this()] {
      return way->try_post([weak] {
        if (auto const self = weak.lock())
          self->move();
      });
    };
    queue_ = std::make_shared<shared_queue>(limit, std::move(way), std::move(call));
    begin();
    return queue_;
  }

 private:
  friend class carrier<shared_outbox>;

  shared_queue& outbox() noexcept { return *queue_; }
  void sent(std::size_t) noexcept {}  // to many threads no memory goes back
  void room(bool is) { queue_->set_room(is); }
  void taken() {}
  void stopped(errc why) { queue_->end(why); }

  void move()
  {
    if (over())
      return;
    send_all();
    if (queue_->deserted())
      std::erase_if(socket().suppliers, [this](auto const& each) { return each.get() == this; });
  }

  std::shared_ptr<shared_queue> queue_;
};

}  // namespace detail

/// Sends whole messages to one socket from any thread: of a pool, of another event loop, or without any. The socket lives
/// where it lives, and its owner uses it as before. Copies are for the same socket; each costs little.
///
/// What one thread sends through a sender and its copies arrives at the socket in the order of the calls; what several
/// threads send, message by message in some order. Up to 512 messages may be on their way to the socket, beside those that
/// its high-water mark counts; while the socket would not take a message, none is added. An error is that of the socket:
/// a message whose routing id nobody has is counted in `socket_stats::dropped`. A STREAM, and a ROUTER with
/// `option::router_mandatory`, wait for the peer that a message is for, and what follows waits behind it.
///
/// @par Lifetimes
/// Of no importance to the socket, nor the socket's to it. What was sent is delivered as if the socket's owner had sent it,
/// also when the socket is closed or the last sender is gone.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe, except for assignment.
class shared_sender {
 public:
  using duration = std::chrono::milliseconds;
  static constexpr duration forever = duration::max();

  /// For none yet, as when it was moved from: `errc::socket_closed`.
  shared_sender() = default;

  /// For a socket that sends, `blocking<...>` included. To be called where `bind` may be called.
  ///
  /// @par Errors
  /// Throws `error`: `errc::socket_closed`, `terminated`; `wrong_thread` on another thread of the socket's context.
  template <class Socket>
    requires requires { typename Socket::pattern_type; }
  explicit shared_sender(Socket& socket)
  {
    using pattern = typename Socket::pattern_type;
    if constexpr (!can_send<pattern>)
      pattern::template refuse_send<pattern>();
    static_assert(
        !sends_in_turns<pattern>,
        "REQ and REP send in turn, which threads cannot share: let them share a DEALER or a ROUTER, or give "
        "each of them a socket");
    std::shared_ptr<engine::socket_core> const core = socket.core();
    if (!core)
      throw error{errc::socket_closed};
    auto const open = [&core] {
      if (core->ended() != errc{})
        throw error{core->ended()};
      return std::make_shared<detail::shared_outbox>(core)->open();
    };
    hold_ = std::make_shared<hold>(detail::there(*core, open));
  }

  /// Sends one message: `send(m)`, or `send(frame, frame, ...)`. Returns when it is on its way; waits while the socket
  /// would take none.
  ///
  /// @par Errors
  /// Throws `error`: `errc::socket_closed` or `terminated` when the socket has ended, `empty_message`; `wrong_thread` when
  /// it would have to wait inside the socket's executor, where it can tell: on a thread that runs a strand's io_context,
  /// but not that strand, it waits.
  template <class... Frames>
    requires(sizeof...(Frames) > 0 && std::constructible_from<message, Frames...>)
  void send(Frames&&... frames) const
  {
    message m = detail::to_message(std::forward<Frames>(frames)...);
    (void)send_for(m, forever);
  }

  /// Sends `m` if that is possible within `time`. True: `m` is taken and now empty. Throws as `send` does.
  bool send_for(message& m, duration time) const
  {
    check(m);
    return settled(live().send(
        m, time == forever ? detail::shared_queue::never : std::chrono::steady_clock::now() + time));
  }

  /// Sends `m` if that is possible without waiting. Throws as `send` does, except `wrong_thread`.
  bool try_send(message& m) const
  {
    check(m);
    return settled(live().try_send(m));
  }

  /// Sends `m`; completes when it is on its way. For coroutines, on any executor: where most messages find room,
  /// `if (!sender.try_send(m)) co_await sender.async_send(std::move(m));` waits for the others only.
  ///
  /// @par Completion signature
  /// `void(std::error_code)`, on the handler's executor, never from inside this call.
  ///
  /// @par Errors
  /// As `send`, to the handler; `errc::socket_closed` of an empty sender is thrown.
  ///
  /// @par Cancellation
  /// total, partial and terminal while it waits; the message is then not sent. `asio::cancel_after` wants a timer here.
  ///
  /// @par Lifetimes
  /// The handler goes uncalled with its execution context; the message is then not sent, if it waited.
  template <asio::completion_token_for<void(std::error_code)> Token = asio::use_awaitable_t<>>
  auto async_send(message m, Token&& token = {}) const
  {
    live();
    return asio::async_initiate<Token, void(std::error_code)>(initiation{}, token, hold_, std::move(m));
  }

 private:
  // What all copies share; says when the last one is gone.
  struct hold {
    explicit hold(std::shared_ptr<detail::shared_queue> q) : queue{std::move(q)} {}
    hold(hold const&) = delete;
    hold& operator=(hold const&) = delete;
    ~hold() { queue->abandon(); }
    std::shared_ptr<detail::shared_queue> queue;
  };

  struct initiation {
    template <class Handler>
    void operator()(Handler&& handler, std::shared_ptr<hold> const& to, message m) const
    {
      to->queue->async_send(std::move(m), std::decay_t<Handler>(std::forward<Handler>(handler)));
    }
  };

  static void check(message const& m)
  {
    if (m.empty())
      throw error{errc::empty_message};
  }

  static bool settled(errc e)
  {
    if (e != errc{} && e != errc::would_block)
      throw error{e};
    return e == errc{};
  }

  detail::shared_queue& live() const
  {
    if (!hold_)
      throw error{errc::socket_closed};
    return *hold_->queue;
  }

  std::shared_ptr<hold> hold_;
};

}  // namespace cozmq
