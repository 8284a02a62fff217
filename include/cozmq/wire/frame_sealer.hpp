// Seals the frames that an encoder holds, and tells it which of them the kernel has.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/message/frame.hpp>
#include <cozmq/wire/chunk.hpp>
#include <cozmq/wire/encoder.hpp>
#include <cozmq/wire/frame_header.hpp>
#include <cozmq/wire/mechanism.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace cozmq::wire {

/// The outgoing half of a secured connection: plain frames stay in the encoder until the kernel has taken all octets of
/// what they became, because the next connection has other keys. [RFC 26]
///
/// About 64 KiB are sealed at a time; a larger frame, which is then the last of them, gets memory of its own for as long
/// as it needs it. The next ones are sealed when the kernel has taken all of these.
class frame_sealer {
 public:
  /// `first` goes out before everything else, as it is: what is left of the handshake.
  explicit frame_sealer(byte_view first) : unsealed_{first.size()}, end_{first.size()}
  {
    if (first.size() > chunk::sealed_capacity) {
      large_ = frame{first};
    } else if (!first.empty()) {
      small_.acquire();
      std::memcpy(small_.data(), first.data(), first.size());
      small_end_ = end_;
    }
  }

  /// Fills `to`, of two spans or more, with the octets to write next, sealed now if need be, and returns how many were
  /// filled. Throws std::bad_alloc.
  std::size_t gather(encoder const& from, mechanism& security, std::span<byte_view> to)
  {
    if (sent_ == end_)
      seal_next(from, security);
    std::size_t filled = 0;
    if (sent_ < small_end_)
      to[filled++] = {small_.data() + sent_, small_end_ - sent_};
    if (small_end_ < end_)
      to[filled++] = large_.bytes().subspan(sent_ - std::min(sent_, small_end_));
    return filled;
  }

  /// Takes note that the kernel took the next `count` octets of what `gather` gave.
  void consume(encoder& from, std::size_t count)
  {
    sent_ += count;
    if (sent_ == end_)
      return all_sent(from);
    std::size_t clear = 0;
    for (; next_ < frames_.size() && frames_[next_].end <= sent_; ++next_)
      clear += frames_[next_].clear;
    pass_on(from, clear);
  }

  /// What is left of the octets that went first.
  std::size_t unsealed() const noexcept { return unsealed_ - std::min(unsealed_, sent_); }

  /// Clear octets of messages that are sealed and not yet wholly sent.
  std::size_t sealed_messages() const noexcept { return messages_; }

  /// Drops what is sealed: the encoder has been emptied.
  void clear() noexcept
  {
    large_ = {};
    frames_.clear();
    next_ = sent_ = small_end_ = end_ = unsealed_ = commands_ = messages_ = 0;
  }

  /// Gives the buffer back when nothing waits in it.
  void release() noexcept
  {
    if (end_ != 0)
      return;
    small_.release();
    std::vector<sealed>{}.swap(frames_);
  }

 private:
  struct sealed {
    std::uint32_t end;    // in the chunk
    std::uint32_t clear;  // so many octets it had
  };

  void seal_next(encoder const& from, mechanism& security);

  void seal(unsigned flags, byte_view body, std::size_t size, mechanism& security)
  {
    if (size > chunk::sealed_capacity) {
      large_ = frame::uninitialized(size);
      security.seal(flags, body, large_.writable().data());
    } else {
      small_.acquire();
      frames_.push_back({static_cast<std::uint32_t>(end_ + size),
                         static_cast<std::uint32_t>(frame_header_length(body.size()) + body.size())});
      security.seal(flags, body, small_.data() + end_);
      small_end_ += size;
    }
    end_ += size;
  }

  void all_sent(encoder& from)
  {
    std::size_t const commands = commands_;
    std::size_t const messages = messages_;
    clear();
    if (commands > 0)
      from.consume_commands(commands);
    from.consume_messages(messages);
  }

  // Commands were sealed first.
  void pass_on(encoder& from, std::size_t clear)
  {
    std::size_t const of_commands = std::min(clear, commands_);
    commands_ -= of_commands;
    messages_ -= clear - of_commands;
    if (of_commands > 0)
      from.consume_commands(of_commands);
    from.consume_messages(clear - of_commands);
  }

  chunk small_;
  frame large_;                 // one sealed frame that does not fit into a chunk, behind those in it
  std::vector<sealed> frames_;  // of those in the chunk
  std::size_t next_ = 0;        // the first of them that is not wholly sent
  std::size_t unsealed_;
  std::size_t sent_ = 0;
  std::size_t small_end_ = 0;
  std::size_t end_;
  std::size_t commands_ = 0;  // clear octets that are sealed and not wholly sent
  std::size_t messages_ = 0;
};

inline void frame_sealer::seal_next(encoder const& from, mechanism& security)
{
  std::array<byte_view, 32> waiting;
  std::size_t const filled = from.gather(waiting);
  std::size_t commands = from.command_bytes_first();
  for (std::size_t i = 0; i < filled; ++i) {
    for (byte_view rest = waiting[i]; !rest.empty();) {
      frame_header const header = read_frame_header(rest.data());
      std::size_t const size = static_cast<std::size_t>(header.size);
      byte_view body;
      if (rest.size() > header.length || size == 0) {
        body = rest.subspan(header.length, size);
        rest = rest.subspan(header.length + size);
      } else if (++i < filled) {
        body = waiting[i];  // of a frame that the encoder refers to
        rest = {};
      } else {
        return;
      }
      std::size_t const sealed_size = security.sealed_size(size);
      if (sealed_size <= chunk::sealed_capacity && sealed_size > chunk::sealed_capacity - end_)
        return;
      seal(flags_of(header), body, sealed_size, security);
      std::size_t const clear = header.length + size;
      std::size_t const of_commands = std::min(clear, commands);
      commands -= of_commands;
      commands_ += of_commands;
      messages_ += clear - of_commands;
      if (small_end_ < end_)
        return;
    }
  }
}

}  // namespace cozmq::wire
