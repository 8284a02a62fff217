// Outbound: each message to every peer that subscribed to a prefix of it.
#pragma once

#include <cozmq/routing/copies.hpp>
#include <cozmq/routing/outbound.hpp>
#include <cozmq/routing/pipe_list.hpp>
#include <cozmq/routing/subscription_table.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// [RFC 29, PUB] Sends a message to all peers with a matching subscription, once each. A peer at its high-water mark
/// loses the message, the others are not affected: a send never waits for a peer, unless `rules.nodrop` says so.
class fan_out {
 public:
  void attach(pipe& p) { pipes_.add(p); }
  void detach(pipe& p)
  {
    drop(p, [](byte_view, bool) {});
    if (pipes_.holds(p))
      pipes_.remove(p);
    if (only == &p)
      only = nullptr;
  }
  void writable(pipe&) {}
  bool ready() const noexcept { return true; }

  /// The handshake with `p` has ended well.
  void connected(pipe& p)
  {
    if (!rules.welcome.empty())
      p.greet(std::array{message{rules.welcome}});
  }

  /// Matches before it encodes, encodes once, and copies small messages but shares large frames.
  send_result send(message& m);

  /// `p` asks for `topic`, or no longer wants it.
  ///
  /// @par Errors
  /// `too_many_subscriptions` beyond the limits: the peer is to lose its connection.
  topic_change subscription(pipe& p, bool wanted, byte_view topic, std::error_code& ec)
  {
    return topics_.request(p, wanted, topic, limits, ec);
  }

  /// The application decides that `p` is to get `topic`, or not. False when nothing has changed.
  bool answer(pipe& p, bool wanted, byte_view topic)
  {
    return topics_.set(p, wanted, topic) != topic_change::none;
  }

  /// Ends all subscriptions of `p`, which may ask again; calls `gone(topic, bool last)` for each.
  template <class Gone>
  void drop(pipe& p, Gone&& gone)
  {
    topics_.drop(p, gone);
  }

  /// How many peers would receive a message that starts with `topic`.
  std::size_t subscribers(byte_view topic)
  {
    std::size_t count = 0;
    for_each_target(topic, [&count](pipe&) { ++count; });
    return count;
  }

  /// How many different topics peers have subscribed to.
  std::size_t topics() const noexcept { return topics_.size(); }

  /// What `p` has subscribed to, or was given.
  topic_count topics_of(pipe const& p) const { return topics_.count(p); }

  /// Messages that a peer lost because it was full.
  std::uint64_t dropped() const noexcept { return dropped_; }

  subscription_limits limits;
  subscription_rules rules;

  /// The next message goes to this peer, or to nobody.
  pipe* only = nullptr;

 private:
  template <class Visit>
  void for_each_target(byte_view topic, Visit&& visit);
  bool all_writable(byte_view topic);

  subscription_table topics_;
  pipe_list<&pipe::outbound_slot> pipes_;
  copies copies_;
  std::vector<pipe*> targets_;  // of the message that is being sent, with nodrop
  std::uint64_t mark_ = 0;
  std::uint64_t dropped_ = 0;
};

// Visits each peer once, however many of its topics match.
template <class Visit>
void fan_out::for_each_target(byte_view topic, Visit&& visit)
{
  ++mark_;
  bool const invert = rules.invert;
  topics_.match(topic, [&](pipe& p) {
    if (std::exchange(p.mark, mark_) != mark_ && !invert)
      visit(p);
  });
  for (std::size_t i = 0; invert && i < pipes_.size(); ++i)
    if (pipes_[i].mark != mark_)
      visit(pipes_[i]);
}

inline send_result fan_out::send(message& m)
{
  copies_.of(m);
  if (rules.nodrop) {
    if (!all_writable(m[0].bytes()))
      return {send_result::full, nullptr};
    for (pipe* p : targets_)
      copies_.give(*p);
  } else {
    for_each_target(m[0].bytes(), [this](pipe& p) {
      if ((only == nullptr || only == &p) && !copies_.give(p))
        ++dropped_;
    });
  }
  only = nullptr;
  m.clear();
  return {send_result::sent, nullptr};
}

// All are asked, so that each that is full says when it has room.
inline bool fan_out::all_writable(byte_view topic)
{
  bool all = true;
  targets_.clear();
  for_each_target(topic, [&](pipe& p) {
    if (only != nullptr && only != &p)
      return;
    targets_.push_back(&p);
    all = p.writable() && all;
  });
  return all;
}

static_assert(outbound<fan_out>);

}  // namespace cozmq::routing
