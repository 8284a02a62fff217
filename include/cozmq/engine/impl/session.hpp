// Bodies of engine::session; included by it.
#pragma once

#include <cozmq/engine/session.hpp>
#include <cozmq/transport/peer_address.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/subscription.hpp>

#include <asio/post.hpp>

#include <array>
#include <utility>
#include <vector>

namespace cozmq::engine {

// A handler that keeps the session alive and does nothing once its connection is over.
template <class Handler>
auto session::guarded(Handler handler)
{
  return [self = shared_from_this(), generation = generation_, handler](std::error_code ec = {}) {
    if (generation == self->generation_)
      handler(*self, ec);
  };
}

// ---- what routing does ------------------------------------------------------------------------------------------

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
  if (decoder_.pop(to)) {
    // Resumes well below the mark: a read into a buffer that still holds messages needs a second buffer.
    if (paused_ && host_ && decoder_.ready() <= host_->options().receive_hwm / 8) {
      paused_ = false;
      if (heartbeat_)
        heartbeat_->resume(wire::heartbeat::clock::now());
      wait_readable();
    }
    return true;
  }
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

// ---- the connection -----------------------------------------------------------------------------------------------

inline void session::start(transport::stream connection)
{
  std::error_code ec;
  stream_.emplace(std::move(connection));
  stream_->non_blocking(true, ec);
  peer_address_ = transport::peer_address(*stream_);
  wire::handshake_config config;
  config.type = host_->type();
  config.accepts = host_->peers();
  config.binding = side_ == side::accepting;
  config.identity = host_->options().routing_id;
  handshake_ = std::make_unique<wire::handshake>(std::move(config));
  state_ = state::handshaking;
  was_open_ = false;
  if (host_->options().handshake_timeout > std::chrono::milliseconds::zero())
    state_ends_ = wire::heartbeat::clock::now() + host_->options().handshake_timeout;
  arm_timer();
  flush();
  wait_readable();
}

inline void session::wait_readable()
{
  if (reading_ || paused_ || !stream_)
    return;
  reading_ = true;
  stream_->async_wait(transport::stream::wait_read, guarded([](session& self, std::error_code ec) {
                        self.reading_ = false;
                        if (ec)
                          self.fail(ec, ec.message());
                        else
                          self.on_readable();
                      }));
}

inline void session::wait_writable()
{
  blocked_ = true;
  stream_->async_wait(transport::stream::wait_write, guarded([](session& self, std::error_code ec) {
                        self.blocked_ = false;
                        if (ec)
                          self.fail(ec, ec.message());
                        else
                          self.flush();
                        self.after_flush();
                      }));
}

inline void session::on_readable()
{
  switch (state_) {
    case state::waiting: return;
    case state::handshaking: return read_handshake();
    case state::open: return read_messages();
    case state::draining: return drain();
  }
}

inline void session::read_handshake()
{
  std::array<std::byte, 4096> bytes;
  std::error_code ec;
  std::size_t const count = stream_->read_some(asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec == asio::error::would_block)
    return wait_readable();
  if (ec)
    return fail(ec == asio::error::eof ? make_error_code(errc::peer_closed) : ec,
                "the peer closed during the handshake");
  byte_view input{bytes.data(), count};
  wire::handshake::status const status = handshake_->feed(input);
  if (status == wire::handshake::status::done)
    return handshake_done(input);
  flush();
  if (status == wire::handshake::status::failed)
    return fail(handshake_->error(), handshake_->reason(), handshake_->permanent());
  wait_readable();
}

inline void session::handshake_done(byte_view early)
{
  // [RFC 37, connection] messages follow only when both READYs have been exchanged, and ours is still to come.
  if (side_ == side::accepting && !early.empty()) {
    flush();
    return fail(errc::unexpected_command, "the peer sent more before it had our READY");
  }
  if (host_ && !host_->admits(*this))
    return fail(errc::peer_limit, "this socket talks to another peer already");
  encoder_.put_command(handshake_->output());
  peer_ = std::move(handshake_->peer());
  handshake_.reset();
  state_ = state::open;
  was_open_ = true;
  state_ends_.reset();
  if (host_) {
    wire::heartbeat_config const& wanted = host_->options().heartbeat;
    if (wanted.interval > wanted.interval.zero())
      heartbeat_.emplace(wanted, peer_.minor, wire::heartbeat::clock::now());
    host_->on_connected(*this);
  }
  arm_timer();
  flush();
  if (failing_)
    return;
  std::error_code ec;
  if (!early.empty()) {
    // What came with the handshake's last segment, at most 4 KiB.
    std::span<std::byte> const to = decoder_.prepare()[0];
    std::copy(early.begin(), early.end(), to.begin());
    ec = decoder_.commit(early.size(), [this](byte_view body) { return on_command(body); });
  }
  if (ec)
    fail(ec, ec.message());
  else
    wait_readable();
  if (finishing_)
    return after_flush();  // closed during the handshake, and all that was queued may have left just now
  bool const room = muted_ && !full();  // what was queued before may fill the kernel's buffer again
  if (room)
    muted_ = false;
  announce();
  if (room && host_)
    host_->on_writable(*this, wake::at_once);
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
  } else if (host_ && decoder_.ready() >= host_->options().receive_hwm) {
    paused_ = true;
    if (heartbeat_)
      heartbeat_->pause();
  } else {
    wait_readable();
  }
  if (decoder_.ready() == 0)
    decoder_.release();
  announce();
}

// Last thing in a handler: it may continue a coroutine, which may do anything.
inline void session::announce()
{
  if (announced_ || !host_ || decoder_.ready() == 0)
    return;
  announced_ = true;
  host_->on_readable(*this, wake::at_once);
}

inline std::error_code session::on_command(byte_view body)
{
  auto const command = wire::parse_command(body);
  if (!command)
    return errc::malformed_command;
  if (command->name == "PING") {
    auto const ping = wire::parse_ping(command->data);
    if (!ping)
      return errc::malformed_command;
    auto const now = wire::heartbeat::clock::now();
    if (!heartbeat_)
      heartbeat_.emplace(host_ ? host_->options().heartbeat : wire::heartbeat_config{}, peer_.minor, now);
    heartbeat_->on_ping(ping->ttl, now);
    arm_timer();
    if (encoder_.command_bytes() < most_command_bytes) {
      std::vector<std::byte> pong;
      wire::append_pong(pong, ping->context);
      encoder_.put_command(pong);
      flush_soon();
    }
    return {};
  }
  if (command->name == "PONG") {
    if (!wire::parse_pong(command->data))
      return errc::malformed_command;
    if (heartbeat_)
      heartbeat_->on_pong();
    return {};
  }
  // [RFC 37, error handling] an ERROR is fatal at any time.
  if (command->name == "ERROR")
    return errc::refused_by_peer;
  if (auto const change = wire::parse_subscription(*command))
    return host_ ? host_->on_subscription(*this, change->subscribe, change->topic) : std::error_code{};
  return {};  // [RFC 37, commands] unknown ones are ignored
}

// ---- writing ------------------------------------------------------------------------------------------------------

inline void session::flush_soon()
{
  if (state_ != state::open || blocked_)
    return;
  if (encoder_.bytes() >= flush_at) {
    flush();
    if (host_)
      host_->on_burst();
  } else if (!flush_posted_) {
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

// ---- the end ------------------------------------------------------------------------------------------------------

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

// ---- time ---------------------------------------------------------------------------------------------------------

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
