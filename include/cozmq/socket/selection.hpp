// One coroutine that waits for several sockets at once: what wakes it, and its places in their lists.
#pragma once

#include <cozmq/engine/shutdown_service.hpp>
#include <cozmq/engine/waiters.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <system_error>

namespace cozmq::detail {

/// Wakes the coroutine that waits for the first, or for all, of several alternatives. That coroutine owns it, and is
/// owned by the handler that waits here: the execution context cuts this circle when it goes first.
class selection final : private engine::shutdown_hook {
 public:
  explicit selection(asio::any_io_executor const& executor)
      : service_{&engine::shutdown_service::of(executor)}
  {
    service_->add(*this);
  }
  selection(selection const&) = delete;
  selection& operator=(selection const&) = delete;
  ~selection()
  {
    if (service_ != nullptr)
      service_->remove(*this);
  }

  engine::wait_list waiting;
  void fire(engine::wake how = engine::wake::at_once) { waiting.wake_all(how); }

 private:
  void on_context_shutdown() noexcept override
  {
    service_ = nullptr;
    engine::wait_list going;
    going.take(waiting);  // destroying what waits may destroy this object
  }

  engine::shutdown_service* service_;
};

/// What `ready` on one side of a socket depends on: woken when it may have changed, told when the socket ends.
///
/// Movable until it is armed; what is armed may be destroyed with its list, or before.
class socket_watch {
 public:
  explicit socket_watch(engine::wait_list& list) : list_{&list} {}

  void arm(std::shared_ptr<selection> const& s)
  {
    if (!state_)
      state_ = std::make_unique<state>();
    state_->wakes = s;
    state_->place.watch(*list_);
  }

  void disarm() noexcept
  {
    if (state_)
      state_->place.stop();
  }

  bool armed() const noexcept { return state_ && state_->place.watching(); }

  /// Why the socket ended, or its operations were cancelled, meanwhile. It may not exist any more then.
  std::error_code ended() const noexcept { return state_ ? state_->ended : std::error_code{}; }

 private:
  struct state {
    std::shared_ptr<selection> wakes;
    std::error_code ended;
    engine::wait_list::watcher place{&state::woken, this};

    static void woken(void* owner, engine::wake how, std::error_code ec)
    {
      auto* const self = static_cast<state*>(owner);
      self->ended = ec;
      auto const s = self->wakes;  // what is continued may destroy this object
      s->fire(how);
    }
  };

  engine::wait_list* list_;
  std::unique_ptr<state> state_;
};

}  // namespace cozmq::detail
