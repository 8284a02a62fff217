// What can be chosen about subscriptions: plain values that options set.
#pragma once

#include <cstddef>
#include <string>

namespace cozmq::routing {

/// How a publisher treats its subscribers' requests, and what it tells its application of them.
struct subscription_rules {
  bool nodrop = false;      // a message that one subscriber would lose is refused for all: the sender waits
  bool invert = false;      // messages go to those who did not ask for them
  bool verbose = false;     // the application hears of every SUBSCRIBE, not only of a topic's first
  bool verboser = false;    // and of every CANCEL
  bool manual = false;      // the application answers requests itself
  bool last_value = false;  // manual, and the message after a request goes to its sender only
  bool only_first = false;  // a message that does not begin with a request holds none
  std::string welcome;      // sent first to whoever connects, unless empty
};

/// How much one peer may subscribe to, so that it cannot exhaust the publisher.
struct subscription_limits {
  std::size_t topics = 1'000'000;
  std::size_t topic_size = 65536;             // bytes
  std::size_t bytes = std::size_t{64} << 20;  // all topics of one peer
};

}  // namespace cozmq::routing
