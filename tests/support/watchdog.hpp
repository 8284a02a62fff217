// Ends the program when something hangs, and says what: a hang in a destructor has no other way to be told.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace cozmq::test {

class watchdog {
 public:
  explicit watchdog(std::chrono::seconds patience) : thread_{[this, patience] { watch(patience); }} {}
  watchdog(watchdog const&) = delete;
  watchdog& operator=(watchdog const&) = delete;
  ~watchdog()
  {
    {
      std::lock_guard const lock{mutex_};
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // It goes on; what it does next is `now`.
  void feed(std::string now)
  {
    std::lock_guard const lock{mutex_};
    now_ = std::move(now);
    fed_ = true;
  }

 private:
  void watch(std::chrono::seconds patience)
  {
    std::unique_lock lock{mutex_};
    while (!changed_.wait_for(lock, patience, [this] { return over_; })) {
      if (!std::exchange(fed_, false)) {
        std::fprintf(stderr, "hangs: %s\n", now_.c_str());
        std::abort();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string now_;
  bool fed_ = false;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace cozmq::test
