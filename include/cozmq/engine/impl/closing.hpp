// How a socket ends, and what it still delivers then; bodies of engine::socket_core.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/engine/socket_core.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace cozmq::engine {

COZMQ_DECL socket_core::socket_core(std::shared_ptr<context_core> context, asio::any_io_executor executor)
    : context_{std::move(context)},
      executor_{std::move(executor)},
      door_{std::make_shared<door>(executor_)},
      mark_{cozmq::detail::checks_threads ? std::make_shared<use_mark>(context_->thread_of(executor_))
                                          : nullptr},
      options_{context_->defaults}
{
}

COZMQ_DECL socket_core::~socket_core()
{
  door_->be_gone();
  if (hooked_)
    shutdown_service::of(executor_).remove(*this);
  context_->remove(*this);
}

COZMQ_DECL void socket_core::sever_all() noexcept
{
  // Who waits for a message, in a coroutine that goes later, must find no pipe in the routing that is gone.
  for (auto& [key, m] : members_) {
    leave_outbound(m);
    if (std::exchange(m.inbound, false))
      unroute_inbound(*m.pipe);
  }
  for (auto const& l : listeners_)
    l->sever();
  for (auto const* const group : {&dialers_, &leaving_})
    for (auto const& d : *group)
      d->sever();
  for (auto const& pipe : inproc_)
    pipe->part();
  listeners_.clear();
  dialers_.clear();
  leaving_.clear();
  inproc_.clear();
  members_.clear();
}

COZMQ_DECL void socket_core::cancel(std::error_code why)
{
  end_operations(why);
  if (auto const& stream = observer_.stream())
    stream->waiting.wake_all(wake::posted, why);
}

// But for readers of events: these are told when they have read the last one.
COZMQ_DECL void socket_core::end_operations(std::error_code why)
{
  ++endings_;
  readers.wake_all(wake::posted, why);
  writers.wake_all(wake::posted, why);
  watchers.wake_all(wake::posted, why);
}

COZMQ_DECL void socket_core::close(std::error_code why, std::optional<linger_limits::duration> time)
{
  if (time)
    options_.linger = {*time, *time};
  std::size_t left_elsewhere = 0;
  auto const handing_over = std::exchange(suppliers, {});
  for (auto const& each : handing_over)
    left_elsewhere += each->hand_over();
  if (std::exchange(closed_, true)) {
    if (time && !over_)
      linger();  // it is lingering, and has less time now
    return;
  }
  auto const self = shared_from_this();
  report_ = {stats().queued, observer_.counters.dropped.undelivered};  // until the end, what was there before
  report_.delivered += left_elsewhere;
  observer_.counters.dropped.undelivered += left_elsewhere;
  ended_ = why == errc::terminated ? errc::terminated : errc::socket_closed;
  end_operations(why);
  for (std::string const& name : std::exchange(inproc_names_, {})) {
    context_->unbind_name(name, *this);
    report_closed(name);
  }
  for (auto const& pipe : std::exchange(inproc_, {})) {
    if (pipe->waiting() && pipe->queued() > 0) {
      observer_.counters.dropped.undelivered += pipe->queued();
      write_log(log_level::warn, "{}: nobody has bound it; {} messages were not delivered", pipe->name(),
                pipe->queued());
    }
    if (pipe->which_side() == side::connecting)
      report_closed(pipe->name());
    forget(*pipe);
    pipe->part();
  }
  for (auto const& l : listeners_)
    if (!l->closed())
      report_closed(l->text());
  for (auto const& d : dialers_)
    report_closed(d->text());
  observer_.end(why);
  for (auto const& l : listeners_)
    l->stop_listening();
  if (options_.linger.in_all > options_.linger.in_all.zero()) {
    // A connection that has nothing to deliver may end, and leave the list, at once.
    std::vector<std::shared_ptr<connection>> ending;
    for (auto const& l : listeners_)
      l->for_each([&ending](connection& c) { ending.push_back(c.shared_from_this()); });
    for (auto const& d : std::exchange(dialers_, {})) {
      if (d->peer().connected() || (d->peer().queued() > 0 && !d->gave_up())) {
        leaving_.push_back(d);
        continue;
      }
      forget(d->peer());  // it goes before the routing does
      sever_undelivered(*d);
    }
    for (auto const& d : leaving_)
      ending.push_back(d->peer().shared_from_this());
    for (auto const& c : ending)
      c->finish();
  }
  if (options_.linger.in_all > options_.linger.in_all.zero() && delivering()) {
    context_->keep(self);
    linger();
  } else {
    end_lingering();
  }
  // Whoever closes may be deep inside our own calls: the object goes when they have returned.
  asio::post(executor_, [self] {});
}

COZMQ_DECL bool socket_core::delivering() const
{
  if (!leaving_.empty() || !closed_)
    return !leaving_.empty();
  return std::ranges::any_of(listeners_, [](auto const& l) { return !l->deserted(); });
}

COZMQ_DECL std::size_t socket_core::unsent_bytes() const
{
  std::size_t sum = 0;
  if (closed_)
    for (auto const& l : listeners_)
      l->for_each([&sum](connection& c) { sum += c.unsent_bytes(); });
  for (auto const& d : leaving_)
    sum += d->peer().unsent_bytes();
  return sum;
}

COZMQ_DECL void socket_core::linger()
{
  auto const now = std::chrono::steady_clock::now();
  linger_limits const& limits = options_.linger;
  auto const after = [now](linger_limits::duration d) {
    return d == linger_limits::forever ? std::chrono::steady_clock::time_point::max() : now + d;
  };
  linger_ends_ = after(limits.in_all);
  progress_ends_ = after(limits.without_progress);
  unsent_before_ = unsent_bytes();
  linger_step();
}

// Looks ten times a second whether anything moves; the end of delivery itself is an event, see on_drained.
COZMQ_DECL void socket_core::linger_step()
{
  if (!delivering())
    return;
  auto const now = std::chrono::steady_clock::now();
  std::size_t const unsent = unsent_bytes();
  if (unsent < unsent_before_ && options_.linger.without_progress != linger_limits::forever)
    progress_ends_ = now + options_.linger.without_progress;
  unsent_before_ = unsent;
  if (now >= std::min(linger_ends_, progress_ends_)) {
    if (closed_)
      return end_lingering();
    for (auto const& d : std::exchange(leaving_, {}))
      sever_undelivered(*d);
    return;
  }
  if (!linger_timer_)
    linger_timer_ = std::make_unique<asio::steady_timer>(executor_);
  linger_timer_->expires_at(std::min({linger_ends_, progress_ends_, now + std::chrono::milliseconds{100}}));
  linger_timer_->async_wait([weak = weak_from_this()](std::error_code ec) {
    if (auto const self = weak.lock(); self && !ec)
      self->linger_step();
  });
}

COZMQ_DECL void socket_core::end_lingering()
{
  if (std::exchange(over_, true))
    return;  // the last connection has ended while we were closing
  auto const self = shared_from_this();
  std::size_t undelivered = 0;
  for (auto const& l : listeners_)
    l->for_each([&undelivered](connection& c) { undelivered += c.discard_unsent(); });
  for (auto const* const group : {&dialers_, &leaving_})
    for (auto const& d : *group)
      undelivered += d->peer().discard_unsent();
  observer_.counters.dropped.undelivered += undelivered;
  if (undelivered > 0)
    write_log(log_level::warn, "a {} closed with {} messages undelivered; linger lets it wait longer",
              to_string(type()), undelivered);
  sever_all();
  linger_timer_.reset();
  context_->remove(*this);
  std::size_t const lost = observer_.counters.dropped.undelivered - report_.undelivered;
  report_ = {report_.delivered - std::min(lost, report_.delivered), lost};
  closers.wake_all(wake::posted);
}

// The execution context goes first: nothing may be posted any more.
COZMQ_DECL void socket_core::on_context_shutdown() noexcept
{
  auto const self = weak_from_this().lock();
  door_->close();
  if (mark_)
    mark_->leave_home();
  hooked_ = false;
  closed_ = true;
  ended_ = errc::terminated;
  sever_all();
  linger_timer_.reset();
  readers.destroy_all();
  writers.destroy_all();
  watchers.destroy_all();
  closers.destroy_all();
  suppliers.clear();
  observer_.abandon(errc::terminated);
  context_->remove(*this);
  door_->be_gone();
}

}  // namespace cozmq::engine
