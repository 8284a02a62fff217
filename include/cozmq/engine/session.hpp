// One peer over a byte stream: its outgoing and incoming queues, and the connection that it has at the moment.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/engine/host.hpp>
#include <cozmq/routing/pipe.hpp>
#include <cozmq/transport/stream.hpp>
#include <cozmq/wire/decoder.hpp>
#include <cozmq/wire/encoder.hpp>
#include <cozmq/wire/handshake.hpp>
#include <cozmq/wire/heartbeat.hpp>

#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace cozmq::engine {

class session;

/// Who made the connection: a dialer or a listener.
class session_owner {
 public:
  /// The connection is over. `permanent`: it will end like that every time.
  virtual void on_lost(session& s, std::error_code why, std::string const& reason, bool permanent) = 0;

 protected:
  ~session_owner() = default;
};

/// A peer, as the routing layer's pipe. On the connecting side it outlives its connections: what was queued or half
/// sent when one died leaves through the next. On the accepting side it has one connection only.
///
/// Senders encode into the outgoing queue themselves; one posted handler per burst hands it to the kernel, or the
/// sender does when 60 KiB have gathered. A readable connection is read on arrival, so that commands and the end of
/// the stream are noticed at once; messages are built when somebody receives them. An idle session owns no buffer.
///
/// Not thread-safe: everything happens on the host's executor.
class session final : public routing::pipe, public std::enable_shared_from_this<session> {
 public:
  enum class side : std::uint8_t { accepting, connecting };

  session(host& h, session_owner& owner, side which)
      : host_{&h}, owner_{&owner}, side_{which}, decoder_{h.options().limits}
  {
  }

  // What routing does.
  bool write(message& m) override;
  bool publish(routing::published const& m) override;
  bool read(message& to) override;
  bool writable() noexcept override
  {
    muted_ = full();
    return !muted_;
  }
  std::size_t queued() const noexcept override { return encoder_.messages(); }
  void subscribe(bool wanted, byte_view topic) override;
  void reject(std::error_code why) override { fail(why, why.message()); }
  byte_view identity() const noexcept override { return as_bytes(peer_.identity); }
  void inject(message m) override;
  void greet(message const& m) override;
  void retract() override;

  /// Takes over a connection that has just been made; the handshake begins.
  void start(transport::stream connection);

  /// Goes on until what is queued is delivered, then ends the connection in an orderly way.
  void finish();

  /// Ends the connection now; what is queued is lost.
  void drop() { lost(errc::socket_closed, "the socket was closed", false); }

  /// The owner and the host are going: nothing is reported any more.
  void sever() noexcept;

  bool connected() const noexcept { return state_ == state::open; }
  bool idle() const noexcept { return state_ == state::waiting; }
  /// finish() was called and everything is delivered.
  bool finished() const noexcept { return finishing_ && idle() && encoder_.empty(); }
  /// Did the handshake of the last connection succeed?
  bool was_open() const noexcept { return was_open_; }
  std::size_t unread() const noexcept { return decoder_.ready(); }
  std::size_t unsent_bytes() const noexcept { return encoder_.bytes(); }
  std::size_t discard_unsent() noexcept { return encoder_.clear(); }
  void discard_unread();
  side which_side() const noexcept { return side_; }
  wire::peer_info_on_wire const& peer() const noexcept { return peer_; }
  /// The other end's address, for the log and for people.
  std::string const& peer_address() const noexcept { return peer_address_; }

 private:
  enum class state : std::uint8_t {
    waiting,  // there is no connection
    handshaking,
    open,
    draining,  // all is sent and the peer knows it; waits for the peer to close
  };

  // From this many gathered bytes on a sender hands them over itself: a 64 KiB chunk is nearly full then.
  static constexpr std::size_t flush_at = 60 * 1024;
  // PONGs that a peer does not collect are not piled up.
  static constexpr std::size_t most_command_bytes = 64 * 1024;
  static constexpr std::chrono::seconds drain_time{1};

  // A connected peer whose kernel buffer takes more is never full: what is gathered leaves with the next flush.
  bool full() const noexcept
  {
    return encoder_.messages() >= send_hwm() && (blocked_ || state_ != state::open);
  }
  std::size_t send_hwm() const noexcept { return host_ ? host_->options().send_hwm : 0; }

  // A handler that keeps the session alive and does nothing once its connection is over.
  template <class Handler>
  auto guarded(Handler handler)
  {
    return [self = shared_from_this(), generation = generation_, handler](std::error_code ec = {}) {
      if (generation == self->generation_)
        handler(*self, ec);
    };
  }
  void wait_readable();
  void wait_writable();
  void on_readable();
  void read_handshake();
  void read_messages();
  void resume_reading();
  bool nothing_left();
  void drain();
  void flush_soon();
  void begin_flush();
  void flush();
  void after_flush();
  void handshake_done(byte_view early);
  std::error_code on_command(byte_view body);
  void arm_timer();
  void on_timer();
  void fail(std::error_code why, std::string reason, bool permanent = false);
  void lost(std::error_code why, std::string const& reason, bool permanent);
  void close_stream() noexcept;
  std::optional<wire::heartbeat::time_point> deadline() const;
  void announce();

  host* host_;
  session_owner* owner_;
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
  std::size_t resume_at_ = 0;     // while paused_: so few messages are left when reading goes on
  std::uint32_t generation_ = 0;  // of the connection: handlers of an earlier one do nothing
  wire::encoder encoder_;
  wire::decoder decoder_;
  std::optional<transport::stream> stream_;
  std::unique_ptr<wire::handshake> handshake_;
  std::optional<wire::heartbeat> heartbeat_;
  std::unique_ptr<asio::steady_timer> timer_;
  std::optional<wire::heartbeat::time_point> timer_at_;
  std::optional<wire::heartbeat::time_point> state_ends_;  // deadline of the handshake, or of draining
  wire::peer_info_on_wire peer_;
  std::string peer_address_;
};

}  // namespace cozmq::engine

#include <cozmq/engine/impl/session_ending.hpp>
#include <cozmq/engine/impl/session_reading.hpp>
#include <cozmq/engine/impl/session_writing.hpp>
