// What the sockets of one context share: defaults, the inproc names, and the list of sockets that shutting down walks.
#pragma once

#include <cozmq/engine/options.hpp>
#include <cozmq/engine/shutdown_service.hpp>
#include <cozmq/transport/asio.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace cozmq::engine {

class socket_core;

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
    std::erase_if(names_, [&s](auto const& name) { return name.second == &s; });
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

  bool bind_name(std::string const& name, socket_core& owner)
  {
    std::lock_guard const lock{mutex_};
    return names_.emplace(name, &owner).second;
  }

  bool unbind_name(std::string const& name, socket_core const& owner)
  {
    std::lock_guard const lock{mutex_};
    auto const at = names_.find(name);
    if (at == names_.end() || at->second != &owner)
      return false;
    names_.erase(at);
    return true;
  }

  socket_core* find_name(std::string const& name)
  {
    std::lock_guard const lock{mutex_};
    auto const at = names_.find(name);
    return at == names_.end() ? nullptr : at->second;
  }

 private:
  asio::any_io_executor executor_;
  std::mutex mutex_;
  bool terminated_ = false;
  std::unordered_map<socket_core const*, std::weak_ptr<socket_core>> sockets_;
  std::unordered_map<socket_core const*, std::shared_ptr<socket_core>> lingering_;
  std::unordered_map<std::string, socket_core*> names_;
};

}  // namespace cozmq::engine
