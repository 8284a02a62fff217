// Inbound: a fair queue that lets only subscribed topics through.
#pragma once

#include <cozmq/routing/subscriber.hpp>

namespace cozmq::routing {

/// [RFC 29, SUB] SHALL filter by prefix. Publishers filter too, but one that does not must not be noticed.
class filtered_queue : public subscriber {
 public:
  pipe* receive(message& m)
  {
    for (;;) {
      pipe* const from = subscriber::receive(m);
      if (from == nullptr || subscribed_to(m) != invert)
        return from;
      m.clear();
    }
  }

  /// Lets through what is not subscribed to, and nothing else.
  bool invert = false;
};

static_assert(inbound<filtered_queue>);

}  // namespace cozmq::routing
