// Turns the bytes of a connection into whole messages and commands, after the handshake.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
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
#include <vector>

namespace cozmq::wire {

/// What a peer may send at most. Sizes are in bytes and are checked from the header, before memory is reserved.
struct decoder_limits {
  std::uint64_t message_size = std::uint64_t{1} << 30;  // all frames of a message together
  std::size_t frames = 65536;                           // frames in a message
  std::size_t command_size = 65536 + 64;                // body of a command: a topic of 64 KiB fits
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

  /// The number of whole messages that wait to be popped.
  std::size_t ready() const noexcept { return ready_; }

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

  /// Moves the next whole message into `to`. False when there is none; `to` is then unchanged.
  bool pop(message& to);

  /// Forgets a message of which only a part has arrived; whole messages stay. For the end of a connection.
  void drop_partial() noexcept;

  /// Gives the buffer back when nothing waits in it.
  void release() noexcept;

 private:
  // From this size on a body is read into its own memory: below, one copy is cheaper than an own read.
  static constexpr std::size_t large_body = 32768;
  // A read into less room than this is not worth a system call.
  static constexpr std::size_t least_read = 8192;

  // A chunk that takes no more bytes, or a message that was built while it arrived.
  struct entry {
    chunk bytes;
    std::size_t read = 0;
    std::size_t messages = 0;
    message built;
  };

  template <class OnCommand>
  std::error_code scan(OnCommand& on_command);
  void scan_small() noexcept;
  std::error_code admit(frame_header const& header) const noexcept;
  void frame_ended(bool more);
  void make_room(std::optional<frame_header> const& incomplete);
  void begin_body(frame_header const& header);
  void seal();
  bool pop_queued(message& to);
  static std::size_t take(std::byte const* bytes, std::size_t from, message& to);

  decoder_limits limits_;
  std::size_t ready_ = 0;

  // The chunk that is being filled: [read_, whole_) holds `fill_messages_` whole messages (and commands among
  // them), [whole_, scan_) whole frames of the message in progress, [scan_, end_) bytes of an incomplete frame.
  chunk fill_;
  std::size_t read_ = 0;
  std::size_t whole_ = 0;
  std::size_t scan_ = 0;
  std::size_t end_ = 0;
  std::size_t fill_messages_ = 0;

  // What arrived before the chunk, in order; `head_` is the first that is not used up.
  std::vector<entry> queue_;
  std::size_t head_ = 0;

  // The message in progress.
  std::uint64_t message_bytes_ = 0;
  std::size_t message_frames_ = 0;
  bool building_ = false;  // its frames are collected in built_, because one of them is large
  message built_;
  std::optional<frame_builder> body_;  // the large body that is arriving
  frame_header body_header_{};
};

inline std::array<std::span<std::byte>, 2> decoder::prepare()
{
  if (fill_ && chunk::capacity - end_ < least_read)
    make_room(std::nullopt);
  fill_.acquire();
  std::span<std::byte> const free{fill_.data() + end_, chunk::capacity - end_};
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
std::error_code decoder::scan(OnCommand& on_command)
{
  for (;;) {
    scan_small();
    std::error_code ec;
    byte_view const rest{fill_.data() + scan_, end_ - scan_};
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
          if (fill_messages_ == 0 && message_frames_ == 0)
            read_ = whole_;
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
  std::byte const* const bytes = fill_.data();
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
  fill_messages_ += found;
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
    read_ = whole_ = scan_;  // the frames of this message are in built_, not in the chunk
  if (more)
    return;
  message_bytes_ = 0;
  message_frames_ = 0;
  ++ready_;
  if (building_) {
    building_ = false;
    queue_.push_back({{}, 0, 1, std::move(built_)});
    built_.clear();
  } else {
    whole_ = scan_;
    ++fill_messages_;
  }
}

// Arranges that the incomplete frame at scan_ can be completed.
inline void decoder::make_room(std::optional<frame_header> const& incomplete)
{
  if (fill_messages_ == 0 && whole_ == end_) {
    read_ = whole_ = scan_ = end_ = 0;
    return;
  }
  if (incomplete) {
    std::size_t const before = incomplete->command ? 0 : scan_ - whole_;
    if (incomplete->size >= large_body || before + incomplete->length + incomplete->size > chunk::capacity) {
      begin_body(*incomplete);
      return;
    }
    if (scan_ + incomplete->length + incomplete->size <= chunk::capacity)
      return;
  } else if (chunk::capacity - end_ >= least_read) {
    return;
  }
  // Moves the message in progress to the front of a chunk; it keeps all of its frames together.
  if (fill_messages_ > 0) {
    std::size_t const rest = end_ - whole_;
    std::size_t const walked = scan_ - whole_;
    chunk next;
    next.acquire();
    std::memcpy(next.data(), fill_.data() + whole_, rest);
    seal();
    fill_ = std::move(next);
    end_ = rest;
    scan_ = walked;
  } else if (whole_ > 0) {
    std::memmove(fill_.data(), fill_.data() + whole_, end_ - whole_);
    scan_ -= whole_;
    end_ -= whole_;
    read_ = whole_ = 0;
  }
  // A message in progress that leaves no room to read is built frame by frame from here on.
  if (chunk::capacity - end_ < least_read && scan_ > whole_) {
    std::size_t const partial = end_ - scan_;
    for (std::size_t at = whole_; at < scan_;) {
      std::error_code none;
      frame_header const header = *parse_frame_header({fill_.data() + at, scan_ - at}, none);
      if (!header.command)
        built_.push_back(
            frame{byte_view{fill_.data() + at + header.length, static_cast<std::size_t>(header.size)}});
      at += header.length + static_cast<std::size_t>(header.size);
    }
    building_ = true;
    std::memmove(fill_.data(), fill_.data() + scan_, partial);
    read_ = whole_ = scan_ = 0;
    end_ = partial;
  }
}

// Gives the body of the incomplete frame at scan_ its own memory; it is the last thing in the chunk.
inline void decoder::begin_body(frame_header const& header)
{
  byte_view const have{fill_.data() + scan_ + header.length, end_ - scan_ - header.length};
  body_.emplace(static_cast<std::size_t>(header.size));
  body_header_ = header;
  for (byte_view rest = have; !rest.empty();) {
    std::span<std::byte> const to = body_->writable();
    std::size_t const part = std::min(to.size(), rest.size());
    std::memcpy(to.data(), rest.data(), part);
    body_->commit(part);
    rest = rest.subspan(part);
  }
  end_ = scan_;
  if (header.command)
    return;

  message_bytes_ += header.size;
  ++message_frames_;
  if (!building_) {
    building_ = true;
    for (std::size_t at = whole_; at < scan_;) {
      std::error_code none;
      frame_header const earlier = *parse_frame_header({fill_.data() + at, scan_ - at}, none);
      std::size_t const size = static_cast<std::size_t>(earlier.size);
      if (!earlier.command)
        built_.push_back(frame{byte_view{fill_.data() + at + earlier.length, size}});
      at += earlier.length + size;
    }
  }
  if (fill_messages_ > 0)
    seal();
  read_ = whole_ = scan_ = end_ = 0;
}

// Queues the chunk with its whole messages. Leaves no chunk, and all cursors at zero.
inline void decoder::seal()
{
  queue_.push_back({std::move(fill_), read_, fill_messages_, {}});
  fill_messages_ = 0;
  read_ = whole_ = scan_ = end_ = 0;
}

inline bool decoder::pop(message& to)
{
  if (head_ < queue_.size())
    return pop_queued(to);
  if (fill_messages_ == 0)
    return false;
  read_ = take(fill_.data(), read_, to);
  --ready_;
  if (--fill_messages_ == 0) {
    read_ = whole_;
    if (whole_ == end_)
      read_ = whole_ = scan_ = end_ = 0;
  }
  return true;
}

inline bool decoder::pop_queued(message& to)
{
  entry& first = queue_[head_];
  if (first.bytes)
    first.read = take(first.bytes.data(), first.read, to);
  else
    to = std::move(first.built);
  --ready_;
  if (--first.messages == 0) {
    first = {};
    if (++head_ == queue_.size()) {
      queue_.clear();
      head_ = 0;
    } else if (head_ >= 64 && head_ * 2 >= queue_.size()) {
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }
  return true;
}

// Builds the message at `from`, which scan() has found whole and valid; returns where it ends.
inline std::size_t decoder::take(std::byte const* bytes, std::size_t from, message& to)
{
  frame_header header = read_frame_header(bytes + from);
  while (header.command) [[unlikely]] {
    from += header.length + static_cast<std::size_t>(header.size);
    header = read_frame_header(bytes + from);
  }
  from += header.length;
  // The chunk goes on behind a small frame, so a copy of fixed length stays within it.
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
  if (fill_messages_ == 0)
    read_ = whole_ = scan_ = end_ = 0;
}

inline void decoder::release() noexcept
{
  if (fill_messages_ == 0 && read_ == end_)
    fill_.release();
  if (queue_.empty() && queue_.capacity() > 16)
    std::vector<entry>{}.swap(queue_);
}

}  // namespace cozmq::wire
