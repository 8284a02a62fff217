// How messages go through a session; bodies of engine::session.
#pragma once

#include <cozmq/engine/session.hpp>

#include <array>
#include <utility>

namespace cozmq::engine {

inline bool session::write(message& m)
{
  if (full()) {
    muted_ = true;
    return false;
  }
  encoder_.put(m);
  flush_soon(encoder_.bytes());
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
  flush_soon(encoder_.bytes());
  return true;
}

inline void session::flush()
{
  if (blocked_ || failing_ || !stream_)
    return;
  if (state_ == state::handshaking)
    return flush_handshake();
  if (state_ != state::open)
    return;
  write_out(encoder_);
  if (!blocked_)
    encoder_.release();
}

inline void session::on_input()
{
  if (state_ == state::handshaking)
    read_handshake();
  else if (state_ == state::open)
    read_messages();
}

inline void session::read_messages()
{
  auto const into = decoder_.prepare();
  std::error_code ec;
  auto const first = asio::buffer(into[0].data(), into[0].size());
  auto const second = asio::buffer(into[1].data(), into[1].size());
  std::size_t const count =
      into[1].empty() ? stream_->read_some(first, ec) : stream_->read_some(std::array{first, second}, ec);
  if (ec == asio::error::would_block)
    return wait_readable();
  if (ec)
    return fail(ec == asio::error::eof ? make_error_code(errc::peer_closed) : ec,
                "the peer closed the connection");
  if (heartbeat_)
    heartbeat_->on_bytes_received();
  ec = decoder_.commit(count, [this](byte_view body) { return on_command(body); });
  if (ec) {
    fail(ec, ec.message());
  } else if (host_ && (held_ || decoder_.ready() >= host_->options().receive_hwm)) {
    pause_reading();
    if (heartbeat_)
      heartbeat_->pause();
  } else {
    wait_readable();
  }
  if (decoder_.ready() == 0)
    decoder_.release();
  announce();
}

inline bool session::read(message& to)
{
  if (!decoder_.pop(to)) [[unlikely]]
    return nothing_left();
  // Resumes well below the mark: a read into a buffer that still holds messages needs a second buffer.
  if (paused_ && decoder_.ready() <= resume_at_ && !held_) [[unlikely]]
    resume_reading();
  return true;
}

inline void session::hold(bool on)
{
  held_ = on;
  if (!on && paused_ && decoder_.ready() <= resume_at_)
    resume_reading();
}

inline void session::resume_reading()
{
  paused_ = false;
  if (heartbeat_)
    heartbeat_->resume(clock::now());
  wait_readable();
}

inline bool session::nothing_left()
{
  decoder_.release();
  return no_message_left();
}

inline void session::inject(message m)
{
  decoder_.put(std::move(m));
  if (!std::exchange(announced_, true) && host_)
    host_->on_readable(*this, wake::posted);
}

inline void session::retract()
{
  if (state_ == state::open)
    return;  // a part may be on its way
  encoder_.clear();
  if (std::exchange(muted_, false) && host_)
    host_->on_writable(*this, wake::posted);
}

inline void session::discard_unread()
{
  message unread;
  while (decoder_.pop(unread)) {
  }
  decoder_.release();
}

}  // namespace cozmq::engine
