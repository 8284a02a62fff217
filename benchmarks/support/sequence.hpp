// Numbered payloads, so that a subscriber can tell what it has missed.
#pragma once

#include "support/plan.hpp"

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace bench {

/// A payload whose first eight octets count up: call next() before each send.
class numbered_payload {
 public:
  explicit numbered_payload(plan const& p) : octets_(p.size, 'x')
  {
    if (p.size < sizeof number_) {
      throw std::invalid_argument{"a fan-out's messages are numbered: size starts at 8"};
    }
  }

  std::string const& next()
  {
    ++number_;
    std::memcpy(octets_.data(), &number_, sizeof number_);
    return octets_;
  }

 private:
  std::string octets_;
  std::uint64_t number_ = 0;
};

/// What one subscriber got, and the gaps between it.
class sequence {
 public:
  /// `octets` is the start of a numbered payload.
  void note(char const* octets)
  {
    std::uint64_t number = 0;
    std::memcpy(&number, octets, sizeof number);
    missed_ += last_ == 0 ? 0 : number - last_ - 1;
    last_ = number;
    ++received_;
  }

  bool silent() const { return received_ == 0; }

  std::uint64_t received() const { return received_; }

  std::uint64_t missed() const { return missed_; }

 private:
  std::uint64_t last_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t missed_ = 0;
};

}  // namespace bench
