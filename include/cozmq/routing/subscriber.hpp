// Inbound: a fair queue, and the topics that its publishers are told of.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/routing/fair_queue.hpp>
#include <cozmq/routing/prefix_table.hpp>
#include <cozmq/wire/subscription.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// [RFC 29, XSUB] Receives whatever publishers send. Every publisher is told of every topic, at once and again when it is
/// back after its connection was lost; no queue limit holds for that.
class subscriber {
 public:
  void attach(pipe& p)
  {
    queue_.attach(p);
    pipes_.push_back(&p);
  }

  void detach(pipe& p)
  {
    queue_.detach(p);
    std::erase(pipes_, &p);
  }

  void readable(pipe& p) { queue_.readable(p); }

  /// A publisher is (again) connected: it has to be told of every topic, once each.
  void connected(pipe& p)
  {
    topics_.for_each([&p](byte_view topic, std::size_t&) { p.subscribe(true, topic); });
  }

  pipe* receive(message& m) { return queue_.receive(m); }

  /// Adds a subscription. Every one is sent, also of a topic that is subscribed to already: an XPUB may want to know.
  errc subscribe(byte_view topic)
  {
    ++topics_.insert(topic);
    for (pipe* p : pipes_)
      p->subscribe(true, topic);
    return {};
  }

  /// Takes one subscription to `topic` back; false when there is none. Only the last one of a topic is sent, unless
  /// `verbose_unsubscribe` is set.
  bool unsubscribe(byte_view topic)
  {
    std::size_t* const count = topics_.find(topic);
    if (count == nullptr)
      return false;
    bool const last = --*count == 0;
    // `topic` may be a view of the very bytes that are erased, so it is sent first.
    if (last || verbose_unsubscribe)
      for (pipe* p : pipes_)
        p->subscribe(false, topic);
    if (last)
      topics_.erase(topic);
    return true;
  }

  /// Acts on a message that begins with a subscription (01 and the topic) or its end (00); further frames may be
  /// subscriptions as well. True: that was all. False: what is left of `m` is a message for the publishers.
  bool take_subscriptions(message& m)
  {
    if (!wire::parse_subscription_message(m[0].bytes()))
      return false;
    message rest;
    for (frame& part : m) {
      auto const change = wire::parse_subscription_message(part.bytes());
      if (!change)
        rest.push_back(std::move(part));
      else if (change->subscribe)
        subscribe(change->topic);
      else
        unsubscribe(change->topic);
    }
    m = std::move(rest);
    return m.empty();
  }

  /// How many different topics are subscribed to.
  std::size_t topics() const noexcept { return topics_.size(); }

  /// How many publishers are known to have handled all that they were told. The others are asked.
  std::size_t active_at()
  {
    return static_cast<std::size_t>(std::ranges::count_if(pipes_, [](pipe* p) { return p->settled(); }));
  }

  bool verbose_unsubscribe = false;

 protected:
  bool subscribed_to(message const& m) { return topics_.matches(m[0].bytes()); }

 private:
  fair_queue queue_;
  prefix_table<std::size_t> topics_;
  std::vector<pipe*> pipes_;
};

static_assert(inbound<subscriber>);

}  // namespace cozmq::routing
