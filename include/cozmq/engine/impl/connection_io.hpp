// How a stream is waited for, read and written; bodies of engine::connection.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/engine/connection.hpp>
#include <cozmq/transport/peer_address.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <system_error>
#include <utility>

namespace cozmq::engine {

COZMQ_DECL void connection::take_over(transport::stream stream)
{
  stream_.emplace(std::move(stream));
  peer_address_ = transport::peer_address(*stream_);
  was_open_ = false;
  flush_at_ = host_->options().send_batch;
  socket_stats& counters = host_->observed().counters;
  ++(side_ == side::accepting ? counters.accepted : counters.connected);
  counters.reconnects += number_ == 0 ? 0 : 1;
  number_ = host_->observed().new_peer();
  since_ = std::chrono::system_clock::now();
  missed = 0;
  report(side_ == side::accepting ? event_kind::accepted : event_kind::connected);
  state_ = state::handshaking;
  std::error_code ec;
  stream_->non_blocking(true, ec);
  if (ec)
    fail(ec, ec.message());  // reading and writing would stop the whole executor
}

// For the end of what opens a stream: what was queued before may have left just now. Last thing in a handler.
COZMQ_DECL void connection::opened()
{
  if (finishing_)
    return after_flush();
  bool const room = muted_ && !full();  // what was queued before may fill the kernel's buffer again
  if (room)
    muted_ = false;
  announce();
  if (room && host_)
    host_->on_writable(*this, wake::at_once);
}

COZMQ_DECL void connection::wait_readable()
{
  if (reading_ || paused_ || !stream_)
    return;
  stream_->async_wait(transport::stream::wait_read, guarded([](connection& self, std::error_code ec) {
                        self.reading_ = false;
                        if (ec)
                          self.fail(ec, ec.message());
                        else if (self.state_ == state::draining)
                          self.drain();
                        else
                          self.take_input();
                      }));
  reading_ = true;
}

// A peer that sends more than there is memory for loses its own connection only. What may continue a coroutine comes last,
// and lets through what that throws.
COZMQ_DECL void connection::take_input()
{
  bool opens = false;
  try {
    opens = on_input();
  } catch (std::bad_alloc const&) {
    fail(std::make_error_code(std::errc::not_enough_memory), "there is no memory for what the peer sends");
  }
  opens ? opened() : announce();
}

COZMQ_DECL void connection::wait_writable()
{
  stream_->async_wait(transport::stream::wait_write, guarded([](connection& self, std::error_code ec) {
                        self.blocked_ = false;
                        if (ec)
                          self.fail(ec, ec.message());
                        else
                          self.flush();
                        self.after_flush();
                      }));
  blocked_ = true;
}

COZMQ_DECL bool connection::is_above_mark(std::size_t queued) const noexcept
{
  if (!host_)
    return true;
  socket_options const& options = host_->options();
  return queued >= (options.conflate ? 1 : options.send_hwm) ||
         (options.send_hwm_bytes != socket_options::unlimited && unsent_bytes() >= options.send_hwm_bytes);
}

COZMQ_DECL void connection::reconsider()
{
  if (!muted_ || full() || !host_)
    return;
  muted_ = false;
  host_->on_writable(*this, wake::posted);
}

COZMQ_DECL void connection::pause_reading() noexcept
{
  paused_ = true;
  resume_at_ = std::min(host_->options().receive_hwm, unread()) / 8;
}

// Says that there are messages, once until all are read. Last thing in a handler: it may continue a coroutine, which
// may do anything.
COZMQ_DECL void connection::announce()
{
  if (announced_ || !host_ || unread() == 0)
    return;
  announced_ = true;
  host_->on_readable(*this, wake::at_once);
}

// For a read that finds nothing: announces the next message again. Returns false.
COZMQ_DECL bool connection::no_message_left()
{
  announced_ = false;
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

[[gnu::noinline]] COZMQ_DECL void connection::begin_flush(std::size_t gathered)
{
  if (state_ != state::open || blocked_)
    return;
  if (gathered >= flush_at_) {
    flush();
    if (host_)
      host_->on_burst();
  } else {
    asio::post(stream_->get_executor(), [self = shared_from_this()] {
      use_scope const inside{self->host_};
      self->flush_posted_ = false;
      self->flush();
      self->after_flush();
    });
    flush_posted_ = true;
  }
}

// Hands the kernel what it takes of a queue that gathers and consumes.
template <class Queue>
void connection::write_out(Queue& queue)
{
  for (;;) {
    std::array<byte_view, 32> waiting;
    std::size_t const filled = queue.gather(waiting);
    if (filled == 0)
      return;
    std::array<asio::const_buffer, 32> buffers;
    std::size_t size = 0;
    for (std::size_t i = 0; i < filled; ++i) {
      buffers[i] = asio::const_buffer{waiting[i].data(), waiting[i].size()};
      size += waiting[i].size();
    }
    std::error_code ec;
    std::size_t const count =
        filled == 1 ? stream_->write_some(buffers[0], ec) : stream_->write_some(buffers, ec);
    if (ec == asio::error::would_block)
      return wait_writable();
    if (ec)
      return fail(ec, ec.message());
    std::size_t const before = queued();
    queue.consume(count);
    passed_.bytes_out += count;
    passed_.messages_out += before - queued();
    if (count < size)
      return wait_writable();
  }
}

// Room may have come up, or the end of what there was to send.
COZMQ_DECL void connection::after_flush()
{
  if (finishing_ && state_ == state::open && unsent_bytes() == 0 && !failing_) {
    // Closing with unread input resets the connection and destroys what the peer has not read:
    // say that nothing follows, and read until the peer closes.
    std::error_code ignored;
    stream_->shutdown(asio::socket_base::shutdown_send, ignored);
    state_ = state::draining;
    state_ends_ = clock::now() + drain_look;
    drain_looks_ = most_drain_looks;
    heard_ = false;
    paused_ = false;
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
