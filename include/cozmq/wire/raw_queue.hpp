// Bytes on their way out that no protocol wraps: what a STREAM sends.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/ring.hpp>
#include <cozmq/message/message.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace cozmq::wire {

/// A queue of whole messages of which only the bytes leave. Frames are kept as they are and leave by gather writes.
class raw_queue {
 public:
  /// Messages put in and not yet wholly handed to the kernel by `consume`.
  std::size_t messages() const noexcept { return messages_; }
  std::size_t bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_ == 0; }

  /// Queues `m`, which holds at least one byte; it is left empty.
  void put(message& m)
  {
    m.keep();
    bytes_ += m.byte_size();
    while (!m.empty())
      frames_.push({m.pop_front(), m.empty()});
    ++messages_;
  }

  /// Fills `to` with the bytes to write next, in order, and returns how many spans were filled.
  std::size_t gather(std::span<byte_view> to) const
  {
    std::size_t filled = 0;
    std::size_t skip = sent_;
    for (std::size_t i = 0; i < frames_.size() && filled < to.size(); ++i) {
      byte_view const rest = frames_[i].bytes.bytes().subspan(std::exchange(skip, 0));
      if (!rest.empty())
        to[filled++] = rest;
    }
    return filled;
  }

  /// Takes note that the kernel took the next `count` bytes of what `gather` gave.
  void consume(std::size_t count)
  {
    bytes_ -= count;
    sent_ += count;
    while (!frames_.empty() && sent_ >= frames_.front().bytes.size()) {
      part done = std::exchange(frames_.front(), {});
      frames_.pop();
      sent_ -= done.bytes.size();
      messages_ -= done.last ? 1 : 0;
    }
    if (frames_.empty() && frames_.capacity() > kept)
      frames_.clear();
  }

  /// Drops everything; returns the number of messages lost.
  std::size_t clear() noexcept
  {
    frames_.clear();
    sent_ = bytes_ = 0;
    return std::exchange(messages_, 0);
  }

 private:
  static constexpr std::size_t kept = 16;  // more memory than this is given back when nothing waits

  struct part {
    frame bytes;
    bool last = false;  // of its message
  };

  ring<part> frames_;
  std::size_t sent_ = 0;  // bytes of the first frame
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace cozmq::wire
