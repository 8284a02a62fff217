// Who subscribed to what.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/routing/pipe_set.hpp>
#include <cozmq/routing/prefix_table.hpp>
#include <cozmq/routing/subscription_rules.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// What a request did to its topic.
enum class topic_change : std::uint8_t {
  none,    // its sender had, or had not, the topic before
  shared,  // others have the topic too
  edge,    // the first subscriber came, or the last one went
};

/// What one peer has in a table.
struct topic_count {
  std::size_t topics = 0;
  std::size_t bytes = 0;  // of all topics
};

/// Topics with the peers that want them. Idempotent per peer: ZMTP peers send every SUBSCRIBE and only the last CANCEL of
/// a topic, and some repeat all topics.
///
/// A peer that leaves costs what its own topics cost, whatever others have: the table knows their hashes. `Peers` is the
/// set of one topic's.
template <class Peers>
class basic_subscription_table {
 public:
  /// `p` wants `topic`, or no longer does.
  topic_change set(pipe& p, bool wanted, byte_view topic)
  {
    return wanted ? add(p, topic) : remove(p, topic);
  }

  /// The same, asked for by the peer itself: what it has is held against `limits`.
  ///
  /// @par Errors
  /// `too_many_subscriptions` beyond the limits: the peer is to lose its connection.
  topic_change request(pipe& p, bool wanted, byte_view topic, subscription_limits const& limits,
                       std::error_code& ec)
  {
    topic_count const has = wanted ? count(p) : topic_count{};
    if (wanted && (topic.size() > limits.topic_size || has.topics >= limits.topics ||
                   has.bytes + topic.size() > limits.bytes)) {
      // Peers repeat topics, so one that is known already is not too many.
      Peers const* const known = topics_.find(topic);
      if (known == nullptr || !known->contains(p))
        ec = errc::too_many_subscriptions;
      return topic_change::none;
    }
    return set(p, wanted, topic);
  }

  /// Ends all subscriptions of `p`, and calls `gone(topic, bool last)` for each.
  template <class Gone>
  void drop(pipe& p, Gone&& gone)
  {
    auto const at = holders_.find(&p);
    if (at == holders_.end())
      return;
    std::vector<std::uint32_t> const hashes = std::move(at->second.hashes);
    holders_.erase(at);
    for (std::uint32_t const hash : hashes)
      topics_.erase_if(hash, [&](byte_view topic, Peers& peers) {
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
    topics_.match(text, [&visit](Peers& peers) {
      for (pipe* p : peers)
        visit(*p);
    });
  }

  /// How many different topics there are.
  std::size_t size() const noexcept { return topics_.size(); }

  /// What `p` has.
  topic_count count(pipe const& p) const
  {
    auto const at = holders_.find(&p);
    return at == holders_.end() ? topic_count{} : at->second.has;
  }

 private:
  struct holder {
    topic_count has;
    // Of all its topics, and of some that it no longer has.
    std::vector<std::uint32_t> hashes;
  };

  topic_change add(pipe& p, byte_view topic)
  {
    Peers& peers = topics_.insert(topic);
    bool const first = peers.empty();
    holder& who = holders_[&p];
    who.hashes.push_back(topics_.hash(topic));
    if (!peers.insert(p)) {
      who.hashes.pop_back();
      return topic_change::none;
    }
    ++who.has.topics;
    who.has.bytes += topic.size();
    return first ? topic_change::edge : topic_change::shared;
  }

  topic_change remove(pipe& p, byte_view topic)
  {
    Peers* const peers = topics_.find(topic);
    if (peers == nullptr || !peers->erase(p))
      return topic_change::none;
    auto const who = holders_.find(&p);
    who->second.has.bytes -= topic.size();
    bool const last = peers->empty();
    if (last)
      topics_.erase(topic);
    if (--who->second.has.topics == 0)
      holders_.erase(who);
    else if (who->second.hashes.size() > 2 * who->second.has.topics + few)
      forget(p, who->second.hashes);
    return last ? topic_change::edge : topic_change::shared;
  }

  // Most of what `p` has is not all that it had.
  void forget(pipe const& p, std::vector<std::uint32_t>& hashes)
  {
    std::ranges::sort(hashes);
    auto const [twice, end] = std::ranges::unique(hashes);
    hashes.erase(twice, end);
    std::erase_if(hashes, [&](std::uint32_t hash) {
      return !topics_.any_of(hash, [&p](Peers const& peers) { return peers.contains(p); });
    });
    hashes.shrink_to_fit();
  }

  static constexpr std::size_t few = 16;

  prefix_table<Peers> topics_;
  std::unordered_map<pipe const*, holder> holders_;  // who has no topic is not there
};

using subscription_table = basic_subscription_table<pipe_set>;

}  // namespace cozmq::routing
