// One message for many peers: encoded once, small ones copied, large frames shared.
#pragma once

#include <cozmq/routing/pipe.hpp>
#include <cozmq/wire/encoder.hpp>

#include <cstddef>
#include <vector>

namespace cozmq::routing {

/// Hands a message out. Keeps its buffer, so that a publisher in steady use does not allocate.
class copies {
 public:
  /// From now on copies of `m`, which must stay, are given.
  void of(message const& m) noexcept
  {
    message_ = &m;
    prepared_ = false;
  }

  /// False when `p` is at its high-water mark.
  bool give(pipe& p)
  {
    if (!prepared_) {
      prepared_ = true;
      encoded_.clear();
      if (message_->size() <= copy_frames_at_most && message_->byte_size() <= copy_at_most)
        wire::encode(*message_, encoded_);
    }
    if (p.publish(published{*message_, encoded_}))
      return true;
    ++p.missed;
    return false;
  }

 private:
  // Larger messages are not copied per peer: their frames are shared. The headers of very many frames would not fit
  // into a buffer either.
  static constexpr std::size_t copy_at_most = 8192;
  static constexpr std::size_t copy_frames_at_most = 1024;

  message const* message_ = nullptr;
  bool prepared_ = false;
  std::vector<std::byte> encoded_;
};

}  // namespace cozmq::routing
