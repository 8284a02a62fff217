// From the first octet to the peer's checked READY: greeting, mechanism, metadata.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/frame_header.hpp>
#include <cozmq/wire/greeting.hpp>
#include <cozmq/wire/mechanism.hpp>
#include <cozmq/wire/null_mechanism.hpp>
#include <cozmq/wire/peer_metadata.hpp>
#include <cozmq/wire/printable.hpp>
#include <cozmq/wire/refusal.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::wire {

/// What one side brings to a handshake.
struct handshake_config {
  socket_type type = socket_type::pair;
  socket_type_set accepts{};              ///< the types of peer that `type` talks to
  bool binding = false;                   ///< we accepted this connection, rather than made it
  std::string identity{};                 ///< at most 255 octets; sent by REQ, DEALER and ROUTER only
  properties extra{};                     ///< further properties for the peer
  std::unique_ptr<mechanism> security{};  ///< null means NULL
  bool asks = false;                      ///< a peer that is no server has to be let in
  std::size_t max_command = 64 * 1024;    ///< the largest command body to accept from a stranger
  std::size_t max_size =
      std::numeric_limits<std::size_t>::max();  ///< the most octets that the peer may send in all
};

/// What the handshake learnt about the peer.
struct peer_info_on_wire {
  std::uint8_t minor = 0;  ///< ZMTP 3.x: which forms to use
  socket_type type = socket_type::pair;
  std::string identity{};  ///< empty unless the peer is a REQ, DEALER or ROUTER that gave one
  properties metadata{};   ///< everything it announced, Socket-Type and Identity too
  std::string mechanism{};
  properties told{};  ///< what those who let it in say of it
};

/// The handshake of one connection, as a machine that is fed octets.
///
/// Send `output()` while it is not empty, call `sent()`, and `feed()` what arrives, until it is done or has
/// failed. Then send what `output()` still holds (our READY, or the ERROR that tells the peer why), before
/// anything else or before closing. How long all this may take is the owner's to limit.
///
/// In `needs_decision` it takes nothing: look at `shown()` and call `admit()` or `refuse()`, then feed it what is left. A
/// peer that must be let in before it may go on, and has gone on, fails.
class handshake {
 public:
  enum class status : std::uint8_t { needs_input, needs_decision, done, failed };

  /// The greeting is in `output()` at once: [RFC 37] the peer may wait for it before it sends its own.
  explicit handshake(handshake_config config) : config_{std::move(config)}
  {
    if (!config_.security)
      config_.security = std::make_unique<null_mechanism>();
    auto const greeting =
        encode_greeting(config_.security->name(), config_.security->role() == mechanism_role::server);
    out_.assign(greeting.begin(), greeting.end());
  }

  /// The octets to send now; valid until the next call of a non-const member.
  byte_view output() const noexcept { return byte_view{out_}.subspan(sent_); }

  /// `size` octets from the front of `output()` have been sent.
  void sent(std::size_t size) noexcept
  {
    sent_ += size;
    if (sent_ == out_.size()) {
      out_ = {};
      sent_ = 0;
    }
  }

  /// Consumes from the front of `input`; what follows the handshake stays there, unread.
  status feed(byte_view& input)
  {
    while (status_ == status::needs_input && !input.empty()) {
      std::size_t const before = input.size();
      if (greeted_)
        read_command(input);
      else
        read_greeting(input);
      taken_ += before - input.size();
    }
    // [RFC 24] the client SHALL wait for WELCOME: whoever sends its properties behind its password takes us for a server
    // that lets everybody in.
    if (status_ == status::needs_decision && !peer_known_ && !input.empty())
      fail(errc::unexpected_command, "the peer sent more before it was let in");
    return status_;
  }

  status state() const noexcept { return status_; }

  /// What the peer has shown of itself.
  credentials shown() const { return config_.security->shown(); }

  bool is_dear() const noexcept { return config_.security->is_dear(); }

  std::string_view mechanism_name() const noexcept { return config_.security->name(); }

  /// The identity that the peer has given so far.
  std::string const& identity() const noexcept { return peer_.identity; }

  /// The peer is let in; `told` goes to `peer().told`.
  void admit(properties told)
  {
    peer_.told = std::move(told);
    admitted_ = true;
    if (peer_known_)
      return complete();
    status_ = status::needs_input;
    config_.security->admit(out_);
  }

  /// The peer is not let in: `reason` for the log, `told` for the peer, who is told nothing if it is empty.
  void refuse(std::string reason, std::string_view told)
  {
    if (!told.empty())
      config_.security->refuse(told, out_);
    fail(errc::access_denied, std::move(reason));
  }

  /// Was our part the last of the handshake? Then the peer had nothing more to send before it.
  bool had_last_word() const noexcept { return last_word_; }

  /// What it may mean that the peer closes now, in words that follow "the peer closed during the handshake"; or nothing.
  std::string closed_hint() const
  {
    std::string const own{config_.security->name()};
    // [libzmq 4.3] on another mechanism than its own it closes before its greeting, or all of it, is out.
    if (!greeted_)
      return ", before the end of its greeting: it may use another security mechanism than " + own +
             ", or be no ZeroMQ peer at all";
    // [RFC 27] on a 300 the connection is closed, and nothing said; and so it is on whatever is not authentic in CURVE.
    if (config_.security->role() == mechanism_role::client && own == "CURVE")
      return ", without a reason: its public key may be another than option::curve_client was given, or its "
             "authenticator does not let this client in at present";
    if (config_.security->role() == mechanism_role::client)
      return ", without a reason: its authenticator does not let this " + own +
             " client in at present, or it has none";
    return {};
  }

  /// Why the handshake failed.
  std::error_code error() const noexcept { return error_; }

  /// The same in words for a log: printable ASCII, at most 255 characters.
  std::string const& reason() const noexcept { return reason_; }

  /// Whether this failure will repeat itself, so that redialling is of no use.
  bool permanent() const noexcept
  {
    // [RFC 37, error handling] after an ERROR the peer does not re-connect using the same credentials.
    return error_ == errc::refused_by_peer || error_ == errc::incompatible_peer ||
           error_ == errc::mechanism_mismatch;
  }

  /// The peer; complete once the handshake is done, and free to be moved from then.
  peer_info_on_wire& peer() noexcept { return peer_; }
  peer_info_on_wire const& peer() const noexcept { return peer_; }

  /// Hands over the mechanism, for one that transforms frames; the handshake must be done.
  std::unique_ptr<mechanism> take_mechanism() noexcept { return std::move(config_.security); }

 private:
  void fail(errc error, std::string reason)
  {
    status_ = status::failed;
    error_ = error;
    reason_ = std::move(reason);
    if (reason_.size() > max_error_reason)
      reason_.resize(max_error_reason);
    command_ = {};
  }

  void read_greeting(byte_view& input)
  {
    std::error_code ec;
    greeted_ = greeting_.feed(input, ec);
    if (ec)
      return fail(static_cast<errc>(ec.value()), ec.message());
    if (!greeted_)
      return;
    // [RFC 37, authentication] if the mechanism received does not exactly match the one sent, it MUST close.
    if (greeting_.mechanism() != config_.security->name()) {
      return fail(errc::mechanism_mismatch,
                  explain_mismatch(greeting_.mechanism(), config_.security->name()));
    }
    peer_.minor = greeting_.peer_minor();
    peer_.mechanism = greeting_.mechanism();
    // [RFC 37, as-server] a peer that says 0 may be a server all the same: libzmq, JeroMQ and NetMQ always do.
    if (greeting_.as_server() && config_.security->role() == mechanism_role::server)
      return fail(errc::mechanism_mismatch,
                  "both ends are the server of " + peer_.mechanism + ": one of them must be the client");
    config_.security->start(config_.binding, own_metadata(config_.type, config_.identity, config_.extra),
                            out_);
  }

  void read_command(byte_view& input)
  {
    if (!header_ && !read_header(input))
      return;
    auto const size = static_cast<std::size_t>(header_->size);
    if (command_.empty() && input.size() >= size) {
      byte_view const body = input.first(size);
      input = input.subspan(size);
      header_.reset();
      return handle_command(body);
    }
    collect(input, size);
    if (command_.size() < size)
      return;
    std::vector<std::byte> const body = std::exchange(command_, {});
    header_.reset();
    handle_command(body);
  }

  // Takes one octet at a time, so that nothing behind the header is touched; it is at most nine of them.
  bool read_header(byte_view& input)
  {
    while (!header_ && !input.empty()) {
      header_bytes_[header_size_++] = input.front();
      input = input.subspan(1);
      std::error_code ec;
      header_ = parse_frame_header(byte_view{header_bytes_}.first(header_size_), ec);
      if (ec) {
        fail(errc::malformed_frame, ec.message());
        return false;
      }
    }
    if (!header_)
      return false;
    header_size_ = 0;
    if (!header_->command) {
      fail(errc::unexpected_command, "the peer sent a message before the handshake was complete");
      return false;
    }
    // Judged by the header alone: a stranger does not get memory for what it announces.
    if (header_->size > config_.max_command) {
      fail(errc::malformed_command, "the peer announced a handshake command of " +
                                        std::to_string(header_->size) + " bytes, more than " +
                                        std::to_string(config_.max_command));
      return false;
    }
    // Of the header something may not be counted yet; the next command is judged with it.
    if (header_->size > config_.max_size - std::min(taken_, config_.max_size)) {
      fail(errc::malformed_command,
           "the peer's handshake is larger than " + std::to_string(config_.max_size) + " bytes");
      return false;
    }
    return true;
  }

  void collect(byte_view& input, std::size_t size)
  {
    byte_view const piece = input.first(std::min(size - command_.size(), input.size()));
    input = input.subspan(piece.size());
    std::size_t const needed = command_.size() + piece.size();
    // Grows with the octets received, and never past the command: doubling alone could reach twice the limit.
    if (needed > command_.capacity())
      command_.reserve(std::min(size, std::max(needed, 2 * command_.capacity())));
    command_.insert(command_.end(), piece.begin(), piece.end());
  }

  void handle_command(byte_view body)
  {
    std::optional<command_view> command = parse_command(body);
    if (!command)
      command = parse_odd_error(body);
    if (!command)
      return fail(errc::malformed_command, "the peer sent a command without a legal name");
    // [RFC 37, error handling] the peer SHALL treat an incoming ERROR command as fatal; it is a refusal,
    // however ill-formed its reason.
    if (command->name == "ERROR") {
      auto const told = parse_error(command->data);
      return fail(errc::refused_by_peer,
                  "the peer refused this connection: " +
                      (told ? explain_refusal(*told) : std::string{"(malformed reason)"}));
    }
    mechanism_result result = config_.security->on_command(*command, out_);
    if (result.what == mechanism_result::kind::failed)
      return fail(result.error, std::move(result.reason));
    if (result.what == mechanism_result::kind::decision)
      status_ = status::needs_decision;
    if (result.what == mechanism_result::kind::metadata)
      check_peer(std::move(result.metadata));
  }

  // [libzmq 4.3, plain_common.hpp] its PLAIN server spells ERROR with the escape "\x05E", which is one octet.
  std::optional<command_view> parse_odd_error(byte_view body) const noexcept
  {
    constexpr std::string_view odd = "^RROR";
    if (config_.security->name() != "PLAIN" || !as_text(body).starts_with(odd))
      return std::nullopt;
    return command_view{"ERROR", body.subspan(odd.size())};
  }

  void check_peer(properties metadata)
  {
    metadata_verdict verdict = check_metadata(metadata, config_.type, config_.accepts);
    if (verdict.error != errc{}) {
      if (verdict.tell_peer)
        config_.security->refuse(verdict.reason, out_);
      return fail(verdict.error, std::move(verdict.reason));
    }
    peer_.type = verdict.type;
    peer_.identity = std::move(verdict.identity);
    peer_.metadata = std::move(metadata);
    peer_known_ = true;
    if (config_.asks && !admitted_ && config_.security->role() != mechanism_role::client)
      status_ = status::needs_decision;
    else
      complete();
  }

  void complete()
  {
    std::size_t const before = out_.size();
    config_.security->accept(out_);
    last_word_ = out_.size() > before;
    status_ = status::done;
  }

  handshake_config config_;
  status status_ = status::needs_input;
  bool greeted_ = false;
  greeting_parser greeting_;
  std::vector<std::byte> out_;
  std::size_t sent_ = 0;
  std::array<std::byte, max_frame_header_size> header_bytes_{};
  std::size_t header_size_ = 0;
  std::size_t taken_ = 0;  // octets of the peer
  std::optional<frame_header> header_;
  std::vector<std::byte> command_;
  std::error_code error_;
  std::string reason_;
  peer_info_on_wire peer_;
  bool peer_known_ = false;  // its properties are here and good
  bool admitted_ = false;
  bool last_word_ = false;
};

}  // namespace cozmq::wire
