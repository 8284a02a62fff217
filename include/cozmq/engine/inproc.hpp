// Two sockets of one context, joined without a stream or a codec: messages are moved.
#pragma once

#include <cozmq/core/ring.hpp>
#include <cozmq/engine/host.hpp>
#include <cozmq/engine/options.hpp>
#include <cozmq/engine/peer_pipe.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace cozmq::engine {

/// One end of an inproc connection. What is written here is read at the other end.
///
/// The queue of a direction holds the sum of the sender's and the receiver's high-water mark, exactly. Both sockets
/// are on one executor. An end that is not joined yet (connect before bind) queues up to its own mark.
class inproc_pipe final : public peer_pipe, public std::enable_shared_from_this<inproc_pipe> {
 public:
  inproc_pipe(host& h, std::string name, side which)
      : host_{&h}, name_{std::move(name)}, side_{which}, outgoing_{std::make_shared<queue>()}
  {
    measure();
  }

  /// Joins two ends: each now reads what the other has written.
  static void join(inproc_pipe& connecting, inproc_pipe& binding)
  {
    connecting.meet(binding);
    binding.meet(connecting);
    // What the connecting side has queued before may come with it.
    connecting.measure();
    binding.measure();
    connecting.joined();
    binding.joined();
  }

  /// Tells each end who the other is, as a handshake would.
  static void introduce(inproc_pipe& a, inproc_pipe& b)
  {
    for (auto const& [to, other] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
      to->identity_ = other->host_->options().routing_id;
      to->type_ = other->host_->type();
    }
  }

  /// The options of this end have changed, and with them the room in both directions.
  void reconsider()
  {
    measure();
    if (peer_ != nullptr)
      peer_->measure();
    for (inproc_pipe* const end : {this, peer_})
      if (end != nullptr && end->muted_ && !end->full())
        end->tell_room();
  }

  /// The endpoint.
  std::string const& name() const noexcept { return name_; }
  side which_side() const noexcept { return side_; }

  /// Is the other end still to come?
  bool waiting() const noexcept { return !met_; }

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

  // Whoever writes counts a message as gone when the other end has read it, which has received it from when it is there.
  traffic_counts passed() const noexcept override
  {
    traffic_counts t;
    if (incoming_)
      t.messages_in = incoming_->messages.pushed();
    t.messages_out = outgoing_->messages.popped();
    return t;
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

  bool write(message& m) override
  {
    if (full() && !make_room()) {
      muted_ = true;
      return false;
    }
    outgoing_->messages.prepare().take(m);
    written();
    return true;
  }

  bool publish(routing::published const& m) override
  {
    if (full() && !make_room())
      return false;
    message& copy = outgoing_->messages.prepare();
    copy = m.body;
    copy.set_metadata(nullptr);
    written();
    return true;
  }

  bool read(message& to) override
  {
    if (!incoming_ || incoming_->messages.empty()) {
      announced_ = false;
      if (met_ && peer_ == nullptr && host_ != nullptr && !std::exchange(drained_told_, true)) {
        // The caller is in the middle of a list that this pipe is to leave.
        asio::post(host_->executor(), [self = shared_from_this()] {
          self->drained_told_ = false;
          if (self->host_ && self->unread() == 0)  // else it was told of its end meanwhile
            self->host_->on_drained(*self);
        });
      }
      return false;
    }
    to = std::move(incoming_->messages.front());
    incoming_->messages.pop();
    if (peer_ != nullptr && peer_->muted_)
      peer_->tell_room();
    return true;
  }

  bool writable() noexcept override
  {
    muted_ = full() && !conflates();
    return !muted_;
  }
  std::size_t queued() const noexcept override { return outgoing_->messages.size(); }

  void subscribe(bool wanted, byte_view topic) override
  {
    if (peer_ != nullptr && peer_->host_ != nullptr)
      (void)peer_->host_->on_subscription(*peer_, wanted, topic);
  }

  bool settled() override { return peer_ != nullptr; }

  void reject(std::error_code) override
  {
    // A peer of our own program: what it sent wrongly is discarded, the connection stays.
  }

  byte_view identity() const noexcept override { return as_bytes(identity_); }

  void inject(message m) override
  {
    // What was queued before they met comes after the news that they have.
    if (joined_)
      incoming_->messages.push(std::move(m));
    else
      incoming_->messages.push_front(std::move(m));
    if (!announced_)
      announce();
  }

  void greet(std::span<message const> messages) override
  {
    for (std::size_t i = messages.size(); i-- > 0;)
      outgoing_->messages.push_front(message{messages[i]});
    if (peer_ != nullptr && !peer_->announced_)
      peer_->announce();
  }

  void retract() override
  {
    if (!met_)
      outgoing_->messages.clear();
  }

  std::size_t unread() const noexcept override { return incoming_ ? incoming_->messages.size() : 0; }

 private:
  static constexpr std::size_t burst = 128;

  struct queue {
    ring<message> messages;
    std::size_t capacity = 0;
    bool conflates = false;  // the last message only
  };

  static std::size_t sum(std::size_t a, std::size_t b) noexcept
  {
    return a == socket_options::unlimited || b == socket_options::unlimited ? socket_options::unlimited
                                                                            : a + b;
  }

  // Room for both marks, or as long as there is no peer, for ours.
  void measure() noexcept
  {
    socket_options const& ours = host_->options();
    socket_options const* const theirs = peer_ == nullptr ? nullptr : &peer_->host_->options();
    outgoing_->conflates = ours.conflate || (theirs != nullptr && theirs->conflate);
    outgoing_->capacity = outgoing_->conflates ? 1
                          : theirs == nullptr  ? ours.send_hwm
                                               : sum(ours.send_hwm, theirs->receive_hwm);
  }

  bool conflates() const noexcept { return outgoing_->conflates && !(met_ && !peer_); }

  // A newer message takes the place of those that have not been read.
  [[gnu::noinline]] bool make_room()
  {
    if (!conflates())
      return false;
    outgoing_->messages.clear();
    return true;
  }

  // A peer that has left takes no more; it is detached a moment later.
  bool full() const noexcept { return outgoing_->messages.size() >= outgoing_->capacity || (met_ && !peer_); }

  void leave()
  {
    inproc_pipe* const other = std::exchange(peer_, nullptr);
    if (other == nullptr)
      return;
    other->peer_ = nullptr;
    asio::post(other->host_->executor(), [kept = other->shared_from_this()] {
      kept->ended(errc::peer_closed, "the peer closed the connection");
    });
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

  void written()
  {
    outgoing_->messages.commit();
    // The reader takes its turn while what was written is still in the nearest cache.
    if (outgoing_->messages.size() % burst == 0 && host_ != nullptr)
      host_->on_burst();
    if (peer_ != nullptr && !peer_->announced_)
      peer_->announce();
  }

  void meet(inproc_pipe& other)
  {
    peer_ = &other;
    met_ = true;
    other.incoming_ = outgoing_;
  }

  void joined()
  {
    number_ = host_->observed().new_peer();
    since_ = std::chrono::system_clock::now();
    host_->on_connected(*this);
    joined_ = true;
    tell_room();
    if (unread() > 0 && !announced_)
      announce();
  }

  // Both tell from inside a call of the other side's user, so the work is posted; by the time it runs, a burst is over.
  void announce()
  {
    announced_ = true;
    if (host_)
      host_->on_readable(*this, wake::posted);
  }

  void tell_room()
  {
    muted_ = false;
    if (host_)
      host_->on_writable(*this, wake::posted);
  }

  host* host_;
  std::string name_;
  side side_;
  std::string identity_;  // the other end's
  socket_type type_{};    // likewise
  inproc_pipe* peer_ = nullptr;
  bool met_ = false;
  bool joined_ = false;
  bool muted_ = false;
  bool announced_ = false;
  bool drained_told_ = false;
  std::shared_ptr<queue> outgoing_;
  std::shared_ptr<queue> incoming_;
};

}  // namespace cozmq::engine
