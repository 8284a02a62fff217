// A message that leaves as it is, between the headers of its frames, and how far the kernel has taken it.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/wire/frame_header.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace cozmq::wire {

/// What an encoder does not copy.
class large_message {
 public:
  /// `size` is what `m` has on the wire.
  large_message(message& m, std::size_t size) : size_{size}
  {
    m.keep();
    for (std::size_t i = 0; i < m.size(); ++i) {
      std::byte header[max_frame_header_size];
      std::byte* const header_end =
          encode_frame_header(header, i + 1 < m.size() ? flag_more : 0, m[i].size());
      headers_.insert(headers_.end(), header, header_end);
    }
    body_ = std::move(m);
  }

  std::size_t waiting() const noexcept { return size_ - sent_; }
  bool begun() const noexcept { return sent_ > 0; }

  /// Fills spans with what waits, in order; returns how many.
  std::size_t gather(std::span<byte_view> to) const noexcept
  {
    std::size_t filled = 0;
    std::size_t header_at = header_at_;
    std::size_t skip = frame_sent_;
    for (std::size_t i = frame_; i < body_.size() && filled < to.size(); ++i) {
      byte_view const body = body_[i].bytes();
      std::size_t const length = frame_header_length(body.size());
      if (skip < length)
        to[filled++] = {headers_.data() + header_at + skip, length - skip};
      std::size_t const from = skip > length ? skip - length : 0;
      if (from < body.size() && filled < to.size())
        to[filled++] = body.subspan(from);
      header_at += length;
      skip = 0;
    }
    return filled;
  }

  /// The kernel took the next `count` bytes.
  void consume(std::size_t count) noexcept
  {
    sent_ += count;
    while (count > 0) {
      std::size_t const size = body_[frame_].size();
      std::size_t const length = frame_header_length(size);
      std::size_t const part = std::min(count, length + size - frame_sent_);
      frame_sent_ += part;
      count -= part;
      if (frame_sent_ == length + size) {
        ++frame_;
        header_at_ += length;
        frame_sent_ = 0;
      }
    }
  }

  /// Back to its start; returns by how many bytes.
  std::size_t rewind() noexcept
  {
    frame_ = header_at_ = frame_sent_ = 0;
    return std::exchange(sent_, 0);
  }

 private:
  message body_;
  std::vector<std::byte> headers_;  // of its frames, one after the other
  std::size_t size_;                // on the wire
  std::size_t sent_ = 0;
  std::size_t frame_ = 0;       // the first frame not wholly sent
  std::size_t header_at_ = 0;   // where its header starts in headers_
  std::size_t frame_sent_ = 0;  // bytes of its header and body that are sent
};

}  // namespace cozmq::wire
