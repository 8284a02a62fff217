// The commands of a session, its heartbeats and its end; bodies of engine::session.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/engine/session.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/refusal.hpp>
#include <cozmq/wire/subscription.hpp>

#include <array>
#include <vector>

namespace cozmq::engine {

COZMQ_DECL std::error_code session::on_command(byte_view body)
{
  auto const command = wire::parse_command(body);
  if (!command)
    return errc::malformed_command;
  if (command->name == "PING") {
    auto const ping = wire::parse_ping(command->data);
    if (!ping)
      return errc::malformed_command;
    auto const now = clock::now();
    if (!heartbeat_)
      heartbeat_.emplace(host_ ? host_->options().heartbeat : wire::heartbeat_config{}, peer_.minor, now);
    heartbeat_->on_ping(ping->ttl, now);
    arm_timer();
    if (encoder_.command_bytes() < most_command_bytes) {
      std::vector<std::byte> pong;
      wire::append_pong(pong, ping->context);
      encoder_.put_command(pong);
      flush_soon(encoder_.bytes());
    }
    return {};
  }
  if (command->name == "PONG") {
    auto const context = wire::parse_pong(command->data);
    if (!context)
      return errc::malformed_command;
    if (heartbeat_)
      heartbeat_->on_pong();
    if (context->size() == sizeof handled_) {
      handled_ = load_big_endian<std::uint32_t>(context->data());
      if (host_)
        host_->on_settled();
    }
    return {};
  }
  // [RFC 37, error handling] an ERROR is fatal at any time.
  if (command->name == "ERROR") {
    auto const told = wire::parse_error(command->data);
    fail(errc::refused_by_peer,
         "the peer ended this connection: " +
             (told ? wire::explain_refusal(*told) : std::string{"(malformed reason)"}),
         true);
    return errc::refused_by_peer;
  }
  if (auto const change = wire::parse_subscription(*command))
    return host_ ? host_->on_subscription(*this, change->subscribe, change->topic) : std::error_code{};
  return {};  // [RFC 37, commands] unknown ones are ignored
}

COZMQ_DECL void session::subscribe(bool wanted, byte_view topic)
{
  if (state_ != state::open)
    return;  // all topics are sent when the handshake is complete
  std::vector<std::byte> encoded;
  wire::append_subscription(encoded, {wanted, topic}, peer_.minor);
  encoder_.put_command(encoded);
  flush_soon(encoder_.bytes());
  ++told_;
}

// [RFC 37] commands are handled in order, so the PONG says that the subscriptions before the PING were.
COZMQ_DECL bool session::settled()
{
  if (state_ != state::open || peer_.minor == 0)
    return false;
  if (asked_ != told_) {
    asked_ = told_;
    std::array<std::byte, sizeof asked_> context;
    store_big_endian(context.data(), asked_);
    std::vector<std::byte> ping;
    wire::append_ping(ping, wire::deciseconds{0}, context);
    encoder_.put_command(ping);
    flush_soon(encoder_.bytes());
  }
  return handled_ == told_;
}

COZMQ_DECL void session::greet(std::span<message const> messages)
{
  // As commands they overtake what was queued before, and go with the connection.
  std::vector<std::byte> encoded;
  for (message const& m : messages)
    wire::encode(m, encoded);
  encoder_.put_command(encoded);
  flush_soon(encoder_.bytes());
}

COZMQ_DECL std::optional<connection::clock::time_point> session::deadline() const
{
  if (state_ends_)
    return state_ends_;
  return heartbeat_ && state_ == state::open ? heartbeat_->next_deadline() : std::nullopt;
}

COZMQ_DECL void session::on_timer()
{
  if (!heartbeat_ || state_ != state::open)
    return;
  auto const now = clock::now();
  // After a stall of our own the sign of life may lie in the kernel: read before judging.
  if (!paused_ && heartbeat_->next_deadline() <= now) {
    std::error_code ec;
    if (stream_->available(ec) > 0)
      heartbeat_->on_bytes_received();
  }
  switch (heartbeat_->poll(now)) {
    case wire::heartbeat::action::nothing: return;
    case wire::heartbeat::action::expired:
      return fail(errc::heartbeat_timeout, "the peer was silent for too long");
    case wire::heartbeat::action::send_ping: {
      std::vector<std::byte> ping;
      wire::append_ping(ping, heartbeat_->wire_ttl());
      encoder_.put_command(ping);
      flush();
      after_flush();
    }
  }
}

COZMQ_DECL void session::on_closed() noexcept
{
  // Not from in here: it continues coroutines. When it cannot be told, the answer comes too late, and nothing else.
  if (auto const open = std::exchange(question_, nullptr); open && open.use_count() > 1)
    open->way->try_post([open] { open->given_up.emit(asio::cancellation_type::terminal); });
  handshake_.reset();
  early_ = {};
  secured_.reset();
  heartbeat_.reset();
  held_ = false;
  told_ = asked_ = handled_ = 0;
  decoder_.drop_partial();
  decoder_.release();
  encoder_.rewind();
}

}  // namespace cozmq::engine
