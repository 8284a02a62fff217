// What runs the sockets of a test: a loop of this thread's, loops with threads, strands, and how they end.
#pragma once

#include "support/dice.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <semaphore>
#include <string_view>
#include <thread>
#include <vector>

namespace cozmq::test {

// Runs `f` there, and waits for it.
template <typename F>
void run_there(asio::any_io_executor const& executor, F f)
{
  std::binary_semaphore over{0};
  asio::post(executor, [&] {
    f();
    over.release();
  });
  over.acquire();
}

// Lets time go by, for threads that are at work.
inline void wait_busily(std::chrono::microseconds time)
{
  auto const end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
}

enum class ground { own_loop, strand_of_own_loop, thread, strand_of_threads, strand_of_pool };
inline constexpr std::size_t ground_kinds = 5;

constexpr std::string_view name_of(ground kind) noexcept
{
  switch (kind) {
    case ground::own_loop: return "a loop of its own";
    case ground::strand_of_own_loop: return "a strand of a loop of its own";
    case ground::thread: return "a loop with a thread";
    case ground::strand_of_threads: return "a strand of a loop with threads";
    default: return "a strand of a thread pool";
  }
}

// Has threads until it is stopped; then nothing runs any more and everything belongs to the caller.
class grounds {
 public:
  explicit grounds(ground kind) : strand_{kind != ground::own_loop && kind != ground::thread}
  {
    if (kind == ground::strand_of_pool) {
      pool_.emplace(2);
      executor_ = asio::make_strand(pool_->get_executor());
      threads_run_ = true;
      return;
    }
    std::size_t const threads = kind == ground::thread ? 1 : kind == ground::strand_of_threads ? 2 : 0;
    loop_.emplace(threads == 2 ? 2 : 1);
    executor_ =
        strand_ ? asio::any_io_executor{asio::make_strand(loop_->get_executor())} : loop_->get_executor();
    if (threads > 0)
      work_.emplace(loop_->get_executor());
    for (std::size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this] { loop_->run(); });
    threads_run_ = threads > 0;
  }
  grounds(grounds const&) = delete;
  grounds& operator=(grounds const&) = delete;
  ~grounds() { stop(); }

  asio::any_io_executor const& executor() const noexcept { return executor_; }
  // Asio's strands must not outlive what they are made of, and so a socket on one must not.
  bool goes_last() const noexcept { return strand_; }

  // Does `f` where the sockets live.
  template <typename F>
  void at(F f)
  {
    if (threads_run_)
      run_there(executor_, f);
    else
      f();
  }

  // Lets the sockets work for a while, or for some steps.
  void run(dice& d)
  {
    if (threads_run_)
      return wait_busily(d.time_below(std::chrono::microseconds{200}));
    if (!loop_)
      return;
    loop_->restart();
    if (d.one_in(3)) {
      loop_->run_for(d.time_below(std::chrono::microseconds{3'000}));
    } else {
      for (std::size_t left = d.below(50); left > 0 && loop_->poll_one() > 0; --left) {
      }
    }
  }

  // Whatever waits, waits for ever.
  void stop()
  {
    if (loop_)
      loop_->stop();
    if (pool_)
      pool_->stop();
    join();
  }

  // Does what is left to do. False when that did not end in time.
  bool finish()
  {
    bool over = true;
    if (loop_ && !threads_run_) {
      loop_->restart();
      loop_->run_for(std::chrono::seconds{20});
      over = loop_->stopped();
    }
    join();
    return over;
  }

  // Only when it has stopped or finished.
  void destroy()
  {
    executor_ = {};
    loop_.reset();
    pool_.reset();
  }

 private:
  void join()
  {
    work_.reset();
    for (std::thread& t : threads_)
      t.join();
    threads_.clear();
    if (pool_)
      pool_->join();
    threads_run_ = false;
  }

  bool strand_;
  bool threads_run_ = false;
  std::optional<asio::io_context> loop_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::optional<asio::thread_pool> pool_;
  std::vector<std::thread> threads_;
  asio::any_io_executor executor_;
};

}  // namespace cozmq::test
