// Two sockets of one context, joined without a stream or a codec: messages are moved.
#pragma once

#include <cozmq/core/ring.hpp>
#include <cozmq/engine/far_end.hpp>
#include <cozmq/engine/inproc_end.hpp>

#include <asio/post.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace cozmq::engine {

/// One end of an inproc connection. What is written here is read at the other end: by a plain move on the same executor,
/// else by way of a far_end.
///
/// The queue of a direction holds the sum of the sender's and the receiver's high-water mark. An end that is not joined
/// yet (connect before bind) queues up to its own mark.
class inproc_pipe final : public inproc_end {
 public:
  inproc_pipe(host& h, std::string name, side which)
      : inproc_end{h, std::move(name), which}, outgoing_{std::make_shared<queue>()}
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
    for (inproc_pipe* const end : {&connecting, &binding}) {
      end->joined();
      end->tell_room(wake::posted);
      if (end->unread() > 0 && !end->announced())
        end->announce(wake::posted);
    }
  }

  /// Joins this end to one that has another executor. `way` leads to ours. Last thing in a handler.
  void join(std::shared_ptr<crossing> shared, std::shared_ptr<door> way)
  {
    met_ = true;
    far_ = std::make_unique<far_end>(*this, std::move(shared));
    joined();
    for (; !outgoing_->messages.empty(); outgoing_->messages.pop())
      far_->take_over(std::move(outgoing_->messages.front()));
    tell_room(wake::posted);
    far_->join(std::move(way));
  }

  void visit() override { far_->visit(); }

  /// The options of this end have changed.
  void reconsider()
  {
    if (far_)
      return far_->reconsider();
    measure();
    if (peer_ != nullptr)
      peer_->measure();
    for (inproc_pipe* const end : {this, peer_})
      if (end != nullptr && end->muted && !end->full())
        end->tell_room(wake::posted);
  }

  /// Is the other end still to come?
  bool waiting() const noexcept { return !met_; }

  // Whoever writes counts a message as gone when the other end has read it, which has received it from when it is there.
  traffic_counts passed() const noexcept override
  {
    if (far_) [[unlikely]]
      return far_->passed();
    traffic_counts t;
    if (incoming_)
      t.messages_in = incoming_->messages.pushed();
    t.messages_out = outgoing_->messages.popped();
    return t;
  }

  bool write(message& m) override
  {
    if (far_) [[unlikely]]
      return far_->write(m);
    if (full() && !make_room()) {
      muted = true;
      return false;
    }
    outgoing_->messages.prepare().take(m);
    written();
    return true;
  }

  bool publish(routing::published const& m) override
  {
    if (far_) [[unlikely]]
      return far_->publish(m);
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
    if (far_) [[unlikely]]
      return far_->read(to);
    if (!incoming_ || incoming_->messages.empty())
      return no_message_left();
    to = std::move(incoming_->messages.front());
    incoming_->messages.pop();
    if (peer_ != nullptr && peer_->muted)
      peer_->tell_room(wake::posted);
    return true;
  }

  bool writable() noexcept override
  {
    if (far_) [[unlikely]]
      return far_->writable();
    muted = full() && !conflates();
    return !muted;
  }
  std::size_t queued() const noexcept override { return far_ ? far_->queued() : outgoing_->messages.size(); }
  std::size_t unread() const noexcept override
  {
    if (far_)
      return far_->unread();
    return incoming_ ? incoming_->messages.size() : 0;
  }

  void subscribe(bool wanted, byte_view topic) override
  {
    if (far_) [[unlikely]]
      return far_->subscribe(wanted, topic);
    if (peer_ != nullptr && peer_->owner() != nullptr)
      (void)peer_->owner()->on_subscription(*peer_, wanted, topic);
  }

  bool settled() override { return far_ ? far_->settled() : peer_ != nullptr; }

  void inject(message m) override
  {
    if (far_) [[unlikely]]
      return far_->inject(std::move(m));
    // What was queued before they met comes after the news that they have.
    if (joined_yet())
      incoming_->messages.push(std::move(m));
    else
      incoming_->messages.push_front(std::move(m));
    if (!announced())
      announce(wake::posted);
  }

  void greet(std::span<message const> messages) override
  {
    if (far_) [[unlikely]]
      return far_->greet(messages);
    for (std::size_t i = messages.size(); i-- > 0;)
      outgoing_->messages.push_front(message{messages[i]});
    if (peer_ != nullptr && !peer_->announced())
      peer_->announce(wake::posted);
  }

  void retract() override
  {
    if (!met_)
      outgoing_->messages.clear();
  }

 private:
  static constexpr std::size_t burst = 128;

  struct queue {
    ring<message> messages;
    std::size_t capacity = 0;
    bool conflates = false;  // the last message only
  };

  // Room for both marks, or as long as there is no peer, for ours.
  void measure() noexcept
  {
    socket_options const& ours = owner()->options();
    socket_options const* const theirs = peer_ == nullptr ? nullptr : &peer_->owner()->options();
    outgoing_->conflates = ours.conflate || (theirs != nullptr && theirs->conflate);
    outgoing_->capacity = outgoing_->conflates ? 1
                          : theirs == nullptr  ? ours.send_hwm
                                               : sum_of_marks(ours.send_hwm, theirs->receive_hwm);
  }

  bool deserted() const noexcept override { return far_ ? far_->deserted() : met_ && peer_ == nullptr; }
  bool conflates() const noexcept { return outgoing_->conflates && !deserted(); }

  // A newer message takes the place of those that have not been read.
  [[gnu::noinline]] bool make_room()
  {
    if (!conflates())
      return false;
    outgoing_->messages.clear();
    return true;
  }

  // A peer that has left takes no more; it is detached a moment later.
  bool full() const noexcept
  {
    return outgoing_->messages.size() >= outgoing_->capacity || (met_ && peer_ == nullptr);
  }

  void leave() override
  {
    if (far_)
      return far_->leave();
    inproc_pipe* const other = std::exchange(peer_, nullptr);
    if (other == nullptr)
      return;
    other->peer_ = nullptr;
    asio::post(other->owner()->executor(), [kept = other->shared_from_this(), other] {
      other->ended(errc::peer_closed, "the peer closed the connection");
    });
  }

  // The wakes are posted, as this is inside a call of the other side's user; by the time they run, a burst is over.
  void written()
  {
    outgoing_->messages.commit();
    // The reader takes its turn while what was written is still in the nearest cache.
    if (outgoing_->messages.size() % burst == 0 && owner() != nullptr)
      owner()->on_burst();
    if (peer_ != nullptr && !peer_->announced())
      peer_->announce(wake::posted);
  }

  void meet(inproc_pipe& other)
  {
    peer_ = &other;
    met_ = true;
    other.incoming_ = outgoing_;
  }

  inproc_pipe* peer_ = nullptr;
  bool met_ = false;
  std::shared_ptr<queue> outgoing_;
  std::shared_ptr<queue> incoming_;
  std::unique_ptr<far_end> far_;
};

}  // namespace cozmq::engine
