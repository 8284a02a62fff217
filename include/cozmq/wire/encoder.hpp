// Turns messages into the bytes of a connection, and remembers which of them the kernel has not taken yet.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/wire/chunk.hpp>
#include <cozmq/wire/frame_header.hpp>
#include <cozmq/wire/large_message.hpp>
#include <cozmq/wire/message_run.hpp>

#include <algorithm>
#include <cstddef>
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

  struct entry {
    message_run small;
    std::unique_ptr<large_message> big;
  };

  std::byte* reserve(std::size_t size);
  void next_chunk();
  void put_any(message& m);
  void put_large(message& m, std::size_t size);
  bool mid_message() const noexcept;
  bool keep_begun(entry& e, std::size_t& taken) noexcept;
  bool keep_begun(message_run& r, std::size_t& taken) noexcept;

  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::deque<entry>& older();
  std::unique_ptr<std::deque<entry>>
      older_;  // full chunks and large messages before tail_; absent in the common case
  message_run tail_;
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
  auto big = std::make_unique<large_message>(m, size);
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
    return first.big ? first.big->begun() : first.small.begun();
  }
  return tail_.begun();
}

inline std::size_t encoder::gather(std::span<byte_view> to) const
{
  std::size_t filled = 0;
  if (command_bytes() > 0) {
    if (mid_message()) {
      // The message that has begun to leave goes first, and nothing else, so that the commands are next.
      if (!older_ || older_->empty())
        return tail_.gather(true, to);
      entry const& first = older_->front();
      return first.big ? first.big->gather(to) : first.small.gather(true, to);
    }
    to[filled++] = byte_view{commands_}.subspan(commands_sent_);
  }
  if (older_) {
    for (entry const& e : *older_) {
      if (filled == to.size())
        return filled;
      filled += e.big ? e.big->gather(to.subspan(filled)) : e.small.gather(false, to.subspan(filled));
    }
  }
  if (filled < to.size())
    filled += tail_.gather(false, to.subspan(filled));
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
  // Not only when all are gone: a peer may see to it that there is always one that waits.
  if (commands_sent_ > commands_.size() / 2) {
    commands_.erase(commands_.begin(), commands_.begin() + static_cast<std::ptrdiff_t>(commands_sent_));
    commands_sent_ = 0;
  }
}

inline void encoder::consume_messages(std::size_t count)
{
  bytes_ -= count;
  while (count > 0 && older_ && !older_->empty()) {
    entry& first = older_->front();
    std::size_t const waiting = first.big ? first.big->waiting() : first.small.waiting();
    std::size_t const part = std::min(count, waiting);
    count -= part;
    if (part < waiting) {
      if (first.big)
        first.big->consume(part);
      else
        messages_ -= first.small.consume(part);
      return;
    }
    messages_ -= first.big ? 1 : first.small.messages;
    older_->pop_front();
  }
  if (count > 0)
    messages_ -= tail_.consume(count);
}

inline void encoder::rewind() noexcept
{
  bytes_ -= command_bytes();
  commands_.clear();
  commands_sent_ = 0;
  if (older_ && !older_->empty()) {
    entry& first = older_->front();
    bytes_ += first.big ? first.big->rewind() : first.small.rewind();
  } else {
    bytes_ += tail_.rewind();
  }
}

inline void encoder::drop_waiting(std::size_t taken) noexcept
{
  messages_ = 0;
  bytes_ = command_bytes();
  if (older_) {
    auto const waiting =
        std::find_if(older_->begin(), older_->end(), [&](entry& e) { return !keep_begun(e, taken); });
    older_->erase(waiting, older_->end());
    if (older_->empty())
      older_.reset();
  }
  if (!keep_begun(tail_, taken))
    tail_ = {};
}

// Is anything left of it? What is left counts.
inline bool encoder::keep_begun(entry& e, std::size_t& taken) noexcept
{
  if (!e.big)
    return keep_begun(e.small, taken);
  if (!e.big->begun() && taken == 0)
    return false;
  taken -= std::min(taken, e.big->waiting());
  ++messages_;
  bytes_ += e.big->waiting();
  return true;
}

inline bool encoder::keep_begun(message_run& r, std::size_t& taken) noexcept
{
  if (!r.keep_begun(taken))
    return false;
  messages_ += r.messages;
  bytes_ += r.waiting();
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
