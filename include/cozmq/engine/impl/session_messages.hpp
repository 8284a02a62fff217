// How messages go through a session; bodies of engine::session.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/engine/session.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <system_error>
#include <utility>

namespace cozmq::engine {

COZMQ_DECL bool session::write(message& m)
{
  if (full() && !make_room()) {
    muted_ = true;
    return false;
  }
  encoder_.put(m);
  flush_soon(encoder_.bytes());
  return true;
}

COZMQ_DECL bool session::publish(routing::published const& m)
{
  if (full() && !make_room())
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

COZMQ_DECL void session::flush()
{
  if (blocked_ || failing_ || !stream_)
    return;
  if (state_ == state::handshaking)
    return flush_handshake();
  if (state_ != state::open)
    return;
  if (secured_)
    return flush_sealed();
  write_out(encoder_);
  if (!blocked_)
    encoder_.release();
}

[[gnu::noinline]] COZMQ_DECL void session::flush_sealed()
{
  try {
    write_out(*secured_);
  } catch (std::bad_alloc const&) {
    // A sender's message is in the queue already, and leaves through the next connection.
    return fail(std::make_error_code(std::errc::not_enough_memory),
                "there is no memory to seal what is sent");
  }
  if (!blocked_) {
    encoder_.release();
    secured_->release_output();
  }
}

COZMQ_DECL bool session::on_input()
{
  if (state_ == state::handshaking)
    return read_handshake();
  if (state_ == state::open)
    secured_ ? read_messages(*secured_) : read_messages(decoder_);
  return false;
}

// `input` is the decoder, or what is in front of it.
template <class Input>
void session::read_messages(Input& input)
{
  auto const into = input.prepare();
  std::error_code ec;
  std::size_t const most = host_ ? host_->options().receive_batch : into[0].size();
  auto const first = asio::buffer(into[0].data(), std::min(into[0].size(), most));
  auto const second = asio::buffer(into[1].data(), into[1].size());
  std::size_t const count = into[1].empty() || most < into[0].size()
                                ? stream_->read_some(first, ec)
                                : stream_->read_some(std::array{first, second}, ec);
  if (ec) {
    release_input();  // many peers may go at a time, and the end is posted
    if (ec == asio::error::would_block)
      return wait_readable();
    return fail(ec == asio::error::eof ? make_error_code(errc::peer_closed) : ec,
                "the peer closed the connection");
  }
  if (heartbeat_)
    heartbeat_->on_bytes_received();
  std::size_t const before = decoder_.ready();
  ec = input.commit(count, [this](byte_view body) { return on_command(body); });
  passed_.bytes_in += count;
  passed_.messages_in += decoder_.ready() - before;
  if (ec) {
    fail(ec, ec.message());
  } else if (conflates()) {
    keep_last();
    wait_readable();
  } else if (has_enough()) {
    pause_reading();
    second_look_ = true;
    if (heartbeat_)
      heartbeat_->pause();
  } else {
    wait_readable();
  }
  release_input();
}

// Of an idle session. Messages that wait keep theirs.
COZMQ_DECL void session::release_input() noexcept
{
  if (secured_)
    secured_->release_input();
  if (decoder_.ready() == 0)
    decoder_.release();
}

// A newer message takes the place of those that have not begun to leave.
[[gnu::noinline]] COZMQ_DECL bool session::make_room()
{
  if (!conflates())
    return false;
  secured_ ? secured_->drop_waiting() : encoder_.drop_waiting();
  return true;
}

COZMQ_DECL void session::keep_last()
{
  for (message older; decoder_.ready() > 1; older.clear())
    read(older);
}

COZMQ_DECL bool session::read(message& to)
{
  if (!decoder_.pop(to)) [[unlikely]]
    return nothing_left();
  if (second_look_) [[unlikely]]
    look_again(to);
  return true;
}

[[gnu::noinline]] COZMQ_DECL void session::look_again(message& popped)
{
  // Resumes well below the mark: a read into a buffer that still holds messages needs a second buffer.
  if (paused_ && decoder_.ready() <= resume_at_ && !held_)
    resume_reading();
  while (origins_.size() > 1 && origins_.front().messages == 0)
    origins_.erase(origins_.begin());
  if (!origins_.empty()) {
    popped.set_metadata(origins_.front().who);
    if (origins_.size() > 1)
      --origins_.front().messages;
  }
  second_look_ = paused_ || !origins_.empty();
}

// Is there as much to be received as the high-water marks allow, or does routing want no more?
COZMQ_DECL bool session::has_enough() const
{
  if (!host_)
    return false;
  socket_options const& options = host_->options();
  return held_ || decoder_.ready() >= options.receive_hwm ||
         (options.receive_hwm_bytes != socket_options::unlimited &&
          decoder_.ready_bytes() >= options.receive_hwm_bytes);
}

COZMQ_DECL void session::reconsider()
{
  connection::reconsider();
  if (paused_ && !has_enough())
    resume_reading();
}

COZMQ_DECL void session::hold(bool on)
{
  held_ = on;
  if (!on && paused_ && decoder_.ready() <= resume_at_)
    resume_reading();
}

COZMQ_DECL void session::resume_reading()
{
  paused_ = false;
  if (heartbeat_)
    heartbeat_->resume(clock::now());
  wait_readable();
}

COZMQ_DECL bool session::nothing_left()
{
  decoder_.release();
  return no_message_left();
}

COZMQ_DECL void session::inject(message m)
{
  decoder_.put(std::move(m));
  if (!std::exchange(announced_, true) && host_)
    host_->on_readable(*this, wake::posted);
}

COZMQ_DECL void session::retract()
{
  if (state_ == state::open)
    return;  // a part may be on its way
  encoder_.clear();
  if (std::exchange(muted_, false) && host_)
    host_->on_writable(*this, wake::posted);
}

COZMQ_DECL void session::discard_unread()
{
  message unread;
  while (decoder_.pop(unread)) {
  }
  decoder_.release();
  if (origins_.size() > 1)
    origins_.erase(origins_.begin(), origins_.end() - 1);
}

}  // namespace cozmq::engine
