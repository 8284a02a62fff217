// Starts a coroutine whose failure is reported instead of swallowed.
#pragma once

#include <cozmq/socket/context.hpp>

#include <utility>

namespace cozmq {

/// As `ctx.spawn`.
template <class Coroutine>
void spawn(context& ctx, Coroutine coroutine)
{
  ctx.spawn(std::move(coroutine));
}

}  // namespace cozmq
