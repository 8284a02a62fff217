// The way to a socket's executor from other threads.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <mutex>
#include <utility>

namespace cozmq::engine {

/// Lets other threads post to an executor as long as its execution context lives: closed before that goes, it lets nothing
/// through any more. Thread-safe.
class door {
 public:
  explicit door(asio::any_io_executor executor) : executor_{std::move(executor)} {}

  /// Is it this executor that the door leads to? May be asked after it is closed.
  bool leads_to(asio::any_io_executor const& other) const noexcept { return executor_ == other; }

  /// Posts `work`. False when the door is closed: nothing has happened.
  template <class Work>
  bool post(Work&& work)
  {
    std::lock_guard const lock{mutex_};
    if (!open_)
      return false;
    asio::post(executor_, std::forward<Work>(work));
    return true;
  }

  void close() noexcept
  {
    std::lock_guard const lock{mutex_};
    open_ = false;
  }

 private:
  asio::any_io_executor const executor_;
  std::mutex mutex_;
  bool open_ = true;
};

}  // namespace cozmq::engine
