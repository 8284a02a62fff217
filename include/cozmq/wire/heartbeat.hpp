// When to send a PING and when to give a silent peer up, decided from time points passed in.
#pragma once

#include <cozmq/wire/command.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace cozmq::wire {

/// What one side of a connection wants of its heartbeat; all zero is off.
struct heartbeat_config {
  std::chrono::milliseconds interval{0};  ///< between PINGs; zero: none are sent
  std::chrono::milliseconds timeout{0};   ///< silence after a PING that ends it all; zero means `interval`
  std::chrono::milliseconds ttl{0};       ///< silence after which the peer shall give us up; zero: none
  bool ping_minor_0 = false;              ///< PING a ZMTP 3.0 peer that has never sent one itself
};

/// The heartbeat of one connection whose handshake is complete.
///
/// It also keeps the time-to-live that the peer asks for, so it is needed where we send no PING ourselves.
/// The owner reports what arrives, wakes at `next_deadline()` and does what `poll()` says.
class heartbeat {
 public:
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;

  enum class action : std::uint8_t { nothing, send_ping, expired };

  heartbeat(heartbeat_config config, std::uint8_t peer_minor, time_point now)
      : config_{config}, may_ping_{peer_minor >= 1 || config.ping_minor_0}, answers_{peer_minor >= 1}
  {
    if (config_.timeout <= config_.timeout.zero())
      config_.timeout = config_.interval;
    schedule_ping(now);
  }

  /// Any octets have arrived, if only a part of a frame: report it before the commands they hold.
  ///
  /// [RFC 37, heartbeating] a peer SHOULD treat any incoming traffic (not just a PONG reply) as a sign of
  /// life.
  void on_bytes_received() noexcept
  {
    timeout_at_.reset();
    ttl_at_.reset();
  }

  /// A PING has arrived; the PONG is the caller's to send.
  void on_ping(deciseconds ttl, time_point now)
  {
    // [RFC 37, heartbeating] dead if, after a PING with a non-zero TTL, nothing more comes within that TTL.
    ttl_ = ttl;
    if (ttl > ttl.zero())
      ttl_at_ = now + ttl;
    // A 3.0 peer that sends PING knows PING; another would hand ours to its application as a message.
    if (!may_ping_) {
      may_ping_ = true;
      schedule_ping(now);
    }
  }

  /// A PONG has arrived: this peer answers, so its silence will mean something.
  void on_pong() noexcept { answers_ = true; }

  /// We have stopped reading: silence says nothing about the peer until `resume()`. PINGs go on.
  void pause() noexcept { paused_ = true; }

  /// We read again: what was running starts anew, since the peer's octets may still lie in the kernel.
  void resume(time_point now)
  {
    paused_ = false;
    if (timeout_at_)
      timeout_at_ = now + config_.timeout;
    if (ttl_at_)
      ttl_at_ = now + ttl_;
  }

  /// The earliest time at which `poll()` may have something to say; nothing while nothing is waited for.
  std::optional<time_point> next_deadline() const noexcept
  {
    std::optional<time_point> next = ping_at_;
    if (!paused_) {
      next = earlier(next, timeout_at_);
      next = earlier(next, ttl_at_);
    }
    return next;
  }

  /// What to do at `now`: `send_ping` counts it as sent, `expired` is for good (`errc::heartbeat_timeout`).
  action poll(time_point now)
  {
    if (!paused_ && (is_due(timeout_at_, now) || is_due(ttl_at_, now)))
      return action::expired;
    if (!is_due(ping_at_, now))
      return action::nothing;
    schedule_ping(now);
    // Not moved by a later PING: the peer must be heard within the timeout of the first unanswered one.
    if (answers_ && !timeout_at_)
      timeout_at_ = now + config_.timeout;
    return action::send_ping;
  }

  /// The time-to-live to write into our PINGs.
  deciseconds wire_ttl() const noexcept
  {
    // libzmq counts a TTL in 16 bits of milliseconds, so that 65.6 s would become 64 ms.
    return std::min(std::chrono::ceil<deciseconds>(config_.ttl), deciseconds{655});
  }

 private:
  static std::optional<time_point> earlier(std::optional<time_point> a, std::optional<time_point> b) noexcept
  {
    if (!a || !b)
      return a ? a : b;
    return std::min(*a, *b);
  }

  static bool is_due(std::optional<time_point> at, time_point now) noexcept { return at && now >= *at; }

  void schedule_ping(time_point now)
  {
    if (may_ping_ && config_.interval > config_.interval.zero())
      ping_at_ = now + config_.interval;
  }

  heartbeat_config config_;
  bool may_ping_;
  bool answers_;
  bool paused_ = false;
  deciseconds ttl_{0};
  std::optional<time_point> ping_at_;
  std::optional<time_point> timeout_at_;
  std::optional<time_point> ttl_at_;
};

}  // namespace cozmq::wire
