// How a session begins, until the first message may pass; bodies of engine::session.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/engine/door.hpp>
#include <cozmq/engine/session.hpp>
#include <cozmq/transport/peer_address.hpp>
#include <cozmq/wire/printable.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
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
  if (owner_->mechanism())
    config.security = owner_->mechanism()();
  config.max_command = config.max_size = host_->options().max_handshake_size;
  config.asks = static_cast<bool>(host_->options().authenticates);
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
         "the peer closed during the handshake" + handshake_->closed_hint());
    return false;
  }
  passed_.bytes_in += count;
  return shake_hands({bytes.data(), count});
}

// Is the stream open now?
COZMQ_DECL bool session::shake_hands(byte_view input)
{
  switch (handshake_->feed(input)) {
    case wire::handshake::status::done: return handshake_done(input);
    case wire::handshake::status::needs_decision:
      early_.assign(input.begin(), input.end());
      flush_handshake();
      ask();
      return false;
    case wire::handshake::status::failed:
      flush_handshake();
      fail(handshake_->error(), handshake_->reason(), handshake_->permanent());
      return false;
    case wire::handshake::status::needs_input: break;
  }
  flush_handshake();
  wait_readable();
  return false;
}

// May the peer come in? Nothing is read until that is known; the deadline of the handshake goes on.
COZMQ_DECL void session::ask()
{
  // A copy: while it is called, or waits, the application may give the socket another one.
  authenticator const asked = host_->options().authenticates;
  if (!asked)
    return decide(auth_reply::fail("this socket has no option::authenticator, so nobody is let in"));
  auto const ip = transport::peer_ip(*stream_);
  if (!ip)
    return decide(auth_reply::refuse_for_now("it has gone"));
  wire::credentials const shown = handshake_->shown();
  auth_request request;
  request.domain = host_->options().zap_domain;
  request.address = *ip;
  request.identity = handshake_->identity();
  request.mechanism = handshake_->mechanism_name();
  request.user_name = shown.user_name;
  request.password = shown.password;
  request.public_key = shown.public_key;
  question_ = std::make_shared<question>(host_->way());
  auth_answer const answer{
      // What is not told for want of memory is an answer that does not come: the handshake ends at its deadline.
      [self = weak_from_this(), way = question_->way, generation = generation_](auth_reply reply) {
        way->try_post([self, generation, reply = std::move(reply)] {
          if (auto const to = std::static_pointer_cast<session>(self.lock());
              to && to->generation_ == generation) {
            use_scope const inside{to->host_};
            to->decide(reply);
          }
        });
      },
      {question_, &question_->given_up}};
  try {
    asked(host_->executor(), std::move(request), answer);
  } catch (...) {
    answer(failed_with(std::current_exception()));
  }
}

COZMQ_DECL void session::decide(auth_reply const& reply)
{
  question_.reset();
  if (failing_ || state_ != state::handshaking)
    return;
  bool opens = false;
  try {
    if (reply.admits())
      handshake_->admit(reply.told());
    else
      handshake_->refuse("not let in: " + wire::printable(reply.reason(), 200), reply.status());
    opens = shake_hands(std::exchange(early_, {}));
  } catch (std::bad_alloc const&) {
    fail(std::make_error_code(std::errc::not_enough_memory), "there is no memory for one more peer");
  }
  if (opens)
    opened();
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
  if (handshake_->had_last_word() && !early.empty()) {
    flush_handshake();
    fail(errc::unexpected_command, "the peer sent more before it had our READY");
    return false;
  }
  peer_ = std::move(handshake_->peer());
  if (errc const no = host_ && !finishing_ ? host_->admits(*this) : errc{}; no != errc{}) {
    fail(no, make_error_code(no).message());
    return false;
  }
  if (auto security = handshake_->take_mechanism(); security->seals())
    secured_ =
        std::make_unique<wire::secured_stream>(std::move(security), handshake_->output(), encoder_, decoder_);
  else
    encoder_.put_command(handshake_->output());
  handshake_.reset();
  state_ = state::open;
  was_open_ = true;
  state_ends_.reset();
  if (owner_)
    owner_->on_open(*this);
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
  if (!early.empty())
    ec = secured_ ? take_early(*secured_, early) : take_early(decoder_, early);
  if (ec)
    fail(ec, ec.message());
  else
    wait_readable();
  return true;
}

// What came with the handshake's last segment, at most 4 KiB.
template <class Input>
std::error_code session::take_early(Input& input, byte_view early)
{
  std::span<std::byte> const to = input.prepare()[0];
  std::copy(early.begin(), early.end(), to.begin());
  std::size_t const before = decoder_.ready();
  std::error_code const ec = input.commit(early.size(), [this](byte_view body) { return on_command(body); });
  passed_.messages_in += decoder_.ready() - before;
  release_input();
  return ec;
}

// [libzmq, zmq_msg_gets] what a message tells about its sender.
COZMQ_DECL void session::remember_origin()
{
  bool const wanted = host_->options().receive_metadata || !peer_.told.empty();
  sender.reset();
  if (!wanted && origins_.empty())
    return;
  std::size_t earlier = decoder_.ready();
  if (!origins_.empty()) {
    for (std::size_t i = 0; i + 1 < origins_.size(); ++i)
      earlier -= origins_[i].messages;
    origins_.back().messages = earlier;
  } else if (earlier > 0) {
    origins_.push_back({nullptr, earlier});
  }
  if (!wanted)
    return origins_.push_back({nullptr, 0});
  auto const known = std::make_shared<properties>();
  // What the peer says of itself comes only to those who have asked for it, and never in the place of what we say.
  if (host_->options().receive_metadata)
    *known = peer_.metadata;
  for (std::string_view ours : {"Peer-Address", "Routing-Id", "User-Id"})
    known->erase(ours);
  for (auto const& [name, value] : peer_.told)
    known->erase(name);
  for (auto const& [name, value] : peer_.told)
    known->add(name, value);
  if (wire::has_identity(peer_.type))
    known->set("Routing-Id", peer_.identity);
  if (auto const ip = transport::peer_ip(*stream_); ip && !ip->empty())
    known->set("Peer-Address", *ip);
  sender = known;
  origins_.push_back({known, 0});
  second_look_ = true;
}

COZMQ_DECL void session::describe(peer_info& to) const
{
  to.type = peer_.type;
  to.zmtp_minor = peer_.minor;
  to.mechanism = peer_.mechanism;
  to.announced = peer_.metadata;
  to.told = peer_.told;
}

}  // namespace cozmq::engine
