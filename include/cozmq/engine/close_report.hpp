// What became of the messages that were queued when a socket was closed.
#pragma once

#include <fmt/format.h>

#include <cstddef>

namespace cozmq {

/// Counts of whole messages.
struct close_report {
  std::size_t delivered =
      0;  ///< handed to the system, whose peers have closed in turn or were given the time to
  std::size_t undelivered = 0;  ///< given up: their peers were absent, or too slow for the time there was

  bool complete() const noexcept { return undelivered == 0; }
  close_report& operator+=(close_report const& other) noexcept
  {
    delivered += other.delivered;
    undelivered += other.undelivered;
    return *this;
  }
  friend bool operator==(close_report const&, close_report const&) = default;
};

}  // namespace cozmq

template <>
struct fmt::formatter<cozmq::close_report> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(cozmq::close_report const& r, Context& context) const
  {
    return fmt::format_to(context.out(), "{} delivered, {} undelivered", r.delivered, r.undelivered);
  }
};
