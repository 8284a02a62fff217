// Destroys waiting operations with their execution context.
#pragma once

#include <cozmq/transport/asio.hpp>

#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>

#include <memory>
#include <mutex>

namespace cozmq::engine {

/// Something that holds handlers of an execution context which may end first.
///
/// A coroutine that waits on a socket is owned by its handler, the handler by the socket, and the socket often by
/// that coroutine: when the context goes, somebody has to cut this circle.
class shutdown_hook {
 public:
  virtual void on_context_shutdown() noexcept = 0;
  /// Keeps the object alive from here on; null when it is being destroyed already, on another thread. For one that other
  /// threads may destroy.
  virtual std::shared_ptr<void> kept() noexcept { return {std::shared_ptr<void>{}, this}; }

 protected:
  ~shutdown_hook() = default;

 private:
  friend class shutdown_service;
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

  void add(shutdown_hook& hook)
  {
    std::lock_guard const lock{mutex_};
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
        kept = hook->kept();  // while it is in the list its destructor has not passed remove()
        unlink(*hook);
      }
      if (kept)
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
