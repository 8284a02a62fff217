// Outbound: each message to every peer.
#pragma once

#include <cozmq/routing/copies.hpp>
#include <cozmq/routing/outbound.hpp>
#include <cozmq/routing/pipe_list.hpp>

#include <cstddef>
#include <cstdint>

namespace cozmq::routing {

/// [RFC 29, XSUB] SHALL send all messages to all connected publishers, SHALL silently drop the message if the outgoing
/// queue for a publisher is full, SHALL NOT block on sending.
class to_all {
 public:
  void attach(pipe& p) { pipes_.add(p); }
  void detach(pipe& p) { pipes_.remove(p); }
  void writable(pipe&) {}
  bool ready() const noexcept { return true; }

  send_result send(message& m)
  {
    copies_.of(m);
    for (std::size_t i = 0; i < pipes_.size(); ++i)
      if (!copies_.give(pipes_[i]))
        ++dropped_;
    m.clear();
    return {send_result::sent, nullptr};
  }

  /// Messages that a peer lost because it was full.
  std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  pipe_list<&pipe::outbound_slot> pipes_;
  copies copies_;
  std::uint64_t dropped_ = 0;
};

static_assert(outbound<to_all>);

}  // namespace cozmq::routing
