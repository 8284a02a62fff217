// Brings to a socket, on its executor, what other threads have queued for it.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/engine/socket_core.hpp>

#include <asio/post.hpp>

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace cozmq::detail {

/// The socket's side of a queue, many messages at a time. Everything is on the socket's executor.
///
/// `Derived`, which must be owned by a shared_ptr, has `outbox()`, a queue with the reader's functions of spsc_queue;
/// `move()`, which does all that can be done now; and is told: `room(bool)`, whether the socket would take a message;
/// `sent(size)`, a message that had a block of memory of that size; `taken()`, senders sleep and there are places in the
/// queue; `stopped(errc)`, the socket has ended.
template <class Derived>
class carrier : public engine::supplier, public std::enable_shared_from_this<Derived> {
 public:
  carrier(carrier const&) = delete;
  carrier& operator=(carrier const&) = delete;

  /// Begins to move messages.
  void begin()
  {
    endings_.watch(socket_->watchers);
    socket_->suppliers.push_back(this->shared_from_this());
    self().move();
  }

 protected:
  // So many messages may be on their way between the threads, beside those in the socket's own queues.
  static constexpr std::size_t limit = 512;

  explicit carrier(std::shared_ptr<engine::socket_core> socket) : socket_{std::move(socket)} {}
  ~carrier() = default;

  engine::socket_core& socket() const noexcept { return *socket_; }
  bool over() const noexcept { return over_; }

  void send_all()
  {
    std::size_t sent = 0;
    for (;;) {
      message* const next = self().outbox().front();
      if (next == nullptr) {
        return_sent(sent);
        if (finishing_)
          return;
        if (errc const e = socket_->room(); e != errc{})
          return wait_for_room(e);
        say_room(true);
        if (self().outbox().reader_sleeps())
          return;
        continue;
      }
      std::size_t const memory = next->memory_size();
      if (errc const e = socket_->try_send(*next); e != errc{}) [[unlikely]] {
        if (e != errc::host_unreachable) {
          return_sent(sent);
          return wait_for_room(e);
        }
        // Who has sent it is no longer there to be told.
        next->clear();
        ++socket_->observed().counters.dropped.unroutable;
      }
      self().sent(memory);
      self().outbox().pop();
      if (++sent == limit / 2)
        return_sent(sent);
      if (socket_->budget().spend() && !finishing_) {
        return_sent(sent);
        return move_later();
      }
    }
  }

  // Others on this thread get their turn.
  void move_later()
  {
    if (posted_)
      return;
    asio::post(socket_->executor(), [kept = this->shared_from_this()] {
      kept->posted_ = false;
      kept->socket_->budget().renew();
      kept->self().move();
    });
    posted_ = true;
  }

  void end(errc why)
  {
    if (!std::exchange(over_, true))
      self().stopped(why);
  }

  // For the lists of the socket, with this as the owner. From inside a call of ours or of the engine.
  static void woken(void* owner, engine::wake, std::error_code)
  {
    auto& me = *static_cast<carrier*>(owner);
    if (me.over_)
      return;
    if (errc const e = me.socket_->ended(); e != errc{})
      return me.end(e);
    me.endings_.watch(me.socket_->watchers);
    // Who connects and then sends finds room at once.
    if (!me.room_ && !me.finishing_ && me.socket_->room() == errc{})
      me.say_room(true);
    me.move_later();
  }

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }

  // The close will end what waits: sends what has been queued, mark or not.
  std::size_t hand_over() final
  {
    finishing_ = true;
    say_room(false);  // what is sent from now on is not taken
    socket_->mutable_options().send_hwm = engine::socket_options::unlimited;
    socket_->reconsider();
    send_all();
    std::size_t const left = self().outbox().waiting();
    if (left > 0)
      write_log(log_level::warn, "a {} closed with {} messages undelivered: it had no peer",
                to_string(socket_->type()), left);
    return left;
  }

  void say_room(bool is)
  {
    if (std::exchange(room_, is) != is)
      self().room(is);
  }

  // With nothing to return it must not take the word of a sender that it sleeps: it would wake and find no room.
  void return_sent(std::size_t& sent)
  {
    if (sent > 0 && self().outbox().give_back(std::exchange(sent, 0)))
      self().taken();
  }

  void wait_for_room(errc why)
  {
    if (why != errc::would_block)
      return end(why);
    say_room(false);
    writable_.watch(socket_->writers);
  }

  // The loop goes before the socket was ended.
  static void gone(void* owner) { static_cast<carrier*>(owner)->end(errc::terminated); }

  std::shared_ptr<engine::socket_core> socket_;
  engine::wait_list::watcher writable_{&woken, this};
  engine::wait_list::watcher endings_{&woken, this, &gone};
  bool room_ = false;  // at first a socket has no peer
  bool over_ = false;
  bool posted_ = false;
  bool finishing_ = false;
};

}  // namespace cozmq::detail
