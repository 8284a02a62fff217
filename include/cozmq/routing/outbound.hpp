// What a strategy for outgoing messages must offer.
#pragma once

#include <cozmq/routing/pipe.hpp>

#include <concepts>

namespace cozmq::routing {

/// How a message fared, and which pipe took it (null for a fan-out).
struct send_result {
  enum kind { sent, full, unreachable };
  kind outcome = full;
  pipe* to = nullptr;
};

/// Chooses the peer, or the peers, of an outgoing message. A value without I/O: it sees peers as `pipe`s only.
template <class S>
concept outbound = std::default_initializable<S> && requires(S s, pipe& p, message& m) {
  s.attach(p);                                 // a peer that may be written to
  s.detach(p);                                 // it is gone
  s.writable(p);                               // it was full and has room again
  { s.ready() } -> std::convertible_to<bool>;  // would a message be accepted now?
  { s.send(m) } -> std::same_as<send_result>;  // takes `m` when `sent`, leaves it alone when not
};

/// For patterns that only receive.
struct no_outbound {
  void attach(pipe&) {}
  void detach(pipe&) {}
  void writable(pipe&) {}
  bool ready() { return false; }
  send_result send(message&) { return {}; }
};

static_assert(outbound<no_outbound>);

}  // namespace cozmq::routing
