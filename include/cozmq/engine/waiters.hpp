// Operations that wait for a socket to become readable, writable or connected.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace cozmq::engine {

/// How an operation that waits is continued.
enum class wake {
  at_once,  // from a handler of ours that does nothing more afterwards
  posted,   // from inside somebody's call, which must return first
};

/// The operations that wait for one condition, oldest first. Each completes exactly once, with `void(error_code)`, on
/// its handler's executor, or is destroyed with its execution context.
///
/// Not thread-safe, and cancellation is to be emitted on the same executor.
class wait_list {
 public:
  wait_list() = default;
  wait_list(wait_list const&) = delete;
  wait_list& operator=(wait_list const&) = delete;
  ~wait_list() { destroy_all(); }

  bool empty() const noexcept { return head_.next == &head_; }

  /// Waits for the next wake. Never completes inside this call.
  ///
  /// @par Cancellation
  /// total, partial and terminal: waiting has no effect that could be undone or lost.
  template <class Token>
  auto async_wait(asio::any_io_executor const& executor, Token&& token)
  {
    return asio::async_initiate<Token, void(std::error_code)>(initiation{this, executor}, token);
  }

  /// Continues the oldest operation.
  void wake_one(wake how, std::error_code ec = {})
  {
    if (!empty())
      complete(*head_.next, how, ec);
  }

  /// Continues all that wait now.
  void wake_all(wake how, std::error_code ec = {})
  {
    // What is continued may wait again, so only those present now are taken.
    links taken;
    taken.adopt(head_);
    try {
      while (taken.next != &taken)
        complete(*taken.next, how, ec);
    } catch (...) {  // of what was continued at once: the others do not wait for somebody to catch it
      while (taken.next != &taken)
        complete_later(*taken.next, ec);
      throw;
    }
  }

  class watcher;

  /// Takes over all operations of `other`; this list must be empty.
  void take(wait_list& other) noexcept { head_.adopt(other.head_); }

  /// Destroys the handlers uncalled: their execution context is going.
  void destroy_all() noexcept
  {
    while (!empty()) {
      node& first = static_cast<node&>(*head_.next);
      first.unlink();
      first.destroy(&first);
    }
  }

 private:
  struct links {
    links* next = this;
    links* previous = this;

    void unlink() noexcept
    {
      previous->next = next;
      next->previous = previous;
      next = previous = this;
    }

    void insert_before(links& at) noexcept
    {
      next = &at;
      previous = at.previous;
      previous->next = this;
      at.previous = this;
    }

    void adopt(links& from) noexcept
    {
      if (from.next == &from)
        return;
      next = from.next;
      previous = from.previous;
      next->previous = previous->next = this;
      from.next = from.previous = &from;
    }
  };

  // A waiting handler, without its type.
  struct node : links {
    void (*complete)(node*, wake, std::error_code) = nullptr;
    void (*destroy)(node*) = nullptr;
  };

  template <class Handler>
  struct typed_node final : node {
    using allocator = typename std::allocator_traits<
        asio::associated_allocator_t<Handler>>::template rebind_alloc<typed_node>;
    using tracked = std::decay_t<decltype(asio::prefer(std::declval<asio::any_io_executor const&>(),
                                                       asio::execution::outstanding_work.tracked))>;

    typed_node(Handler&& h, asio::any_io_executor const& executor)
        : handler{std::move(h)}, work{asio::prefer(executor, asio::execution::outstanding_work.tracked)}
    {
      this->complete = &typed_node::do_complete;
      this->destroy = &typed_node::do_destroy;
    }

    static typed_node* make(Handler&& h, asio::any_io_executor const& executor)
    {
      allocator alloc{asio::get_associated_allocator(h)};
      typed_node* const memory = std::allocator_traits<allocator>::allocate(alloc, 1);
      return new (memory) typed_node{std::move(h), executor};
    }

    // Moves the handler out and frees the node, so that a continued operation can reuse its memory.
    static Handler take(typed_node* self)
    {
      allocator alloc{asio::get_associated_allocator(self->handler)};
      Handler handler{std::move(self->handler)};
      self->~typed_node();
      std::allocator_traits<allocator>::deallocate(alloc, self, 1);
      return handler;
    }

    static void do_complete(node* base, wake how, std::error_code ec)
    {
      auto* const self = static_cast<typed_node*>(base);
      asio::any_io_executor const work = self->work;
      auto const executor = asio::get_associated_executor(self->handler, work);
      if (auto slot = asio::get_associated_cancellation_slot(self->handler); slot.is_connected())
        slot.clear();
      auto call = [handler = take(self), ec]() mutable { std::move(handler)(ec); };
      if (how == wake::at_once)
        asio::dispatch(executor, std::move(call));
      else
        asio::post(executor, std::move(call));
    }

    static void do_destroy(node* base) { (void)take(static_cast<typed_node*>(base)); }

    Handler handler;
    tracked work;  // the context's run() does not return while an operation waits
  };

  // A named type with an executor, which Asio's adapters look for.
  struct initiation {
    using executor_type = asio::any_io_executor;
    wait_list* list;
    asio::any_io_executor executor;
    executor_type get_executor() const noexcept { return executor; }

    template <class Handler>
    void operator()(Handler&& handler) const
    {
      using handler_type = std::decay_t<Handler>;
      auto slot = asio::get_associated_cancellation_slot(handler);
      node* const waiting = typed_node<handler_type>::make(std::forward<Handler>(handler), executor);
      waiting->insert_before(list->head_);
      if (slot.is_connected()) {
        slot.assign([waiting](asio::cancellation_type type) {
          if (type != asio::cancellation_type::none)
            complete(*waiting, wake::posted, asio::error::operation_aborted);
        });
      }
    }
  };

  static void complete(links& waiting, wake how, std::error_code ec)
  {
    node& found = static_cast<node&>(waiting);
    found.unlink();
    found.complete(&found, how, ec);
  }

  // Without memory for that the handler goes uncalled.
  static void complete_later(links& waiting, std::error_code ec) noexcept
  {
    try {
      complete(waiting, wake::posted, ec);
    } catch (...) {
    }
  }

  links head_;
};

/// A place in a list that is told of its next wake by a call, without an allocation: whoever waits on several lists has
/// one in each. It leaves the list when it is woken or destroyed, or with the list.
class wait_list::watcher final : private wait_list::node {
 public:
  using callback = void (*)(void* owner, wake how, std::error_code ec);
  using last_callback = void (*)(void* owner);

  /// `gone` is called, if given, when the list ends with its execution context; nothing may be posted then.
  watcher(callback call, void* owner, last_callback gone = nullptr) : call_{call}, gone_{gone}, owner_{owner}
  {
    this->complete = &watcher::do_complete;
    this->destroy = [](node* base) {
      auto* const self = static_cast<watcher*>(base);
      if (self->gone_ != nullptr)
        self->gone_(self->owner_);
    };
  }
  watcher(watcher const&) = delete;
  watcher& operator=(watcher const&) = delete;
  ~watcher() { stop(); }

  void watch(wait_list& list)
  {
    if (!watching())
      insert_before(list.head_);
  }
  void stop() noexcept { unlink(); }
  bool watching() const noexcept { return next != this; }

 private:
  static void do_complete(node* base, wake how, std::error_code ec)
  {
    auto* const self = static_cast<watcher*>(base);
    self->call_(self->owner_, how, ec);
  }

  callback call_;
  last_callback gone_;
  void* owner_;
};

}  // namespace cozmq::engine
