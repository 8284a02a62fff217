// How a connection ends, and the deadlines that end it; bodies of engine::session.
#pragma once

#include <cozmq/engine/session.hpp>
#include <cozmq/wire/command.hpp>

#include <asio/post.hpp>

#include <array>
#include <vector>

namespace cozmq::engine {

inline void session::finish()
{
  finishing_ = true;
  if (state_ == state::open) {
    flush();
    after_flush();
  } else if (state_ == state::handshaking && side_ == side::accepting) {
    fail(errc::socket_closed, "the socket was closed");
  }
}

inline void session::drain()
{
  std::array<std::byte, 16384> bytes;
  std::error_code ec;
  stream_->read_some(asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != asio::error::would_block)
    return fail(errc::peer_closed, "the peer closed the connection");
  wait_readable();
}

// Ends the connection when the present call is over: it may be in the middle of anything.
inline void session::fail(std::error_code why, std::string reason, bool permanent)
{
  if (failing_ || state_ == state::waiting || !stream_)
    return;
  failing_ = true;
  asio::post(stream_->get_executor(), [self = shared_from_this(), generation = generation_, why,
                                       reason = std::move(reason), permanent] {
    if (generation == self->generation_)
      self->lost(why, reason, permanent);
  });
}

inline void session::lost(std::error_code why, std::string const& reason, bool permanent)
{
  auto const self = shared_from_this();
  bool const was_open = state_ == state::open || state_ == state::draining;
  close_stream();
  if (was_open && host_)
    host_->on_disconnected(*this);
  if (owner_)
    owner_->on_lost(*this, why, reason, permanent);
}

inline void session::close_stream() noexcept
{
  ++generation_;
  state_ = state::waiting;
  state_ends_.reset();
  timer_.reset();
  timer_at_.reset();
  handshake_.reset();
  heartbeat_.reset();
  reading_ = paused_ = blocked_ = failing_ = false;
  decoder_.drop_partial();
  encoder_.rewind();
  if (stream_) {
    std::error_code ignored;
    stream_->close(ignored);
    stream_.reset();
  }
}

inline void session::sever() noexcept
{
  host_ = nullptr;
  owner_ = nullptr;
  close_stream();
}

inline std::optional<wire::heartbeat::time_point> session::deadline() const
{
  if (state_ends_)
    return state_ends_;
  return heartbeat_ ? heartbeat_->next_deadline() : std::nullopt;
}

// One timer serves the handshake, the heartbeat and draining. It is set anew only for an earlier time: when it
// fires too early, it is set again, which costs less than moving it with each sign of life.
inline void session::arm_timer()
{
  auto const at = deadline();
  if (!at || !stream_ || (timer_at_ && *timer_at_ <= *at))
    return;
  if (!timer_)
    timer_ = std::make_unique<asio::steady_timer>(stream_->get_executor());
  timer_at_ = at;
  timer_->expires_at(*at);
  timer_->async_wait(guarded([at](session& self, std::error_code ec) {
    if (ec || self.timer_at_ != at)
      return;
    self.timer_at_.reset();
    self.on_timer();
  }));
}

inline void session::on_timer()
{
  auto const now = wire::heartbeat::clock::now();
  if (state_ends_ && now >= *state_ends_) {
    if (state_ == state::handshaking)
      return fail(errc::handshake_timeout, "the handshake took too long");
    return fail(errc::peer_closed, "the peer did not close in time");
  }
  if (heartbeat_ && state_ == state::open) {
    // After a stall of our own the sign of life may lie in the kernel: read before judging.
    if (!paused_ && heartbeat_->next_deadline() <= now) {
      std::error_code ec;
      if (stream_->available(ec) > 0)
        heartbeat_->on_bytes_received();
    }
    switch (heartbeat_->poll(now)) {
      case wire::heartbeat::action::nothing: break;
      case wire::heartbeat::action::expired:
        return fail(errc::heartbeat_timeout, "the peer was silent for too long");
      case wire::heartbeat::action::send_ping: {
        std::vector<std::byte> ping;
        wire::append_ping(ping, heartbeat_->wire_ttl());
        encoder_.put_command(ping);
        flush();
        after_flush();
        break;
      }
    }
  }
  arm_timer();
}

}  // namespace cozmq::engine
