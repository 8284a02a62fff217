// Inbound: one message from each peer that has any, in turn.
#pragma once

#include <cozmq/routing/inbound.hpp>
#include <cozmq/routing/pipe_list.hpp>

namespace cozmq::routing {

/// [RFC 30, PULL] SHALL receive incoming messages from its peers using a fair-queuing strategy.
class fair_queue {
 public:
  void attach(pipe& p) { pipes_.add(p); }
  void detach(pipe& p) { pipes_.remove(p); }
  void readable(pipe& p) { pipes_.activate(p); }

  pipe* receive(message& m)
  {
    while (pipes_.active() > 0) {
      if (next_ >= pipes_.active())
        next_ = 0;
      pipe& p = pipes_[next_];
      if (p.read(m)) {
        ++next_;
        return &p;
      }
      pipes_.deactivate(p);
    }
    return nullptr;
  }

 private:
  pipe_list<&pipe::inbound_slot> pipes_;
  std::size_t next_ = 0;
};

static_assert(inbound<fair_queue>);

}  // namespace cozmq::routing
