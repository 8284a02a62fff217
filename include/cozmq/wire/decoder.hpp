// Turns the bytes of a connection into whole messages and commands, after the handshake.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/core/ring.hpp>
#include <cozmq/message/frame_builder.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/wire/chunk.hpp>
#include <cozmq/wire/frame_header.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace cozmq::wire {

/// What a peer may send at most. Sizes are in bytes and are checked from the header, before memory is reserved.
struct decoder_limits {
  std::uint64_t message_size =
      (std::uint64_t{1} << 30) - 1;       // all frames of a message together: less than 1 GiB
  std::size_t frames = 65536;             // frames in a message
  std::size_t command_size = 65536 + 64;  // body of a command: a topic of 64 KiB fits
};

/// The receiving half of a ZMTP 3.x connection, without I/O.
///
/// Use: `prepare()` says where the next bytes go, `commit(n)` takes note of n bytes read there, `pop()` moves whole
/// messages out. A commit walks over the frame headers once: it validates them, counts whole messages and hands
/// commands over at once, even those behind unread messages; small messages are built only in `pop()`. Large bodies
/// are read into their own exact memory, which grows with the bytes received and not with what a header claims.
///
/// After an error the connection is out of step: call `drop_partial()` and feed nothing more before a new handshake.
class decoder {
 public:
  decoder() = default;
  explicit decoder(decoder_limits limits) noexcept : limits_{limits} {}

  /// Sets what the peer of a new connection may send.
  void limit(decoder_limits limits) noexcept { limits_ = limits; }

  /// The number of whole messages that wait to be popped.
  std::size_t ready() const noexcept { return ready_; }

  /// About how many bytes of memory they take; buffers that are shared with others are counted whole, and a frame of few
  /// bytes, or none, as what it is in a message. Walks over what waits.
  std::size_t ready_bytes() const noexcept;

  /// Memory for the next read: fill the first span, then the second. Both stay valid until the next call.
  std::array<std::span<std::byte>, 2> prepare();

  /// Takes note of `count` bytes read into the memory of `prepare()`.
  ///
  /// `on_command(byte_view body) -> std::error_code` is called for each command; an error it returns is returned.
  ///
  /// @par Errors
  /// `malformed_frame`, `message_too_large`, `too_many_frames`, `malformed_command`: close the connection.
  template <class OnCommand>
  std::error_code commit(std::size_t count, OnCommand&& on_command);

  /// Takes a whole frame that was read elsewhere; all that was committed before must be whole frames. `header` has its
  /// flags and its size. Commands and errors are those of the other `commit()`.
  template <class OnCommand>
  std::error_code commit(frame whole, frame_header const& header, OnCommand&& on_command);

  /// How large the next frame may be, if it is of the kind that may be larger.
  std::uint64_t largest_next() const noexcept
  {
    return std::max<std::uint64_t>(limits_.message_size - message_bytes_, limits_.command_size);
  }

  /// Moves the next whole message into `to`. False when there is none; `to` is then unchanged.
  bool pop(message& to);

  /// Queues a message that did not arrive, behind the whole ones that did.
  void put(message m);

  /// Forgets a message of which only a part has arrived; whole messages stay. For the end of a connection.
  void drop_partial() noexcept;

  /// Gives the buffer back when nothing waits in it.
  void release() noexcept;

 private:
  // From this size on a body is read into its own memory: below, one copy is cheaper than an own read.
  static constexpr std::size_t large_body = 32768;
  // A read into less room than this is not worth a system call.
  static constexpr std::size_t least_read = 8192;

  // Whole messages to be popped: `messages` of them in a chunk, from `read` on, or one that was built as it arrived and
  // takes `read` bytes.
  struct batch {
    chunk bytes{};
    std::size_t read = 0;
    std::size_t messages = 0;
    message built{};
  };

  template <class OnCommand>
  std::error_code scan(OnCommand& on_command);
  void scan_small() noexcept;
  std::error_code admit(frame_header const& header) const noexcept;
  void frame_ended(bool more);
  void make_room(std::optional<frame_header> const& incomplete);
  void begin_body(frame_header const& header);
  void queue_built(message m);
  void keep_apart(frame_header const& header);
  void split();
  void seal();
  void rewind() noexcept { fill_.read = whole_ = scan_ = end_ = 0; }
  void build_walked();
  void used_up(batch& oldest) noexcept;
  static std::size_t take(std::byte const* bytes, std::size_t from, message& to);
  static std::size_t take_any(std::byte const* bytes, std::size_t from, message& to);

  decoder_limits limits_;
  std::size_t ready_ = 0;

  // The chunk that is being filled: [fill_.read, whole_) holds its whole messages (and commands among them),
  // [whole_, scan_) whole frames of the message in progress, [scan_, end_) bytes of an incomplete frame.
  batch fill_;
  std::size_t whole_ = 0;
  std::size_t scan_ = 0;
  std::size_t end_ = 0;

  ring<batch> queue_;  // what arrived before the chunk

  // The message in progress.
  std::uint64_t message_bytes_ = 0;
  std::size_t message_frames_ = 0;
  bool building_ = false;  // its frames are collected in built_, because one of them is large
  message built_;
  std::optional<frame_builder> body_;  // the large body that is arriving
  frame_header body_header_{};
};

inline std::size_t decoder::ready_bytes() const noexcept
{
  std::size_t sum = fill_.messages > 0 ? whole_ - fill_.read : 0;
  for (std::size_t i = 0; i < queue_.size(); ++i)
    sum += queue_[i].bytes ? chunk::capacity - queue_[i].read : queue_[i].read;
  return sum;
}

inline std::array<std::span<std::byte>, 2> decoder::prepare()
{
  if (fill_.bytes && chunk::capacity - end_ < least_read)
    make_room(std::nullopt);
  fill_.bytes.acquire();
  std::span<std::byte> const free{fill_.bytes.data() + end_, chunk::capacity - end_};
  if (!body_)
    return {free, {}};
  // What follows the body goes into the chunk with the same read, once the body's memory has its full size.
  std::span<std::byte> const body = body_->writable();
  bool const last = body.size() == body_->remaining();
  return {body, last ? free : std::span<std::byte>{}};
}

template <class OnCommand>
std::error_code decoder::commit(std::size_t count, OnCommand&& on_command)
{
  if (body_) {
    std::size_t const part = std::min(count, body_->writable().size());
    body_->commit(part);
    count -= part;
    if (!body_->complete())
      return {};
    frame whole = body_->take();
    body_.reset();
    if (body_header_.command) {
      if (std::error_code ec = on_command(whole.bytes()); ec)
        return ec;
    } else {
      built_.push_back(std::move(whole));
      frame_ended(body_header_.more);
    }
  }
  end_ += count;
  return scan(on_command);
}

template <class OnCommand>
std::error_code decoder::commit(frame whole, frame_header const& header, OnCommand&& on_command)
{
  if (header.command && header.more)
    return errc::malformed_frame;
  if (std::error_code const ec = admit(header); ec)
    return ec;
  if (header.command)
    return on_command(whole.bytes());
  keep_apart(header);
  built_.push_back(std::move(whole));
  frame_ended(header.more);
  return {};
}

template <class OnCommand>
std::error_code decoder::scan(OnCommand& on_command)
{
  for (;;) {
    scan_small();
    std::error_code ec;
    byte_view const rest{fill_.bytes.data() + scan_, end_ - scan_};
    std::optional<frame_header> const header = parse_frame_header(rest, ec);
    if (ec)
      return ec;
    if (header) {
      if (ec = admit(*header); ec)
        return ec;
      if (header->size <= rest.size() - header->length) {
        std::size_t const size = static_cast<std::size_t>(header->size);
        byte_view const body = rest.subspan(header->length, size);
        scan_ += header->length + size;
        if (header->command) {
          if (ec = on_command(body); ec)
            return ec;
          if (message_frames_ == 0)
            whole_ = scan_;
          if (fill_.messages == 0 && message_frames_ == 0)
            fill_.read = whole_;
        } else {
          if (building_)
            built_.push_back(frame{body});
          message_bytes_ += header->size;
          ++message_frames_;
          frame_ended(header->more);
        }
        continue;
      }
    }
    make_room(header);
    return {};
  }
}

// Walks over whole messages of one short frame, which is what most traffic consists of, in a few instructions each.
// What needs a second look is left to scan().
inline void decoder::scan_small() noexcept
{
  if (message_frames_ != 0 || building_ || limits_.message_size < max_short_body || limits_.frames == 0)
    return;
  std::byte const* const bytes = fill_.bytes.data();
  std::size_t at = scan_;
  std::size_t found = 0;
  while (end_ - at >= 2 && bytes[at] == std::byte{0}) {
    std::size_t const next = at + 2 + std::to_integer<std::size_t>(bytes[at + 1]);
    if (next > end_)
      break;
    at = next;
    ++found;
  }
  scan_ = at;
  if (found > 0)
    whole_ = at;
  fill_.messages += found;
  ready_ += found;
}

inline std::error_code decoder::admit(frame_header const& header) const noexcept
{
  if (header.command)
    return header.size > limits_.command_size ? errc::malformed_command : std::error_code{};
  if (header.size > limits_.message_size - message_bytes_)
    return errc::message_too_large;
  if (message_frames_ >= limits_.frames)
    return errc::too_many_frames;
  return {};
}

// A data frame is complete: everything before scan_ has been walked over.
inline void decoder::frame_ended(bool more)
{
  if (building_)
    fill_.read = whole_ = scan_;  // the frames of this message are in built_, not in the chunk
  if (more)
    return;
  message_bytes_ = 0;
  message_frames_ = 0;
  if (building_) {
    building_ = false;
    queue_built(std::move(built_));
    built_.clear();
  } else {
    whole_ = scan_;
    ++fill_.messages;
  }
  ++ready_;
}

[[gnu::always_inline]] inline bool decoder::pop(message& to)
{
  batch& oldest = queue_.empty() ? fill_ : queue_.front();
  if (oldest.messages == 0)
    return false;
  if (oldest.bytes) [[likely]]
    oldest.read = take(oldest.bytes.data(), oldest.read, to);
  else
    to = std::move(oldest.built);
  --ready_;
  if (--oldest.messages == 0) [[unlikely]]
    used_up(oldest);
  return true;
}

[[gnu::noinline]] inline void decoder::used_up(batch& oldest) noexcept
{
  if (&oldest != &fill_) {
    oldest = {};
    return queue_.pop();
  }
  fill_.read = whole_;
  if (whole_ == end_)
    rewind();
}

// Builds the message at `from`, which scan() has found whole and valid; returns where it ends.
[[gnu::always_inline]] inline std::size_t decoder::take(std::byte const* bytes, std::size_t from, message& to)
{
  if (bytes[from] != std::byte{0}) [[unlikely]]
    return take_any(bytes, from, to);
  // The chunk goes on behind a small frame, so a copy of fixed length stays within it.
  std::size_t const size = std::to_integer<std::size_t>(bytes[from + 1]);
  to.assign(bytes + from + 2, size, chunk::capacity - from - 2);
  return from + 2 + size;
}

inline std::size_t decoder::take_any(std::byte const* bytes, std::size_t from, message& to)
{
  frame_header header = read_frame_header(bytes + from);
  while (header.command) [[unlikely]] {
    from += header.length + static_cast<std::size_t>(header.size);
    header = read_frame_header(bytes + from);
  }
  from += header.length;
  to.assign(bytes + from, static_cast<std::size_t>(header.size), chunk::capacity - from);
  from += static_cast<std::size_t>(header.size);
  while (header.more) [[unlikely]] {
    header = read_frame_header(bytes + from);
    from += header.length;
    if (!header.command)
      to.push_back(frame{bytes + from, static_cast<std::size_t>(header.size)});
    else
      header.more = true;
    from += static_cast<std::size_t>(header.size);
  }
  return from;
}

inline void decoder::drop_partial() noexcept
{
  end_ = scan_ = whole_;
  body_.reset();
  built_.clear();
  building_ = false;
  message_bytes_ = 0;
  message_frames_ = 0;
  if (fill_.messages == 0)
    rewind();
}

inline void decoder::release() noexcept
{
  if (fill_.messages == 0 && fill_.read == end_)
    fill_.bytes.release();
  if (queue_.empty() && queue_.capacity() > 16)
    queue_.clear();
}

}  // namespace cozmq::wire

#include <cozmq/wire/impl/decoder_room.hpp>
