// Both directions: the one peer of an exclusive pair, and what those before it have left to be read.
#pragma once

#include <cozmq/routing/inbound.hpp>
#include <cozmq/routing/outbound.hpp>

#include <utility>
#include <vector>

namespace cozmq::routing {

/// [RFC 31, PAIR] SHALL NOT accept more than one peer at a time. Waits while there is none or it is full. A peer that has
/// left stays attached until it is read empty, and what it sent comes before what its successor sends.
class sole_peer {
 public:
  void attach(pipe& p)
  {
    if (pipe* const before = std::exchange(peer_, &p))
      earlier_.push_back(before);
  }

  void detach(pipe& p)
  {
    if (peer_ == &p)
      peer_ = nullptr;
    else
      std::erase(earlier_, &p);
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

  pipe* receive(message& m)
  {
    if (!earlier_.empty()) [[unlikely]] {
      for (pipe* const p : earlier_)
        if (p->read(m))
          return p;
    }
    return peer_ != nullptr && peer_->read(m) ? peer_ : nullptr;
  }

 private:
  pipe* peer_ = nullptr;
  std::vector<pipe*> earlier_;  // oldest first
};

static_assert(outbound<sole_peer> && inbound<sole_peer>);

}  // namespace cozmq::routing
