// Opens the sealed frames that arrive and hands what was in them to a decoder.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/message/frame_builder.hpp>
#include <cozmq/wire/chunk.hpp>
#include <cozmq/wire/decoder.hpp>
#include <cozmq/wire/frame_header.hpp>
#include <cozmq/wire/mechanism.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>

namespace cozmq::wire {

/// The incoming half of a secured connection. It is used as a decoder is: `prepare()` says where the next octets go,
/// `commit(n)` takes note of n octets read there.
///
/// What comes from the wire is opened in place. Small frames are then copied to the decoder's memory; a large one is read
/// into memory of its own, which grows with the octets received, and that becomes the frame.
class frame_opener {
 public:
  std::array<std::span<std::byte>, 2> prepare()
  {
    small_.acquire();
    std::span<std::byte> const free{small_.data() + end_, chunk::capacity - end_};
    if (!body_)
      return {free, {}};
    // Only a little is read beyond a large frame: if another one follows, that then needs no copy.
    std::span<std::byte> const body = body_->writable();
    bool const last = body.size() == body_->remaining();
    return {body, last ? free.first(look_ahead) : std::span<std::byte>{}};
  }

  /// `on_command` and errors are those of `decoder::commit()`; further ones are those of `mechanism::open()`. What was
  /// whole before the error is in the decoder.
  template <class OnCommand>
  std::error_code commit(std::size_t count, mechanism& security, decoder& to, OnCommand& on_command)
  {
    if (body_) {
      std::size_t const part = std::min(count, body_->writable().size());
      body_->commit(part);
      count -= part;
      if (!body_->complete())
        return {};
      if (std::error_code const ec = open_large(security, to, on_command); ec)
        return ec;
    }
    end_ += count;
    std::size_t at = 0;
    std::optional<frame_header> incomplete;
    if (std::error_code const ec = open_whole(at, incomplete, security, to, on_command); ec)
      return ec;
    return keep_rest(at, incomplete, security, to);
  }

  /// Gives the buffer back when nothing waits in it.
  void release() noexcept
  {
    if (end_ == 0)
      small_.release();
  }

 private:
  // A frame from this size on that is not whole yet gets its own memory.
  static constexpr std::size_t large_body = 32768;
  static constexpr std::size_t look_ahead = 512;

  // Writes frames one after the other into the decoder's memory, and commits them all at a time.
  template <class OnCommand>
  class clear_writer {
   public:
    clear_writer(decoder& to, OnCommand& on_command) : to_{to}, on_command_{on_command} {}

    std::error_code put(unsigned flags, byte_view body)
    {
      std::size_t const size = frame_header_length(body.size()) + body.size();
      if (size > free_.size() - used_) [[unlikely]] {
        if (std::error_code const ec = flush(); ec)
          return ec;
        free_ = to_.prepare()[0];
      }
      if (size > free_.size() - used_ || body.size() >= large_body) [[unlikely]]
        return put_large(flags, body);
      std::byte* const at = encode_frame_header(free_.data() + used_, flags, body.size());
      if (!body.empty())
        std::memcpy(at, body.data(), body.size());
      used_ += size;
      return {};
    }

    std::error_code flush()
    {
      std::size_t const count = std::exchange(used_, 0);
      free_ = {};
      return count > 0 ? to_.commit(count, on_command_) : std::error_code{};
    }

   private:
    // The decoder sees the header first, and then says where it wants the body.
    std::error_code put_large(unsigned flags, byte_view body)
    {
      std::error_code ec = flush();
      std::array<std::byte, max_frame_header_size> header;
      auto const length =
          static_cast<std::size_t>(encode_frame_header(header.data(), flags, body.size()) - header.data());
      for (byte_view part : {byte_view{header}.first(length), body})
        while (!part.empty() && !ec) {
          std::span<std::byte> const room = to_.prepare()[0];
          std::size_t const count = std::min(room.size(), part.size());
          std::memcpy(room.data(), part.data(), count);
          part = part.subspan(count);
          ec = to_.commit(count, on_command_);
        }
      return ec;
    }

    decoder& to_;
    OnCommand& on_command_;
    std::span<std::byte> free_;
    std::size_t used_ = 0;
  };

  // Opens the frames that are whole, of which the last one ends at `at`.
  template <class OnCommand>
  std::error_code open_whole(std::size_t& at, std::optional<frame_header>& incomplete, mechanism& security,
                             decoder& to, OnCommand& on_command)
  {
    clear_writer writer{to, on_command};
    std::error_code ec;
    while (!ec) {
      std::span<std::byte> const rest{small_.data() + at, end_ - at};
      std::optional<frame_header> const header = parse_frame_header(rest, ec);
      if (!header)
        break;
      if (header->size > rest.size() - header->length) {
        incomplete = header;
        break;
      }
      std::size_t const size = static_cast<std::size_t>(header->size);
      opened_frame opened;
      ec = security.open(flags_of(*header), rest.subspan(header->length, size), opened);
      if (ec)
        break;
      at += header->length + size;
      ec = writer.put(opened.flags, opened.body);
    }
    std::error_code const earlier = writer.flush();
    return earlier ? earlier : ec;
  }

  std::error_code keep_rest(std::size_t at, std::optional<frame_header> const& incomplete,
                            mechanism const& security, decoder const& to)
  {
    byte_view const rest{small_.data() + at, end_ - at};
    end_ = 0;
    if (incomplete) {
      if (!may_come(*incomplete, security, to))
        return errc::message_too_large;
      if (incomplete->size >= large_body) {
        begin_large(*incomplete, rest.subspan(incomplete->length), security);
        return {};
      }
    }
    std::memmove(small_.data(), rest.data(), rest.size());
    end_ = rest.size();
    return {};
  }

  // The limits are for what is in it. A message or a command: that is seen when it is opened.
  static bool may_come(frame_header const& header, mechanism const& security, decoder const& to)
  {
    std::uint64_t const most = to.largest_next();
    return header.size <= most || frame_header_length(header.size) + header.size <=
                                      security.sealed_size(static_cast<std::size_t>(most));
  }

  void begin_large(frame_header const& header, byte_view have, mechanism const& security)
  {
    // The clear octets of most mechanisms are at the end, and shall be aligned as those of any frame.
    std::size_t const in_front = security.sealed_size(0) - frame_header_length(0);
    std::size_t const lead = (alignment - in_front % alignment) % alignment;
    header_ = header;
    body_.emplace(lead + static_cast<std::size_t>(header.size));
    body_->commit(lead);
    lead_ = lead;
    while (!have.empty()) {
      std::span<std::byte> const room = body_->writable();
      std::size_t const part = std::min(room.size(), have.size());
      std::memcpy(room.data(), have.data(), part);
      body_->commit(part);
      have = have.subspan(part);
    }
  }

  template <class OnCommand>
  std::error_code open_large(mechanism& security, decoder& to, OnCommand& on_command)
  {
    std::span<std::byte> const all = body_->committed();
    opened_frame opened;
    if (std::error_code const ec = security.open(flags_of(header_), all.subspan(lead_), opened); ec)
      return ec;
    auto const from = static_cast<std::size_t>(opened.body.data() - all.data());
    frame whole = body_->take(from, opened.body.size());
    body_.reset();
    frame_header header;
    header.more = (opened.flags & flag_more) != 0;
    header.command = (opened.flags & flag_command) != 0;
    header.size = whole.size();
    return to.commit(std::move(whole), header, on_command);
  }

  static constexpr std::size_t alignment = alignof(std::max_align_t);

  chunk small_;                        // of a frame that is not whole yet, from its front on
  std::size_t end_ = 0;                // so much of it
  std::optional<frame_builder> body_;  // the large frame that is arriving, behind `lead_` octets
  frame_header header_{};
  std::size_t lead_ = 0;
};

}  // namespace cozmq::wire
