// Inbound: a fair queue that lets only subscribed topics through.
#pragma once

#include <cozmq/routing/fair_queue.hpp>
#include <cozmq/routing/prefix_table.hpp>

#include <vector>

namespace cozmq::routing {

/// [RFC 29, SUB] SHALL filter by prefix. Publishers filter too, but one that does not must not be noticed.
class filtered_queue {
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

  pipe* receive(message& m)
  {
    for (;;) {
      pipe* const from = queue_.receive(m);
      if (from == nullptr || topics_.matches(m[0].bytes()))
        return from;
      m.clear();
    }
  }

  /// Adds a subscription. Every one is sent, also of a topic that is subscribed to already: an XPUB may want to know.
  void subscribe(byte_view topic)
  {
    ++topics_.insert(topic);
    for (pipe* p : pipes_)
      p->subscribe(true, topic);
  }

  /// Takes one subscription to `topic` back; false when there is none. Only the last one of a topic is sent.
  bool unsubscribe(byte_view topic)
  {
    std::size_t* const count = topics_.find(topic);
    if (count == nullptr)
      return false;
    if (--*count > 0)
      return true;
    // `topic` may be a view of the very bytes that are erased, so it is sent first.
    for (pipe* p : pipes_)
      p->subscribe(false, topic);
    topics_.erase(topic);
    return true;
  }

 private:
  fair_queue queue_;
  prefix_table<std::size_t> topics_;
  std::vector<pipe*> pipes_;
};

static_assert(inbound<filtered_queue>);

}  // namespace cozmq::routing
