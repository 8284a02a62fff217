// Sockets for threads that have no event loop: every call waits until it is done.
#pragma once

#include <cozmq/service/handover.hpp>
#include <cozmq/socket/basic_socket.hpp>
#include <cozmq/socket/select.hpp>
#include <cozmq/socket/timeout.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq {

/// A socket whose calls block. It lives on an I/O thread of its context, which connects, receives and sends in the
/// background, also while the application does something else; the context must have threads of its own.
///
/// Between the two threads up to 512 messages may be on their way in each direction, beside those that the high-water marks
/// count. A REQ, a REP and an XPUB, and what a ROUTER or STREAM sends, go message by message, so that every error is
/// that of the call.
///
/// @par Lifetimes
/// Destroying it closes it: what was sent is delivered in the background, as `option::linger` says.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe; from one thread to another it may be moved.
template <class Socket>
class blocking : private Socket {
  using pattern = typename Socket::pattern_type;
  using clock = std::chrono::steady_clock;
  static constexpr socket_type_set one_by_one_in{socket_type::req, socket_type::rep, socket_type::xpub};
  static constexpr socket_type_set one_by_one_out{socket_type::req, socket_type::rep, socket_type::xpub,
                                                  socket_type::router, socket_type::stream};
  static constexpr bool queues_in = can_receive<pattern> && !one_by_one_in.contains(pattern::type);
  static constexpr bool queues_out = can_send<pattern> && !one_by_one_out.contains(pattern::type);

 public:
  using pattern_type = pattern;
  static constexpr std::chrono::milliseconds forever = std::chrono::milliseconds::max();

  /// Throws `error`: as the socket's own constructor, and `errc::no_io_threads` when the context has none.
  explicit blocking(context& ctx) : Socket{ctx}
  {
    if (ctx.threads().count == 0)
      throw error{errc::no_io_threads};
    if (this->core()->on_some_thread())
      throw error{errc::wrong_thread};  // every call would wait for this very thread
    if constexpr (queues_in || queues_out) {
      handover_ = std::make_shared<detail::handover>(this->core(), queues_in, queues_out);
      auto const begin = [this] { handover_->begin(); };
      this->core()->way()->call(begin);
    }
  }

  blocking(blocking&&) noexcept = default;
  blocking& operator=(blocking&& other) noexcept
  {
    if (this != &other) {
      close();
      Socket::operator=(std::move(other));
      handover_ = std::move(other.handover_);
      send_timeout_ = other.send_timeout_;
      receive_timeout_ = other.receive_timeout_;
    }
    return *this;
  }
  ~blocking() { close(); }

  // As they are in basic_socket.
  using Socket::bind;
  using Socket::cancel;
  using Socket::connect;
  using Socket::connected_peers;
  using Socket::core;
  using Socket::disconnect;
  using Socket::get_option;
  using Socket::is_open;
  using Socket::peers;
  using Socket::set_option;
  using Socket::stats;
  using Socket::subscribe;
  using Socket::topics_count;
  using Socket::type;
  using Socket::unbind;
  using Socket::unsubscribe;

  /// For how long `send` and `recv` wait before they throw `error` with `errc::timed_out`. Default: `forever`.
  void set_send_timeout(std::chrono::milliseconds timeout) noexcept { send_timeout_ = timeout; }
  void set_receive_timeout(std::chrono::milliseconds timeout) noexcept { receive_timeout_ = timeout; }

  /// Sends one message: `send(m)`, or `send(frame, frame, ...)`. Returns when it is queued, which is before it reaches the
  /// peer; waits while there is no peer or all are full, or drops, as the pattern says.
  ///
  /// @par Errors
  /// Throws `error`: `errc::timed_out`, `terminated`, `socket_closed`, `wrong_state` (REQ and REP out of turn),
  /// `empty_message`, `wrong_thread` on a thread of the socket's context.
  template <class... Frames>
    requires(sizeof...(Frames) > 0 && std::constructible_from<message, Frames...>)
  void send(Frames&&... frames)
  {
    message m = detail::to_message(std::forward<Frames>(frames)...);
    if (!send_for(m, send_timeout_))
      throw error{errc::timed_out};
  }

  /// Sends `m` if that is possible within `time`. True: `m` is taken and now empty. Throws as `send` does.
  bool send_for(message& m, std::chrono::milliseconds time)
  {
    if constexpr (!can_send<pattern>)
      pattern::template refuse_send<pattern>();
    if (m.empty())
      throw error{errc::empty_message};
    if constexpr (queues_out) {
      return settled(live().send(m, after(time)));
    } else {
      m.keep();
      return over_there(send_one(this, &m, time));
    }
  }

  /// Sends `m` if that is possible without waiting for a peer.
  bool try_send(message& m) { return send_for(m, std::chrono::milliseconds{0}); }

  /// Receives one message; waits for it.
  ///
  /// @par Errors
  /// Throws `error`: `errc::timed_out`, `terminated`, `socket_closed`, `wrong_state` (REQ and REP out of turn),
  /// `wrong_thread` on a thread of the socket's context.
  message recv()
  {
    std::optional<message> m = recv_for(receive_timeout_);
    if (!m)
      throw error{errc::timed_out};
    return std::move(*m);
  }

  /// Receives one message if there is one within `time`. Throws as `recv` does.
  std::optional<message> recv_for(std::chrono::milliseconds time)
  {
    if constexpr (!can_receive<pattern>)
      pattern::template refuse_receive<pattern>();
    if constexpr (queues_in) {
      std::optional<message> m{std::in_place};
      if (!settled(live().receive(*m, after(time))))
        m.reset();
      return m;
    } else {
      return over_there(receive_one(this, time));
    }
  }

  /// A message if there is one now.
  std::optional<message> try_recv() { return recv_for(std::chrono::milliseconds{0}); }

  /// REQ: sends, and waits for the reply; see `request_options`. Throws as in basic_socket.
  message request(message m, request_options options = {})
    requires std::same_as<typename pattern::envelope, routing::request_envelope>
  {
    m.keep();
    return over_there(ask(this, std::move(m), options));
  }

  /// Waits until at least `count` peers are connected; false when they are not within `time`. Throws `error`, for example
  /// with `errc::terminated`.
  bool wait_connected(std::size_t count = 1, std::chrono::milliseconds time = forever)
  {
    return over_there(connected(this, count, time));
  }

  /// PUB, XPUB: waits until at least `count` peers would receive what starts with `topic`; false when they do not within
  /// `time`.
  bool wait_subscribers(std::string_view topic, std::size_t count = 1,
                        std::chrono::milliseconds time = forever)
    requires requires(typename pattern::outbound out) { out.subscribers(byte_view{}); }
  {
    return over_there(subscribed(this, topic, count, time));
  }

  /// For another event loop, such as that of Qt or GLib, or poll(2): a descriptor that is readable as long as there is a
  /// message to receive, or the socket has ended. Level-triggered: `try_recv` that finds nothing makes it silent. It may
  /// be readable once at first without a message. Belongs to the socket. Not for REQ, REP and XPUB.
  int descriptor()
    requires(queues_in)
  {
    return live().descriptor();
  }

  /// Ends the socket. What was sent is delivered in the background as `option::linger` says.
  void close() noexcept
  {
    auto const closing = this->core();
    Socket::close();
    // It leaves the socket's lists on the socket's thread, behind the end of the socket.
    if (auto last = std::exchange(handover_, nullptr); last && closing)
      closing->way()->post([last = std::move(last)] {});
  }

 private:
  template <class>
  friend class basic_blocking_poller;

  detail::handover& live() const
  {
    if (!handover_)
      throw error{errc::socket_closed};
    return *handover_;
  }

  static clock::time_point after(std::chrono::milliseconds time)
  {
    return time == forever ? detail::handover::never : clock::now() + time;
  }

  static bool settled(errc e)
  {
    if (e != errc{} && e != errc::would_block)
      throw error{e};
    return e == errc{};
  }

  // Runs a coroutine on the socket's thread and waits for its end.
  template <class T>
  T over_there(asio::awaitable<T> coroutine)
  {
    if (!this->core())
      throw error{errc::socket_closed};
    if (this->core()->on_some_thread())
      throw error{errc::wrong_thread};
    std::promise<outcome<T>> promise;
    std::future<outcome<T>> result = promise.get_future();
    auto begin = [executor = this->get_executor(), c = std::move(coroutine),
                  p = std::move(promise)]() mutable {
      asio::co_spawn(executor, std::move(c), [p = std::move(p)](std::exception_ptr failure, T value) mutable {
        p.set_value({engine::carried_failure{std::move(failure)}, std::move(value)});
      });
    };
    if (!this->core()->way()->post(std::move(begin)))
      throw error{errc::terminated};
    try {
      outcome<T> o = result.get();
      o.failure.rethrow();
      return std::move(o.value);
    } catch (std::future_error const&) {
      throw error{errc::terminated};  // the thread has ended, and the coroutine with it
    }
  }

  template <class T>
  struct outcome {
    engine::carried_failure failure;
    T value;
  };

  static asio::awaitable<bool> send_one(Socket* s, message* m, std::chrono::milliseconds time)
  {
    if (s->try_send(*m))
      co_return true;
    if (time == std::chrono::milliseconds{0})
      co_return false;
    if (time == forever) {
      co_await s->send(std::move(*m));
      co_return true;
    }
    clock::time_point const end = clock::now() + time;
    while (!s->try_send(*m)) {
      auto const left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now());
      if (left <= left.zero())
        co_return false;
      (void)co_await (s->wait_writable() || timeout(left));
      // Others get their turn: a ROUTER may have room for somebody all the time, and none for this one.
      co_await asio::post(s->get_executor(), asio::use_awaitable);
    }
    co_return true;
  }

  static asio::awaitable<std::optional<message>> receive_one(Socket* s, std::chrono::milliseconds time)
  {
    std::optional<message> m = s->try_recv();
    if (m || time == std::chrono::milliseconds{0})
      co_return m;
    if (time == forever)
      co_return co_await s->recv();
    auto got = co_await (s->recv() || timeout(time));
    if (got.index() == 0)
      m.emplace(std::move(std::get<0>(got)));
    co_return m;
  }

  static asio::awaitable<message> ask(Socket* s, message m, request_options options)
  {
    co_return co_await s->request(std::move(m), options);
  }

  static asio::awaitable<bool> within(asio::awaitable<void> wait, std::chrono::milliseconds time)
  {
    if (time == forever) {
      co_await std::move(wait);
      co_return true;
    }
    auto const first = co_await (std::move(wait) || timeout(time));
    co_return first.index() == 0;
  }

  static asio::awaitable<bool> connected(Socket* s, std::size_t count, std::chrono::milliseconds time)
  {
    return within(s->wait_connected(count), time);
  }

  static asio::awaitable<bool> subscribed(Socket* s, std::string_view topic, std::size_t count,
                                          std::chrono::milliseconds time)
  {
    return within(s->wait_subscribers(topic, count), time);
  }

  std::shared_ptr<detail::handover> handover_;
  std::chrono::milliseconds send_timeout_ = forever;
  std::chrono::milliseconds receive_timeout_ = forever;
};

}  // namespace cozmq
