// Counts what must happen exactly once: that a completion handler runs, or is destroyed without.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace cozmq::test {

// Of many handlers, whichever threads they run on.
class tally {
 public:
  std::size_t begun() const noexcept { return begun_; }
  std::size_t ran() const noexcept { return ran_; }
  // Each of them has run once, or was destroyed.
  bool settled() const noexcept { return begun_ == ran_ + destroyed_ && again_ == 0; }

 private:
  friend class witness;
  std::atomic<std::size_t> begun_ = 0;
  std::atomic<std::size_t> ran_ = 0;
  std::atomic<std::size_t> destroyed_ = 0;
  std::atomic<std::size_t> again_ = 0;
};

// Part of one handler. In a coroutine, which has no end to tell of, it counts the destruction of the frame.
class witness {
 public:
  explicit witness(tally& t) : tally_{&t} { ++t.begun_; }
  witness(witness&& other) noexcept : tally_{std::exchange(other.tally_, nullptr)}, ran_{other.ran_} {}
  witness& operator=(witness&&) = delete;
  ~witness()
  {
    if (tally_ != nullptr && !ran_)
      ++tally_->destroyed_;
  }

  void runs() { ++(std::exchange(ran_, true) ? tally_->again_ : tally_->ran_); }

 private:
  tally* tally_;
  bool ran_ = false;
};

}  // namespace cozmq::test
