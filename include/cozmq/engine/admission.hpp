// Which connections a listener takes, and when it waits: decided from numbers and time, without I/O.
#pragma once

#include <cozmq/engine/peer_info.hpp>
#include <cozmq/routing/pipe.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>

namespace cozmq::engine {

/// How much strangers may ask of a socket at a time.
struct admission_limits {
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  std::size_t connections = unlimited;  // that came in and are not read empty, at all listeners of a socket
  std::size_t handshakes = 1024;        // in progress, at one listener
  std::size_t handshakes_per_second = 2000;  // of mechanisms whose handshake is dear, at one listener
  std::size_t unread = 10'000;  // connections that have gone and are not read empty, at one listener
};

/// Why connections are not simply taken.
enum class pressure : std::uint8_t { connections, handshakes, rate, descriptors, unread };

/// What one listener knows of those who come to it. Accepting is never paused for handshakes in progress: the oldest
/// gives way, so that any number of silent peers cannot keep a good one out.
class admission {
 public:
  using clock = std::chrono::steady_clock;

  // ---- handshakes in progress ----

  /// The handshake that has to give way before another one begins; null when there is room.
  routing::pipe const* gives_way(admission_limits const& limits) const noexcept
  {
    return by_age_.size() < limits.handshakes ? nullptr : oldest();
  }

  /// The one that is the first to give way, to whatever; null when none is in progress.
  routing::pipe const* oldest() const noexcept { return by_age_.empty() ? nullptr : by_age_.begin()->second; }

  /// A handshake begins, with a number that is higher than those before.
  void began(peer_id number, routing::pipe const& peer)
  {
    by_age_.emplace_hint(by_age_.end(), number, &peer);
  }

  /// It is over, in whatever way; may be told of peers that never began one.
  void ended(peer_id number) noexcept { by_age_.erase(number); }

  std::size_t in_progress() const noexcept { return by_age_.size(); }

  // ---- handshakes per second ----

  /// A dear handshake begins.
  void spent(admission_limits const& limits, clock::time_point now)
  {
    paid_until_ = std::max(paid_until_, now) + price(limits);
  }

  /// How long to wait before the next connection is taken; zero: not at all. After a second without any, as many
  /// handshakes as are allowed in a second may begin at once.
  clock::duration wait(admission_limits const& limits, clock::time_point now) const noexcept
  {
    clock::duration const early = paid_until_ - now - (second - std::min(price(limits), second));
    return early <= clock::duration::zero() ? clock::duration::zero() : std::max(early, least_wait);
  }

  // ---- descriptors ----

  /// A connection was accepted with this descriptor, of which the process may have `limit`: the system takes the lowest
  /// one that is free.
  void took(std::size_t descriptor, std::size_t limit) noexcept
  {
    if (descriptor + 1 >= high_mark(limit))
      looks_ahead_ = true;
  }

  /// The system had none left.
  void ran_out() noexcept
  {
    looks_ahead_ = true;
    short_ = true;
    calm_since_.reset();
  }

  /// Is the next descriptor to be looked at before a connection is accepted? Not until the process has come near its
  /// limit. From then on always: after a gap in the numbers the next one may be far above.
  bool looks_ahead() const noexcept { return looks_ahead_; }

  /// Are there enough descriptors, when `next` is what the next connection would get? No from 95 % of the limit on, and
  /// yes again below 90 %, or when it was less than 95 % for a second: in between the process may stay for ever.
  bool has_descriptors(std::size_t next, std::size_t limit, clock::time_point now) noexcept
  {
    if (!is_free(next, limit)) {
      short_ = true;
      calm_since_.reset();
    } else if (short_) {
      if (!calm_since_)
        calm_since_ = now;
      short_ = next >= limit - limit / 10 && now - *calm_since_ < second;
    }
    pauses_ = pauses_ && short_;
    return !short_;
  }

  /// Is that one, which the next connection would get, below 95 % of the limit?
  static bool is_free(std::size_t next, std::size_t limit) noexcept { return next < high_mark(limit); }

  /// There is nobody who could give way. True for the first time, until there are enough descriptors again.
  bool pauses() noexcept { return !std::exchange(pauses_, true); }

  // ---- telling of it ----

  /// Is it worth a line in the log? Yes for the first time, and for the first after a minute without.
  bool is_news(pressure cause, clock::time_point now)
  {
    auto& last = told_[static_cast<std::size_t>(cause)];
    bool const news = !last || now - *last >= std::chrono::minutes{1};
    last = now;
    return news;
  }

 private:
  static constexpr clock::duration second = std::chrono::seconds{1};
  // Timers for less would fire for one connection each.
  static constexpr clock::duration least_wait = std::chrono::milliseconds{5};

  static clock::duration price(admission_limits const& limits) noexcept
  {
    auto const most = static_cast<std::size_t>(second.count());
    return second /
           static_cast<clock::duration::rep>(std::clamp<std::size_t>(limits.handshakes_per_second, 1, most));
  }

  static std::size_t high_mark(std::size_t limit) noexcept { return limit - limit / 20; }

  std::map<peer_id, routing::pipe const*> by_age_;
  clock::time_point paid_until_{};
  bool looks_ahead_ = false;
  bool short_ = false;
  bool pauses_ = false;
  std::optional<clock::time_point> calm_since_;
  std::array<std::optional<clock::time_point>, 5> told_;
};

}  // namespace cozmq::engine
