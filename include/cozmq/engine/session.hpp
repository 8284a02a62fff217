// One ZMTP peer over a byte stream: its outgoing and incoming queues, its handshake and its heartbeats.
#pragma once

#include <cozmq/engine/connection.hpp>
#include <cozmq/wire/decoder.hpp>
#include <cozmq/wire/encoder.hpp>
#include <cozmq/wire/handshake.hpp>
#include <cozmq/wire/heartbeat.hpp>
#include <cozmq/wire/secured_stream.hpp>

#include <asio/cancellation_signal.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

namespace cozmq::engine {

/// A peer that speaks ZMTP. On the connecting side what was queued or half sent when a stream died leaves through the
/// next.
///
/// Senders encode into the outgoing queue themselves. Commands are handled when they arrive; messages are built when
/// somebody receives them. An idle session owns no buffer.
class session final : public connection {
 public:
  session(host& h, connection_owner& owner, side which) : connection{h, owner, which} {}

  // What routing does.
  bool write(message& m) override;
  bool publish(routing::published const& m) override;
  bool read(message& to) override;
  bool writable() noexcept override
  {
    muted_ = full() && !conflates();
    return !muted_;
  }
  std::size_t queued() const noexcept override { return encoder_.messages(); }
  void subscribe(bool wanted, byte_view topic) override;
  byte_view identity() const noexcept override { return as_bytes(peer_.identity); }
  void inject(message m) override;
  void greet(std::span<message const> messages) override;
  void retract() override;
  bool settled() override;
  void hold(bool on) override;

  /// Takes over a stream; the handshake begins.
  bool start(transport::stream stream) override;
  bool has_dear_handshake() const noexcept override { return handshake_ && handshake_->is_dear(); }

  void reconsider() override;
  std::size_t unread() const noexcept override { return decoder_.ready(); }
  void discard_unread() override;
  std::size_t unsent_bytes() const noexcept override
  {
    return encoder_.bytes() + (secured_ ? secured_->unsealed() : 0);
  }
  std::size_t discard_unsent() noexcept override { return secured_ ? secured_->clear() : encoder_.clear(); }
  wire::peer_info_on_wire const& peer() const noexcept { return peer_; }

 private:
  // PONGs that a peer does not collect are not piled up.
  static constexpr std::size_t most_command_bytes = 64 * 1024;

  bool on_input() override;
  void flush() override;
  bool full() const noexcept override { return is_full(encoder_.messages()); }
  void on_closed() noexcept override;
  void describe(peer_info& to) const override;
  std::optional<clock::time_point> deadline() const override;
  void on_timer() override;

  bool read_handshake();
  bool shake_hands(byte_view input);
  void ask();
  void decide(auth_reply const& reply);
  void flush_handshake();
  bool handshake_done(byte_view early);
  void flush_sealed();
  template <class Input>
  std::error_code take_early(Input& input, byte_view early);
  template <class Input>
  void read_messages(Input& input);
  void release_input() noexcept;
  bool has_enough() const;
  bool conflates() const noexcept { return host_ && host_->options().conflate; }
  bool make_room();
  void keep_last();
  void look_again(message& popped);
  void remember_origin();
  void resume_reading();
  bool nothing_left();
  std::error_code on_command(byte_view body);

  // To be told to who decides when the peer has gone.
  struct question {
    std::shared_ptr<door> way;
    asio::cancellation_signal given_up{};
  };

  wire::encoder encoder_;
  wire::decoder decoder_;
  std::unique_ptr<wire::secured_stream> secured_;  // between both and the stream, if the mechanism encrypts
  std::unique_ptr<wire::handshake> handshake_;
  std::vector<std::byte> early_;  // what came behind the part of the handshake that waits for a decision
  std::shared_ptr<question> question_;  // while somebody is to decide
  std::optional<wire::heartbeat> heartbeat_;
  wire::peer_info_on_wire peer_;
  bool held_ = false;          // routing does not want to be told more
  std::uint32_t told_ = 0;     // subscriptions sent through this stream
  std::uint32_t asked_ = 0;    // so many were sent before the last question whether they were handled
  std::uint32_t handled_ = 0;  // and so many are known to be

  // Who sent the messages that wait, in their order, when received ones are to carry it. The last is the present peer.
  struct origin {
    std::shared_ptr<properties const> who;
    std::size_t messages;  // all that come, for the last
  };
  std::vector<origin> origins_;
  bool second_look_ = false;  // popping is not all: reading is paused, or there are origins
};

}  // namespace cozmq::engine

#ifndef COZMQ_SEPARATE_COMPILATION
#include <cozmq/engine/impl/session_handshake.hpp>
#include <cozmq/engine/impl/session_messages.hpp>
#include <cozmq/engine/impl/session_signs.hpp>
#endif
