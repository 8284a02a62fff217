// What a pattern states about itself.
//
//   type  peers      outbound                 inbound             when full or without a peer  envelope
//   PAIR  PAIR       the one peer             the one peer        wait                         -
//   PUSH  PULL       round robin              -                   wait                         -
//   PULL  PUSH       -                        fair queue          -                            -
//   PUB   SUB XSUB   fan out to subscribers   (subscriptions)     drop, per peer               -
//   SUB   PUB XPUB   (subscriptions)          filtered queue      -                            -
//   XPUB  SUB XSUB   fan out to subscribers   subscriptions       drop, per peer               -
//   XSUB  PUB XPUB   (subscriptions), to all  fair queue          drop, no subscription        -
//   REQ   REP ROUTER round robin              the peer last asked wait                         empty delimiter
//   REP   REQ DEALER the peer last heard      fair queue          drop                         saved and restored
//   DEALER ROUTER REP DEALER  round robin     fair queue          wait                         -
//   ROUTER DEALER REQ ROUTER  by routing id   fair queue          drop; mandatory: error, wait routing id
//   STREAM (any TCP)          by id           fair queue          wait; unknown id: error      id frame
#pragma once

#include <cozmq/core/socket_type.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/routing/envelope.hpp>
#include <cozmq/routing/inbound.hpp>
#include <cozmq/routing/outbound.hpp>

#include <concepts>
#include <type_traits>

namespace cozmq::pattern {

/// A socket type as a policy: a small type that names its strategies. A new pattern derives from one of the library's
/// and overrides what differs; nothing else in a pattern has behaviour.
template <class P>
concept policy = requires {
  { P::type } -> std::convertible_to<socket_type>;       // announced to peers
  { P::peers } -> std::convertible_to<socket_type_set>;  // who may connect
  { P::exclusive } -> std::convertible_to<bool>;         // one peer only
  {
    P::connects_twice
  } -> std::convertible_to<bool>;  // a second connect to an endpoint is a second connection
  requires routing::outbound<typename P::outbound>;
  requires routing::inbound<typename P::inbound>;
  typename P::envelope;
};

// The `Dependent` of a refusal makes its static_assert fail only where the call is made.
template <class>
inline constexpr bool refused = false;

}  // namespace cozmq::pattern

namespace cozmq {

/// Does a socket of this pattern send? Generic code asks instead of calling.
template <class Pattern>
concept can_send = pattern::policy<Pattern> && Pattern::sends;

/// Must a send of this pattern wait for its turn, which a receive gives it?
template <class Pattern>
concept sends_in_turns = requires(typename Pattern::envelope e, message& m) { e.wrap(m); } ||
                         requires(typename Pattern::envelope e, message& m) { e.reply(m); };

/// Does a socket of this pattern receive?
template <class Pattern>
concept can_receive = pattern::policy<Pattern> && Pattern::receives;

}  // namespace cozmq
