// The socket: an Asio I/O object that moves whole messages, made for a pattern.
#pragma once

#include <cozmq/socket/closing.hpp>
#include <cozmq/socket/context.hpp>
#include <cozmq/socket/core.hpp>
#include <cozmq/socket/events.hpp>
#include <cozmq/socket/operations.hpp>
#include <cozmq/socket/options.hpp>
#include <cozmq/socket/readiness.hpp>
#include <cozmq/socket/receive_awaitable.hpp>
#include <cozmq/socket/request.hpp>
#include <cozmq/socket/watch.hpp>

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace cozmq {

/// A ZeroMQ socket of a pattern. What a pattern cannot do does not compile, and the compiler says what to use instead.
///
/// Messages are whole: all frames of one arrive, or none. A completed send means that the message is in our queue.
/// The socket connects, reconnects and accepts in the background; its executor must be running.
///
/// @par Cancellation
/// Every waiting operation supports total, partial and terminal cancellation, and the socket stays usable after it: a
/// cancelled receive leaves the message queued, a cancelled send has queued nothing.
///
/// @par Lifetimes
/// Move-only. Moving does not disturb pending operations; destroying ends them with `asio::error::operation_aborted`,
/// never waits, and leaves the delivery of what is queued to the executor, as `option::linger` says.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe. With a multi-threaded executor give the socket a strand and call it
/// on that strand. On a thread of its context, use it there; what sets it up, asks for its peers, cancels and closes may
/// come from any thread that is not the context's, one at a time.
/// Without NDEBUG, a call on a wrong thread, or while another thread is inside, fails with `errc::wrong_thread` and is
/// logged; `readable` and `writable` then say false.
template <pattern::policy Pattern, class Executor = asio::any_io_executor>
class basic_socket {
 public:
  using pattern_type = Pattern;
  using executor_type = Executor;
  template <class Other>
  struct rebind_executor {
    using other = basic_socket<Pattern, Other>;
  };

  /// A socket on the context's executor, with the context's default options.
  ///
  /// @par Errors
  /// Throws `error`: `errc::terminated` when the context is shut down, `too_many_sockets`.
  explicit basic_socket(context& ctx) : basic_socket{ctx, ctx.get_executor()} {}

  /// A socket on an executor of its own, for example a strand.
  basic_socket(context& ctx, Executor executor) : executor_{std::move(executor)}
  {
    if (ctx.core()->terminated())
      throw error{errc::terminated};
    core_ = std::make_shared<detail::core<Pattern>>(ctx.core(), asio::any_io_executor{executor_});
    core_->begin();
    core_->options_changed();
    if (errc const e = ctx.core()->add(core_, core_->executor()); e != errc{})
      throw error{e};
  }

  // What is moved from is closed, and still has its executor, as with Asio's own sockets.
  basic_socket(basic_socket&& other) noexcept : core_{std::move(other.core_)}, executor_{other.executor_} {}
  basic_socket& operator=(basic_socket&& other) noexcept
  {
    if (this != &other) {
      close();
      core_ = std::move(other.core_);
      executor_ = other.executor_;
    }
    return *this;
  }
  ~basic_socket() { close(); }

  executor_type get_executor() const noexcept { return executor_; }
  static constexpr socket_type type() noexcept { return Pattern::type; }

  // ---- endpoints ----------------------------------------------------------------------------------------------------

  /// Listens on `endpoint`, for example "tcp://*:5555" or "ipc://weather.ipc", and returns it as it really is, ports and
  /// wildcards filled in. Takes numeric addresses, `*` and names of network interfaces; port `*` or 0 is any free one.
  ///
  /// @par Errors
  /// Throws `error`: `errc::invalid_endpoint`, `unknown_transport`, `address_in_use`, or what the system says.
  std::string bind(std::string_view endpoint)
  {
    return throwing([&](std::error_code& ec, std::string& why) { return live().bind(endpoint, ec, why); });
  }
  std::string bind(std::string_view endpoint, std::error_code& ec)
  {
    std::string why;
    return either([&] { return core_->bind(endpoint, ec, why); }, ec);
  }

  /// Connects to `endpoint` in the background, now and whenever the connection is lost, and returns the text that
  /// `disconnect` takes. The peer need not exist yet; messages are queued for it unless `option::immediate` is set.
  ///
  /// @par Errors
  /// Throws `error` for an endpoint that can never work. Trouble on the way is logged, see `set_log`; a connection
  /// can be waited for with `wait_connected`.
  std::string connect(std::string_view endpoint)
  {
    return throwing([&](std::error_code& ec, std::string& why) { return live().connect(endpoint, ec, why); });
  }
  std::string connect(std::string_view endpoint, std::error_code& ec)
  {
    std::string why;
    return either([&] { return core_->connect(endpoint, ec, why); }, ec);
  }

  /// Stops listening on what `bind` returned and closes the connections that came in there. Messages that have been
  /// received stay readable. Throws `error` with `errc::no_such_endpoint`.
  void unbind(std::string_view endpoint)
  {
    throwing([&](std::error_code& ec, std::string&) { live().unbind(endpoint, ec); });
  }
  void unbind(std::string_view endpoint, std::error_code& ec)
  {
    either([&] { core_->unbind(endpoint, ec); }, ec);
  }

  /// Ends all connections to what `connect` returned. What was received and not read from there is discarded, what is
  /// queued is delivered as `option::linger` allows. Throws `error` with `errc::no_such_endpoint`.
  void disconnect(std::string_view endpoint)
  {
    throwing([&](std::error_code& ec, std::string&) { live().disconnect(endpoint, ec); });
  }
  void disconnect(std::string_view endpoint, std::error_code& ec)
  {
    either([&] { core_->disconnect(endpoint, ec); }, ec);
  }

  /// Ends the connection to one peer, which `peers` or an event names; a connecting endpoint dials again, on either
  /// side. What was received stays readable, what is queued is lost where the peer was accepted. Throws `error` with
  /// `errc::no_such_peer`.
  void disconnect(peer_id peer)
  {
    throwing([&](std::error_code& ec, std::string&) { live().disconnect(peer, ec); });
  }
  void disconnect(peer_id peer, std::error_code& ec)
  {
    either([&] { core_->disconnect(peer, ec); }, ec);
  }

  // ---- options ------------------------------------------------------------------------------------------------------

  /// Sets an option; each says in cozmq::option when it takes effect. Throws `error` with `errc::invalid_option`.
  template <socket_option Option>
  void set_option(Option const& option)
  {
    std::error_code ec;
    set_option(option, ec);
    if (ec)
      detail::refuse_option<Option>(ec);
  }
  template <socket_option Option>
  void set_option(Option const& option, std::error_code& ec)
  {
    static_assert(Option::applies_to(Pattern::type), "this socket type has no use for this option");
    either(
        [&] {
          ec = option.apply(core_->mutable_options());
          if (!ec) {
            core_->options_changed();
            core_->reconsider();
          }
        },
        ec);
  }

  /// Reads an option back: `socket.get_option<cozmq::option::send_hwm>()`.
  template <readable_option Option>
  Option get_option() const
  {
    static_assert(Option::applies_to(Pattern::type), "this socket type has no use for this option");
    return there([this] { return Option::read(live().options()); });
  }

  // ---- sending ------------------------------------------------------------------------------------------------------

  /// Sends one message: `send(m)`, or `send(frame, frame, ...)`, each text, bytes or a frame. Completes when the message
  /// is queued for a peer, which is before it reaches it; waits while there is no peer or all are full, or
  /// drops, as the pattern says.
  ///
  /// The message is queued by this call already if there is room, and `co_await` then does not suspend; bytes that are
  /// passed by reference are copied before the call returns.
  ///
  /// @par Errors
  /// Throws `error` when awaited: `errc::wrong_state` (REQ and REP out of turn), `terminated`, `empty_message`.
  ///
  /// @par Cancellation
  /// total, partial and terminal while it waits; the message is then not queued.
  template <class... Frames>
    requires(sizeof...(Frames) > 0 && std::constructible_from<message, Frames...>)
  asio::awaitable<void> send(Frames&&... frames)
  {
    if constexpr (!can_send<Pattern>)
      Pattern::template refuse_send<std::tuple<Frames...>>();
    return detail::send(live(), detail::to_message(std::forward<Frames>(frames)...));
  }

  /// Sends messages from the front of `messages`, and says how many: waits until the first can be sent, then goes on
  /// while there is room and others need not run. Those sent are empty afterwards, the others as they were. `messages`
  /// must live until then.
  ///
  /// @par Errors
  /// Throws as `send` does, for the first message; what is wrong with a later one ends the count before it.
  ///
  /// @par Cancellation
  /// total, partial and terminal while it waits; nothing is sent then.
  asio::awaitable<std::size_t> send_some(std::span<message> messages)
  {
    if constexpr (!can_send<Pattern>)
      Pattern::template refuse_send<Pattern>();
    return detail::send_some(&live(), messages);
  }

  /// Sends `m` if that is possible without waiting. True: `m` is taken and now empty. False: nothing has happened.
  /// Throws as `send` does.
  bool try_send(message& m)
  {
    std::error_code ec;
    bool const sent = try_send(m, ec);
    if (ec && ec != errc::would_block)
      throw error{ec};
    return sent;
  }
  bool try_send(message& m, std::error_code& ec)
  {
    if constexpr (!can_send<Pattern>)
      Pattern::template refuse_send<Pattern>();
    errc const e = core_ ? core_->try_send(m) : errc::socket_closed;
    ec = detail::code(e);
    return e == errc{};
  }

  /// As `send`, for any completion token.
  ///
  /// @par Completion signature
  /// `void(std::error_code)`, on the handler's executor, never from inside this call.
  ///
  /// @par Cancellation
  /// total, partial and terminal; a cancelled send has queued nothing.
  template <
      asio::completion_token_for<void(std::error_code)> Token = asio::default_completion_token_t<Executor>>
  auto async_send(message m, Token&& token = asio::default_completion_token_t<Executor>{})
  {
    if constexpr (!can_send<Pattern>)
      Pattern::template refuse_send<Token>();
    return asio::async_compose<Token, void(std::error_code)>(
        detail::send_operation<Pattern>{shared(), std::move(m)}, token, executor_);
  }

  // ---- receiving ----------------------------------------------------------------------------------------------------

  /// Receives one message; completes when there is one. `co_await (a.recv() || b.recv())` and
  /// `co_await (a.recv() || timeout(1s))` lose nothing: the side that is not ready takes nothing.
  ///
  /// @par Errors
  /// Throws `error`: `errc::wrong_state`, `terminated`, `operation_in_progress` (two at a time on one socket).
  receive_awaitable<Pattern> recv()
  {
    if constexpr (!can_receive<Pattern>)
      Pattern::template refuse_receive<Pattern>();
    return receive_awaitable<Pattern>{live()};
  }

  /// Receives messages into the front of `to`, and says how many: waits for the first, then takes what else is there, as
  /// long as others need not run. `to` must live until then; what was in it is replaced, from the front. In `||` await
  /// `wait_readable` instead, and this when it has won.
  ///
  /// @par Errors
  /// Throws as `recv` does.
  ///
  /// @par Cancellation
  /// total, partial and terminal while it waits; nothing is taken then.
  asio::awaitable<std::size_t> recv_some(std::span<message> to)
  {
    if constexpr (!can_receive<Pattern>)
      Pattern::template refuse_receive<Pattern>();
    return detail::receive_some(&live(), to);
  }

  /// A message if there is one now; never waits. Throws as `recv` does.
  std::optional<message> try_recv()
  {
    std::error_code ec;
    std::optional<message> m = try_recv(ec);
    if (ec && ec != errc::would_block)
      throw error{ec};
    return m;
  }
  std::optional<message> try_recv(std::error_code& ec)
  {
    if constexpr (!can_receive<Pattern>)
      Pattern::template refuse_receive<Pattern>();
    std::optional<message> m{std::in_place};
    errc const e = core_ ? core_->try_receive(*m) : errc::socket_closed;
    ec = detail::code(e);
    if (e != errc{})
      m.reset();
    return m;
  }

  /// As `recv`, for any completion token.
  ///
  /// @par Completion signature
  /// `void(std::error_code, message)`, on the handler's executor, never from inside this call.
  ///
  /// @par Cancellation
  /// total, partial and terminal; no message is lost.
  template <asio::completion_token_for<void(std::error_code, message)> Token =
                asio::default_completion_token_t<Executor>>
  auto async_recv(Token&& token = asio::default_completion_token_t<Executor>{})
  {
    if constexpr (!can_receive<Pattern>)
      Pattern::template refuse_receive<Token>();
    return asio::async_compose<Token, void(std::error_code, message)>(
        detail::receive_operation<Pattern>{shared()}, token, executor_);
  }

  // ---- readiness ----------------------------------------------------------------------------------------------------

  /// Is there a whole message to receive without waiting? False out of turn (REQ, REP) and when the socket has ended.
  bool readable()
  {
    if constexpr (!can_receive<Pattern>)
      Pattern::template refuse_receive<Pattern>();
    return core_ && core_->look_ahead() == errc{};
  }

  /// Would a send be accepted without waiting? For PUB and its like always; false out of turn (REQ, REP) and when the
  /// socket has ended.
  bool writable()
  {
    if constexpr (!can_send<Pattern>)
      Pattern::template refuse_send<Pattern>();
    return core_ && core_->room() == errc{};
  }

  /// Completes when `try_recv` gives a message, and takes nothing itself; may stand in `||` and `&&`.
  ///
  /// @par Errors
  /// Throws as `recv` does; `operation_in_progress` when a receive or a poller waits on this socket already.
  ///
  /// @par Cancellation
  /// total, partial and terminal.
  ready_awaitable wait_readable()
  {
    if constexpr (!can_receive<Pattern>)
      Pattern::template refuse_receive<Pattern>();
    return {live(), detail::readiness::readable};
  }

  /// Completes when `try_send` is accepted; by the time of a later call another sender may have been first. Throws as
  /// `send` does.
  ///
  /// @par Cancellation
  /// total, partial and terminal.
  ready_awaitable wait_writable()
  {
    if constexpr (!can_send<Pattern>)
      Pattern::template refuse_send<Pattern>();
    return {live(), detail::readiness::writable};
  }

  /// As `wait_readable`, for any completion token.
  ///
  /// @par Completion signature
  /// `void(std::error_code)`, on the handler's executor, never from inside this call.
  template <
      asio::completion_token_for<void(std::error_code)> Token = asio::default_completion_token_t<Executor>>
  auto async_wait_readable(Token&& token = asio::default_completion_token_t<Executor>{})
  {
    if constexpr (!can_receive<Pattern>)
      Pattern::template refuse_receive<Token>();
    return asio::async_compose<Token, void(std::error_code)>(
        detail::ready_operation{shared(), detail::readiness::readable}, token, executor_);
  }

  /// As `wait_writable`, for any completion token.
  ///
  /// @par Completion signature
  /// `void(std::error_code)`, on the handler's executor, never from inside this call.
  template <
      asio::completion_token_for<void(std::error_code)> Token = asio::default_completion_token_t<Executor>>
  auto async_wait_writable(Token&& token = asio::default_completion_token_t<Executor>{})
  {
    if constexpr (!can_send<Pattern>)
      Pattern::template refuse_send<Token>();
    return asio::async_compose<Token, void(std::error_code)>(
        detail::ready_operation{shared(), detail::readiness::writable}, token, executor_);
  }

  // ---- what some patterns have --------------------------------------------------------------------------------------

  /// REQ: sends a request and receives its reply. With a timeout, gives each attempt that long and sends again up to
  /// `retries` times; a late reply to an earlier attempt is not mistaken for the current one. The socket can be used for
  /// a next request whatever happened.
  ///
  /// @par Errors
  /// Throws `error`: `errc::timed_out` after the last attempt, `wrong_state`, `terminated`; `operation_in_progress` while
  /// another request() of this socket is under way, which goes on.
  asio::awaitable<message> request(message m, request_options options = {})
    requires std::same_as<typename Pattern::envelope, routing::request_envelope>
  {
    return detail::request(&live(), std::move(m), options);
  }

  /// SUB, XSUB: receives from now on what starts with `topic`, any bytes; "" is everything. Topics add up, and one that is
  /// subscribed to twice must be unsubscribed twice.
  /// XPUB with `option::xpub_manual`: lets the peer whose request was received last have it; nothing happens if that peer
  /// is gone.
  ///
  /// @par Errors
  /// Throws `error`: `errc::not_supported` on an XPUB without `option::xpub_manual`.
  void subscribe(std::string_view topic)
    requires requires(typename Pattern::inbound in) { in.subscribe(byte_view{}); }
  {
    auto const subscribe = [&] { return live().exchange().inbound().subscribe(as_bytes(topic)); };
    if (errc const e = there(subscribe); e != errc{})
      throw error{e};
  }

  /// SUB, XSUB, XPUB: takes one subscription back. False when there was none to `topic`.
  bool unsubscribe(std::string_view topic)
    requires requires(typename Pattern::inbound in) { in.unsubscribe(byte_view{}); }
  {
    return there([&] { return live().exchange().inbound().unsubscribe(as_bytes(topic)); });
  }

  /// How many different topics are subscribed to: by a SUB or XSUB, or by all peers of a PUB or XPUB.
  std::size_t topics_count() const
    requires requires(typename Pattern::inbound in) { in.topics(); } ||
             requires(typename Pattern::outbound out) { out.topics(); }
  {
    return there([this] {
      if constexpr (requires(typename Pattern::inbound in) { in.topics(); })
        return live().exchange().inbound().topics();
      else
        return live().exchange().outbound().topics();
    });
  }

  /// PUB, XPUB: completes when at least `count` peers would receive a message that starts with `topic`, so that publishing
  /// right afterwards loses nothing. Throws `error` with `errc::terminated`.
  asio::awaitable<void> wait_subscribers(std::string_view topic, std::size_t count = 1)
    requires requires(typename Pattern::outbound out) { out.subscribers(byte_view{}); }
  {
    return detail::wait_subscribers(&live(), std::string{topic}, count);
  }

  /// SUB, XSUB: completes when all present subscriptions are active at `count` publishers or more, so that nothing is
  /// missed that they send afterwards.
  ///
  /// Over a connection the publisher is asked with a PING, and its PONG follows what it was told before. A cozmq
  /// publisher has then applied it. A libzmq publisher has it in its queue and applies it when its thread next comes to
  /// it: in a send, but at most every millisecond or so. A publisher of ZMTP 3.0 cannot be asked and does not count; a
  /// manual XPUB may still decide otherwise. The PONG comes behind the messages that wait to be received.
  ///
  /// Throws `error`, for example with `errc::terminated`.
  asio::awaitable<void> wait_subscribed(std::size_t count = 1)
    requires requires(typename Pattern::inbound in) { in.active_at(); }
  {
    return detail::wait_subscribed(&live(), count);
  }

  // ---- state --------------------------------------------------------------------------------------------------------

  /// Completes when at least `count` peers are connected, their handshakes complete.
  ///
  /// Throws `error`: why the last endpoint gave up, for example `errc::refused_by_peer` or `errc::mechanism_mismatch`, when
  /// the socket only connects and all its endpoints have given up; `errc::terminated` or `errc::socket_closed` when it ends.
  asio::awaitable<void> wait_connected(std::size_t count = 1)
  {
    return detail::wait_connected(static_cast<engine::socket_core*>(&live()), count);
  }

  /// How many peers are connected now.
  std::size_t connected_peers() const
  {
    return core_ ? there([this] { return core_->connected_peers(); }) : 0;
  }

  /// The peers that are connected now, the oldest connection first.
  std::vector<peer_info> peers() const
  {
    return core_ ? there([this] { return core_->connected(); }) : std::vector<peer_info>{};
  }

  /// What the socket has counted since it was made. Costs nothing until it is asked for.
  socket_stats stats() const
  {
    return core_ ? there([this] { return core_->stats(); }) : socket_stats{};
  }

  /// What happens to the socket's endpoints and connections. The first call, or `option::events`, switches it on: call
  /// it before `bind` and `connect` to see all. Throws `error` with `errc::socket_closed`.
  event_reader events()
  {
    return there([this] { return event_reader{live().events()}; });
  }

  /// Ends pending operations with `asio::error::operation_aborted`; the socket stays usable.
  void cancel()
  {
    if (core_)
      there([this] { core_->cancel(); });
  }

  /// Ends the socket: pending operations end with `asio::error::operation_aborted`, ports are free at once, and what is
  /// queued is delivered in the background as `option::linger` says. Returns at once; closing again does nothing.
  void close() noexcept
  {
    if (auto const closing = std::exchange(core_, nullptr))
      detail::close(*closing);
  }

  /// Ends the socket as above, now, and completes when what was queued is delivered, or given up after `time`; says how
  /// many messages were which. `time` stands for `option::linger`. Destroying the awaitable does not stop delivery.
  ///
  /// @par Cancellation
  /// total, partial and terminal; delivery goes on.
  asio::awaitable<close_report> close(std::chrono::milliseconds time)
  {
    std::shared_ptr<engine::socket_core> const closing = core_;
    if (closing)
      there([&] { closing->close(aborted(), time); });
    core_ = nullptr;
    return detail::all_closed({closing});
  }

  bool is_open() const
  {
    return core_ && there([this] { return !core_->closed(); });
  }

  /// For what is built from sockets, such as `poller` and `forwarder`; null when closed.
  std::shared_ptr<detail::core<Pattern>> const& core() const noexcept { return core_; }

 private:
  detail::core<Pattern>& live() const
  {
    if (!core_)
      throw error{errc::socket_closed};
    return *core_;
  }

  std::shared_ptr<detail::core<Pattern>> const& shared() const
  {
    (void)live();
    return core_;
  }

  template <class Call>
  auto there(Call call) const
  {
    return core_ ? detail::there(*core_, call) : call();
  }

  // There, or an error for a closed socket.
  template <class Call>
  auto either(Call call, std::error_code& ec)
  {
    ec = !core_                                             ? errc::socket_closed
         : core_->is_elsewhere() && core_->on_some_thread() ? errc::wrong_thread
                                                            : errc{};
    if (ec)
      return decltype(call())();
    try {
      return there(call);
    } catch (error const& e) {
      ec = e.code();  // its thread ends meanwhile
      return decltype(call())();
    }
  }

  template <class Call>
  auto throwing(Call&& call)
  {
    std::error_code ec;
    std::string why;
    auto const action = [&] { return call(ec, why); };
    if constexpr (std::is_void_v<decltype(action())>) {
      there(action);
      if (ec)
        throw error{ec};
    } else {
      auto result = there(action);
      if (ec)
        throw error{ec, std::move(why)};
      return result;
    }
  }

  std::shared_ptr<detail::core<Pattern>> core_;
  Executor executor_;
};

}  // namespace cozmq
