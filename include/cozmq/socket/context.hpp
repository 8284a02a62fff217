// The context: what a group of sockets shares, and their common end.
#pragma once

#include <cozmq/engine/context_core.hpp>
#include <cozmq/engine/socket_core.hpp>
#include <cozmq/socket/options/option.hpp>

#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <system_error>

namespace cozmq {

/// Owns the inproc names of its sockets, and gives them their executor and their default options. Destroying it ends every pending operation of
/// its sockets with `errc::terminated` and returns at once; what is queued is delivered by the executor, as `linger`
/// allows. Sockets, and coroutines that hold them, may outlive it.
///
/// Contexts are independent: an inproc name bound in one does not exist in another.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe.
class context {
 public:
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
      shutdown();
      core_ = std::move(other.core_);
    }
    return *this;
  }
  ~context() { shutdown(); }

  /// Ends every operation that waits on a socket of this context, now and later, with `errc::terminated`, and closes
  /// the sockets. Returns at once; calling it again does nothing.
  void shutdown()
  {
    if (!core_ || core_->terminated())
      return;
    core_->terminate();
    for (auto const& s : core_->sockets()) {
      if (s->executor() == core_->executor())
        s->terminate();
      else
        s->way()->post([s] { s->terminate(); });
    }
  }

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
  template <socket_option Option>
  Option get_default() const
  {
    return Option::read(core_->defaults);
  }

  /// How many sockets there may be at a time, those included that are closed and still deliver; making one more throws
  /// `error` with `errc::too_many_sockets`. Default: `option::unlimited`. Sockets that exist are not touched.
  void set_max_sockets(std::size_t count) { core_->max_sockets = count; }
  std::size_t max_sockets() const noexcept { return core_->max_sockets; }

  asio::any_io_executor get_executor() const noexcept { return core_->executor(); }

  /// For sockets.
  std::shared_ptr<engine::context_core> const& core() const noexcept { return core_; }

 private:
  std::shared_ptr<engine::context_core> core_;
};

}  // namespace cozmq
