// Turns messages into the bytes of a connection, and remembers which of them the kernel has not taken yet.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/wire/chunk.hpp>
#include <cozmq/wire/frame_header.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace cozmq::wire {

/// Appends the frames of `m` to `to`, encoded.
inline void encode(message const& m, std::vector<std::byte>& to);

/// The sending half of a ZMTP 3.x connection, without I/O: a queue of whole messages in encoded form.
///
/// Small messages are copied into chunks, so that a burst of them leaves in one system call; a message with a frame
/// of 32 KiB or more is kept as it is and leaves by a gather write. Bytes are plain ZMTP frames, which any 3.x peer
/// reads, so that what a dead connection did not send can be sent by its successor: `rewind()`.
class encoder {
 public:
  /// Messages put in and not yet wholly handed to the kernel by `consume`.
  std::size_t messages() const noexcept { return messages_; }
  /// Bytes of messages and commands that wait.
  std::size_t bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_ == 0; }

  /// Queues `m`; it is left empty.
  void put(message& m);

  /// Queues one whole message that `encode` made.
  void put_encoded(byte_view whole_message);

  /// Queues an encoded command. Commands overtake messages that have not begun to leave, and are never counted
  /// against a high-water mark. [RFC 37] has no command between the frames of a message, so neither have we.
  void put_command(byte_view encoded);
  std::size_t command_bytes() const noexcept { return commands_.size() - commands_sent_; }

  /// Fills `to` with the bytes to write next, in order, and returns how many spans were filled.
  std::size_t gather(std::span<byte_view> to) const;

  /// So many bytes at the front of what `gather` gives are commands, the others messages.
  std::size_t command_bytes_first() const noexcept { return mid_message() ? 0 : command_bytes(); }

  /// Takes note that the kernel took the next `count` bytes of what `gather` gave.
  void consume(std::size_t count);

  /// The same for one who took some of what `gather` gave with him, and tells later what became of it: of the commands,
  /// others of which may have come meanwhile, and of the messages.
  void consume_commands(std::size_t count) noexcept;
  void consume_messages(std::size_t count);

  /// The connection died: goes back to the first message that was not wholly handed over. Commands are dropped.
  void rewind() noexcept;

  /// Drops the messages that have not begun to leave, which the next `taken` bytes of messages have: somebody took them
  /// with him.
  void drop_waiting(std::size_t taken = 0) noexcept;

  /// Drops everything; returns the number of messages lost.
  std::size_t clear() noexcept;

  /// Gives the buffer back when nothing waits in it.
  void release() noexcept
  {
    if (tail_.begin == tail_.end)
      tail_.bytes.release();
  }

 private:
  // Below this size one copy is cheaper than an own entry in a gather write.
  static constexpr std::size_t large_frame = 32768;

  // Whole encoded messages in a chunk: [begin, end) waits, `boundary` <= begin is where the message at begin starts.
  struct run {
    chunk bytes;
    std::size_t begin = 0;
    std::size_t boundary = 0;
    std::size_t end = 0;
    std::size_t messages = 0;
  };

  // A message that leaves by reference. `headers` are its encoded frame headers, one after the other.
  struct large {
    message body;
    std::vector<std::byte> headers;
    std::size_t size = 0;  // on the wire
    std::size_t sent = 0;
    std::size_t frame = 0;       // the first frame not wholly sent
    std::size_t header_at = 0;   // where its header starts in `headers`
    std::size_t frame_sent = 0;  // bytes of its header and body that are sent
  };

  struct entry {
    run small;
    std::unique_ptr<large> big;
  };

  std::byte* reserve(std::size_t size);
  void next_chunk();
  void put_any(message& m);
  void put_large(message& m, std::size_t size);
  bool mid_message() const noexcept;
  void consume_run(run& r, std::size_t count) noexcept;
  bool keep_begun(run& r, std::size_t& taken) noexcept;
  bool keep_begun(large const& l, std::size_t& taken) noexcept;
  static void consume_large(large& l, std::size_t count) noexcept;
  static std::size_t gather_run(run const& r, bool only_message, std::span<byte_view> to);
  static std::size_t gather_large(large const& l, std::span<byte_view> to);

  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::deque<entry>& older();
  std::unique_ptr<std::deque<entry>>
      older_;  // full chunks and large messages before tail_; absent in the common case
  run tail_;
  std::vector<std::byte> commands_;
  std::size_t commands_sent_ = 0;
};

inline void encode(message const& m, std::vector<std::byte>& to)
{
  std::size_t const count = m.size();
  for (std::size_t i = 0; i < count; ++i) {
    byte_view const body = m[i].bytes();
    std::byte header[max_frame_header_size];
    std::byte* const header_end = encode_frame_header(header, i + 1 < count ? flag_more : 0, body.size());
    to.insert(to.end(), header, header_end);
    to.insert(to.end(), body.begin(), body.end());
  }
}

inline std::deque<encoder::entry>& encoder::older()
{
  if (!older_)
    older_ = std::make_unique<std::deque<entry>>();
  return *older_;
}

// Room for `size` <= chunk::capacity bytes at the end of the tail; counts them.
[[gnu::always_inline]] inline std::byte* encoder::reserve(std::size_t size)
{
  if (!tail_.bytes || tail_.end + size > chunk::capacity) [[unlikely]]
    next_chunk();
  std::byte* const at = tail_.bytes.data() + tail_.end;
  tail_.end += size;
  bytes_ += size;
  ++tail_.messages;
  ++messages_;
  return at;
}

[[gnu::noinline]] inline void encoder::next_chunk()
{
  if (tail_.bytes) {
    older().push_back({std::move(tail_), nullptr});
    tail_ = {};
  }
  tail_.bytes.acquire();
}

[[gnu::always_inline]] inline void encoder::put(message& m)
{
  if (m.size() != 1 || m[0].size() >= large_frame) [[unlikely]]
    return put_any(m);
  byte_view const body = m[0].bytes();
  std::byte* const to = reserve(frame_header_length(body.size()) + body.size());
  std::byte* const after_header = encode_frame_header(to, 0, body.size());
  if (!body.empty())
    std::memcpy(after_header, body.data(), body.size());
  m.clear();
}

inline void encoder::put_any(message& m)
{
  std::size_t size = 0;
  bool copy = true;
  for (frame const& part : m) {
    size += frame_header_length(part.size()) + part.size();
    copy = copy && part.size() < large_frame;
  }
  if (!copy || size > chunk::capacity) {
    put_large(m, size);
    return;
  }
  std::byte* to = reserve(size);
  for (std::size_t i = 0; i < m.size(); ++i) {
    byte_view const body = m[i].bytes();
    to = encode_frame_header(to, i + 1 < m.size() ? flag_more : 0, body.size());
    if (!body.empty())
      std::memcpy(to, body.data(), body.size());
    to += body.size();
  }
  m.clear();
}

inline void encoder::put_encoded(byte_view whole_message)
{
  std::memcpy(reserve(whole_message.size()), whole_message.data(), whole_message.size());
}

inline void encoder::put_large(message& m, std::size_t size)
{
  auto big = std::make_unique<large>();
  m.keep();
  for (std::size_t i = 0; i < m.size(); ++i) {
    std::byte header[max_frame_header_size];
    std::byte* const header_end = encode_frame_header(header, i + 1 < m.size() ? flag_more : 0, m[i].size());
    big->headers.insert(big->headers.end(), header, header_end);
  }
  big->body = std::move(m);
  big->size = size;
  if (tail_.end > tail_.begin)
    older().push_back({std::move(tail_), nullptr});
  tail_ = {};
  older().push_back({{}, std::move(big)});
  bytes_ += size;
  ++messages_;
}

inline void encoder::put_command(byte_view encoded)
{
  commands_.insert(commands_.end(), encoded.begin(), encoded.end());
  bytes_ += encoded.size();
}

// Has a part of the first message left already?
inline bool encoder::mid_message() const noexcept
{
  if (older_ && !older_->empty()) {
    entry const& first = older_->front();
    return first.big ? first.big->sent > 0 : first.small.begin > first.small.boundary;
  }
  return tail_.begin > tail_.boundary;
}

inline std::size_t encoder::gather(std::span<byte_view> to) const
{
  std::size_t filled = 0;
  if (command_bytes() > 0) {
    if (mid_message()) {
      // The message that has begun to leave goes first, and nothing else, so that the commands are next.
      if (!older_ || older_->empty())
        return gather_run(tail_, true, to);
      entry const& first = older_->front();
      return first.big ? gather_large(*first.big, to) : gather_run(first.small, true, to);
    }
    to[filled++] = byte_view{commands_}.subspan(commands_sent_);
  }
  if (older_) {
    for (entry const& e : *older_) {
      if (filled == to.size())
        return filled;
      filled +=
          e.big ? gather_large(*e.big, to.subspan(filled)) : gather_run(e.small, false, to.subspan(filled));
    }
  }
  if (filled < to.size())
    filled += gather_run(tail_, false, to.subspan(filled));
  return filled;
}

namespace detail {

// The wire size of the whole message that starts at `at`.
inline std::size_t encoded_size(std::byte const* at) noexcept
{
  std::size_t size = 0;
  for (;;) {
    frame_header const header = read_frame_header(at + size);
    size += header.length + static_cast<std::size_t>(header.size);
    if (!header.more)
      return size;
  }
}

}  // namespace detail

inline std::size_t encoder::gather_run(run const& r, bool only_message, std::span<byte_view> to)
{
  if (r.begin == r.end)
    return 0;
  std::size_t const end =
      only_message ? r.boundary + detail::encoded_size(r.bytes.data() + r.boundary) : r.end;
  to[0] = {r.bytes.data() + r.begin, end - r.begin};
  return 1;
}

inline std::size_t encoder::gather_large(large const& l, std::span<byte_view> to)
{
  std::size_t filled = 0;
  std::size_t header_at = l.header_at;
  std::size_t skip = l.frame_sent;
  for (std::size_t i = l.frame; i < l.body.size() && filled < to.size(); ++i) {
    byte_view const body = l.body[i].bytes();
    std::size_t const length = frame_header_length(body.size());
    if (skip < length)
      to[filled++] = {l.headers.data() + header_at + skip, length - skip};
    std::size_t const from = skip > length ? skip - length : 0;
    if (from < body.size() && filled < to.size())
      to[filled++] = body.subspan(from);
    header_at += length;
    skip = 0;
  }
  return filled;
}

inline void encoder::consume(std::size_t count)
{
  if (std::size_t const first = std::min(count, command_bytes_first()); first > 0) {
    consume_commands(first);
    count -= first;
  }
  consume_messages(count);
}

inline void encoder::consume_commands(std::size_t count) noexcept
{
  bytes_ -= count;
  commands_sent_ += count;
  if (command_bytes() == 0) {
    commands_.clear();
    commands_sent_ = 0;
  }
}

inline void encoder::consume_messages(std::size_t count)
{
  bytes_ -= count;
  while (count > 0 && older_ && !older_->empty()) {
    entry& first = older_->front();
    std::size_t const waiting =
        first.big ? first.big->size - first.big->sent : first.small.end - first.small.begin;
    std::size_t const part = std::min(count, waiting);
    count -= part;
    if (part < waiting) {
      if (first.big)
        consume_large(*first.big, part);
      else
        consume_run(first.small, part);
      return;
    }
    messages_ -= first.big ? 1 : first.small.messages;
    older_->pop_front();
  }
  if (count > 0)
    consume_run(tail_, count);
}

inline void encoder::consume_run(run& r, std::size_t count) noexcept
{
  r.begin += count;
  if (r.begin == r.end) {
    messages_ -= r.messages;
    r.messages = r.begin = r.boundary = r.end = 0;
    return;
  }
  // The kernel is slower than we are: find out which messages it has taken whole.
  for (;;) {
    std::size_t const next = r.boundary + detail::encoded_size(r.bytes.data() + r.boundary);
    if (next > r.begin)
      return;
    r.boundary = next;
    --r.messages;
    --messages_;
  }
}

inline void encoder::consume_large(large& l, std::size_t count) noexcept
{
  l.sent += count;
  while (count > 0) {
    std::size_t const size = l.body[l.frame].size();
    std::size_t const length = frame_header_length(size);
    std::size_t const part = std::min(count, length + size - l.frame_sent);
    l.frame_sent += part;
    count -= part;
    if (l.frame_sent == length + size) {
      ++l.frame;
      l.header_at += length;
      l.frame_sent = 0;
    }
  }
}

inline void encoder::rewind() noexcept
{
  bytes_ -= command_bytes();
  commands_.clear();
  commands_sent_ = 0;
  auto const rewind_run = [this](run& r) {
    bytes_ += r.begin - r.boundary;
    r.begin = r.boundary;
  };
  if (older_ && !older_->empty()) {
    entry& first = older_->front();
    if (first.big) {
      bytes_ += first.big->sent;
      first.big->sent = first.big->frame = first.big->header_at = first.big->frame_sent = 0;
    } else {
      rewind_run(first.small);
    }
  } else {
    rewind_run(tail_);
  }
}

inline void encoder::drop_waiting(std::size_t taken) noexcept
{
  messages_ = 0;
  bytes_ = command_bytes();
  if (older_) {
    auto const waiting = std::find_if(older_->begin(), older_->end(), [&](entry& e) {
      return e.big ? !keep_begun(*e.big, taken) : !keep_begun(e.small, taken);
    });
    older_->erase(waiting, older_->end());
    if (older_->empty())
      older_.reset();
  }
  if (!keep_begun(tail_, taken))
    tail_ = {};
}

// Drops of a run what has not begun to leave; is anything left of it?
inline bool encoder::keep_begun(run& r, std::size_t& taken) noexcept
{
  std::size_t const begun = std::min(taken, r.end - r.begin);
  taken -= begun;
  std::size_t end = r.boundary;
  r.messages = 0;
  while (end < r.begin + begun) {
    end += detail::encoded_size(r.bytes.data() + end);
    ++r.messages;
  }
  r.end = end;
  messages_ += r.messages;
  bytes_ += r.messages > 0 ? end - r.begin : 0;
  return r.messages > 0;
}

inline bool encoder::keep_begun(large const& l, std::size_t& taken) noexcept
{
  if (l.sent == 0 && taken == 0)
    return false;
  taken -= std::min(taken, l.size - l.sent);
  ++messages_;
  bytes_ += l.size - l.sent;
  return true;
}

inline std::size_t encoder::clear() noexcept
{
  std::size_t const lost = messages_;
  older_.reset();
  tail_ = {};
  commands_.clear();
  messages_ = bytes_ = commands_sent_ = 0;
  return lost;
}

}  // namespace cozmq::wire
