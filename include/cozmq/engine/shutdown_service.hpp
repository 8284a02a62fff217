// Destroys waiting operations with their execution context.
#pragma once

#include <cozmq/transport/asio.hpp>

#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace cozmq::engine {

/// Something that holds handlers of an execution context which may end first.
///
/// A coroutine that waits on a socket is owned by its handler, the handler by the socket, and the socket often by
/// that coroutine: when the context goes, somebody has to cut this circle.
class shutdown_hook {
 public:
  virtual void on_context_shutdown() noexcept = 0;

 protected:
  ~shutdown_hook() = default;

 private:
  friend class shutdown_service;
  std::optional<std::weak_ptr<void>> owner_;  // where other threads may destroy it
  shutdown_hook* next_ = nullptr;
  shutdown_hook* previous_ = nullptr;
};

/// The list of hooks of one execution context. Thread-safe.
class shutdown_service final : public asio::execution_context::service {
 public:
  using key_type = shutdown_service;
  inline static asio::execution_context::id id;

  explicit shutdown_service(asio::execution_context& context) : service{context} {}

  static shutdown_service& of(asio::any_io_executor const& executor)
  {
    return asio::use_service<shutdown_service>(asio::query(executor, asio::execution::context));
  }

  /// `owner` keeps the object alive while its hook is called, for one that other threads may destroy.
  void add(shutdown_hook& hook, std::optional<std::weak_ptr<void>> owner = {})
  {
    std::lock_guard const lock{mutex_};
    hook.owner_ = std::move(owner);
    hook.next_ = first_;
    if (first_)
      first_->previous_ = &hook;
    first_ = &hook;
  }

  void remove(shutdown_hook& hook) noexcept
  {
    std::lock_guard const lock{mutex_};
    unlink(hook);
  }

 private:
  void shutdown() noexcept override
  {
    for (;;) {
      shutdown_hook* hook = nullptr;
      std::shared_ptr<void> kept;
      {
        std::lock_guard const lock{mutex_};
        hook = first_;
        if (hook == nullptr)
          return;
        // One that is being destroyed stays until its destructor has passed remove(), for which we hold the lock.
        bool const owned = hook->owner_.has_value();
        if (owned)
          kept = hook->owner_->lock();
        unlink(*hook);
        if (owned && !kept)
          continue;
      }
      hook->on_context_shutdown();  // may destroy, and so remove, others
    }
  }

  void unlink(shutdown_hook& hook) noexcept
  {
    if (hook.previous_)
      hook.previous_->next_ = hook.next_;
    else if (first_ == &hook)
      first_ = hook.next_;
    if (hook.next_)
      hook.next_->previous_ = hook.previous_;
    hook.next_ = hook.previous_ = nullptr;
  }

  std::mutex mutex_;
  shutdown_hook* first_ = nullptr;
};

}  // namespace cozmq::engine
