// How a forwarder takes, passes on and waits; bodies of cozmq::forwarder.
#pragma once

#include <cozmq/service/forwarder.hpp>

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <string_view>
#include <vector>

namespace cozmq {

template <class Front, class FrontExecutor, class Back, class BackExecutor>
forwarder::forwarder(basic_socket<Front, FrontExecutor>& front, basic_socket<Back, BackExecutor>& back)
{
  constexpr bool to_back = can_receive<Front> && can_send<Back>;
  constexpr bool to_front = can_receive<Back> && can_send<Front>;
  static_assert(to_back || to_front,
                "neither socket sends what the other receives; pairs are ROUTER and DEALER, XSUB and XPUB, "
                "PULL and PUSH");
  if (!front.core() || !back.core())
    throw error{errc::socket_closed};
  state_->sockets[0] = front.core();
  state_->sockets[1] = back.core();
  if constexpr (to_back)
    state_->ways[0].burst = &burst<detail::core<Front>, detail::core<Back>>;
  if constexpr (to_front)
    if (state_->sockets[0] != state_->sockets[1])
      state_->ways[1].burst = &burst<detail::core<Back>, detail::core<Front>>;
}

template <class Front, class FrontExecutor, class Back, class BackExecutor, class Capture,
          class CaptureExecutor>
forwarder::forwarder(basic_socket<Front, FrontExecutor>& front, basic_socket<Back, BackExecutor>& back,
                     basic_socket<Capture, CaptureExecutor>& capture)
    : forwarder{front, back}
{
  static_assert(can_send<Capture>, "a capture socket has to send: a PUB, PUSH, PAIR or DEALER");
  if (!capture.core())
    throw error{errc::socket_closed};
  state_->capture = capture.core();
}

template <class Control, class Executor>
void forwarder::steered_by(basic_socket<Control, Executor>& control)
{
  static_assert(can_receive<Control>, "a control socket has to receive: a PAIR or REP");
  if (!control.core())
    throw error{errc::socket_closed};
  state_->control = control.core();
}

// Passes on what there is, until one side cannot go on or others are to run. What the receiver does not take is given
// back to the sender's socket at once: nothing is in our hands when we wait.
template <class From, class To>
forwarder::pace forwarder::burst(state& s, way& w)
{
  auto& from = static_cast<From&>(*s.sockets[w.from]);
  auto& to = static_cast<To&>(*s.sockets[1 - w.from]);
  message m;
  for (;;) {
    if (to.budget().spend()) [[unlikely]]
      return pace::tired;
    if (s.observed() && !w.seen) [[unlikely]] {
      // Who watches sees a message once, so it is taken only when it can go on.
      if (errc const e = to.room(); e == errc::would_block || e == errc::wrong_state)
        return stopped(e, pace::blocked);
      if (s.capture && s.capture->room() == errc::would_block)
        return pace::blocked;
    }
    if (errc const e = from.try_receive(m); e != errc{})
      return stopped(e, pace::idle);
    std::size_t const bytes = m.byte_size();
    std::size_t to_send = bytes;
    if (s.observed() && !w.seen) [[unlikely]] {
      if (!passes(s, w, from, m)) {
        w.received.add(bytes);
        continue;
      }
      w.seen = true;
      to_send = m.byte_size();
    }
    errc const e = to.try_send(m);
    if (e == errc{}) [[likely]] {
      w.sent.add(to_send);
    } else if (e == errc::would_block || e == errc::wrong_state || e == to.ended()) {
      from.put_back(std::move(m));
      return stopped(e, pace::blocked);
    } else {
      ++s.refused;
      m.clear();
    }
    w.seen = false;
    w.received.add(bytes);
  }
}

// Says whether the message is to go on. One whose hook throws is still to be received, unless the hook took it.
template <class From>
bool forwarder::passes(state& s, way const& w, From& from, message& m)
{
  try {
    return s.observe(w, m);
  } catch (...) {
    if (!m.empty())
      from.put_back(std::move(m));
    throw;
  }
}

inline forwarder::pace forwarder::stopped(errc why, pace meanwhile)
{
  if (why == errc::would_block)
    return meanwhile;
  if (why == errc::wrong_state)
    return pace::out_of_turn;
  throw error{why};
}

// Says whether the message is to go on.
inline bool forwarder::state::observe(way const& w, message& m)
{
  if (on_message && !on_message(w.from == 0 ? towards::back : towards::front, m)) {
    m.clear();
    return false;
  }
  if (capture) {
    message copy{m};
    (void)capture->try_send(copy);
  }
  return true;
}

// Both ways in turn; true when others are to run.
inline bool forwarder::state::forward()
{
  bool tired = false;
  for (bool again = true; again && !tired;) {
    std::array<bool, 2> moved{};
    for (way& w : ways) {
      if (w.burst == nullptr)
        continue;
      std::uint64_t const before = w.received.messages;
      w.last = w.burst(*this, w);
      moved[w.from] = w.received.messages != before;
      tired = tired || w.last == pace::tired;
    }
    again =
        (moved[0] && ways[1].last == pace::out_of_turn) || (moved[1] && ways[0].last == pace::out_of_turn);
  }
  return tired;
}

// What zmq_proxy_steerable(3) obeys.
inline void forwarder::state::obey()
{
  message command;
  while (control->try_receive(command) == errc{}) {
    std::string_view const word = command[0].view();
    message reply;
    if (word == "STATISTICS") {
      forwarder_statistics const now = statistics_of(*this);
      for (traffic const& each : {now.front_received, now.front_sent, now.back_received, now.back_sent})
        for (std::uint64_t const number : {each.messages, each.bytes})
          reply.push_back(frame{byte_view{reinterpret_cast<std::byte const*>(&number), sizeof number}});
    } else if (word == "PAUSE") {
      paused = true;
    } else if (word == "RESUME") {
      paused = false;
    } else if (word == "TERMINATE") {
      terminating = true;
    }
    if (reply.empty() && control->type() == socket_type::rep)
      reply.push_back(frame{});
    if (!reply.empty())
      (void)control->try_send(reply);
    command.clear();
  }
}

// One of the sockets may have ended while nothing was moved.
inline void forwarder::state::check() const
{
  for (auto const* const s : {sockets[0].get(), sockets[1].get(), capture.get(), control.get()})
    if (s != nullptr && s->ended() != errc{})
      throw error{s->ended()};
}

inline forwarder_statistics forwarder::statistics_of(state const& s) noexcept
{
  way const& to_back = s.ways[0];
  way const& to_front = s.ways[1];
  return {to_back.received, to_front.sent, to_front.received, to_back.sent, s.refused};
}

// Where a run waits: for messages of a side that can go on, and for room or the end of every socket.
class forwarder::places {
 public:
  explicit places(state& s) : state_{&s}
  {
    for (auto const& each : s.sockets) {
      readers_.emplace_back(each->readers);
      others_.emplace_back(each->writers);
    }
    if (s.capture)
      others_.emplace_back(s.capture->writers);
    if (s.control)
      others_.emplace_back(s.control->readers);
  }
  places(places const&) = delete;
  places& operator=(places const&) = delete;
  ~places()
  {
    state_->waiting.reset();
    state_->running = state_->terminating = false;
  }

  void arm()
  {
    for (way const& w : state_->ways) {
      if (w.burst == nullptr || w.last == pace::blocked || state_->paused)
        continue;
      if (!state_->sockets[w.from]->readers.empty())
        throw error{errc::operation_in_progress};
      readers_[w.from].arm(state_->waiting);
    }
    for (detail::socket_watch& each : others_)
      each.arm(state_->waiting);
  }

  // Between two waits nothing of ours is in the lists, so that others may use the sockets.
  void disarm()
  {
    for (auto* const group : {&readers_, &others_})
      for (detail::socket_watch& each : *group) {
        each.disarm();
        if (each.ended())
          throw error{each.ended()};
      }
  }

 private:
  state* state_;
  std::vector<detail::socket_watch> readers_;
  std::vector<detail::socket_watch> others_;
};

inline asio::awaitable<void> forwarder::run(std::shared_ptr<state> s)
{
  if (s->running)
    throw error{errc::operation_in_progress};
  auto const executor = co_await asio::this_coro::executor;
  s->running = true;
  s->waiting = std::make_shared<detail::selection>(executor);
  std::shared_ptr<detail::selection> const woken = s->waiting;
  places in_lists{*s};
  for (;;) {
    s->check();
    if (s->control)
      s->obey();
    if (s->terminating)
      co_return;
    bool const tired = !s->paused && s->forward();
    std::error_code ec;
    if (tired) {
      co_await asio::post(executor, asio::redirect_error(asio::use_awaitable, ec));
    } else {
      in_lists.arm();
      co_await woken->waiting.async_wait(executor, asio::redirect_error(asio::use_awaitable, ec));
    }
    s->check();
    in_lists.disarm();
    if (ec)
      throw error{ec};
    for (auto const& each : s->sockets)
      each->budget().renew();
  }
}

}  // namespace cozmq
