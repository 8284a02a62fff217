// What a security mechanism is to the handshake and to the codec.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/frame_header.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::wire {

/// What a peer has shown of itself, for whoever decides whether it is let in. Which have a value depends on the mechanism.
struct credentials {
  std::string user_name{};   ///< PLAIN
  std::string password{};    ///< PLAIN
  std::string public_key{};  ///< CURVE: the client's long-term key, 32 octets, which it has proved to own
};

/// What a mechanism made of a command from the peer.
struct mechanism_result {
  enum class kind : std::uint8_t {
    proceed,   ///< it awaits the next command
    decision,  ///< the peer's credentials are here: call `admit()` or `refuse()`
    metadata,  ///< the peer's properties are here: check them, then call `accept()` or `refuse()`
    failed,    ///< close; `error` and `reason` say why
  };

  kind what = kind::proceed;
  properties metadata{};
  errc error{};
  std::string reason{};  ///< for the log; already printable

  static mechanism_result decide() { return {kind::decision, {}, {}, {}}; }

  static mechanism_result received(properties metadata)
  {
    return {kind::metadata, std::move(metadata), {}, {}};
  }

  static mechanism_result failure(errc error, std::string reason)
  {
    return {kind::failed, {}, error, std::move(reason)};
  }
};

/// Which part a mechanism plays: a client shows what it has, a server decides. In NULL each is a peer of the other.
enum class mechanism_role : std::uint8_t { peer, client, server };

/// A frame that `mechanism::open()` has unwrapped.
struct opened_frame {
  unsigned flags = 0;  ///< `flag_more`, `flag_command`
  byte_view body;      ///< within what was given to `open()`
};

/// One side of one connection's security: a handshake of commands and, if it encrypts, a transform of frames.
///
/// Properties are checked between `on_command()` and `accept()`, because each mechanism sends its last word only after
/// that. Whatever it writes, it appends to `out` as complete frames.
class mechanism {
 public:
  mechanism() = default;
  mechanism(mechanism const&) = delete;
  mechanism& operator=(mechanism const&) = delete;
  virtual ~mechanism() = default;

  /// The name in the greeting, for example "NULL".
  virtual std::string_view name() const noexcept = 0;

  /// The greetings have matched; `own` is the metadata that the peer shall get.
  virtual void start(bool binding, properties own, std::vector<std::byte>& out) = 0;

  /// A command has come, of any name but ERROR.
  virtual mechanism_result on_command(command_view command, std::vector<std::byte>& out) = 0;

  /// The peer's properties were found good: writes what is left to say; the handshake is then complete.
  virtual void accept(std::vector<std::byte>& out) = 0;

  /// The peer's properties were found wrong, or it is not let in: tells it why, if it can still be told.
  virtual void refuse(std::string_view reason, std::vector<std::byte>& out) = 0;

  virtual mechanism_role role() const noexcept { return mechanism_role::peer; }

  /// Does a handshake cost so much of the processor that their number in a second is to be limited?
  virtual bool is_dear() const noexcept { return false; }

  /// What the peer has shown; complete from `kind::decision` or `kind::metadata` on.
  virtual credentials shown() const { return {}; }

  /// Goes on after `kind::decision`: the peer is let in.
  virtual void admit(std::vector<std::byte>&) {}

  /// Whether frames must pass through `seal()` and `open()` once the handshake is complete.
  virtual bool seals() const noexcept { return false; }

  /// How many octets a frame takes on the wire, header included, that has `size` octets in the clear.
  virtual std::size_t sealed_size(std::size_t size) const noexcept
  {
    return frame_header_length(size) + size;
  }

  /// Writes the next frame as it goes over the wire to `to`, where `sealed_size(body.size())` octets are free.
  virtual void seal(unsigned flags, byte_view body, std::byte* to)
  {
    to = encode_frame_header(to, flags, body.size());
    std::copy(body.begin(), body.end(), to);
  }

  /// Unwraps the body of the next frame from the wire, in place; an error closes the connection.
  virtual std::error_code open(unsigned flags, std::span<std::byte> body, opened_frame& frame)
  {
    frame = {flags, body};
    return {};
  }
};

/// Makes the mechanism of one connection; an empty one stands for NULL.
using mechanism_maker = std::function<std::unique_ptr<mechanism>()>;

}  // namespace cozmq::wire
