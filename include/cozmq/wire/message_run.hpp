// Whole encoded messages, one after the other in a chunk, and how far the kernel has taken them.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/wire/chunk.hpp>
#include <cozmq/wire/frame_header.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace cozmq::wire {

/// What an encoder copies together. [begin, end) waits; `boundary` <= begin is where the message at begin starts.
struct message_run {
  chunk bytes;
  std::size_t begin = 0;
  std::size_t boundary = 0;
  std::size_t end = 0;
  std::size_t messages = 0;

  std::size_t waiting() const noexcept { return end - begin; }
  bool begun() const noexcept { return begin > boundary; }

  /// Fills at most one span: what waits, or what waits of the first message.
  std::size_t gather(bool only_first, std::span<byte_view> to) const noexcept
  {
    if (begin == end)
      return 0;
    to[0] = {bytes.data() + begin, (only_first ? next_boundary(boundary) : end) - begin};
    return 1;
  }

  /// The kernel took the next `count` bytes; returns how many messages it thereby has whole.
  std::size_t consume(std::size_t count) noexcept
  {
    begin += count;
    if (begin == end) {
      boundary = begin = end = 0;
      return std::exchange(messages, 0);
    }
    // The kernel is slower than we are: find out which messages it has taken whole.
    std::size_t const before = messages;
    for (std::size_t next = next_boundary(boundary); next <= begin; next = next_boundary(boundary)) {
      boundary = next;
      --messages;
    }
    return before - messages;
  }

  /// Back to the start of the first message; returns by how many bytes.
  std::size_t rewind() noexcept { return std::exchange(begin, boundary) - boundary; }

  /// Drops the messages that have not begun to leave, which the next `taken` bytes have; those that are its own are taken
  /// off. Is any message left?
  bool keep_begun(std::size_t& taken) noexcept
  {
    std::size_t const more = std::min(taken, waiting());
    taken -= more;
    end = boundary;
    messages = 0;
    for (std::size_t const begun = begin + more; end < begun; ++messages)
      end = next_boundary(end);
    return messages > 0;
  }

 private:
  std::size_t next_boundary(std::size_t at) const noexcept
  {
    for (;;) {
      frame_header const header = read_frame_header(bytes.data() + at);
      at += header.length + static_cast<std::size_t>(header.size);
      if (!header.more)
        return at;
    }
  }
};

}  // namespace cozmq::wire
