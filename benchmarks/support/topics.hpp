// Messages that begin with one of many topics.
#pragma once

#include "support/plan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

inline constexpr std::size_t topic_size = 14;

inline void write_topic(std::string& to, std::size_t number)
{
  to.replace(0, 6, "topic/");
  for (std::size_t i = topic_size; i-- > 6; number >>= 4) {
    to[i] = "0123456789abcdef"[number & 15];
  }
}

/// "topic/0000002a": what a subscriber subscribes to.
inline std::string topic(std::size_t number)
{
  std::string text(topic_size, ' ');
  write_topic(text, number);
  return text;
}

/// Payloads whose topics jump about among `plan.topics` of them, or, with an offset of that many, match none.
class topical_payload {
 public:
  topical_payload(plan const& p, std::size_t offset)
      : octets_(std::max(p.size, topic_size), 'x'), topics_{p.topics}, offset_{offset}
  {
  }

  std::string const& next()
  {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    write_topic(octets_, static_cast<std::size_t>(state_ >> 33) % topics_ + offset_);
    return octets_;
  }

 private:
  std::string octets_;
  std::size_t topics_;
  std::size_t offset_;
  std::uint64_t state_ = 1;
};

}  // namespace bench
