// What the sockets of one context share: defaults, the inproc names, and the list of sockets that shutting down walks.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/engine/door.hpp>
#include <cozmq/engine/io_pool.hpp>
#include <cozmq/engine/options.hpp>
#include <cozmq/engine/shutdown_service.hpp>
#include <cozmq/engine/whereabouts.hpp>
#include <cozmq/transport/asio.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace cozmq::engine {

class inproc_pipe;
class socket_core;

/// A socket as others reach it: from its own executor directly, from another one through the door.
struct reachable_socket {
  std::weak_ptr<socket_core> socket;
  std::shared_ptr<door> way;
};

/// Who has bound an inproc name.
struct inproc_name {
  reachable_socket owner;
  socket_core const* key;
  socket_type type;
};

/// An end that has connected to a name which nobody has bound.
struct inproc_waiter {
  reachable_socket owner;
  std::weak_ptr<inproc_pipe> pipe;
};

/// The state behind cozmq::context. Sockets hold it by reference, so it outlives the context object where they do.
class context_core {
 public:
  explicit context_core(asio::any_io_executor executor) : executor_{std::move(executor)} {}
  explicit context_core(std::size_t threads) : pool_{std::make_shared<io_pool>(threads)} {}

  /// For a new socket or coroutine that is given none: the application's, or that of a thread of the context.
  asio::any_io_executor executor() const { return pool_ ? pool_->place() : executor_; }
  /// Null when the application runs the executor.
  io_pool* pool() const noexcept { return pool_.get(); }

  /// Who calls on one thread and means a socket that lives on another one of the context?
  bool is_elsewhere(asio::any_io_executor const& executor) const noexcept
  {
    return pool_ && pool_->has_threads() && pool_->owns(executor) && !pool_->is_here(executor);
  }

  /// The thread of the context that runs `executor`; none when it is not one of these.
  std::thread::id thread_of(asio::any_io_executor const& executor) const noexcept
  {
    return pool_ ? pool_->thread_of(executor) : std::thread::id{};
  }

  /// Is that the executor of a context that was made without threads?
  bool lacks_threads(asio::any_io_executor const& executor) const noexcept
  {
    return pool_ && !pool_->has_threads() && pool_->owns(executor);
  }

  /// May the caller, who has the context, use a socket there directly? On an executor of the application, if it is the
  /// context's own and not known to run on other threads; on a thread of the context, if it is this one.
  bool is_local(asio::any_io_executor const& executor) const noexcept
  {
    return pool_ ? pool_->is_here(executor) || lacks_threads(executor)
                 : executor == executor_ && !may_run_elsewhere(executor);
  }

  /// Nothing is left to deliver on the context's threads.
  bool delivered()
  {
    std::lock_guard const lock{mutex_};
    return on_threads_ == 0;
  }

  bool terminated() const noexcept { return terminated_; }

  /// What new sockets start with.
  socket_options defaults;
  std::size_t max_sockets = socket_options::unlimited;

  /// Zero; or terminated; or too_many_sockets, those that still deliver included.
  errc add(std::shared_ptr<socket_core> const& s, asio::any_io_executor const& executor)
  {
    std::lock_guard const lock{mutex_};
    if (terminated_)
      return errc::terminated;
    if (sockets_.size() >= max_sockets)
      return errc::too_many_sockets;
    bool const on_thread = pool_ && pool_->has_threads() && pool_->owns(executor);
    sockets_[s.get()] = {s, on_thread};
    if (on_thread)
      ++on_threads_;
    return {};
  }

  void remove(socket_core const& s)
  {
    {
      std::lock_guard const lock{mutex_};
      if (auto const at = sockets_.find(&s); at != sockets_.end()) {
        if (at->second.on_thread)
          --on_threads_;
        sockets_.erase(at);
      }
      lingering_.erase(&s);
      std::erase_if(names_, [&s](auto const& name) { return name.second.key == &s; });
    }
    if (pool_)
      pool_->notify();
  }

  /// Keeps a closed socket until its queues are delivered or given up.
  void keep(std::shared_ptr<socket_core> s)
  {
    std::lock_guard const lock{mutex_};
    socket_core const* const key = s.get();
    lingering_[key] = std::move(s);
  }

  /// The sockets that exist now, lingering ones too.
  std::vector<std::shared_ptr<socket_core>> sockets()
  {
    std::lock_guard const lock{mutex_};
    std::vector<std::shared_ptr<socket_core>> result;
    for (auto const& [key, known] : sockets_)
      if (auto alive = known.socket.lock())
        result.push_back(std::move(alive));
    return result;
  }

  /// True when it was before.
  bool terminate() noexcept
  {
    std::lock_guard const lock{mutex_};  // a socket is added before, and is found, or not at all
    return terminated_.exchange(true);
  }

  // ---- inproc names: one owner each, and those who wait for a name to be bound ----

  /// False when somebody has bound it already.
  bool bind_name(std::string const& name, inproc_name owner)
  {
    std::lock_guard const lock{mutex_};
    return names_.emplace(name, std::move(owner)).second;
  }

  void unbind_name(std::string const& name, socket_core const& owner)
  {
    std::lock_guard const lock{mutex_};
    if (auto const at = names_.find(name); at != names_.end() && at->second.key == &owner)
      names_.erase(at);
  }

  std::optional<inproc_name> find_name(std::string const& name)
  {
    std::lock_guard const lock{mutex_};
    auto const at = names_.find(name);
    return at == names_.end() ? std::nullopt : std::optional{at->second};
  }

  /// As find_name; when there is nobody yet, `waiter` is kept for who binds it.
  std::optional<inproc_name> find_name_or_wait(std::string const& name, inproc_waiter waiter)
  {
    std::lock_guard const lock{mutex_};
    auto const at = names_.find(name);
    if (at != names_.end())
      return at->second;
    keep_waiter(name, std::move(waiter));
    return std::nullopt;
  }

  /// Waits for the next one who binds `name`; false when somebody else than `refused` has it already.
  bool wait_for_other(std::string const& name, socket_core const* refused, inproc_waiter waiter)
  {
    std::lock_guard const lock{mutex_};
    if (auto const at = names_.find(name); at != names_.end() && at->second.key != refused)
      return false;
    keep_waiter(name, std::move(waiter));
    return true;
  }

  /// Those that wait for `name`, who wait no more.
  std::vector<inproc_waiter> take_waiters(std::string const& name)
  {
    std::lock_guard const lock{mutex_};
    auto found = waiters_.extract(name);
    return found ? std::move(found.mapped()) : std::vector<inproc_waiter>{};
  }

 private:
  struct known_socket {
    std::weak_ptr<socket_core> socket;
    bool on_thread = false;  // of the context
  };

  void keep_waiter(std::string const& name, inproc_waiter waiter)
  {
    std::vector<inproc_waiter>& all = waiters_[name];
    std::erase_if(all, [](inproc_waiter const& each) { return each.pipe.expired(); });
    all.push_back(std::move(waiter));
  }

  asio::any_io_executor executor_;
  std::shared_ptr<io_pool> pool_;
  std::mutex mutex_;
  std::atomic<bool> terminated_ = false;
  std::unordered_map<socket_core const*, known_socket> sockets_;
  std::size_t on_threads_ = 0;  // of them
  std::unordered_map<socket_core const*, std::shared_ptr<socket_core>> lingering_;
  std::unordered_map<std::string, inproc_name> names_;
  std::unordered_map<std::string, std::vector<inproc_waiter>> waiters_;
};

}  // namespace cozmq::engine
