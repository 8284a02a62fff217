// What an executor knows about the calling thread.
#pragma once

#include <cozmq/transport/asio.hpp>

#include <asio/execution/occupancy.hpp>
#include <asio/io_context.hpp>
#include <asio/query.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <typeinfo>

namespace cozmq::engine {

/// The executor, if it is of that type. Asio does not look itself in all versions.
template <class Executor>
Executor const* target_of(asio::any_io_executor const& executor) noexcept
{
  return executor.target_type() == typeid(Executor) ? executor.target<Executor>() : nullptr;
}

/// Is it an executor of that type, and the calling thread not in its work?
template <class Executor>
bool is_outside(asio::any_io_executor const& executor) noexcept
{
  Executor const* const known = target_of<Executor>(executor);
  return known != nullptr && !known->running_in_this_thread();
}

/// Is it an executor of that type, and the calling thread in its work?
template <class Executor>
bool is_inside(asio::any_io_executor const& executor) noexcept
{
  Executor const* const known = target_of<Executor>(executor);
  return known != nullptr && known->running_in_this_thread();
}

/// Does the calling thread run `executor`, so that its other work has to wait? As far as that can be known: of an io_context
/// and of strands.
inline bool runs_here(asio::any_io_executor const& executor) noexcept
{
  return is_inside<asio::io_context::executor_type>(executor) ||
         is_inside<asio::strand<asio::io_context::executor_type>>(executor) ||
         is_inside<asio::strand<asio::thread_pool::executor_type>>(executor) ||
         is_inside<asio::strand<asio::any_io_executor>>(executor);
}

/// Is `executor` one whose work may run on another thread right now? Not for a strand or a pool that the caller is inside
/// of. Others, such as an io_context, cannot tell whether they run at all: then the caller has to know, and it is not.
inline bool may_run_elsewhere(asio::any_io_executor const& executor) noexcept
{
  return is_outside<asio::strand<asio::io_context::executor_type>>(executor) ||
         is_outside<asio::strand<asio::thread_pool::executor_type>>(executor) ||
         is_outside<asio::strand<asio::any_io_executor>>(executor) ||
         is_outside<asio::thread_pool::executor_type>(executor);
}

/// Is it a pool of several threads itself, and not a strand of one? What is not made for several threads breaks there.
inline bool lacks_strand(asio::any_io_executor const& executor)
{
  auto const* const pool = target_of<asio::thread_pool::executor_type>(executor);
  return pool != nullptr && asio::query(*pool, asio::execution::occupancy) > 1;
}

}  // namespace cozmq::engine
