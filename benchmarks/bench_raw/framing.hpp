// ZMTP frames at the least possible cost: a batch packed for one write, a read parsed into owned messages.
#pragma once

#include "bench_raw/stream.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench::raw {

inline constexpr std::size_t batch_size = 65536;
inline constexpr std::size_t longest_header = 9;
inline constexpr char long_flag = 2;

/// Writes the header of a frame of `size` octets. Returns its length.
inline std::size_t put_header(char* to, std::size_t size)
{
  if (size < 256) {
    to[0] = 0;
    to[1] = static_cast<char>(size);
    return 2;
  }
  to[0] = long_flag;
  for (unsigned i = 0; i < 8; ++i) {
    to[1 + i] = static_cast<char>(static_cast<std::uint64_t>(size) >> (56 - 8 * i));
  }
  return longest_header;
}

/// Packs frames into one batch; the caller writes it when full.
class batch {
 public:
  /// False when the payload does not fit behind what is there.
  bool add(std::string const& payload)
  {
    if (size_ + longest_header + payload.size() > octets_.size()) {
      return false;
    }
    size_ += put_header(octets_.data() + size_, payload.size());
    std::memcpy(octets_.data() + size_, payload.data(), payload.size());
    size_ += payload.size();
    return true;
  }

  void clear() { size_ = 0; }

  char const* data() const { return octets_.data(); }

  std::size_t size() const { return size_; }

 private:
  std::vector<char> octets_ = std::vector<char>(batch_size);
  std::size_t size_ = 0;
};

/// Reads a stream of frames; each payload is copied, or read, into memory of its own.
class frame_reader {
 public:
  explicit frame_reader(stream& from) : from_{&from}, buffer_(batch_size) {}

  /// One read; calls `done(first_octet)` for each message it completes, until that says true. True when it did.
  template <class Done>
  bool step(Done done)
  {
    if (large_left_ != 0) {
      return read_into_large(done);
    }
    make_room();
    end_ += from_->read_some(buffer_.data() + end_, buffer_.size() - end_);
    for (frame next; next_frame(next); begin_ += next.header + next.size) {
      if (end_ - begin_ < next.header + next.size) {
        start_large(next);
        return false;
      }
      auto owned = std::make_unique_for_overwrite<char[]>(next.size);
      std::memcpy(owned.get(), buffer_.data() + begin_ + next.header, next.size);
      char const first = owned[0];
      keep(std::move(owned));
      if (done(first)) {
        return true;
      }
    }
    return false;
  }

 private:
  struct frame {
    std::size_t header = 0;
    std::size_t size = 0;
  };

  // False while the header, or a body that will fit into the buffer, is incomplete.
  bool next_frame(frame& f) const
  {
    std::size_t const have = end_ - begin_;
    char const* const at = buffer_.data() + begin_;
    if (have < 2 || (at[0] == long_flag && have < longest_header)) {
      return false;
    }
    f = {2, static_cast<unsigned char>(at[1])};
    if (at[0] == long_flag) {
      f = {longest_header, 0};
      for (unsigned i = 0; i < 8; ++i) {
        f.size = f.size << 8 | static_cast<unsigned char>(at[1 + i]);
      }
    }
    return have >= f.header + f.size || f.header + f.size > buffer_.size() / 2;
  }

  void make_room()
  {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }

  void start_large(frame const& f)
  {
    std::size_t const have = end_ - begin_ - f.header;
    large_ = std::make_unique_for_overwrite<char[]>(f.size);
    std::memcpy(large_.get(), buffer_.data() + begin_ + f.header, have);
    large_at_ = have;
    large_left_ = f.size - have;
    begin_ = end_ = 0;
  }

  template <class Done>
  bool read_into_large(Done done)
  {
    std::size_t const got = from_->read_some(large_.get() + large_at_, large_left_);
    large_at_ += got;
    large_left_ -= got;
    if (large_left_ != 0) {
      return false;
    }
    char const first = large_[0];
    keep(std::move(large_));
    return done(first);
  }

  // A user holds a message for a moment; freeing each at once would flatter the allocator.
  void keep(std::unique_ptr<char[]> message) { kept_[next_kept_++ % kept_.size()] = std::move(message); }

  stream* from_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::unique_ptr<char[]> large_;
  std::size_t large_at_ = 0;
  std::size_t large_left_ = 0;
  std::array<std::unique_ptr<char[]>, 64> kept_;
  std::size_t next_kept_ = 0;
};

}  // namespace bench::raw
