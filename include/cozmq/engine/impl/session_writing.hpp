// What routing does with a session, and how its queue leaves; bodies of engine::session.
#pragma once

#include <cozmq/engine/session.hpp>
#include <cozmq/wire/subscription.hpp>

#include <asio/post.hpp>

#include <array>
#include <vector>

namespace cozmq::engine {

inline bool session::write(message& m)
{
  if (full()) {
    muted_ = true;
    return false;
  }
  encoder_.put(m);
  flush_soon();
  return true;
}

inline bool session::publish(routing::published const& m)
{
  if (full())
    return false;
  if (m.encoded.empty()) {
    message shared{m.body};
    encoder_.put(shared);
  } else {
    encoder_.put_encoded(m.encoded);
  }
  flush_soon();
  return true;
}

inline bool session::read(message& to)
{
  if (!decoder_.pop(to)) [[unlikely]]
    return nothing_left();
  // Resumes well below the mark: a read into a buffer that still holds messages needs a second buffer.
  if (paused_ && decoder_.ready() <= resume_at_) [[unlikely]]
    resume_reading();
  return true;
}

inline void session::resume_reading()
{
  paused_ = false;
  if (heartbeat_)
    heartbeat_->resume(wire::heartbeat::clock::now());
  wait_readable();
}

inline bool session::nothing_left()
{
  announced_ = false;
  decoder_.release();
  if (state_ == state::waiting && side_ == side::accepting && host_ && !drained_told_) {
    // The caller is in the middle of a list that this pipe is to leave.
    drained_told_ = true;
    asio::post(host_->executor(), [self = shared_from_this()] {
      if (self->host_)
        self->host_->on_drained(*self);
    });
  }
  return false;
}

inline void session::discard_unread()
{
  message unread;
  while (decoder_.pop(unread)) {
  }
  decoder_.release();
}

inline void session::subscribe(bool wanted, byte_view topic)
{
  if (state_ != state::open)
    return;  // all topics are sent when the handshake is complete
  std::vector<std::byte> encoded;
  wire::append_subscription(encoded, {wanted, topic}, peer_.minor);
  encoder_.put_command(encoded);
  flush_soon();
}

inline void session::greet(message const& m)
{
  // As a command it overtakes what was queued before, and goes with the connection.
  std::vector<std::byte> encoded;
  wire::encode(m, encoded);
  encoder_.put_command(encoded);
  flush_soon();
}

inline void session::retract()
{
  if (state_ == state::open)
    return;  // a part may be on its way
  encoder_.clear();
  if (std::exchange(muted_, false) && host_)
    host_->on_writable(*this, wake::posted);
}

inline void session::inject(message m)
{
  decoder_.put(std::move(m));
  if (!std::exchange(announced_, true) && host_)
    host_->on_readable(*this, wake::posted);
}

[[gnu::always_inline]] inline void session::flush_soon()
{
  // A burst: what is gathered leaves with the flush that is posted already.
  if (!flush_posted_ || encoder_.bytes() >= flush_at) [[unlikely]]
    begin_flush();
}

[[gnu::noinline]] inline void session::begin_flush()
{
  if (state_ != state::open || blocked_)
    return;
  if (encoder_.bytes() >= flush_at) {
    flush();
    if (host_)
      host_->on_burst();
  } else {
    flush_posted_ = true;
    asio::post(stream_->get_executor(), [self = shared_from_this()] {
      self->flush_posted_ = false;
      self->flush();
      self->after_flush();
    });
  }
}

// Hands the kernel all it takes. Called by senders too, so nothing is reported from here.
inline void session::flush()
{
  if (blocked_ || failing_ || !stream_)
    return;
  std::error_code ec;
  if (state_ == state::handshaking) {
    byte_view const out = handshake_->output();
    if (out.empty())
      return;
    std::size_t const count = stream_->write_some(asio::buffer(out.data(), out.size()), ec);
    if (ec && ec != asio::error::would_block)
      return fail(ec, ec.message());
    handshake_->sent(count);
    if (count < out.size())
      wait_writable();
    return;
  }
  if (state_ != state::open)
    return;
  for (;;) {
    std::array<byte_view, 32> waiting;
    std::size_t const filled = encoder_.gather(waiting);
    if (filled == 0)
      break;
    std::array<asio::const_buffer, 32> buffers;
    std::size_t size = 0;
    for (std::size_t i = 0; i < filled; ++i) {
      buffers[i] = asio::const_buffer{waiting[i].data(), waiting[i].size()};
      size += waiting[i].size();
    }
    std::size_t const count =
        filled == 1 ? stream_->write_some(buffers[0], ec) : stream_->write_some(buffers, ec);
    if (ec == asio::error::would_block)
      return wait_writable();
    if (ec)
      return fail(ec, ec.message());
    encoder_.consume(count);
    if (count < size)
      return wait_writable();
  }
  encoder_.release();
}

// Room may have come up, or the end of what there was to send.
inline void session::after_flush()
{
  if (finishing_ && state_ == state::open && encoder_.empty() && !failing_) {
    // Closing with unread input resets the connection and destroys what the peer has not read:
    // say that nothing follows, and read until the peer closes.
    std::error_code ignored;
    stream_->shutdown(asio::socket_base::shutdown_send, ignored);
    state_ = state::draining;
    state_ends_ = wire::heartbeat::clock::now() + drain_time;
    paused_ = false;
    heartbeat_.reset();
    discard_unread();
    arm_timer();
    wait_readable();
    return;
  }
  if (muted_ && !full() && host_) {
    muted_ = false;
    host_->on_writable(*this, wake::at_once);
  }
}

}  // namespace cozmq::engine
