// Who subscribed to what.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/routing/pipe_set.hpp>
#include <cozmq/routing/prefix_table.hpp>
#include <cozmq/routing/subscription_rules.hpp>

#include <cstddef>
#include <cstdint>
#include <system_error>

namespace cozmq::routing {

/// What a request did to its topic.
enum class topic_change : std::uint8_t {
  none,    // its sender had, or had not, the topic before
  shared,  // others have the topic too
  edge,    // the first subscriber came, or the last one went
};

/// Topics with the peers that want them. Idempotent per peer: ZMTP peers send every SUBSCRIBE and only the last CANCEL of
/// a topic, and some repeat all topics.
class subscription_table {
 public:
  /// `p` wants `topic`, or no longer does.
  topic_change set(pipe& p, bool wanted, byte_view topic)
  {
    if (wanted) {
      pipe_set& peers = topics_.insert(topic);
      bool const first = peers.empty();
      if (!peers.insert(p))
        return topic_change::none;
      return first ? topic_change::edge : topic_change::shared;
    }
    pipe_set* const peers = topics_.find(topic);
    if (peers == nullptr || !peers->erase(p))
      return topic_change::none;
    if (!peers->empty())
      return topic_change::shared;
    topics_.erase(topic);
    return topic_change::edge;
  }

  /// The same, asked for by the peer itself: what it has is counted against `limits`.
  ///
  /// @par Errors
  /// `too_many_subscriptions` beyond the limits: the peer is to lose its connection.
  topic_change request(pipe& p, bool wanted, byte_view topic, subscription_limits const& limits,
                       std::error_code& ec)
  {
    if (wanted && (topic.size() > limits.topic_size || p.topics >= limits.topics ||
                   p.topic_bytes + topic.size() > limits.bytes)) {
      // Peers repeat topics, so one that is known already is not too many.
      pipe_set const* const known = topics_.find(topic);
      if (known == nullptr || !known->contains(p))
        ec = errc::too_many_subscriptions;
      return topic_change::none;
    }
    topic_change const change = set(p, wanted, topic);
    if (change != topic_change::none) {
      p.topics += wanted ? 1 : std::size_t(-1);
      p.topic_bytes += wanted ? topic.size() : 0 - topic.size();
    }
    return change;
  }

  /// Ends all subscriptions of `p`, and calls `gone(topic, bool last)` for each.
  template <class Gone>
  void drop(pipe& p, Gone&& gone)
  {
    topics_.erase_if([&](byte_view topic, pipe_set& peers) {
      if (!peers.erase(p))
        return false;
      gone(topic, peers.empty());
      return peers.empty();
    });
  }

  /// Calls `visit(pipe&)` for every peer that wants a message beginning with `text`; more than once for a peer if several
  /// of its topics match.
  template <class Visit>
  void match(byte_view text, Visit&& visit)
  {
    topics_.match(text, [&visit](pipe_set& peers) {
      for (pipe* p : peers)
        visit(*p);
    });
  }

  /// How many different topics there are.
  std::size_t size() const noexcept { return topics_.size(); }

 private:
  prefix_table<pipe_set> topics_;
};

}  // namespace cozmq::routing
