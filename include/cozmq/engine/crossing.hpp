// What two inproc ends on different executors share.
#pragma once

#include <cozmq/core/spsc_queue.hpp>
#include <cozmq/engine/door.hpp>
#include <cozmq/engine/inproc_end.hpp>
#include <cozmq/message/memory_return.hpp>
#include <cozmq/message/message.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace cozmq::engine {

/// What one end tells the other beside messages.
struct crossing_note {
  enum class kind : std::uint8_t { subscribe, cancel, left };
  kind what;
  std::string topic{};
};

/// One direction of a crossing. An empty message in the queue, which no application can send, stands for the next note,
/// so that notes keep their place among the messages.
struct crossing_lane {
  spsc_queue<message> messages;
  memory_return memory;

  /// The high-water marks of both ends; their sum is the limit.
  std::atomic<std::size_t> writer_mark{0};
  std::atomic<std::size_t> reader_mark{0};

  /// The writer's count of them: they take no room, and the reader gives none back.
  std::size_t notes_written = 0;
  /// Notes written and not read yet; looked at before the queue is.
  std::atomic<std::size_t> notes_waiting{0};
  /// How many notes the reader has acted upon, and whether the writer wants to be told of it.
  std::atomic<std::size_t> notes_done{0};
  std::atomic<bool> answer_wanted{false};

  std::mutex mutex;  // of what follows
  std::deque<crossing_note> notes;
  std::optional<message> latest;  // instead of the queue, where only the last message counts
};

/// Two lanes, and how to reach the two ends: the one that connected is 0, the one that bound is 1.
class crossing {
 public:
  explicit crossing(bool last_only) : conflates{last_only} {}

  bool const conflates;
  std::array<crossing_lane, 2> lanes;  // by the end that writes

  /// The end exists now; it has to look at once what came before.
  void settle(std::size_t which, std::weak_ptr<inproc_end> end, std::shared_ptr<door> way)
  {
    std::lock_guard const lock{mutex_};
    ends_[which] = {std::move(end), std::move(way), false};
  }

  /// `which` tells the other end something, behind the messages it has written.
  void note(std::size_t which, crossing_note n)
  {
    crossing_lane& lane = lanes[which];
    {
      std::lock_guard const lock{lane.mutex};
      lane.notes.push_back(std::move(n));
    }
    (void)lane.messages.prepare();
    (void)lane.messages.commit();
    ++lane.notes_written;
    lane.notes_waiting.fetch_add(1, std::memory_order_release);  // not before it can be found
    call(1 - which);
  }

  /// Has `which` look at its lanes, on its executor. Several calls before it does so are one. False: there is no memory
  /// for that, or nobody there. Thread-safe.
  bool call(std::size_t which)
  {
    std::lock_guard const lock{mutex_};
    reachable& to = ends_[which];
    if (!to.way || to.called)
      return to.called;
    to.called = to.way->try_post([weak = to.end] {
      if (auto const end = weak.lock())
        end->visit();
    });
    return to.called;
  }

  /// For an end that begins to look: what is written from now on calls it again.
  void looks(std::size_t which)
  {
    std::lock_guard const lock{mutex_};
    ends_[which].called = false;
  }

 private:
  struct reachable {
    std::weak_ptr<inproc_end> end;
    std::shared_ptr<door> way;
    bool called = false;
  };

  std::mutex mutex_;
  std::array<reachable, 2> ends_;
};

/// A crossing on its way to the end that connects. Should that never take its place, because its executor is gone, the
/// other end is told that it has left.
class crossing_offer {
 public:
  explicit crossing_offer(std::shared_ptr<crossing> offered) : offered_{std::move(offered)} {}
  crossing_offer(crossing_offer&&) noexcept = default;
  crossing_offer& operator=(crossing_offer&&) = delete;
  ~crossing_offer()
  {
    if (offered_)
      offered_->note(0, {crossing_note::kind::left});
  }

  std::shared_ptr<crossing> accept() && noexcept { return std::move(offered_); }

 private:
  std::shared_ptr<crossing> offered_;
};

}  // namespace cozmq::engine
