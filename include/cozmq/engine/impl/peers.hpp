// How a socket's peers come and go; bodies of engine::socket_core.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/engine/socket_core.hpp>

#include <algorithm>
#include <utility>

namespace cozmq::engine {

COZMQ_DECL std::shared_ptr<connection> socket_core::make_connection(connection_owner& owner, side which)
{
  if (type() == socket_type::stream)
    return std::make_shared<raw_session>(*this, owner, which);
  return std::make_shared<session>(*this, owner, which);
}

COZMQ_DECL socket_core::membership* socket_core::find(routing::pipe const& p) noexcept
{
  auto const at = members_.find(&p);
  return at == members_.end() ? nullptr : &at->second;
}

COZMQ_DECL socket_core::membership& socket_core::enlist(peer_pipe& p)
{
  membership& m = members_.try_emplace(&p, membership{&p}).first->second;
  if (!m.inbound) {
    m.inbound = true;
    route_inbound(p);
  }
  return m;
}

COZMQ_DECL void socket_core::join_outbound(membership& m)
{
  if (!std::exchange(m.outbound, true))
    route_outbound(*m.pipe);
}

COZMQ_DECL void socket_core::leave_outbound(membership& m)
{
  if (!std::exchange(m.outbound, false))
    return;
  unroute_outbound(*m.pipe);
  writers.wake_all(wake::posted);  // who waits for this very peer waits in vain
}

// Says what the options want said when a connection begins, before anything else is; and reports it.
COZMQ_DECL void socket_core::greet(peer_pipe& p)
{
  std::vector<message> first;
  if (options_.probe_router)
    first.emplace_back(frame{});
  if (!options_.hello_message.empty())
    first.push_back(options_.hello_message);
  if (!first.empty())
    p.greet(first);
  observer_.report([&p] {
    peer_info who = p.info();
    event e{event_kind::handshake_succeeded, who.endpoint};
    e.peer = std::move(who);
    return e;
  });
}

// `text`, if there is any, is for our own application, behind what the peer has sent.
COZMQ_DECL void socket_core::announce_loss(routing::pipe& p, message const& text) const
{
  if (closed_)
    return;
  if (includes(options_.router_notify, notify::disconnects))
    p.inject(message{frame{}});
  if (!text.empty())
    p.inject(text);
}

// The pipe is out of the routing; the object may live on until its handlers are through.
COZMQ_DECL void socket_core::forget(routing::pipe& p)
{
  membership* const m = find(p);
  if (m == nullptr)
    return;
  leave_outbound(*m);
  if (m->inbound)
    unroute_inbound(p);
  observer_.counters.passed += m->pipe->settle();
  members_.erase(&p);
}

// Who connects to `p`; null for a peer that was accepted, and for inproc.
COZMQ_DECL dialer* socket_core::dialer_of(routing::pipe const& p) const noexcept
{
  for (auto const& d : dialers_)
    if (&d->peer() == &p)
      return d.get();
  return nullptr;
}

COZMQ_DECL std::size_t socket_core::incoming() const noexcept
{
  std::size_t sum = 0;
  for (auto const& l : listeners_)
    sum += l->held();
  return sum;
}

COZMQ_DECL errc socket_core::admits(routing::pipe const& newcomer) const
{
  if (!route_admits(newcomer))
    return errc::duplicate_routing_id;
  if (!is_exclusive())
    return {};
  for (auto const& [key, m] : members_)
    if (key != &newcomer && (m.connected || m.outbound))
      return errc::peer_limit;
  return {};
}

COZMQ_DECL void socket_core::reconsider()
{
  for (auto const& l : listeners_)
    l->for_each([](connection& c) { c.reconsider(); });
  for (auto const& d : dialers_)
    d->peer().reconsider();
  for (auto const& pipe : inproc_)
    pipe->reconsider();
}

COZMQ_DECL void socket_core::on_connected(peer_pipe& p)
{
  membership& m = enlist(p);
  m.connected = true;
  ++connected_;
  route_connected(p);
  if (includes(options_.router_notify, notify::connects))
    p.inject(message{frame{}});
  greet(p);
  bool const was_outbound = m.outbound;
  join_outbound(m);
  watchers.wake_all(wake::posted);
  if (!was_outbound)
    writers.wake_all(wake::posted);
}

COZMQ_DECL void socket_core::on_connected_to_finish(peer_pipe& p)
{
  greet(p);
}

COZMQ_DECL void socket_core::on_disconnected(routing::pipe& p)
{
  membership* const m = find(p);
  if (m == nullptr || !m->connected)
    return;
  m->connected = false;
  --connected_;
  route_disconnected(p);
  readers.wake_one(wake::posted);  // an XPUB's application may be told
  dialer* const connecting = dialer_of(p);
  announce_loss(p, connecting == nullptr ? options_.disconnect_message : options_.hiccup_message);
  // On the connecting side the queue belongs to the endpoint and waits for the next connection.
  if (connecting == nullptr || options_.immediate || !options_.reconnect) {
    leave_outbound(*m);
    if (connecting != nullptr)
      observer_.counters.dropped.undelivered += connecting->peer().discard_unsent();
  }
  if (connecting != nullptr && replies()) {
    // The next peer there may be another one, which did not ask this.
    connecting->peer().discard_unread();
    connecting->peer().discard_unsent();
  }
  watchers.wake_all(wake::posted);
}

// It leaves the routing now and delivers what is queued, as lingering allows.
COZMQ_DECL void socket_core::on_ended(connection& c)
{
  if (dialer* const connecting = dialer_of(c))
    return drop_dialer(*connecting);
  if (membership const* const m = find(c); m != nullptr && m->connected)
    --connected_;
  forget(c);
  c.finish_within(options_.linger.in_all);
  watchers.wake_all(wake::posted);
}

COZMQ_DECL void socket_core::on_gave_up(routing::pipe& p, std::error_code)
{
  if (membership* const m = find(p))
    leave_outbound(*m);
  watchers.wake_all(wake::posted);
}

COZMQ_DECL void socket_core::on_drained(routing::pipe& p)
{
  auto const self = shared_from_this();
  forget(p);
  for (auto const& l : listeners_)
    if (l->forget(p))
      break;
  std::erase_if(listeners_, [](auto const& l) { return l->deserted(); });
  std::erase_if(leaving_, [&p](auto const& d) { return &d->peer() == &p; });
  std::erase_if(inproc_, [&p](auto const& pipe) {
    if (pipe.get() != &p)
      return false;
    pipe->part();
    return true;
  });
  if (closed_ && !delivering())
    end_lingering();
}

COZMQ_DECL void socket_core::on_readable(routing::pipe& p, wake how)
{
  if (find(p) == nullptr)
    return;
  bool const any = route_readable(p);
  watchers.wake_all(wake::posted);  // it may have been subscriptions
  if (any)
    readers.wake_one(how);  // last: it may continue a coroutine that lets go of this socket
}

COZMQ_DECL void socket_core::on_writable(routing::pipe& p, wake how)
{
  membership const* const m = find(p);
  if (m == nullptr || !m->outbound)
    return;
  route_writable(p);
  writers.wake_all(how);
}

COZMQ_DECL std::error_code socket_core::on_subscription(routing::pipe& p, bool wanted, byte_view topic)
{
  if (find(p) == nullptr)
    return {};
  std::error_code const ec = route_subscription(p, wanted, topic);
  watchers.wake_all(wake::posted);
  readers.wake_one(wake::posted);  // an XPUB's application may be told
  return ec;
}

COZMQ_DECL std::vector<peer_info> socket_core::connected() const
{
  std::vector<peer_info> result;
  for (auto const& [key, m] : members_)
    if (m.connected)
      result.push_back(m.pipe->info());
  std::ranges::sort(result, {}, &peer_info::id);
  return result;
}

COZMQ_DECL void socket_core::disconnect(peer_id which, std::error_code& ec)
{
  ec = ended_ != errc{} ? ended_ : errc::no_such_peer;
  for (auto const& [key, m] : members_) {
    if (m.connected && m.pipe->number() == which) {
      ec = {};
      return m.pipe->cut(peer_cut(), "disconnect was called for this peer");
    }
  }
}

COZMQ_DECL std::error_code socket_core::hopeless(std::string& text) const
{
  auto const connects = [](auto const& pipe) { return pipe->which_side() == side::connecting; };
  if (dialers_.empty() || !inproc_names_.empty() || std::ranges::any_of(inproc_, connects) ||
      std::ranges::any_of(listeners_, [](auto const& l) { return !l->closed(); }) ||
      std::ranges::any_of(dialers_, [](auto const& d) { return !d->gave_up(); }))
    return {};
  text = dialers_.back()->why_it_gave_up();
  return dialers_.back()->gave_up_error();
}

COZMQ_DECL socket_stats socket_core::stats() const
{
  socket_stats result = observer_.counters;
  result.peers = connected_;
  drop_counts const routed = route_drops();
  result.dropped.full += routed.full;
  result.dropped.unroutable += routed.unroutable;
  result.dropped.rejected += routed.rejected;
  auto const add = [&result](peer_pipe const& p) {
    result.passed += p.passed();
    result.queued += p.queued();
    result.unread += p.unread();
  };
  for (auto const& [key, m] : members_)
    add(*m.pipe);
  for (auto const& d : leaving_)
    add(d->peer());
  return result;
}

COZMQ_DECL std::shared_ptr<event_stream> socket_core::events()
{
  if (options_.events_kept == 0)
    options_.events_kept = 1000;
  if (!observer_.stream()) {
    observer_.configure(executor_, options_);
    if (ended_ != errc{}) {
      auto const ended = observer_.stream();
      observer_.end(ended_);
      return ended;
    }
  }
  return observer_.stream();
}

}  // namespace cozmq::engine
