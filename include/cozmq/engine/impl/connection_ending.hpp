// How a stream ends, and the deadlines that end it; bodies of engine::connection.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/engine/connection.hpp>
#include <cozmq/transport/unsent.hpp>

#include <asio/post.hpp>

#include <array>
#include <utility>

namespace cozmq::engine {

COZMQ_DECL void connection::finish()
{
  finishing_ = true;
  if (state_ == state::open) {
    flush();
    after_flush();
  } else if (state_ == state::handshaking && side_ == side::accepting) {
    fail(errc::socket_closed, "the socket was closed");
  } else if (idle() && side_ == side::accepting && host_ && !std::exchange(drained_told_, true)) {
    host_->on_drained(*this);  // the peer has left, and what it sent will not be read
  }
}

COZMQ_DECL void connection::finish_within(linger_limits::duration limit)
{
  if (limit != linger_limits::forever)
    state_ends_ = clock::now() + limit;
  finish();
  arm_timer();
}

COZMQ_DECL void connection::drain()
{
  std::array<std::byte, 16384> bytes;
  std::error_code ec;
  stream_->read_some(asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != asio::error::would_block)
    return fail(errc::peer_closed, "the peer closed the connection");
  heard_ = true;
  wait_readable();
}

// Some peers do not read, and will not notice the end for a long time. When the system at the other end has everything,
// and they send nothing that would reset a closed connection, there is nothing to wait for.
COZMQ_DECL void connection::end_draining()
{
  std::error_code ec;
  bool const silent = !std::exchange(heard_, false) && stream_->available(ec) == 0;
  if (--drain_looks_ == 0 || (silent && transport::is_all_taken(*stream_)))
    fail(errc::peer_closed, "the peer did not close in time");
  else
    state_ends_ = clock::now() + drain_look;
}

// Ends the connection when the present call is over: it may be in the middle of anything.
COZMQ_DECL void connection::fail(std::error_code why, std::string reason, bool permanent)
{
  if (failing_ || state_ == state::waiting || !stream_)
    return;
  asio::post(stream_->get_executor(), [self = shared_from_this(), generation = generation_, why,
                                       reason = std::move(reason), permanent] {
    if (generation == self->generation_)
      self->lost(why, reason, permanent);
  });
  failing_ = true;
}

COZMQ_DECL void connection::lost(std::error_code why, std::string const& reason, bool permanent)
{
  auto const self = shared_from_this();
  bool const was_open = state_ == state::open || state_ == state::draining;
  if (host_) {
    socket_stats& counters = host_->observed().counters;
    ++(was_open ? counters.disconnects : counters.handshake_failures);
    if (was_open && finishing_)
      report(event_kind::disconnected, {}, "the endpoint was disconnected");
    else
      report(was_open ? event_kind::disconnected : event_kind::handshake_failed, why, reason);
  }
  close_stream();
  if (was_open && host_)
    host_->on_disconnected(*this);
  if (finishing_)
    discard_unread();  // nobody will read it
  if (owner_)
    owner_->on_lost(*this, why, reason, permanent);
  announce();
}

COZMQ_DECL peer_info connection::info() const
{
  peer_info p = common_info();
  if (owner_)
    p.endpoint = owner_->text();
  p.address = peer_address_ == "ipc" ? p.endpoint : peer_address_;
  if (was_open_)
    describe(p);
  return p;
}

COZMQ_DECL void connection::report(event_kind kind, std::error_code why, std::string const& reason)
{
  host_->observed().report([&] {
    event e{kind, owner_->text()};
    e.because(standard(why), reason);
    e.peer = info();
    return e;
  });
}

COZMQ_DECL void connection::close_stream() noexcept
{
  ++generation_;
  if (host_)
    host_->observed().counters.passed += std::exchange(passed_, {});
  state_ = state::waiting;
  state_ends_.reset();
  forget_timer();
  reading_ = paused_ = blocked_ = failing_ = false;
  on_closed();
  if (stream_) {
    std::error_code ignored;
    stream_->close(ignored);
    stream_.reset();
  }
}

COZMQ_DECL void connection::sever() noexcept
{
  if (host_)
    host_->observed().counters.passed += std::exchange(passed_, {});
  host_ = nullptr;
  owner_ = nullptr;
  close_stream();
}

// An idle connection without heartbeats has no timer: thousands of them would be woken one by one, and cost more memory.
COZMQ_DECL void connection::forget_timer() noexcept
{
  timer_.reset();
  timer_at_.reset();
}

// One timer serves all deadlines. It is set anew only for an earlier time: when it fires too early, it is set again,
// which costs less than moving it with each sign of life.
COZMQ_DECL void connection::arm_timer()
{
  auto const at = deadline();
  if (!at)
    return forget_timer();
  if (!stream_ || (timer_at_ && *timer_at_ <= *at))
    return;
  if (!timer_)
    timer_ = std::make_unique<asio::steady_timer>(stream_->get_executor());
  timer_at_ = at;
  timer_->expires_at(*at);
  timer_->async_wait(guarded([at](connection& self, std::error_code ec) {
    if (ec || self.timer_at_ != at)
      return;
    self.timer_at_.reset();
    if (!self.state_ends_ || clock::now() < *self.state_ends_)
      self.on_timer();
    else if (self.state_ == state::handshaking)
      self.fail(errc::handshake_timeout, "the handshake took too long");
    else if (self.state_ == state::draining)
      self.end_draining();
    else
      self.fail(errc::peer_closed, "the peer did not close in time");
    if (!self.failing_)
      self.arm_timer();
  }));
}

}  // namespace cozmq::engine
