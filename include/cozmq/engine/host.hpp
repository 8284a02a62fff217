// What the engine asks of, and reports to, the socket that owns it.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/engine/door.hpp>
#include <cozmq/engine/observer.hpp>
#include <cozmq/engine/options.hpp>
#include <cozmq/engine/peer_pipe.hpp>
#include <cozmq/engine/use_check.hpp>
#include <cozmq/routing/pipe.hpp>

#include <asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <system_error>

namespace cozmq::engine {

class connection;
class connection_owner;
class door;

/// Which end of a connection this is.
enum class side : std::uint8_t { accepting, connecting };

/// The socket, as its connections see it. Calls come on the socket's executor.
class host {
 public:
  virtual asio::any_io_executor const& executor() const noexcept = 0;
  /// For other threads: leads to `executor()` as long as that lives.
  virtual std::shared_ptr<door> const& way() const noexcept = 0;
  virtual socket_options const& options() const noexcept = 0;
  virtual socket_type type() const noexcept = 0;
  virtual socket_type_set peers() const noexcept = 0;
  /// Where to count and to report what happens.
  virtual observer& observed() noexcept = 0;
  /// Which thread is inside; null when that is not looked at.
  virtual std::shared_ptr<use_mark> const& mark() const noexcept = 0;

  /// A connection of the kind that this socket has, without a stream yet.
  virtual std::shared_ptr<connection> make_connection(connection_owner& owner, side which) = 0;

  /// How many connections that came in are there now, at all listeners, with those that have gone and left something to
  /// receive.
  virtual std::size_t incoming() const noexcept = 0;

  /// Is there a place for one more peer? Zero, or why not: a PAIR has one only, a ROUTER one of each routing id.
  virtual errc admits(routing::pipe const& newcomer) const = 0;

  /// The handshake is complete, for the first time or after a reconnect.
  virtual void on_connected(peer_pipe& p) = 0;
  /// As on_connected, for a connection that only delivers what is queued: it has left the routing for good.
  virtual void on_connected_to_finish(peer_pipe& p) = 0;
  /// The connection ended; `p` stays readable as long as it holds messages.
  virtual void on_disconnected(routing::pipe& p) = 0;
  /// The application has ended this one connection.
  virtual void on_ended(connection& c) = 0;
  /// A connecting endpoint will not be tried again: its peer refuses.
  virtual void on_gave_up(routing::pipe& p, std::error_code why) = 0;
  /// A pipe whose connection ended for good has been read empty.
  virtual void on_drained(routing::pipe& p) = 0;
  /// There is a message where there was none.
  virtual void on_readable(routing::pipe& p, wake how) = 0;
  /// There is room where there was none.
  virtual void on_writable(routing::pipe& p, wake how) = 0;
  /// A full buffer has been handed to the kernel from inside a send.
  virtual void on_burst() noexcept = 0;
  /// The peer has handled what it was told: see pipe::settled().
  virtual void on_settled() = 0;
  virtual std::error_code on_subscription(routing::pipe& p, bool wanted, byte_view topic) = 0;

 protected:
  ~host() = default;
};

}  // namespace cozmq::engine
