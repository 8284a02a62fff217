// What an inproc pipe does when its other end is on another executor, and so perhaps on another thread.
#pragma once

#include <cozmq/core/ring.hpp>
#include <cozmq/engine/crossing.hpp>
#include <cozmq/engine/inproc_end.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace cozmq::engine {

/// One end of a crossing, on behalf of an inproc_pipe, whose functions these are. Messages go through queues without locks,
/// at most the sum of the writer's and the reader's high-water mark in each; an end is called by the other one only when
/// it sleeps, that is, has found nothing to read or no room to write.
class far_end {
 public:
  far_end(inproc_end& end, std::shared_ptr<crossing> shared)
      : end_{end}, crossing_{std::move(shared)}, me_{index(end.which_side())}
  {
    reconsider();
  }

  static constexpr std::size_t index(side which) noexcept { return which == side::connecting ? 0 : 1; }

  /// This end takes its place: what was written to it before is read now. `way` leads to its executor. Last thing in a
  /// handler.
  void join(std::shared_ptr<door> way)
  {
    crossing_->settle(me_, end_.weak_from_this(), std::move(way));
    visit();
  }

  void reconsider()
  {
    out().writer_mark.store(end_.owner()->options().send_hwm, std::memory_order_relaxed);
    in().reader_mark.store(end_.owner()->options().receive_hwm, std::memory_order_relaxed);
    measure();
    crossing_->call(other());  // the room there has changed too
    if (end_.joined_yet())
      tell_room_if_any(wake::posted);
  }

  /// The other end has called: there may be messages, room, or notes.
  void visit()
  {
    crossing_->looks(me_);
    if (end_.owner() == nullptr)
      return;
    use_scope const inside{end_.owner()};
    auto const self = end_.shared_from_this();
    measure();
    read_notes();
    if (asked_ && end_.owner() != nullptr && settled()) {
      asked_ = false;
      end_.owner()->on_settled();
    }
    tell_room_if_any(wake::at_once);
    if (end_.owner() == nullptr)
      return;
    if (deserted() && unread() == 0)
      (void)end_.no_message_left();
    else if (!end_.announced() && (unread() > 0 || !sleeps()))
      end_.announce(wake::at_once);
  }

  traffic_counts passed() const noexcept
  {
    traffic_counts t;
    t.messages_in = received_;
    t.messages_out = sent_ - std::min(sent_, queued());
    return t;
  }

  bool write(message& m)
  {
    if (crossing_->conflates) [[unlikely]] {
      message last;
      last.take(m);
      replace(std::move(last));
      return true;
    }
    if (!writable())
      return false;
    if (m.is_large())
      out().memory.collect();
    out().messages.prepare().take(m);
    written();
    return true;
  }

  bool publish(routing::published const& m)
  {
    message copy{m.body};
    copy.set_metadata(nullptr);
    if (crossing_->conflates) {
      replace(std::move(copy));
      return true;
    }
    if (deserted() || !has_room())
      return false;
    push(std::move(copy));
    return true;
  }

  bool read(message& to)
  {
    if (!arrived_.empty() || crossing_->conflates) [[unlikely]]
      return read_arrived(to);
    for (;;) {
      message* const next = in().messages.front();
      if (next == nullptr) {
        if (!sleeps())
          continue;
        return end_.no_message_left();
      }
      if (next->empty()) [[unlikely]]
        return end_.no_message_left();  // a note: we have been called, and act upon it there
      std::size_t const memory = next->memory_size();
      to = std::move(*next);
      in().memory.give(memory);
      in().messages.pop();
      ++received_;
      give_back();
      return true;
    }
  }

  bool writable() noexcept
  {
    if (crossing_->conflates)
      return true;
    if (deserted()) {
      end_.muted = true;
      return false;
    }
    if (has_room()) [[likely]]
      return true;
    end_.muted = out().messages.writer_sleeps(places());
    return !end_.muted;
  }

  std::size_t queued() const noexcept { return out().messages.outstanding() - out().notes_written; }
  std::size_t unread() const noexcept
  {
    if (crossing_->conflates) {
      std::lock_guard const lock{in().mutex};
      return arrived_.size() + (in().latest ? 1 : 0);
    }
    std::size_t const there = in().messages.waiting();
    return arrived_.size() + there - std::min(there, in().notes_waiting.load(std::memory_order_acquire));
  }

  void subscribe(bool wanted, byte_view topic)
  {
    if (deserted())
      return;
    ++told_;
    crossing_->note(me_, {wanted ? crossing_note::kind::subscribe : crossing_note::kind::cancel,
                          std::string{as_text(topic)}});
  }

  bool settled()
  {
    if (out().notes_done.load() >= told_)
      return true;
    asked_ = true;
    out().answer_wanted.store(true);
    return out().notes_done.load() >= told_;
  }

  void inject(message m)
  {
    if (end_.joined_yet())
      take_messages();
    arrived_.push({std::move(m), false});
    if (!end_.announced())
      end_.announce(wake::posted);
  }

  // At this time nothing has been written here.
  void greet(std::span<message const> messages)
  {
    for (message const& each : messages)
      take_over(message{each});
  }

  /// For what was queued before the ends met: it is taken, mark or not.
  void take_over(message m) { crossing_->conflates ? replace(std::move(m)) : push(std::move(m)); }

  bool deserted() const noexcept { return left_ || left_behind_; }

  void leave()
  {
    if (!std::exchange(left_, true) && !left_behind_)
      crossing_->note(me_, {crossing_note::kind::left});
  }

 private:
  // Something to be read that has left the queue.
  struct arrival {
    message body;
    bool counted = false;  // it was in the queue and is still counted there
  };

  static constexpr std::size_t burst = 128;
  static constexpr std::size_t largest_return = 32;

  std::size_t other() const noexcept { return 1 - me_; }
  crossing_lane& out() const noexcept { return crossing_->lanes[me_]; }
  crossing_lane& in() const noexcept { return crossing_->lanes[other()]; }

  void measure() noexcept
  {
    limit_ = limit(out());
    half_ = std::max<std::size_t>(1, limit(in()) / 2);
    batch_ = std::clamp<std::size_t>(half_ / 8, 1, largest_return);
  }

  static std::size_t limit(crossing_lane const& lane) noexcept
  {
    return sum_of_marks(lane.writer_mark.load(std::memory_order_relaxed),
                        lane.reader_mark.load(std::memory_order_relaxed));
  }

  // How many places may be taken in the queue, notes that are counted there included.
  std::size_t places() const noexcept { return sum_of_marks(limit_, out().notes_written); }
  bool has_room() noexcept { return out().messages.has_room(places()); }

  void push(message m)
  {
    out().messages.prepare() = std::move(m);
    written();
  }

  void written()
  {
    ++sent_;
    if (out().messages.commit() && !crossing_->call(other())) [[unlikely]]
      out().messages.reader_not_woken();
    // The reader gets its turn, if it is on the same thread.
    if (sent_ % burst == 0 && end_.owner() != nullptr)
      end_.owner()->on_burst();
  }

  // Where only the last message counts; who has not read the one before has been called for that.
  void replace(message m)
  {
    ++sent_;
    std::optional<message> before{std::move(m)};
    {
      std::lock_guard const lock{out().mutex};
      out().latest.swap(before);
    }
    if (!before)
      crossing_->call(other());
  }

  [[gnu::noinline]] bool read_arrived(message& to)
  {
    if (!arrived_.empty()) {
      arrival& first = arrived_.front();
      to = std::move(first.body);
      bool const counted = first.counted;
      arrived_.pop();
      if (counted) {
        ++received_;
        give_back();
      }
      return true;
    }
    {
      std::lock_guard const lock{in().mutex};
      if (in().latest) {
        to = std::move(*in().latest);
        in().latest.reset();
        ++received_;
        return true;
      }
    }
    return end_.no_message_left();
  }

  // Takes messages out of the queue, up to the next note.
  void take_messages()
  {
    for (message* next = in().messages.front(); next != nullptr && !next->empty();
         next = in().messages.front()) {
      arrived_.push({std::move(*next), true});
      in().messages.pop();
    }
  }

  // Takes what is in the queue out of it, as far as the last note, so that notes are acted upon when they come, whether the
  // application receives or not. What the messages count for is given back when they are received.
  void read_notes()
  {
    std::size_t done = 0;
    while (end_.owner() != nullptr && in().notes_waiting.load(std::memory_order_acquire) > 0) {
      take_messages();
      if (in().messages.front() == nullptr)
        break;  // it follows, and then we are called again
      // What came before it is known to the socket first: an XPUB receives both in this order.
      if (!arrived_.empty() && !end_.announced())
        end_.announce(wake::posted);
      in().messages.pop();
      done += act_upon(next_note());
    }
    in().notes_done.fetch_add(done);
    if (done > 0 && in().answer_wanted.exchange(false))
      crossing_->call(other());
  }

  crossing_note next_note()
  {
    std::lock_guard const lock{in().mutex};
    crossing_note n = std::move(in().notes.front());
    in().notes.pop_front();
    in().notes_waiting.fetch_sub(1, std::memory_order_release);
    return n;
  }

  // How many subscriptions that was.
  std::size_t act_upon(crossing_note const& n)
  {
    if (n.what == crossing_note::kind::left) {
      left_behind_ = true;
      if (!left_)
        end_.ended(errc::peer_closed, "the peer closed the connection");
      return 0;
    }
    (void)end_.owner()->on_subscription(end_, n.what == crossing_note::kind::subscribe, as_bytes(n.topic));
    return 1;
  }

  void tell_room_if_any(wake how)
  {
    if (!end_.muted || end_.owner() == nullptr || deserted())
      return;
    // With marks lowered meanwhile there may be none yet, and whoever called has taken our word that we sleep.
    if (has_room() || !out().messages.writer_sleeps(places()))
      end_.tell_room(how);
  }

  bool sleeps()
  {
    return_room();  // with nothing owed it still finds a writer who could not be woken before
    return in().messages.reader_sleeps();
  }

  // Room is returned a few messages at a time, and the writer called when half of all has been read, or all.
  void give_back()
  {
    if (++owed_ >= batch_) [[unlikely]]
      return_room();
  }

  void return_room()
  {
    since_call_ += owed_;
    std::size_t const count = std::exchange(owed_, 0);
    if (since_call_ < half_ && in().messages.front() != nullptr)
      return in().messages.return_room(count);
    since_call_ = 0;
    if (in().messages.give_back(count) && !crossing_->call(other())) [[unlikely]]
      in().messages.writer_not_woken();
  }

  inproc_end& end_;
  std::shared_ptr<crossing> crossing_;
  std::size_t me_;
  ring<arrival> arrived_;
  std::size_t limit_ = 0;       // of what we write
  std::size_t half_ = 1;        // of what we read
  std::size_t batch_ = 1;       // so many messages are given back at a time
  std::size_t owed_ = 0;        // read, and not given back yet
  std::size_t since_call_ = 0;  // given back since the writer was last called
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  std::size_t told_ = 0;      // subscriptions
  bool asked_ = false;        // somebody waits until all of them have been acted upon
  bool left_ = false;         // we have let go
  bool left_behind_ = false;  // the other end has
};

}  // namespace cozmq::engine
