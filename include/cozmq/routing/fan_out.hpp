// Outbound: each message to every peer that subscribed to a prefix of it.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/routing/outbound.hpp>
#include <cozmq/routing/pipe_set.hpp>
#include <cozmq/routing/prefix_table.hpp>
#include <cozmq/wire/encoder.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// How much one peer may subscribe to, so that it cannot exhaust the publisher.
struct subscription_limits {
  std::size_t topics = 1'000'000;
  std::size_t topic_size = 65536;             // bytes
  std::size_t bytes = std::size_t{64} << 20;  // all topics of one peer
};

/// [RFC 29, PUB] Sends a message to all peers with a matching subscription, once each. A peer at its high-water mark
/// loses the message, the others are not affected: a send never waits for a peer.
class fan_out {
 public:
  void attach(pipe&) {}
  void detach(pipe& p);
  void writable(pipe&) {}
  bool ready() const noexcept { return true; }

  /// Matches before it encodes, encodes once, and copies small messages but shares large frames.
  send_result send(message& m);

  /// `p` subscribes to, or cancels, `topic`. Idempotent per peer: ZMTP peers send every SUBSCRIBE and only the last
  /// CANCEL of a topic, and some repeat all topics. Says whether anything changed.
  ///
  /// @par Errors
  /// `too_many_subscriptions` beyond the limits: the peer is to lose its connection.
  bool subscription(pipe& p, bool wanted, byte_view topic, std::error_code& ec);

  /// How many peers would receive a message that starts with `topic`.
  std::size_t subscribers(byte_view topic);

  /// Messages that a peer lost because it was full.
  std::uint64_t dropped() const noexcept { return dropped_; }

  subscription_limits limits;

  /// Instead of losing the message for a peer that is full, refuse it for all: the sender waits.
  bool wait_when_full = false;

 private:
  bool all_writable(byte_view topic);

  // Larger messages are not copied per peer: their frames are shared. The headers of very many frames would not fit
  // into a buffer either.
  static constexpr std::size_t copy_at_most = 8192;
  static constexpr std::size_t copy_frames_at_most = 1024;

  prefix_table<pipe_set> topics_;
  std::vector<std::byte> encoded_;
  std::uint64_t mark_ = 0;
  std::uint64_t dropped_ = 0;
};

inline void fan_out::detach(pipe& p)
{
  if (p.topics == 0)
    return;
  topics_.erase_if([&p](byte_view, pipe_set& peers) { return peers.erase(p) && peers.empty(); });
  p.topics = p.topic_bytes = 0;
}

inline bool fan_out::subscription(pipe& p, bool wanted, byte_view topic, std::error_code& ec)
{
  if (!wanted) {
    pipe_set* const peers = topics_.find(topic);
    if (!peers || !peers->erase(p))
      return false;
    if (peers->empty())
      topics_.erase(topic);
    --p.topics;
    p.topic_bytes -= topic.size();
    return true;
  }
  if (topic.size() > limits.topic_size || p.topics >= limits.topics ||
      p.topic_bytes + topic.size() > limits.bytes) {
    // Peers repeat topics, so one that is known already is not too many.
    pipe_set* const known = topics_.find(topic);
    if (!known || std::find(known->begin(), known->end(), &p) == known->end())
      ec = errc::too_many_subscriptions;
    return false;
  }
  if (!topics_.insert(topic).insert(p))
    return false;
  ++p.topics;
  p.topic_bytes += topic.size();
  return true;
}

inline send_result fan_out::send(message& m)
{
  if (wait_when_full && !all_writable(m[0].bytes()))
    return {send_result::full, nullptr};
  ++mark_;
  bool encoded = false;
  published out{m, {}};
  topics_.match(m[0].bytes(), [&](pipe_set& peers) {
    for (pipe* p : peers) {
      if (p->mark == mark_)
        continue;
      p->mark = mark_;
      if (!encoded && m.size() <= copy_frames_at_most && m.byte_size() <= copy_at_most) {
        encoded_.clear();
        wire::encode(m, encoded_);
        out.encoded = encoded_;
      }
      encoded = true;
      if (!p->publish(out))
        ++dropped_;
    }
  });
  m.clear();
  return {send_result::sent, nullptr};
}

inline bool fan_out::all_writable(byte_view topic)
{
  bool all = true;
  topics_.match(topic, [&all](pipe_set& peers) {
    for (pipe* p : peers)
      all = p->writable() && all;
  });
  return all;
}

inline std::size_t fan_out::subscribers(byte_view topic)
{
  ++mark_;
  std::size_t count = 0;
  topics_.match(topic, [&](pipe_set& peers) {
    for (pipe* p : peers)
      if (std::exchange(p->mark, mark_) != mark_)
        ++count;
  });
  return count;
}

static_assert(outbound<fan_out>);

}  // namespace cozmq::routing
