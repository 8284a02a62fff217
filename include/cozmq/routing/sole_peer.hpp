// Both directions: the one peer of an exclusive pair.
#pragma once

#include <cozmq/routing/inbound.hpp>
#include <cozmq/routing/outbound.hpp>

namespace cozmq::routing {

/// [RFC 31, PAIR] SHALL NOT accept more than one peer at a time. Waits while there is none or it is full.
class sole_peer {
 public:
  void attach(pipe& p) { peer_ = &p; }

  void detach(pipe& p)
  {
    if (peer_ == &p)
      peer_ = nullptr;
  }

  void writable(pipe&) {}
  void readable(pipe&) {}

  bool ready() noexcept { return peer_ != nullptr && peer_->writable(); }

  send_result send(message& m)
  {
    if (peer_ == nullptr || !peer_->write(m))
      return {send_result::full, nullptr};
    return {send_result::sent, peer_};
  }

  pipe* receive(message& m) { return peer_ != nullptr && peer_->read(m) ? peer_ : nullptr; }

 private:
  pipe* peer_ = nullptr;
};

static_assert(outbound<sole_peer> && inbound<sole_peer>);

}  // namespace cozmq::routing
