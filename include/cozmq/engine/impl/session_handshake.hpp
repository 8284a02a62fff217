// How a session begins, until the first message may pass; bodies of engine::session.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/engine/session.hpp>
#include <cozmq/transport/peer_address.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cozmq::engine {

COZMQ_DECL bool session::start(transport::stream stream)
{
  take_over(std::move(stream));
  decoder_.limit(host_->options().limits);
  wire::handshake_config config;
  config.type = host_->type();
  config.accepts = host_->peers();
  config.binding = side_ == side::accepting;
  config.identity = host_->options().routing_id;
  config.extra = host_->options().metadata;
  handshake_ = std::make_unique<wire::handshake>(std::move(config));
  if (host_->options().handshake_timeout > std::chrono::milliseconds::zero())
    state_ends_ = clock::now() + host_->options().handshake_timeout;
  arm_timer();
  flush_handshake();
  wait_readable();
  return false;
}

COZMQ_DECL bool session::read_handshake()
{
  std::array<std::byte, 4096> bytes;
  std::error_code ec;
  std::size_t const count = stream_->read_some(asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec == asio::error::would_block) {
    wait_readable();
    return false;
  }
  if (ec) {
    fail(ec == asio::error::eof ? make_error_code(errc::peer_closed) : ec,
         "the peer closed during the handshake");
    return false;
  }
  passed_.bytes_in += count;
  byte_view input{bytes.data(), count};
  wire::handshake::status const status = handshake_->feed(input);
  if (status == wire::handshake::status::done)
    return handshake_done(input);
  flush_handshake();
  if (status == wire::handshake::status::failed)
    fail(handshake_->error(), handshake_->reason(), handshake_->permanent());
  else
    wait_readable();
  return false;
}

COZMQ_DECL void session::flush_handshake()
{
  if (blocked_ || failing_)
    return;
  byte_view const out = handshake_->output();
  if (out.empty())
    return;
  std::error_code ec;
  std::size_t const count = stream_->write_some(asio::buffer(out.data(), out.size()), ec);
  if (ec && ec != asio::error::would_block)
    return fail(ec, ec.message());
  handshake_->sent(count);
  passed_.bytes_out += count;
  if (count < out.size())
    wait_writable();
}

// Is the stream open now?
COZMQ_DECL bool session::handshake_done(byte_view early)
{
  // [RFC 37, connection] messages follow only when both READYs have been exchanged, and ours is still to come.
  if (side_ == side::accepting && !early.empty()) {
    flush_handshake();
    fail(errc::unexpected_command, "the peer sent more before it had our READY");
    return false;
  }
  peer_ = std::move(handshake_->peer());
  if (errc const no = host_ && !finishing_ ? host_->admits(*this) : errc{}; no != errc{}) {
    fail(no, make_error_code(no).message());
    return false;
  }
  encoder_.put_command(handshake_->output());
  handshake_.reset();
  state_ = state::open;
  was_open_ = true;
  state_ends_.reset();
  if (host_) {
    remember_origin();
    wire::heartbeat_config const& wanted = host_->options().heartbeat;
    if (wanted.interval > wanted.interval.zero())
      heartbeat_.emplace(wanted, peer_.minor, wire::heartbeat::clock::now());
    if (finishing_)
      host_->on_connected_to_finish(*this);
    else
      host_->on_connected(*this);
  }
  arm_timer();
  flush();
  if (failing_)
    return false;
  std::error_code ec;
  if (!early.empty()) {
    // What came with the handshake's last segment, at most 4 KiB.
    std::span<std::byte> const to = decoder_.prepare()[0];
    std::copy(early.begin(), early.end(), to.begin());
    std::size_t const before = decoder_.ready();
    ec = decoder_.commit(early.size(), [this](byte_view body) { return on_command(body); });
    passed_.messages_in += decoder_.ready() - before;
  }
  if (ec)
    fail(ec, ec.message());
  else
    wait_readable();
  return true;
}

// [libzmq, zmq_msg_gets] what a message tells about its sender.
COZMQ_DECL void session::remember_origin()
{
  if (!host_->options().receive_metadata && origins_.empty())
    return;
  std::size_t earlier = decoder_.ready();
  if (!origins_.empty()) {
    for (std::size_t i = 0; i + 1 < origins_.size(); ++i)
      earlier -= origins_[i].messages;
    origins_.back().messages = earlier;
  } else if (earlier > 0) {
    origins_.push_back({nullptr, earlier});
  }
  if (!host_->options().receive_metadata)
    return origins_.push_back({nullptr, 0});
  auto known = std::make_shared<properties>(peer_.metadata);
  // What we say about a peer, it cannot say itself.
  for (std::string_view ours : {"Peer-Address", "Routing-Id", "User-Id"})
    known->erase(ours);
  if (wire::has_identity(peer_.type))
    known->set("Routing-Id", peer_.identity);
  if (std::string const ip = transport::peer_ip(*stream_); !ip.empty())
    known->set("Peer-Address", ip);
  origins_.push_back({std::move(known), 0});
  second_look_ = true;
}

COZMQ_DECL void session::describe(peer_info& to) const
{
  to.type = peer_.type;
  to.zmtp_minor = peer_.minor;
  to.mechanism = peer_.mechanism;
  to.announced = peer_.metadata;
}

}  // namespace cozmq::engine
