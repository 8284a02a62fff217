// The engine of one socket: its endpoints, peers and waiting operations, whatever its pattern.
#pragma once

#include <cozmq/core/endpoint.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/engine/close_report.hpp>
#include <cozmq/engine/context_core.hpp>
#include <cozmq/engine/dialer.hpp>
#include <cozmq/engine/host.hpp>
#include <cozmq/engine/inline_budget.hpp>
#include <cozmq/engine/inproc.hpp>
#include <cozmq/engine/listener.hpp>
#include <cozmq/engine/observer.hpp>
#include <cozmq/engine/raw_session.hpp>
#include <cozmq/engine/session.hpp>
#include <cozmq/engine/waiters.hpp>

#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

namespace cozmq::engine {

/// Somebody who has messages for a socket that the socket does not know of yet. On the socket's executor.
class supplier {
 public:
  /// The socket is about to close, and nothing waits for it any more: hands over what there is, and says how many messages
  /// it could not, because there is no peer.
  virtual std::size_t hand_over() = 0;

 protected:
  ~supplier() = default;
};

/// Everything of a socket that does not depend on its pattern; the pattern's routing is added by deriving.
///
/// Not thread-safe: everything happens on the socket's executor. Kept alive by the socket object and, after that is
/// gone, by its context until what was queued is delivered or given up.
class socket_core : public host, private shutdown_hook, public std::enable_shared_from_this<socket_core> {
 public:
  socket_core(std::shared_ptr<context_core> context, asio::any_io_executor executor);
  virtual ~socket_core();
  socket_core(socket_core const&) = delete;
  socket_core& operator=(socket_core const&) = delete;

  /// To be called when it is owned: from now on it ends with its execution context.
  void begin()
  {
    if (cozmq::detail::checks_threads && lacks_strand(executor_))
      write_log(log_level::error,
                "a {} is given a thread_pool with several threads: give it a strand of that, "
                "asio::make_strand(pool), "
                "and use it there only",
                to_string(type()));
    hooked_ = true;
    shutdown_service::of(executor_).add(*this, weak_from_this());
  }

  asio::any_io_executor const& executor() const noexcept final { return executor_; }
  socket_options const& options() const noexcept final { return options_; }
  socket_options& mutable_options() noexcept { return options_; }
  /// After `mutable_options` were changed: what waits because of them may go on.
  void reconsider();

  /// Binds and returns the endpoint as it really is. On failure `ec` is set and `why` says it in a sentence.
  std::string bind(std::string_view text, std::error_code& ec, std::string& why);
  /// Connects, which never waits; returns the text that disconnect takes.
  std::string connect(std::string_view text, std::error_code& ec, std::string& why);
  void unbind(std::string_view text, std::error_code& ec);
  void disconnect(std::string_view text, std::error_code& ec);
  /// Ends the connection to one peer.
  void disconnect(peer_id which, std::error_code& ec);

  /// The peers that are connected now, oldest first.
  std::vector<peer_info> connected() const;
  socket_stats stats() const;
  /// The socket's events, which are kept from now on.
  std::shared_ptr<event_stream> events();
  /// Does what the options say about the engine itself. Of a socket that has ended there are no further events.
  void options_changed()
  {
    if (ended_ == errc{})
      observer_.configure(executor_, options_);
  }

  /// Ends all waiting operations with `why`; nothing else changes.
  void cancel(std::error_code why = aborted());
  /// How often waiting operations were ended; one that pauses is in no list and sees by it that this was for it too.
  std::uint32_t endings() const noexcept { return endings_; }
  /// Does the calling thread mean a socket that lives on another thread of its context?
  bool is_elsewhere() const noexcept { return context_->is_elsewhere(executor_); }
  /// In debug builds: zero, or `wrong_thread` when the calling thread must not use the socket now.
  errc misuse() const noexcept { return use_scope{this}.refused(); }
  /// Is the calling thread one of its context's?
  bool on_some_thread() const noexcept { return context_->pool() != nullptr && context_->pool()->is_here(); }
  std::shared_ptr<door> const& way() const noexcept final { return door_; }

  /// Ends the socket. What is queued is delivered in the background as `linger` allows.
  /// With `time`, that is how long delivery may take, whatever `linger` says.
  void close(std::error_code why = aborted(), std::optional<linger_limits::duration> time = {});
  /// The context ends: as close, and operations end with `terminated`, now and later.
  void terminate(std::optional<linger_limits::duration> time = {}) { close(errc::terminated, time); }
  bool closed() const noexcept { return closed_; }
  /// It is closed, and what was queued is delivered or given up: `report` is complete. Who waits in `closers` is told.
  bool over() const noexcept { return over_; }
  close_report const& report() const noexcept { return report_; }
  /// Why operations fail: zero while the socket is open.
  errc ended() const noexcept { return ended_; }

  /// Sends without waiting: zero, and `m` is taken; or why not, and `m` is as before.
  virtual errc try_send(message& m) = 0;
  /// Receives without waiting: zero, and `m` is the message; or why not.
  virtual errc try_receive(message& m) = 0;
  /// What try_receive would say now. Looks at the pattern's rules by taking the message ahead.
  virtual errc look_ahead() = 0;
  /// Gives back what try_receive has just given: it is the next message again.
  virtual void put_back(message&& m) = 0;
  /// What try_send would say now of a message that any peer may have.
  virtual errc room() = 0;

  std::size_t connected_peers() const noexcept { return connected_; }
  /// Is there no more to be hoped for? Then why, and `text` says it in a sentence: the socket only connects, and all its
  /// endpoints have given up.
  std::error_code hopeless(std::string& text) const;
  inline_budget& budget() noexcept { return budget_; }

  /// Kept until the socket closes.
  std::vector<std::shared_ptr<supplier>> suppliers;

  wait_list readers;  // at most one
  wait_list writers;
  wait_list watchers;  // of peers and subscriptions
  wait_list closers;   // for the end of delivery

  // host
  std::shared_ptr<connection> make_connection(connection_owner& owner, side which) final;
  observer& observed() noexcept final { return observer_; }
  std::shared_ptr<use_mark> const& mark() const noexcept final { return mark_; }
  std::size_t incoming() const noexcept final;
  errc admits(routing::pipe const& newcomer) const final;
  void on_connected(peer_pipe& p) final;
  void on_connected_to_finish(peer_pipe& p) final;
  void on_disconnected(routing::pipe& p) final;
  void on_ended(connection& c) final;
  void on_gave_up(routing::pipe& p, std::error_code why) final;
  void on_drained(routing::pipe& p) final;
  void on_readable(routing::pipe& p, wake how) final;
  void on_writable(routing::pipe& p, wake how) final;
  void on_burst() noexcept final { budget_.exhaust(); }
  void on_settled() final { watchers.wake_all(wake::posted); }
  std::error_code on_subscription(routing::pipe& p, bool wanted, byte_view topic) final;

 protected:
  /// Must be called by the derived class's destructor: pipes are detached from its routing.
  void sever_all() noexcept;

 private:
  // What the pattern does with a pipe.
  virtual void route_outbound(routing::pipe& p) = 0;
  virtual void route_inbound(routing::pipe& p) = 0;
  virtual void unroute_outbound(routing::pipe& p) = 0;
  virtual void unroute_inbound(routing::pipe& p) = 0;
  virtual bool route_admits(routing::pipe const& p) const = 0;
  virtual bool route_knows(byte_view routing_id) const = 0;
  virtual void route_connected(routing::pipe& p) = 0;
  virtual void route_disconnected(routing::pipe& p) = 0;
  virtual bool route_readable(routing::pipe& p) = 0;
  virtual void route_writable(routing::pipe& p) = 0;
  virtual std::error_code route_subscription(routing::pipe& p, bool wanted, byte_view topic) = 0;
  virtual drop_counts route_drops() const = 0;
  virtual bool is_exclusive() const noexcept = 0;
  virtual bool connects_twice() const noexcept = 0;
  virtual bool replies() const noexcept = 0;

  // A pipe as the routing knows it.
  struct membership {
    peer_pipe* pipe;
    bool outbound = false;
    bool inbound = false;
    bool connected = false;
  };

  void greet(peer_pipe& p);
  void announce_loss(routing::pipe& p, message const& text) const;
  void join_outbound(membership& m);
  void leave_outbound(membership& m);
  membership* find(routing::pipe const& p) noexcept;
  membership& enlist(peer_pipe& p);
  void forget(routing::pipe& p);
  dialer* dialer_of(routing::pipe const& p) const noexcept;
  void warn_if_open(listener const& l) const;
  bool speaks(endpoint const& where, std::error_code& ec, std::string& why) const;
  bool preset_id(routing::pipe& p, std::error_code& ec, std::string& why);
  std::string bind_inproc(endpoint const& where, std::error_code& ec, std::string& why);
  std::string connect_inproc(endpoint const& where, std::error_code& ec, std::string& why);
  reachable_socket myself();
  void join_inproc(std::shared_ptr<inproc_pipe> const& connecting);
  void join_here(inproc_pipe& connecting, socket_core& bound);
  void ask_to_join(inproc_pipe& connecting, inproc_name const& bound);
  class joining;
  void answer_joining(joining asked);
  void take_place(inproc_pipe& connecting, crossing_offer offer, socket_core const* bound,
                  inproc_identity who);
  void refuse_inproc(inproc_pipe& connecting, socket_core const* bound, socket_type its_type, errc why);
  void wait_for_other(inproc_pipe& connecting, socket_core const* bound);
  void end_operations(std::error_code why);
  void report_closed(std::string const& endpoint);
  void report_bind_failed(std::string const& endpoint, std::error_code ec, std::string const& why);
  void drop_dialer(dialer& d);
  void sever_undelivered(dialer& d);
  void drop_inproc(inproc_pipe& p);
  void linger();
  void linger_step();
  std::size_t unsent_bytes() const;
  bool delivering() const;
  void end_lingering();
  void on_context_shutdown() noexcept override;

  std::shared_ptr<context_core> context_;
  asio::any_io_executor executor_;
  std::shared_ptr<door> door_;
  std::shared_ptr<use_mark> mark_;
  socket_options options_;
  std::vector<std::shared_ptr<listener>> listeners_;
  std::vector<std::shared_ptr<dialer>> dialers_;
  std::vector<std::shared_ptr<dialer>> leaving_;  // disconnected, and still delivering
  std::vector<std::shared_ptr<inproc_pipe>> inproc_;
  std::vector<std::string> inproc_names_;
  std::unordered_map<routing::pipe const*, membership> members_;
  std::size_t connected_ = 0;
  inline_budget budget_;
  observer observer_;
  std::uint32_t endings_ = 0;
  bool closed_ = false;
  bool over_ = false;
  close_report report_;
  bool hooked_ = false;
  errc ended_{};

  // While closed and delivering.
  std::unique_ptr<asio::steady_timer> linger_timer_;
  std::chrono::steady_clock::time_point linger_ends_;
  std::chrono::steady_clock::time_point progress_ends_;
  std::size_t unsent_before_ = 0;
};

}  // namespace cozmq::engine

#ifndef COZMQ_SEPARATE_COMPILATION
#include <cozmq/engine/impl/closing.hpp>
#include <cozmq/engine/impl/endpoints.hpp>
#include <cozmq/engine/impl/inproc_joining.hpp>
#include <cozmq/engine/impl/peers.hpp>
#endif
