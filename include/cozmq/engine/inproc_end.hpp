// One end of an inproc connection, wherever the other one lives.
#pragma once

#include <cozmq/engine/host.hpp>
#include <cozmq/engine/options.hpp>
#include <cozmq/engine/peer_pipe.hpp>

#include <asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace cozmq::engine {

/// What an end says of itself where a connection has a handshake for it.
struct inproc_identity {
  socket_type type;
  std::string routing_id;
};

/// What an inproc pipe is to its socket, and to far_end, which does the work when the other end is on another executor.
class inproc_end : public peer_pipe, public std::enable_shared_from_this<inproc_end> {
 public:
  /// The endpoint.
  std::string const& name() const noexcept { return name_; }
  side which_side() const noexcept { return side_; }

  /// The socket; null when it has gone.
  host* owner() const noexcept { return host_; }

  /// The other end, on another executor, has called: there may be messages, room, or notes.
  virtual void visit() = 0;

  void introduce(inproc_identity other)
  {
    type_ = other.type;
    identity_ = std::move(other.routing_id);
  }

  /// The socket goes: the other end keeps what it has not read.
  void part()
  {
    host_ = nullptr;
    leave();
  }

  void cut(std::error_code why, std::string const& reason) override
  {
    auto const self = shared_from_this();
    leave();
    ended(why, reason);
  }

  peer_info info() const override
  {
    peer_info p = common_info();
    p.endpoint = p.address = name_;
    p.type = type_;
    return p;
  }

  traffic_counts settle() noexcept override { return passed(); }

  void report_end(std::error_code why, std::string const& reason)
  {
    ++host_->observed().counters.disconnects;
    host_->observed().report([&] {
      event e{event_kind::disconnected, name_};
      e.because(why, reason);
      e.peer = info();
      return e;
    });
  }

  void reject(std::error_code) override
  {
    // A peer of our own program: what it sent wrongly is discarded, the connection stays.
  }

  byte_view identity() const noexcept override { return as_bytes(identity_); }

  // ---- for the one who does the work ----

  void joined()
  {
    number_ = host_->observed().new_peer();
    since_ = std::chrono::system_clock::now();
    host_->on_connected(*this);
    joined_ = true;
  }

  void ended(std::error_code why, std::string const& reason)
  {
    if (host_ == nullptr)
      return;
    report_end(why, reason);
    host_->on_disconnected(*this);
    if (host_ != nullptr && unread() == 0)
      host_->on_drained(*this);
  }

  // For a read that finds nothing: announces the next message again. Returns false.
  bool no_message_left()
  {
    announced_ = false;
    if (deserted() && host_ != nullptr && !std::exchange(drained_told_, true)) {
      // The caller is in the middle of a list that this pipe is to leave.
      asio::post(host_->executor(), [self = shared_from_this()] {
        self->drained_told_ = false;
        if (self->host_ && self->unread() == 0)  // else it was told of its end meanwhile
          self->host_->on_drained(*self);
      });
    }
    return false;
  }

  void announce(wake how)
  {
    announced_ = true;
    if (host_)
      host_->on_readable(*this, how);
  }

  void tell_room(wake how)
  {
    muted = false;
    if (host_)
      host_->on_writable(*this, how);
  }

  bool joined_yet() const noexcept { return joined_; }
  bool announced() const noexcept { return announced_; }
  /// The socket is to be told when there is room.
  bool muted = false;

 protected:
  inproc_end(host& h, std::string name, side which) : host_{&h}, name_{std::move(name)}, side_{which} {}
  ~inproc_end() = default;

  // Lets go of the other end, which is told; once.
  virtual void leave() = 0;
  // Has the other end gone?
  virtual bool deserted() const noexcept = 0;

 private:
  host* host_;
  std::string name_;
  side side_;
  bool announced_ = false;
  bool joined_ = false;
  bool drained_told_ = false;
  socket_type type_{};    // the other end's
  std::string identity_;  // likewise
};

/// Two high-water marks together.
inline std::size_t sum_of_marks(std::size_t a, std::size_t b) noexcept
{
  return a == socket_options::unlimited || b == socket_options::unlimited ? socket_options::unlimited : a + b;
}

}  // namespace cozmq::engine
