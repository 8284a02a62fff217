// How a session gets its connection and reads it; bodies of engine::session.
#pragma once

#include <cozmq/engine/session.hpp>
#include <cozmq/transport/peer_address.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/subscription.hpp>

#include <array>
#include <utility>
#include <vector>

namespace cozmq::engine {

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
  peer_ = std::move(handshake_->peer());
  if (errc const no = host_ ? host_->admits(*this) : errc{}; no != errc{})
    return fail(no, make_error_code(no).message());
  encoder_.put_command(handshake_->output());
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
    resume_at_ = host_->options().receive_hwm / 8;
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

}  // namespace cozmq::engine
