// How a decoder makes room for a frame that has not arrived whole; bodies of wire::decoder.
#pragma once

#include <cozmq/wire/decoder.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

namespace cozmq::wire {

// Arranges that the incomplete frame at scan_ can be completed.
inline void decoder::make_room(std::optional<frame_header> const& incomplete)
{
  if (fill_.messages == 0 && whole_ == end_) {
    rewind();
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
  if (fill_.messages > 0) {
    split();
  } else if (whole_ > 0) {
    std::memmove(fill_.bytes.data(), fill_.bytes.data() + whole_, end_ - whole_);
    scan_ -= whole_;
    end_ -= whole_;
    fill_.read = whole_ = 0;
  }
  // A message in progress that leaves no room to read is built frame by frame from here on.
  if (chunk::capacity - end_ < least_read && scan_ > whole_) {
    std::size_t const partial = end_ - scan_;
    build_walked();
    std::memmove(fill_.bytes.data(), fill_.bytes.data() + scan_, partial);
    fill_.read = whole_ = scan_ = 0;
    end_ = partial;
  }
}

// Gives the body of the incomplete frame at scan_ its own memory; it is the last thing in the chunk.
inline void decoder::begin_body(frame_header const& header)
{
  byte_view const have{fill_.bytes.data() + scan_ + header.length, end_ - scan_ - header.length};
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
  if (!header.command)
    keep_apart(header);
}

// The message in progress goes on with a frame that is not in the chunk, at whose end scan_ is.
inline void decoder::keep_apart(frame_header const& header)
{
  message_bytes_ += header.size;
  ++message_frames_;
  if (!building_)
    build_walked();
  if (fill_.messages > 0)
    seal();
  rewind();
}

// The message in progress is collected frame by frame from here on; those walked over so far lie before scan_.
inline void decoder::build_walked()
{
  building_ = true;
  for (std::size_t at = whole_; at < scan_;) {
    frame_header const header = read_frame_header(fill_.bytes.data() + at);
    std::size_t const size = static_cast<std::size_t>(header.size);
    at += header.length;
    if (!header.command)
      built_.push_back(frame{fill_.bytes.data() + at, size});
    at += size;
  }
}

inline void decoder::put(message m)
{
  if (fill_.messages > 0)
    split();
  queue_built(std::move(m));
  ++ready_;
}

inline void decoder::queue_built(message m)
{
  std::size_t memory = 0;
  for (frame const& each : m)
    memory += std::max(each.size(), sizeof(frame));
  queue_.push({{}, memory, 1, std::move(m)});
}

// Queues the chunk with its whole messages; what is behind them moves to the front of a new one.
inline void decoder::split()
{
  std::size_t const rest = end_ - whole_;
  std::size_t const walked = scan_ - whole_;
  chunk next;
  if (rest > 0) {
    next.acquire();
    std::memcpy(next.data(), fill_.bytes.data() + whole_, rest);
  }
  seal();
  fill_.bytes = std::move(next);
  end_ = rest;
  scan_ = walked;
}

// Queues the chunk with its whole messages. Leaves no chunk, and all cursors at zero.
inline void decoder::seal()
{
  queue_.push(std::move(fill_));
  fill_ = {};
  rewind();
}

}  // namespace cozmq::wire
