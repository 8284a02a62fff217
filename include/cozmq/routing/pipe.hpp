// One peer of a socket, as routing sees it: somewhere to write whole messages to and read them from.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/message/properties.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>

namespace cozmq::routing {

/// A message on its way to many peers: encoded once, its large frames shared.
struct published {
  message const& body;
  byte_view encoded;  // empty when the message is better shared than copied
};

/// One peer. The engine derives from it: a network connection encodes what is written, inproc moves it.
///
/// A strategy that is told of a pipe by attach() may use it until detach().
class pipe {
 public:
  pipe() = default;
  pipe(pipe const&) = delete;
  pipe& operator=(pipe const&) = delete;

  /// Takes `m` and leaves it empty; or, when the pipe is at its high-water mark, returns false and leaves it alone.
  virtual bool write(message& m) = 0;

  /// Takes a copy of a published message; false when the pipe is at its high-water mark.
  virtual bool publish(published const& m) = 0;

  /// Moves the next whole message into `to`; false when there is none.
  virtual bool read(message& to) = 0;

  /// Would write() take a message now? If not, the strategy is told when there is room.
  virtual bool writable() noexcept = 0;

  /// Messages written and not yet on their way: what a least-loaded strategy compares.
  virtual std::size_t queued() const noexcept = 0;

  /// Tells the peer that this socket wants, or no longer wants, messages that start with `topic`.
  virtual void subscribe(bool wanted, byte_view topic) = 0;

  /// Has the peer, as far as can be known, handled all that subscribe() told it? If not it is asked to say so, where the
  /// protocol allows that, and the engine reports when it has.
  virtual bool settled() { return true; }

  /// Stops reading what the peer sends, or goes on: the socket holds too much that the application has not received.
  virtual void hold(bool) {}

  /// The peer broke a rule of the pattern: ends its connection.
  virtual void reject(std::error_code why) = 0;

  /// The routing id that the peer announced; empty when it left the choice to us.
  virtual byte_view identity() const noexcept = 0;

  /// Makes `m` readable, behind what the peer has sent on this connection so far.
  virtual void inject(message m) = 0;

  /// Writes messages ahead of everything that is queued. They are for the present connection only.
  virtual void greet(std::span<message const> messages) = 0;

  /// Drops what was written and has no connection to leave by: nobody wants it any more.
  virtual void retract() = 0;

  // Bookkeeping of the strategies: positions in their lists, and a mark against sending twice.
  std::size_t inbound_slot = npos;
  std::size_t outbound_slot = npos;
  std::uint64_t mark = 0;
  /// Messages for the peer that were dropped because it was full.
  std::uint64_t missed = 0;
  /// What messages of the peer tell of it; null unless that is wanted.
  std::shared_ptr<properties const> sender;
  /// By which a ROUTER knows the peer. Set before it connects, it is the one; else the peer's own, or one of ours.
  frame id;
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

 protected:
  ~pipe() = default;
};

}  // namespace cozmq::routing
