// One peer over a byte stream without a protocol: each read is a message, and each message is bytes.
#pragma once

#include <cozmq/core/ring.hpp>
#include <cozmq/engine/connection.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/chunk.hpp>
#include <cozmq/wire/raw_queue.hpp>

#include <asio/post.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace cozmq::engine {

/// A peer of a STREAM. An empty message is read when a stream opens and when it ends, as the host's options say; writing
/// an empty message ends the connection when what was queued before is delivered.
///
/// What was queued for a stream that died is lost: there are no message boundaries at which another could go on.
class raw_session final : public connection {
 public:
  raw_session(host& h, connection_owner& owner, side which) : connection{h, owner, which} {}

  // What routing does.
  bool write(message& m) override;
  bool publish(routing::published const&) override { return false; }  // no pattern publishes raw bytes
  bool read(message& to) override;
  bool writable() noexcept override
  {
    muted_ = full();
    return !muted_;
  }
  std::size_t queued() const noexcept override { return outgoing_.messages(); }
  void subscribe(bool, byte_view) override {}
  byte_view identity() const noexcept override { return {}; }
  // No option of a STREAM has anything put in or taken back.
  void inject(message) override {}
  void greet(std::span<message const>) override {}
  void retract() override {}

  /// Takes over a stream; it is open at once.
  bool start(transport::stream stream) override;

  std::size_t unread() const noexcept override { return incoming_.size() + (gone_ ? 1 : 0); }
  void discard_unread() override;
  void reconsider() override;
  std::size_t unsent_bytes() const noexcept override { return outgoing_.bytes(); }
  std::size_t discard_unsent() noexcept override { return outgoing_.clear(); }

 private:
  static constexpr std::size_t kept = 16;  // memory for more messages is given back when all are read

  bool on_input() override;
  void flush() override;
  bool full() const noexcept override { return is_full(outgoing_.messages()); }
  void on_closed() noexcept override;
  void describe(peer_info&) const override {}  // it says nothing of itself
  void read_or_pause();
  bool has_enough() const;
  void receive(frame bytes);
  void end();

  wire::raw_queue outgoing_;
  ring<message> incoming_;
  std::size_t incoming_bytes_ = 0;
  std::shared_ptr<properties const> origin_;  // what messages tell of the peer, if they shall
  bool ended_ = false;                        // by the application, which hears nothing more of it
  bool told_ = false;  // the application has, or will get, the message that says that the stream is open
  bool gone_ = false;  // it gets one, behind all others, that says that the stream has ended
};

}  // namespace cozmq::engine

#ifndef COZMQ_SEPARATE_COMPILATION
#include <cozmq/engine/impl/raw_session.hpp>
#endif
