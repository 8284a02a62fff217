// What the sockets of one context share: defaults, the inproc names, and the list of sockets that shutting down walks.
#pragma once

#include <cozmq/core/socket_type.hpp>
#include <cozmq/engine/door.hpp>
#include <cozmq/engine/options.hpp>
#include <cozmq/engine/shutdown_service.hpp>
#include <cozmq/transport/asio.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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

  asio::any_io_executor const& executor() const noexcept { return executor_; }
  bool terminated() const noexcept { return terminated_; }

  /// What new sockets start with.
  socket_options defaults;
  std::size_t max_sockets = socket_options::unlimited;

  /// False when there are as many sockets as allowed, those that still deliver included.
  bool add(std::shared_ptr<socket_core> const& s)
  {
    std::lock_guard const lock{mutex_};
    if (sockets_.size() >= max_sockets)
      return false;
    sockets_[s.get()] = s;
    return true;
  }

  void remove(socket_core const& s)
  {
    std::lock_guard const lock{mutex_};
    sockets_.erase(&s);
    lingering_.erase(&s);
    std::erase_if(names_, [&s](auto const& name) { return name.second.key == &s; });
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
    for (auto const& [key, s] : sockets_)
      if (auto alive = s.lock())
        result.push_back(std::move(alive));
    return result;
  }

  void terminate() noexcept { terminated_ = true; }

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

  /// Waits for the next one who binds `name`, whoever has it now.
  void wait_for_name(std::string const& name, inproc_waiter waiter)
  {
    std::lock_guard const lock{mutex_};
    keep_waiter(name, std::move(waiter));
  }

  /// Those that wait for `name`, who wait no more.
  std::vector<inproc_waiter> take_waiters(std::string const& name)
  {
    std::lock_guard const lock{mutex_};
    auto found = waiters_.extract(name);
    return found ? std::move(found.mapped()) : std::vector<inproc_waiter>{};
  }

 private:
  void keep_waiter(std::string const& name, inproc_waiter waiter)
  {
    std::vector<inproc_waiter>& all = waiters_[name];
    std::erase_if(all, [](inproc_waiter const& each) { return each.pipe.expired(); });
    all.push_back(std::move(waiter));
  }

  asio::any_io_executor executor_;
  std::mutex mutex_;
  std::atomic<bool> terminated_ = false;
  std::unordered_map<socket_core const*, std::weak_ptr<socket_core>> sockets_;
  std::unordered_map<socket_core const*, std::shared_ptr<socket_core>> lingering_;
  std::unordered_map<std::string, inproc_name> names_;
  std::unordered_map<std::string, std::vector<inproc_waiter>> waiters_;
};

}  // namespace cozmq::engine
