// Outbound: each message to the next peer that has room.
#pragma once

#include <cozmq/routing/outbound.hpp>
#include <cozmq/routing/pipe_list.hpp>

namespace cozmq::routing {

/// [RFC 30, PUSH] SHALL route outgoing messages to available peers using a round-robin strategy. Waits while there is
/// no peer or every peer is at its high-water mark; never drops.
class round_robin {
 public:
  void attach(pipe& p)
  {
    pipes_.add(p);
    pipes_.activate(p);
  }

  void detach(pipe& p) { pipes_.remove(p); }

  /// `p` has room again.
  void writable(pipe& p) { pipes_.activate(p); }

  bool ready()
  {
    while (pipes_.active() > 0) {
      if (pipes_[at()].writable())
        return true;
      pipes_.deactivate(pipes_[at()]);
    }
    return false;
  }

  send_result send(message& m)
  {
    while (pipes_.active() > 0) {
      pipe& p = pipes_[at()];
      if (p.write(m)) {
        ++next_;
        return {send_result::sent, &p};
      }
      pipes_.deactivate(p);
    }
    return {send_result::full, nullptr};
  }

 private:
  std::size_t at() noexcept
  {
    if (next_ >= pipes_.active())
      next_ = 0;
    return next_;
  }

  pipe_list<&pipe::outbound_slot> pipes_;
  std::size_t next_ = 0;
};

static_assert(outbound<round_robin>);

}  // namespace cozmq::routing
