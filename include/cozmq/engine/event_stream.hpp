// The events of one socket between the engine, which reports them, and those who read.
#pragma once

#include <cozmq/engine/event.hpp>
#include <cozmq/engine/waiters.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <system_error>
#include <utility>

namespace cozmq::engine {

/// Keeps the newest events. Older ones that nobody read give way and leave their number, so that a reader knows where
/// something is missing. Several may read: each event goes to one of them.
///
/// Not thread-safe: everything happens on the socket's executor.
class event_stream {
 public:
  event_stream(asio::any_io_executor executor, std::size_t capacity, event_kinds wanted)
      : executor_{std::move(executor)}, capacity_{capacity}, wanted_{wanted}
  {
  }

  asio::any_io_executor const& executor() const noexcept { return executor_; }

  void configure(std::size_t capacity, event_kinds wanted)
  {
    capacity_ = capacity;
    wanted_ = wanted;
    shrink();
  }

  void push(event&& e)
  {
    if (ended_ || !wanted_.contains(e.kind))
      return;
    kept_.push_back(std::move(e));
    shrink();
    // All, since one that is cancelled after it was woken takes nothing; and later, since this may be a send.
    waiting.wake_all(wake::posted);
  }

  bool pop(event& to)
  {
    if (dropped_ > 0) {
      to = take_dropped();
      return true;
    }
    if (kept_.empty())
      return false;
    to = std::move(kept_.front());
    kept_.pop_front();
    return true;
  }

  /// Returns what was popped last and is not wanted after all.
  void put_back(event&& e)
  {
    if (dropped_ > 0)
      kept_.push_front(take_dropped());
    kept_.push_front(std::move(e));
    waiting.wake_all(wake::posted);
  }

  /// Is there something to read, be it the end?
  bool readable() const noexcept { return dropped_ > 0 || !kept_.empty() || ended_; }

  /// No event follows. What is kept can be read still.
  void end(std::error_code why)
  {
    if (ended_)
      return;
    ended_ = why;
    waiting.wake_all(wake::posted);
  }

  /// The execution context goes: nothing may be posted any more, and those who wait are destroyed.
  void abandon(std::error_code why) noexcept
  {
    ended_ = why;
    waiting.destroy_all();
  }

  /// Why no event follows; clear while some may.
  std::error_code ended() const noexcept { return ended_; }

  wait_list waiting;

 private:
  void shrink()
  {
    for (; kept_.size() > capacity_; kept_.pop_front())
      dropped_ += kept_.front().kind == event_kind::dropped ? kept_.front().count : 1;
  }

  event take_dropped()
  {
    event e{event_kind::dropped};
    e.count = std::exchange(dropped_, 0);
    return e;
  }

  asio::any_io_executor executor_;
  std::size_t capacity_;
  event_kinds wanted_;
  std::size_t dropped_ = 0;  // before kept_.front()
  std::deque<event> kept_;
  std::error_code ended_;
};

}  // namespace cozmq::engine
