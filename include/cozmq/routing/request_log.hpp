// What subscribers sent, in the order of arrival, until the application receives it.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/ring.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/message/properties.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// First in, first out. A request takes its topic and 13 bytes: a hundred thousand of them may come in a burst. What
/// requests tell of their senders is kept once for all that follow each other from one.
class request_log {
 public:
  struct entry {
    std::uint64_t from;
    std::uint32_t size;  // of what follows, for a request
    bool is_message;
  };

  bool empty() const noexcept { return begin_ == bytes_.size(); }

  /// The memory that requests take, in bytes.
  std::size_t bytes() const noexcept { return bytes_.size() - begin_ + origins_.size() * sizeof(origin); }

  /// `who`, if there is one, becomes the metadata of the request.
  void push_request(std::uint64_t from, bool wanted, byte_view topic,
                    std::shared_ptr<properties const> const& who = nullptr)
  {
    if (who != nullptr || !origins_.empty())
      remember(who);
    ++requests_;
    push_head(from, 1 + topic.size(), false);
    bytes_.push_back(std::byte{wanted});
    bytes_.insert(bytes_.end(), topic.begin(), topic.end());
  }

  void push_message(std::uint64_t from, message&& m)
  {
    push_head(from, 0, true);
    m.keep();
    messages_.push(std::move(m));
  }

  /// Moves the oldest into `to`, as a message: a request is 01 or 00 and the topic. There must be one.
  entry pop(message& to)
  {
    entry e;
    std::memcpy(&e.from, bytes_.data() + begin_, sizeof e.from);
    std::memcpy(&e.size, bytes_.data() + begin_ + sizeof e.from, sizeof e.size);
    e.is_message = bytes_[begin_ + head_size - 1] != std::byte{0};
    begin_ += head_size;
    if (e.is_message) {
      to = std::move(messages_.front());
      messages_.pop();
    } else {
      to.clear();
      to.push_back(frame{byte_view{bytes_}.subspan(begin_, e.size)});
      begin_ += e.size;
      --requests_;
      if (!origins_.empty())
        tell_origin(to);
    }
    make_room();
    return e;
  }

 private:
  // Who sent so many requests that follow each other.
  struct origin {
    std::shared_ptr<properties const> who;
    std::size_t requests = 0;
  };

  // From whom the next request comes.
  void remember(std::shared_ptr<properties const> const& who)
  {
    if (origins_.empty() && requests_ > 0)
      origins_.push({nullptr, requests_});
    if (origins_.empty() || origins_.back().who != who)
      origins_.push({who, 0});
    ++origins_.back().requests;
  }

  void tell_origin(message& m)
  {
    origin& first = origins_.front();
    m.set_metadata(first.who);
    if (--first.requests > 0)
      return;
    first.who.reset();
    origins_.pop();
  }

  static constexpr std::size_t head_size = sizeof(std::uint64_t) + sizeof(std::uint32_t) + 1;

  void push_head(std::uint64_t from, std::size_t size, bool is_message)
  {
    auto const size32 = static_cast<std::uint32_t>(size);
    std::size_t const at = bytes_.size();
    bytes_.resize(at + head_size);
    std::memcpy(bytes_.data() + at, &from, sizeof from);
    std::memcpy(bytes_.data() + at + sizeof from, &size32, sizeof size32);
    bytes_[at + head_size - 1] = std::byte{is_message};
  }

  // Moves what is left to the front when half has been read: each byte is moved once, on the average.
  void make_room()
  {
    if (empty()) {
      bytes_.clear();
      if (bytes_.capacity() > keep_at_most)
        std::vector<std::byte>{}.swap(bytes_);
      begin_ = 0;
    } else if (begin_ > keep_at_most && begin_ > bytes_.size() / 2) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
      begin_ = 0;
    }
  }

  static constexpr std::size_t keep_at_most = 4096;

  std::vector<std::byte> bytes_;  // [begin_, end) is still to be read
  std::size_t begin_ = 0;
  ring<message> messages_;
  std::size_t requests_ = 0;
  ring<origin> origins_;  // of all requests, once one of them has one
};

}  // namespace cozmq::routing
