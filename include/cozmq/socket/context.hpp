// The context: what a group of sockets shares, and their common end.
#pragma once

#include <cozmq/engine/context_core.hpp>
#include <cozmq/engine/socket_core.hpp>
#include <cozmq/socket/closing.hpp>
#include <cozmq/socket/options/option.hpp>
#include <cozmq/socket/report.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq {

/// How many threads a context has of its own.
struct io_threads {
  std::size_t count = 1;
};

/// How they are made: a name, which the system shows with a number behind it; the processors on which they may run, all
/// when empty; and the scheduler's policy, as SCHED_FIFO, with a priority, -1 for what the process has.
using engine::thread_settings;

/// Owns the inproc names of its sockets, and gives them their executor and their default options. Destroying it ends every
/// pending operation of its sockets with `errc::terminated`. Sockets, and coroutines that hold them, may outlive it.
///
/// On an executor of the application that returns at once; what is queued is delivered by the executor, as `linger`
/// allows. With threads of its own, which start with the first socket or coroutine, it waits until that is done or given
/// up; coroutines that do not end by then, because they wait for something else, are destroyed where they are.
///
/// Contexts are independent: an inproc name bound in one does not exist in another.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: making sockets and `spawn` are safe; `shutdown` is on a context with threads of its
/// own, a strand or a thread_pool, and on an io_context that does not run, or runs on this thread only; all else is not.
class context {
 public:
  /// A context with threads of its own. With 0 of them there is inproc only, and operations that need not wait.
  explicit context(io_threads threads = {}) : core_{std::make_shared<engine::context_core>(threads.count)} {}

  /// A context on an execution context of the application, such as `asio::io_context`, which runs its sockets.
  template <class ExecutionContext>
    requires std::convertible_to<ExecutionContext&, asio::execution_context&>
  explicit context(ExecutionContext& runs_on) : context{asio::any_io_executor{runs_on.get_executor()}}
  {
  }

  /// A context on an executor, such as a strand.
  explicit context(asio::any_io_executor executor)
      : core_{std::make_shared<engine::context_core>(std::move(executor))}
  {
  }

  context(context&&) noexcept = default;
  context& operator=(context&& other) noexcept
  {
    if (this != &other) {
      end();
      core_ = std::move(other.core_);
    }
    return *this;
  }
  ~context() { end(); }

  /// Ends every operation that waits on a socket of this context, now and later, with `errc::terminated`, and closes
  /// the sockets: those on the context's executor before it returns, others on theirs; also those of a strand or a
  /// thread_pool which the caller is not inside of. Returns at once; calling it again does nothing.
  void shutdown()
  {
    if (core_ && !core_->terminate())
      terminate_sockets({});
  }

  /// As above, and completes when all sockets have delivered what was queued, or given it up after `time`, which stands
  /// for `option::linger`; says how many messages were which. The executors of all sockets must be running.
  ///
  /// @par Cancellation
  /// total, partial and terminal; delivery goes on.
  asio::awaitable<close_report> shutdown(std::chrono::milliseconds time)
  {
    core_->terminate();
    return detail::all_closed(terminate_sockets(time));
  }

  /// As above, for a thread that may wait, of a context with threads of its own. Not to be called on one of these.
  close_report shutdown_and_wait(std::chrono::milliseconds time)
  {
    if (core_->pool() == nullptr || !core_->pool()->has_threads())
      throw error{errc::no_io_threads};
    if (core_->pool()->is_here())
      throw error{errc::wrong_thread};
    return asio::co_spawn(core_->pool()->at(0), shutdown(time), asio::use_future).get();
  }

  // ---- threads and coroutines -----------------------------------------------------------------------------------------

  /// Starts `coroutine`, or a function that returns one, which may capture and is kept until it ends: on the context's
  /// executor, or on one of its threads. An exception that leaves it is logged as an error, where `asio::detached` would
  /// drop it; the end of the context (`errc::terminated`) is none.
  template <class Coroutine>
  void spawn(Coroutine coroutine)
  {
    asio::co_spawn(get_executor(), std::move(coroutine), [](std::exception_ptr left, auto&&...) {
      detail::report(left, "a spawned coroutine ended");
    });
  }

  /// Before the first socket or coroutine: how many threads there are to be, and how they are made. Throws `error` with
  /// `errc::threads_started` afterwards, and with `errc::not_supported` on an executor of the application.
  void set_threads(io_threads threads, thread_settings settings = {})
  {
    if (core_->pool() == nullptr)
      throw error{errc::not_supported};
    if (!core_->pool()->configure(threads.count, std::move(settings)))
      throw error{errc::threads_started};
  }

  /// How many threads the context has of its own.
  io_threads threads() const noexcept { return {core_->pool() == nullptr ? 0 : core_->pool()->count()}; }

  /// The executor of one of the context's threads, for a socket that is to live there. Throws `std::out_of_range`.
  asio::any_io_executor get_executor(std::size_t thread) const
  {
    if (core_->pool() == nullptr)
      throw error{errc::not_supported};
    return core_->pool()->at(thread);
  }

  /// Where new sockets and coroutines go that are given no executor: the application's; or the calling thread if it is
  /// one of the context's, else these in turn.
  asio::any_io_executor get_executor() const { return core_->executor(); }

  // ---- options ------------------------------------------------------------------------------------------------------

  /// Sets an option for the sockets that are made from now on; those that have no use for it ignore it. Throws `error`
  /// with `errc::invalid_option`.
  template <socket_option Option>
  void set_default(Option const& option)
  {
    static_assert(!requires { Option::for_one_socket; }, "this option is for one socket: set it there");
    if (std::error_code const ec = option.apply(core_->defaults); ec)
      detail::refuse_option<Option>(ec);
  }

  /// Reads a default back: `ctx.get_default<cozmq::option::linger>()`.
  template <readable_option Option>
  Option get_default() const
  {
    return Option::read(core_->defaults);
  }

  /// How many sockets there may be at a time, those included that are closed and still deliver; making one more throws
  /// `error` with `errc::too_many_sockets`. Default: `option::unlimited`. Sockets that exist are not touched.
  void set_max_sockets(std::size_t count) { core_->max_sockets = count; }
  std::size_t max_sockets() const noexcept { return core_->max_sockets; }

  /// For sockets.
  std::shared_ptr<engine::context_core> const& core() const noexcept { return core_; }

 private:
  std::vector<std::shared_ptr<engine::socket_core>> terminate_sockets(
      std::optional<std::chrono::milliseconds> time)
  {
    auto all = core_->sockets();
    for (auto const& s : all) {
      if (core_->is_local(s->executor())) {
        engine::use_scope const inside{s.get()};  // says so if somebody else is
        s->terminate(time);
      } else {
        s->way()->post([s, time] { s->terminate(time); });
      }
    }
    return all;
  }

  void end()
  {
    shutdown();
    if (core_ && core_->pool() != nullptr)
      core_->pool()->finish([core = core_.get()] { return core->delivered(); });
  }

  std::shared_ptr<engine::context_core> core_;
};

}  // namespace cozmq
