// The threads of a context that has its own: one event loop each.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/log.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/query.hpp>
#include <fmt/format.h>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace cozmq::engine {

/// How the threads of a context are made.
struct thread_settings {
  std::string name_prefix = "cozmq";
  std::vector<unsigned> cpus;  // on which they may run; all when empty
  int policy = -1;             // of the scheduler, as SCHED_FIFO; -1 is the process's own
  int priority = 0;
};

/// A number of threads, each of which runs an io_context. They start with the first use.
class io_pool : public std::enable_shared_from_this<io_pool> {
 public:
  explicit io_pool(std::size_t count) : count_{count} {}
  io_pool(io_pool const&) = delete;
  io_pool& operator=(io_pool const&) = delete;
  ~io_pool() { join(); }

  std::size_t count() const noexcept { return count_; }
  thread_settings const& settings() const noexcept { return settings_; }
  bool started() const noexcept { return started_.load(std::memory_order_acquire); }
  bool has_threads() const noexcept { return count_ > 0; }

  /// False, and nothing happens, when the threads run already.
  bool configure(std::size_t count, thread_settings settings)
  {
    std::lock_guard const lock{mutex_};
    if (started())
      return false;
    count_ = count;
    settings_ = std::move(settings);
    return true;
  }

  /// The executor for something new: that of the calling thread if it is one of ours, else one after the other. With no
  /// threads it is one that the application runs, if anybody.
  asio::any_io_executor place()
  {
    start();
    if (current_worker != nullptr && current_worker->owner == this)
      return current_worker->io.get_executor();
    return at(next_.fetch_add(1, std::memory_order_relaxed) % workers_.size());
  }

  /// The executor of one thread.
  asio::any_io_executor at(std::size_t number)
  {
    start();
    return workers_.at(number)->io.get_executor();
  }

  /// Does one of the threads run `executor`? Also a strand on it, for example.
  bool owns(asio::any_io_executor const& executor) const noexcept
  {
    if (!started())
      return false;
    auto const* const runs = execution_context_of(executor);
    return std::ranges::any_of(workers_, [runs](auto const& w) { return &w->io == runs; });
  }

  /// The thread that runs `executor`; none when it is not one of these.
  std::thread::id thread_of(asio::any_io_executor const& executor) const noexcept
  {
    if (started())
      for (auto const& w : workers_)
        if (w->io.get_executor() == executor)
          return w->thread.get_id();
    return {};
  }

  /// Is the calling thread one of these?
  bool is_here() const noexcept { return current_worker != nullptr && current_worker->owner == this; }
  /// Is the calling thread the one that runs `executor`?
  bool is_here(asio::any_io_executor const& executor) const noexcept
  {
    return current_worker != nullptr && current_worker->owner == this &&
           &current_worker->io == execution_context_of(executor);
  }

  /// Something has ended that `finish` may wait for.
  void notify()
  {
    std::lock_guard const lock{mutex_};
    changed_.notify_all();
  }

  /// Lets the threads end when they have nothing left to do. Waits until `delivered()`, and a moment longer for coroutines
  /// that are on their way out; those that wait for something else then are destroyed, each on its own thread. Called on
  /// one of these threads it does not wait, and that thread ends when it has returned from what it is doing.
  void finish(std::function<bool()> const& delivered)
  {
    for (auto const& w : workers_)
      w->work.reset();
    if (!is_here()) {
      std::unique_lock lock{mutex_};
      auto const over = [this] { return running_ == 0; };
      changed_.wait(lock, [&] { return over() || delivered(); });
      changed_.wait_for(lock, grace, over);
    }
    join();
    if (count_ == 0)
      for (auto const& w : workers_)
        w->io.destroy_what_waits();
  }

 private:
  static constexpr std::chrono::milliseconds grace{500};

  // An io_context whose handlers can be destroyed while sockets that outlive them still refer to it.
  struct loop : asio::io_context {
    loop() : io_context{1} {}
    void destroy_what_waits() { shutdown(); }
  };

  struct worker {
    worker(io_pool* pool, std::size_t which) : owner{pool}, number{which}, work{io.get_executor()} {}
    io_pool* owner;
    std::size_t number;
    loop io;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::thread thread;
  };

  static asio::execution_context const* execution_context_of(asio::any_io_executor const& executor) noexcept
  {
    return &asio::query(executor, asio::execution::context);
  }

  void start()
  {
    if (started())
      return;
    std::lock_guard const lock{mutex_};
    if (started())
      return;
    for (std::size_t i = 0; i < std::max<std::size_t>(1, count_); ++i)
      workers_.push_back(std::make_unique<worker>(this, i));
    try {
      for (std::size_t i = 0; i < count_; ++i) {
        worker* const w = workers_[i].get();
        w->thread = std::thread{[self = shared_from_this(), w] { self->run(*w); }};
        ++running_;
      }
    } catch (...) {
      // Those that run are kept for the next attempt's sake: none, the system gives no more threads.
      std::size_t const started = running_;
      workers_.resize(started);
      if (started == 0)
        throw;
      write_log(log_level::error, "the system gave {} of {} I/O threads", started, count_);
      count_ = started;
    }
    started_.store(true, std::memory_order_release);
  }

  void run(worker& w)
  {
    current_worker = &w;
    apply_settings(w.number);
    for (;;) {
      try {
        w.io.run();
        break;
      } catch (std::exception const& e) {
        // Of a completion handler of the application; the thread goes on for all others.
        write_log(log_level::error, "an exception left a handler on an I/O thread: {}", e.what());
      } catch (...) {
        write_log(log_level::error, "an exception of unknown type left a handler on an I/O thread");
      }
    }
    w.io.destroy_what_waits();
    std::lock_guard const lock{mutex_};
    --running_;
    changed_.notify_all();
  }

  void apply_settings(std::size_t number) const
  {
    std::string const name = fmt::format("{}/{}", settings_.name_prefix, number).substr(0, 15);
    ::pthread_setname_np(::pthread_self(), name.c_str());
    if (!settings_.cpus.empty()) {
      cpu_set_t allowed;
      CPU_ZERO(&allowed);
      for (unsigned const cpu : settings_.cpus)
        CPU_SET(cpu, &allowed);
      warn_if(::pthread_setaffinity_np(::pthread_self(), sizeof allowed, &allowed), "thread_cpus");
    }
    if (settings_.policy >= 0) {
      sched_param parameters{};
      parameters.sched_priority = settings_.priority;
      warn_if(::pthread_setschedparam(::pthread_self(), settings_.policy, &parameters), "thread_scheduling");
    }
  }

  static void warn_if(int failed, std::string_view option)
  {
    if (failed != 0)
      write_log(log_level::warn, "{} has no effect on an I/O thread: {}", option, std::strerror(failed));
  }

  void join() noexcept
  {
    for (auto const& w : workers_)
      w->io.stop();
    for (auto const& w : workers_) {
      if (!w->thread.joinable())
        continue;
      if (is_here())
        w->thread.detach();  // it may be waiting for this one; each keeps the pool until it has ended
      else
        w->thread.join();
    }
  }

  inline static thread_local worker* current_worker = nullptr;

  std::size_t count_;
  thread_settings settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> started_ = false;
  std::atomic<std::size_t> next_ = 0;
  std::size_t running_ = 0;
  std::vector<std::unique_ptr<worker>> workers_;
};

}  // namespace cozmq::engine
