// Bodies of engine::raw_session.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/engine/raw_session.hpp>
#include <cozmq/transport/peer_address.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace cozmq::engine {

COZMQ_DECL bool raw_session::start(transport::stream stream)
{
  take_over(std::move(stream));
  if (failing_)
    return false;
  state_ = state::open;
  was_open_ = true;
  if (std::exchange(gone_, false))
    receive({});  // of the stream before, not yet read
  origin_.reset();
  if (host_->options().receive_metadata) {
    auto known = std::make_shared<properties>();
    known->set("Peer-Address", transport::peer_ip(*stream_).value_or(""));
    origin_ = std::move(known);
  }
  if (!ended_ && !finishing_)
    host_->on_connected(*this);
  read_or_pause();
  flush();
  return true;
}

// Says that the stream is open, if that has not been done, when there is room for it. A stream that ends before is never
// told of: a peer that comes and goes fills no memory.
COZMQ_DECL void raw_session::read_or_pause()
{
  if (has_enough())
    return pause_reading();
  if (!told_ && !ended_ && !finishing_ && host_ && host_->options().stream_notify) {
    told_ = true;
    receive({});
  }
  wait_readable();
}

COZMQ_DECL bool raw_session::has_enough() const
{
  if (!host_)
    return false;
  socket_options const& options = host_->options();
  return incoming_.size() >= options.receive_hwm || (options.receive_hwm_bytes != socket_options::unlimited &&
                                                     incoming_bytes_ >= options.receive_hwm_bytes);
}

COZMQ_DECL bool raw_session::on_input()
{
  wire::chunk bytes;
  bytes.acquire();
  std::size_t const most = host_ ? host_->options().receive_batch : wire::chunk::capacity;
  std::error_code ec;
  std::size_t const count =
      stream_->read_some(asio::buffer(bytes.data(), std::min(most, wire::chunk::capacity)), ec);
  if (ec == asio::error::would_block) {
    wait_readable();
  } else if (ec) {
    fail(ec == asio::error::eof ? make_error_code(errc::peer_closed) : ec, "the peer closed the connection");
  } else {
    passed_.bytes_in += count;
    ++passed_.messages_in;
    if (!ended_ && !finishing_)
      receive(frame{bytes.data(), count});
    read_or_pause();
  }
  return false;
}

COZMQ_DECL void raw_session::receive(frame bytes)
{
  incoming_bytes_ += bytes.size();
  message m{std::move(bytes)};
  if (origin_)
    m.set_metadata(origin_);
  incoming_.push(std::move(m));
}

COZMQ_DECL bool raw_session::read(message& to)
{
  if (incoming_.empty()) {
    if (!gone_)
      return no_message_left();
    gone_ = false;
    receive({});
  }
  to = std::move(incoming_.front());
  incoming_.pop();
  incoming_bytes_ -= to.byte_size();
  if (paused_ && incoming_.size() <= resume_at_) {
    paused_ = false;
    read_or_pause();
  }
  if (incoming_.empty() && incoming_.capacity() > kept)
    incoming_.clear();
  return true;
}

COZMQ_DECL void raw_session::reconsider()
{
  connection::reconsider();
  if (paused_ && !has_enough()) {
    paused_ = false;
    read_or_pause();
    // The caller is in the middle of setting an option.
    if (unread() > 0 && !std::exchange(announced_, true))
      host_->on_readable(*this, wake::posted);
  }
}

COZMQ_DECL void raw_session::discard_unread()
{
  incoming_.clear();
  incoming_bytes_ = 0;
  told_ = gone_ = false;
}

COZMQ_DECL bool raw_session::write(message& m)
{
  if (m.byte_size() == 0) {
    m.clear();
    end();
    return true;
  }
  if (full()) {
    muted_ = true;
    return false;
  }
  outgoing_.put(m);
  flush_soon(outgoing_.bytes());
  return true;
}

// The application ends the connection. The caller is in the middle of a table that this pipe is to leave.
COZMQ_DECL void raw_session::end()
{
  ended_ = true;
  if (host_)
    host_->observed().counters.dropped.unread += unread();
  discard_unread();
  if (host_)
    asio::post(host_->executor(), [this, self = shared_from_this()] {
      if (host_)
        host_->on_ended(*this);
    });
}

COZMQ_DECL void raw_session::flush()
{
  if (!blocked_ && !failing_ && state_ == state::open)
    write_out(outgoing_);
}

COZMQ_DECL void raw_session::on_closed() noexcept
{
  bool const told = std::exchange(told_, false);
  if (!was_open_ || host_ == nullptr)
    return;
  gone_ = gone_ || (told && !finishing_);
  // A listener counts and reports what its connections leave behind.
  if (side_ == side::accepting || outgoing_.empty())
    return;
  write_log(log_level::info, "{}: {} messages were not delivered: the connection is lost", peer_address(),
            outgoing_.messages());
  host_->observed().counters.dropped.undelivered += outgoing_.clear();
}

}  // namespace cozmq::engine
