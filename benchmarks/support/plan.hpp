// The one measurement a worker is asked to make, as read from its command line.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

struct plan {
  std::string work = "throughput";  // the name of a file of the workers
  std::string transport = "tcp";    // tcp | ipc | inproc
  std::string mechanism = "null";   // null | curve
  std::size_t size = 64;            // octets of payload
  std::size_t peers = 1;            // subscribers of a fan-out
  std::size_t window = 100;         // requests that a client has in flight
  std::size_t topics = 1;           // subscriptions of a subscriber
  std::size_t threads = 1;          // I/O threads of the receiver
  double seconds = 1;               // length of the measured window
  double warm_up = 0.25;            // seconds that run before it and are not counted
};

inline double positive(std::string_view name, std::string const& text)
{
  char* end = nullptr;
  double const value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(value > 0)) {
    throw std::invalid_argument{std::string{name} + " wants a positive number, not '" + text + "'"};
  }
  return value;
}

/// Reads `name=value` words. Throws std::invalid_argument with a text for the user.
inline plan parse_plan(int argc, char const* const* argv)
{
  plan result;
  for (int i = 1; i < argc; ++i) {
    std::string_view const word{argv[i]};
    auto const equals = word.find('=');
    std::string_view const name = word.substr(0, equals);
    std::string const value{equals == word.npos ? std::string_view{} : word.substr(equals + 1)};
    if (name == "work") {
      result.work = value;
    } else if (name == "transport") {
      result.transport = value;
    } else if (name == "mechanism") {
      result.mechanism = value;
    } else if (name == "size") {
      result.size = static_cast<std::size_t>(positive(name, value));
    } else if (name == "peers") {
      result.peers = static_cast<std::size_t>(positive(name, value));
    } else if (name == "window") {
      result.window = static_cast<std::size_t>(positive(name, value));
    } else if (name == "topics") {
      result.topics = static_cast<std::size_t>(positive(name, value));
    } else if (name == "threads") {
      result.threads = static_cast<std::size_t>(positive(name, value));
    } else if (name == "seconds") {
      result.seconds = positive(name, value);
    } else if (name == "warm_up") {
      result.warm_up = positive(name, value);
    } else {
      throw std::invalid_argument{"'" + std::string{word} +
                                  "' is not work=, transport=, mechanism=, size=, " +
                                  "peers=, window=, topics=, threads=, seconds= or warm_up="};
    }
  }
  if (result.mechanism != "null" && result.mechanism != "curve") {
    throw std::invalid_argument{"mechanism is null or curve"};
  }
  if (result.size == 0 || result.peers == 0 || result.threads == 0) {
    throw std::invalid_argument{"size, peers and threads start at 1: the receiver looks at the first octet"};
  }
  return result;
}

}  // namespace bench
