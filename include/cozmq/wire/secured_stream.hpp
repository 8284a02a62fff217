// Between the codec and a connection whose mechanism encrypts: frames in the clear on one side, sealed ones on the other.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/wire/decoder.hpp>
#include <cozmq/wire/encoder.hpp>
#include <cozmq/wire/frame_opener.hpp>
#include <cozmq/wire/frame_sealer.hpp>
#include <cozmq/wire/mechanism.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

namespace cozmq::wire {

/// What both halves of one secured connection share, and its mechanism, which both sides of it see in the order of the
/// wire. To who writes it is as an encoder, to who reads as a decoder; those themselves are the connection's owner's,
/// outlive this, and keep what did not go through.
///
/// Drop it with the connection, then call `encoder::rewind()` and `decoder::drop_partial()`.
class secured_stream {
 public:
  /// The handshake is complete, but for `rest_of_handshake`, which is sent first and as it is.
  secured_stream(std::unique_ptr<mechanism> security, byte_view rest_of_handshake, encoder& out, decoder& in)
      : security_{std::move(security)}, encoder_{out}, decoder_{in}, sealer_{rest_of_handshake}
  {
  }

  /// Fills `to`, of two spans or more, with the octets to write next and returns how many were filled: what waits in the
  /// encoder, sealed. Throws std::bad_alloc: the connection is then out of step.
  std::size_t gather(std::span<byte_view> to) { return sealer_.gather(encoder_, *security_, to); }

  /// Takes note that the kernel took the next `count` octets of what `gather` gave. The encoder is told of each frame that
  /// has left as a whole.
  void consume(std::size_t count) { sealer_.consume(encoder_, count); }

  /// Octets that wait and are not in the encoder: the rest of the handshake.
  std::size_t unsealed() const noexcept { return sealer_.unsealed(); }

  /// Drops the messages in the encoder that are not sealed yet; the others are as good as sent.
  void drop_waiting() noexcept { encoder_.drop_waiting(sealer_.sealed_messages()); }

  /// Drops everything that waits, in the encoder too; returns the number of messages lost. Nothing can be sent after that.
  std::size_t clear() noexcept
  {
    sealer_.clear();
    return encoder_.clear();
  }

  /// Gives the buffer for sending back when nothing waits in it.
  void release_output() noexcept { sealer_.release(); }

  /// Memory for the next read: fill the first span, then the second. Both stay valid until the next call.
  std::array<std::span<std::byte>, 2> prepare() { return opener_.prepare(); }

  /// Takes note of `count` octets read into the memory of `prepare()`: opens the frames that are whole and gives them to
  /// the decoder. `on_command` is that of `decoder::commit()`.
  ///
  /// @par Errors
  /// Those of `decoder::commit()` and `mechanism::open()`: close the connection.
  template <class OnCommand>
  std::error_code commit(std::size_t count, OnCommand&& on_command)
  {
    return opener_.commit(count, *security_, decoder_, on_command);
  }

  /// Gives the buffer for receiving back when nothing waits in it.
  void release_input() noexcept { opener_.release(); }

 private:
  std::unique_ptr<mechanism> security_;
  encoder& encoder_;
  decoder& decoder_;
  frame_sealer sealer_;
  frame_opener opener_;
};

}  // namespace cozmq::wire
