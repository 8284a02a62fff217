// One peer over a byte stream, whatever it speaks: its stream, and how that is waited for, written and ended.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/engine/host.hpp>
#include <cozmq/engine/peer_pipe.hpp>
#include <cozmq/transport/stream.hpp>

#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace cozmq::engine {

class connection;

/// Who made the connection: a dialer or a listener.
class connection_owner {
 public:
  /// With the mechanism that the socket has now: this endpoint keeps it, whatever the others get.
  explicit connection_owner(host const& h) : mechanism_{h.options().mechanism} {}
  connection_owner(connection_owner const&) = delete;
  connection_owner& operator=(connection_owner const&) = delete;

  /// The endpoint, as users know it.
  virtual std::string const& text() const noexcept = 0;

  /// Its handshake has ended well.
  virtual void on_open(connection&) noexcept {}

  /// The connection is over. `permanent`: it will end like that every time.
  virtual void on_lost(connection& c, std::error_code why, std::string const& reason, bool permanent) = 0;

  /// How its peers are spoken to.
  wire::mechanism_maker const& mechanism() const noexcept { return mechanism_; }

 protected:
  ~connection_owner() = default;

 private:
  wire::mechanism_maker const mechanism_;
};

/// A peer, as the routing layer's pipe; session (ZMTP) and raw_session (bytes) derive from it. On the connecting side it
/// outlives its streams, on the accepting side it has one only.
///
/// A readable stream is read on arrival, so that its end is noticed at once. Senders queue in the derived class; one
/// posted handler per burst hands the queue to the kernel, or the sender does when 60 KiB have gathered.
///
/// What is done for each message is in the derived classes, which are final; the virtual functions here are called once
/// for a burst, or less.
///
/// Not thread-safe: everything happens on the host's executor.
class connection : public peer_pipe, public std::enable_shared_from_this<connection> {
 public:
  virtual ~connection() = default;

  /// Takes over a stream that has just been made. True: it is open at once, and `opened()` is to be called.
  virtual bool start(transport::stream stream) = 0;

  /// Does its handshake, which goes on, cost more than a few microseconds?
  virtual bool has_dear_handshake() const noexcept { return false; }

  /// Says that the stream is open. Last thing in a handler: it may continue a coroutine, which may do anything.
  void opened();

  /// Goes on until what is queued is delivered, then ends the connection in an orderly way.
  void finish();

  /// As finish(), for one connection of a socket that stays: what is not delivered within `limit` is lost.
  void finish_within(linger_limits::duration limit);

  peer_info info() const final;
  traffic_counts passed() const noexcept final { return passed_; }
  void cut(std::error_code why, std::string const& reason) final { lost(why, reason, false); }

  /// The owner and the host are going: nothing is reported any more.
  void sever() noexcept;

  void reject(std::error_code why) final { fail(why, why.message()); }

  bool connected() const noexcept { return state_ == state::open; }
  bool idle() const noexcept { return state_ == state::waiting; }
  /// finish() was called and everything is delivered.
  bool finished() const noexcept { return finishing_ && idle() && unsent_bytes() == 0; }
  /// Was the last stream's handshake, if there is one, completed?
  bool was_open() const noexcept { return was_open_; }
  side which_side() const noexcept { return side_; }
  /// The other end's address, for the log and for people.
  std::string const& peer_address() const noexcept { return peer_address_; }

  /// The socket's options have changed: high-water marks may leave more room than before.
  virtual void reconsider();

  virtual void discard_unread() = 0;
  virtual std::size_t unsent_bytes() const noexcept = 0;
  /// Empties the outgoing queue; returns the number of messages lost.
  virtual std::size_t discard_unsent() noexcept = 0;

 protected:
  using clock = std::chrono::steady_clock;

  enum class state : std::uint8_t {
    waiting,  // there is no stream
    handshaking,
    open,
    draining,  // all is sent and the peer knows it; waits for the peer to close
  };

  connection(host& h, connection_owner& owner, side which) : host_{&h}, owner_{&owner}, side_{which} {}

  // What the derived class adds.
  virtual bool on_input() = 0;  // there is input while handshaking or open; does it open the stream?
  virtual void flush() = 0;     // hands the kernel all it takes; reports nothing, since senders call it too
  virtual bool full() const noexcept = 0;  // is the outgoing queue at its high-water mark?
  virtual void on_closed() noexcept = 0;   // the stream is gone: forgets what belonged to it
  virtual std::optional<clock::time_point> deadline() const { return state_ends_; }
  virtual void on_timer() {}
  virtual void describe(peer_info& to) const = 0;  // adds what the peer has said of itself

  // A peer that goes on sending, or whose system has not taken everything, is given a second to close.
  static constexpr std::chrono::milliseconds drain_look{100};
  static constexpr std::uint8_t most_drain_looks = 10;

  // A handler that keeps the connection alive and does nothing once its stream is gone.
  template <class Handler>
  auto guarded(Handler handler)
  {
    return [self = shared_from_this(), generation = generation_, handler](std::error_code ec = {}) {
      if (generation != self->generation_)
        return;
      use_scope const inside{self->host_};
      handler(*self, ec);
    };
  }

  // A connected peer whose kernel buffer takes more is never full: what is gathered leaves with the next flush.
  bool is_full(std::size_t queued) const noexcept
  {
    return (blocked_ || state_ != state::open) && is_above_mark(queued);
  }
  bool is_above_mark(std::size_t queued) const noexcept;

  // Begins with a new stream, in `handshaking`.
  void take_over(transport::stream stream);
  void take_input();
  void wait_readable();
  void wait_writable();
  void pause_reading() noexcept;
  bool no_message_left();
  void announce();

  // A burst: what is gathered leaves with the flush that is posted already.
  [[gnu::always_inline]] void flush_soon(std::size_t gathered)
  {
    if (!flush_posted_ || gathered >= flush_at_) [[unlikely]]
      begin_flush(gathered);
  }
  void begin_flush(std::size_t gathered);
  template <class Queue>
  void write_out(Queue& queue);
  void after_flush();

  void arm_timer();
  void fail(std::error_code why, std::string reason, bool permanent = false);

  host* host_;
  connection_owner* owner_;
  side side_;
  state state_ = state::waiting;
  bool reading_ = false;  // a wait for input is pending
  bool paused_ = false;   // the receive queue is full
  bool blocked_ = false;  // the kernel takes no more: a wait for room is pending
  bool flush_posted_ = false;
  bool failing_ = false;    // an end of the connection is posted
  bool muted_ = false;      // somebody was refused and wants to know of room
  bool announced_ = false;  // the host knows that there are messages
  bool finishing_ = false;
  bool drained_told_ = false;
  bool was_open_ = false;
  bool heard_ = false;            // while draining: something has come since the last look
  std::uint8_t drain_looks_ = 0;  // so many are left
  std::size_t flush_at_ = 0;      // from this many gathered bytes on a sender hands them over itself
  std::uint32_t generation_ = 0;  // of the stream: handlers of an earlier one do nothing
  std::size_t resume_at_ = 0;     // while paused_: so few messages are left when reading goes on
  std::optional<transport::stream> stream_;
  traffic_counts passed_;                        // through the present stream
  std::optional<clock::time_point> state_ends_;  // deadline of the handshake, or of draining

 private:
  void report(event_kind kind, std::error_code why = {}, std::string const& reason = {});
  void lost(std::error_code why, std::string const& reason, bool permanent);
  void close_stream() noexcept;
  void drain();
  void end_draining();
  void forget_timer() noexcept;

  std::unique_ptr<asio::steady_timer> timer_;
  std::optional<clock::time_point> timer_at_;
  std::string peer_address_;
};

}  // namespace cozmq::engine

#ifndef COZMQ_SEPARATE_COMPILATION
#include <cozmq/engine/impl/connection_ending.hpp>
#include <cozmq/engine/impl/connection_io.hpp>
#endif
