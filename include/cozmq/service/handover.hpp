// Messages between a thread that blocks and the I/O thread where its socket lives.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/spsc_queue.hpp>
#include <cozmq/engine/socket_core.hpp>
#include <cozmq/message/memory_return.hpp>
#include <cozmq/service/carrier.hpp>
#include <cozmq/service/event_descriptor.hpp>
#include <cozmq/service/impl/descriptor_set.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

namespace cozmq::detail {

/// Two queues and a bell. The I/O thread fills the one with what the socket receives, and sends what is in the other, many
/// messages at a time; each side wakes the other one only when that sleeps.
///
/// Functions of the user's side are for one thread at a time, those of the socket's side for the I/O thread.
class handover final : public carrier<handover> {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr time_point never = time_point::max();

  /// `receives`, `sends`: which of the queues are in use.
  handover(std::shared_ptr<engine::socket_core> socket, bool receives, bool sends)
      : carrier{std::move(socket)}, receives_{receives}, sends_{sends}
  {
  }

  // ---- the user's side ----------------------------------------------------------------------------------------------

  /// Zero, and `m` is taken; would_block when there was no room until `deadline`; or why the socket has ended.
  errc send(message& m, time_point deadline)
  {
    for (;;) {
      if (room_.load(std::memory_order_acquire) && outbox_.has_room(limit)) {
        if (m.is_large())
          outbox_memory_.collect();
        outbox_.prepare().take(m);
        if (outbox_.commit() && !call()) [[unlikely]]
          outbox_.reader_not_woken();
        return {};
      }
      std::uint64_t const seen = wakes_so_far();
      if (errc const e = ended(); e != errc{})
        return e;
      if (room_.load() && !outbox_.writer_sleeps(limit))
        continue;
      if (!sleep(deadline, seen))
        return errc::would_block;
    }
  }

  /// Zero, and `m` is the next message; would_block when there was none until `deadline`; or why the socket has ended.
  errc receive(message& m, time_point deadline)
  {
    for (;;) {
      if (message* const next = inbox_.front()) {
        std::size_t const memory = next->memory_size();
        m = std::move(*next);
        inbox_memory_.give(memory);
        inbox_.pop();
        give_back();
        return {};
      }
      return_room();  // with nothing owed it still finds a writer who could not be woken before
      std::uint64_t const seen = wakes_so_far();
      quieten();
      if (errc const e = ended(); e != errc{}) {
        ring_bell();
        return e;
      }
      if (!inbox_.reader_sleeps()) {
        ring_bell();
        continue;
      }
      if (!sleep(deadline, seen))
        return errc::would_block;
    }
  }

  /// A descriptor that is readable as long as there is a message to receive, or the socket has ended. Level-triggered: it
  /// is silent again after a receive that found nothing.
  int descriptor()
  {
    if (!bell_) {
      bell_.emplace();
      rung_.store(&*bell_);
      ring_bell();  // there may be something already
    }
    return bell_->descriptor();
  }

  /// Which of `wanted` could be done at once; if none, the descriptor becomes readable when that may have changed.
  /// `poll::error` when the socket is closed. Throws `error` with `errc::terminated`.
  poll look(poll wanted)
  {
    if (ended() == errc::socket_closed)
      return poll::error;
    if (poll const found = ready(wanted); found != poll::none)
      return found;
    if (owed_ > 0)
      return_room();
    quieten();
    poll found = ready(wanted);
    if (errc const e = ended(); found == poll::none && e != errc{}) {
      ring_bell();
      if (e == errc::terminated)
        throw error{e};
      return poll::error;
    }
    if (wanted & poll::in && !inbox_.reader_sleeps())
      found |= poll::in;
    if (wanted & poll::out && room_.load() && !outbox_.writer_sleeps(limit))
      found |= poll::out;
    if (found & poll::in)
      ring_bell();
    return found;
  }

  /// Another owner on the user's side, the last of whom lets go of it on the socket's thread.
  std::shared_ptr<handover> lend()
  {
    return {this, [kept = shared_from_this()](handover*) mutable {
              auto const way = kept->socket().way();
              way->post([last = std::move(kept)] {});
            }};
  }

 private:
  friend class carrier<handover>;

  // ---- the user's side ----

  errc ended() const noexcept { return ended_.load(std::memory_order_acquire); }

  bool call()
  {
    return socket().way()->try_post([self = shared_from_this()] { self->move(); });
  }

  void give_back()
  {
    if (++owed_ >= limit / 8) [[unlikely]]
      return_room();
  }

  void return_room()
  {
    if (inbox_.give_back(std::exchange(owed_, 0)) && !call()) [[unlikely]]
      inbox_.writer_not_woken();
  }

  std::uint64_t wakes_so_far()
  {
    std::lock_guard const lock{mutex_};
    return wakes_count_;
  }

  // Waits for a wake after `seen` of them, or until `deadline`: then false. `seen` is taken before all else is looked at. A
  // wake may be for an earlier sleep and find nothing, but it has taken our word: it is to be said again.
  bool sleep(time_point deadline, std::uint64_t seen)
  {
    if (deadline <= std::chrono::steady_clock::now())
      return false;
    if (socket().on_some_thread())
      throw error{errc::wrong_thread};
    std::unique_lock lock{mutex_};
    auto const woken = [&] { return wakes_count_ != seen; };
    if (deadline != never)
      return wakes_.wait_until(lock, deadline, woken);
    wakes_.wait(lock, woken);
    return true;
  }

  poll ready(poll wanted)
  {
    poll found = poll::none;
    if (wanted & poll::in && inbox_.front() != nullptr)
      found |= poll::in;
    if (wanted & poll::out && room_.load(std::memory_order_acquire) && outbox_.has_room(limit))
      found |= poll::out;
    return found;
  }

  void quieten()
  {
    if (bell_)
      bell_->quieten();
  }

  // ---- either side ----

  void ring_bell()
  {
    if (event_descriptor* const bell = rung_.load())
      bell->ring();
  }

  // ---- the socket's side, for carrier ----

  spsc_queue<message>& outbox() noexcept { return outbox_; }
  void taken() { wake_user(); }

  void room(bool is)
  {
    room_.store(is);
    if (is)
      wake_user();
  }

  void stopped(errc why)
  {
    ended_.store(why);
    room_.store(false);
    wake_user();
  }

  void move()
  {
    if (over())
      return;
    if (sends_)
      send_all();
    if (receives_ && !over())
      receive_all();
  }

  void wake_user()
  {
    ring_bell();
    std::lock_guard const lock{mutex_};
    ++wakes_count_;
    wakes_.notify_one();
  }

  // The user is woken once for all that is there, rather than for the first, to sleep again after it.
  void receive_all()
  {
    bool wakes = false;
    while (receive_one(wakes)) {
    }
    if (wakes)
      wake_user();
  }

  bool receive_one(bool& wakes)
  {
    if (!inbox_.has_room(limit) && inbox_.writer_sleeps(limit))
      return false;
    errc const e = socket().try_receive(inbox_.prepare());
    if (e == errc::would_block) {
      readable_.watch(socket().readers);
      return false;
    }
    if (e != errc{}) {
      end(e);
      return false;
    }
    inbox_memory_.collect();
    wakes |= inbox_.commit();
    if (!socket().budget().spend())
      return true;
    move_later();
    return false;
  }

  // Its memory goes back to who makes the next one.
  void sent(std::size_t memory_size) noexcept { outbox_memory_.give(memory_size); }

  bool const receives_;
  bool const sends_;
  spsc_queue<message> inbox_;
  spsc_queue<message> outbox_;
  memory_return inbox_memory_;
  memory_return outbox_memory_;
  std::atomic<bool> room_ = false;
  std::atomic<errc> ended_ = errc{};
  std::atomic<event_descriptor*> rung_ = nullptr;  // there is a bell
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::uint64_t wakes_count_ = 0;

  // the user's
  std::size_t owed_ = 0;
  std::optional<event_descriptor> bell_;

  // the socket's
  engine::wait_list::watcher readable_{&woken, static_cast<carrier*>(this)};
};

}  // namespace cozmq::detail
