// Whether a socket on another thread can be read from or written to, for a thread that waits with poll(2).
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/engine/socket_core.hpp>
#include <cozmq/service/event_descriptor.hpp>
#include <cozmq/service/impl/descriptor_set.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace cozmq::detail {

/// Asks the socket on its own thread, and has it ring when the answer may have changed. For one thread at a time, which may
/// wait for that of the socket.
class remote_watch {
 public:
  explicit remote_watch(std::shared_ptr<engine::socket_core> socket) : socket_{std::move(socket)} {}
  remote_watch(remote_watch const&) = delete;
  remote_watch& operator=(remote_watch const&) = delete;
  ~remote_watch() { disarm(); }

  /// Which of `wanted` could be done at once; if none, the descriptor becomes readable when that may have changed.
  /// `poll::error` when the socket is closed. Throws `error` with `errc::terminated`.
  poll look(poll wanted)
  {
    bell_.quieten();
    auto const ask = [&] {
      poll found = poll::none;
      if (errc const e = socket_->ended(); e == errc::terminated)
        throw error{e};
      else if (e != errc{})
        return poll::error;
      if (wanted & poll::in && socket_->look_ahead() == errc{})
        found |= poll::in;
      if (wanted & poll::out && socket_->room() == errc{})
        found |= poll::out;
      if (found == poll::none) {
        if (wanted & poll::in)
          readable_.watch(socket_->readers);
        writable_.watch(socket_->writers);  // also for its end
      }
      return found;
    };
    poll const found = socket_->way()->call(ask);
    armed_ = found == poll::none;
    return found;
  }

  /// Leaves the socket to others.
  void disarm() noexcept
  {
    if (!std::exchange(armed_, false))
      return;
    try {
      auto const stop = [this] {
        readable_.stop();
        writable_.stop();
      };
      socket_->way()->call(stop);
    } catch (std::system_error const&) {
      // Its thread has ended meanwhile, and its lists with it.
    }
  }

  int descriptor() const noexcept { return bell_.descriptor(); }

 private:
  static void woken(void* owner, engine::wake, std::error_code)
  {
    static_cast<remote_watch*>(owner)->bell_.ring();
  }
  static void gone(void* owner) { static_cast<remote_watch*>(owner)->bell_.ring(); }

  std::shared_ptr<engine::socket_core> socket_;
  event_descriptor bell_;
  engine::wait_list::watcher readable_{&woken, this, &gone};
  engine::wait_list::watcher writable_{&woken, this, &gone};
  bool armed_ = false;
};

}  // namespace cozmq::detail
