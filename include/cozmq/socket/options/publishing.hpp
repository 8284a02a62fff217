// Options of the sockets that publish and subscribe.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <string>

namespace cozmq::option {

/// An option in the rules of subscriptions, for the socket types `Types`.
template <class Option, class Value, auto Member, socket_type... Types>
struct subscription_option : single<Option, Value, &engine::socket_options::subscriptions, Member> {
  using single<Option, Value, &engine::socket_options::subscriptions, Member>::single;
  static constexpr bool applies_to(socket_type type) { return ((type == Types) || ...); }
};

/// PUB, XPUB: a message that a full subscriber would lose makes the send wait instead. Default false. Takes effect at
/// once.
/// @libzmq ZMQ_XPUB_NODROP | false | at once | PUB, XPUB
struct xpub_nodrop : subscription_option<xpub_nodrop, bool, &routing::subscription_rules::nodrop,
                                         socket_type::pub, socket_type::xpub> {
  using subscription_option::subscription_option;
};

/// XPUB: receive every SUBSCRIBE, also of a topic that somebody has already. Default false: a topic's first. Takes effect
/// at once.
/// @libzmq ZMQ_XPUB_VERBOSE | false | at once | XPUB
struct xpub_verbose
    : subscription_option<xpub_verbose, bool, &routing::subscription_rules::verbose, socket_type::xpub> {
  using subscription_option::subscription_option;
};

/// XPUB: receive every SUBSCRIBE and every CANCEL. Default false: a topic's first and last. Takes effect at once.
/// @libzmq ZMQ_XPUB_VERBOSER | false | at once | XPUB
struct xpub_verboser
    : subscription_option<xpub_verboser, bool, &routing::subscription_rules::verboser, socket_type::xpub> {
  using subscription_option::subscription_option;
};

/// XPUB: receive every SUBSCRIBE and CANCEL and decide what to do: `subscribe(topic)` and `unsubscribe(topic)` on the
/// socket then act for the peer whose request was received last, until it is gone. Default false. Affects later requests.
/// @libzmq ZMQ_XPUB_MANUAL | false | later requests | XPUB
struct xpub_manual
    : subscription_option<xpub_manual, bool, &routing::subscription_rules::manual, socket_type::xpub> {
  using subscription_option::subscription_option;
};

/// XPUB: as `xpub_manual`, and the first message sent after a SUBSCRIBE was received goes to its sender only: a cache
/// sends the last value of the topic that way. Default false. Affects later requests.
/// @libzmq ZMQ_XPUB_MANUAL_LAST_VALUE | false | later requests | XPUB
struct xpub_manual_last_value
    : subscription_option<xpub_manual_last_value, bool, &routing::subscription_rules::last_value,
                          socket_type::xpub> {
  using subscription_option::subscription_option;
  std::error_code apply(engine::socket_options& to) const
  {
    to.subscriptions.manual = value;
    return single::apply(to);
  }
};

/// XPUB, PUB: bytes that are sent to whoever connects, before anything else; empty (the default) is nothing. A SUB
/// receives them if it has subscribed to their beginning. Affects later connections.
/// @libzmq ZMQ_XPUB_WELCOME_MSG | empty | later connections | PUB, XPUB
struct xpub_welcome_message
    : subscription_option<xpub_welcome_message, std::string, &routing::subscription_rules::welcome,
                          socket_type::pub, socket_type::xpub> {
  using subscription_option::subscription_option;
};

/// XPUB, PUB: only the first frame of a message from a subscriber says whether it holds subscriptions; by default, as in
/// libzmq, every frame that begins with 0 or 1 is one. Default false. Takes effect at once.
/// @libzmq ZMQ_ONLY_FIRST_SUBSCRIBE | false | at once | PUB, XPUB
struct only_first_subscribe
    : subscription_option<only_first_subscribe, bool, &routing::subscription_rules::only_first,
                          socket_type::pub, socket_type::xpub> {
  using subscription_option::subscription_option;
};

/// PUB, XPUB: send a message to the peers that have not subscribed to it. SUB: receive what is not subscribed to. It must
/// be set at both ends. Default false. Takes effect at once.
/// @libzmq ZMQ_INVERT_MATCHING | false | at once | PUB, XPUB, SUB
struct invert_matching : subscription_option<invert_matching, bool, &routing::subscription_rules::invert,
                                             socket_type::pub, socket_type::xpub, socket_type::sub> {
  using subscription_option::subscription_option;
};

/// SUB, XSUB: send every CANCEL, and not only a topic's last. Default false. Takes effect at once.
/// @libzmq ZMQ_XSUB_VERBOSE_UNSUBSCRIBE | false | at once | SUB, XSUB
struct xsub_verbose_unsubscribe
    : single<xsub_verbose_unsubscribe, bool, &engine::socket_options::xsub_verbose_unsubscribe> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::sub || type == socket_type::xsub;
  }
};

}  // namespace cozmq::option
