// What a strategy for incoming messages must offer.
#pragma once

#include <cozmq/routing/pipe.hpp>

#include <concepts>

namespace cozmq::routing {

/// Chooses the peer whose message is received next. A value without I/O.
template <class S>
concept inbound = std::default_initializable<S> && requires(S s, pipe& p, message& m) {
  s.attach(p);                      // a peer that may be read from
  s.detach(p);                      // it is gone and drained
  s.readable(p);                    // it had nothing and has a message now
  static_cast<bool>(s.receive(m));  // where `m` comes from, if the pattern has an envelope; null when nothing
};

/// For patterns that only send: what a peer sends all the same is discarded. [RFC 30, PUSH] MUST NOT receive.
struct no_inbound {
  void attach(pipe&) {}
  void detach(pipe&) {}
  void readable(pipe& p)
  {
    message discarded;
    while (p.read(discarded)) {
    }
  }
  pipe* receive(message&) { return nullptr; }
};

static_assert(inbound<no_inbound>);

}  // namespace cozmq::routing
