// Which sockets of a context meet over inproc; bodies of engine::socket_core.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/engine/context_core.hpp>
#include <cozmq/engine/inproc.hpp>
#include <cozmq/engine/socket_core.hpp>

#include <asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cozmq::engine {

COZMQ_DECL reachable_socket socket_core::myself()
{
  return {weak_from_this(), door_};
}

COZMQ_DECL std::string socket_core::bind_inproc(endpoint const& where, std::error_code& ec, std::string& why)
{
  std::string name = to_string(where);
  if (!context_->bind_name(name, {myself(), this, type()})) {
    ec = errc::address_in_use;
    why = fmt::format("cannot bind {}: address already in use", name);
    report_bind_failed(name, ec, why);
    return {};
  }
  inproc_names_.push_back(name);
  observer_.report([&name] { return event{event_kind::listening, name}; });
  for (inproc_waiter const& waiter : context_->take_waiters(name)) {
    auto const join = [waiter] {
      auto const socket = waiter.owner.socket.lock();
      auto const pipe = waiter.pipe.lock();
      if (socket && pipe && !socket->closed_)
        socket->join_inproc(pipe);
    };
    if (waiter.owner.way->leads_to(executor_))
      join();
    else
      waiter.owner.way->post(join);
  }
  return name;
}

COZMQ_DECL std::string socket_core::connect_inproc(endpoint const& where, std::error_code& ec,
                                                   std::string& why)
{
  std::string name = to_string(where);
  if (auto const bound = context_->find_name(name); bound && !peers().contains(bound->type)) {
    ec = errc::incompatible_peer;
    why = fmt::format("cannot connect to {}: it is a {}, which a {} does not talk to", name,
                      to_string(bound->type), to_string(type()));
    return {};
  }
  auto const made = std::make_shared<inproc_pipe>(*this, name, side::connecting);
  if (!preset_id(*made, ec, why))
    return {};
  inproc_.push_back(made);
  if (!options_.immediate && admits(*made) == errc{}) {
    join_outbound(enlist(*made));
    writers.wake_all(wake::posted);
  }
  join_inproc(made);
  return name;
}

// The peer of the next connect gets the id that the options say, once.
COZMQ_DECL bool socket_core::preset_id(routing::pipe& p, std::error_code& ec, std::string& why)
{
  std::string& wanted = options_.connect_routing_id;
  if (wanted.empty())
    return true;
  if (route_knows(as_bytes(wanted))) {
    ec = errc::duplicate_routing_id;
    why = ec.message();
    return false;
  }
  p.id = frame{std::exchange(wanted, {})};
  return true;
}

// Joins `connecting`, which is ours, to the socket that has bound its name; if there is none, it waits for one.
COZMQ_DECL void socket_core::join_inproc(std::shared_ptr<inproc_pipe> const& connecting)
{
  if (!connecting->waiting())
    return;
  auto const bound = context_->find_name_or_wait(connecting->name(), {myself(), connecting});
  if (!bound)
    return;
  if (!peers().contains(bound->type))
    refuse_inproc(*connecting, bound->key, bound->type, errc::incompatible_peer);
  else if (errc const why = admits(*connecting); why != errc{})
    refuse_inproc(*connecting, bound->key, bound->type, why);
  else if (!bound->owner.way->leads_to(executor_))
    ask_to_join(*connecting, *bound);
  else if (auto const owner = bound->owner.socket.lock())
    join_here(*connecting, *owner);
}

COZMQ_DECL void socket_core::join_here(inproc_pipe& connecting, socket_core& bound)
{
  auto const answer = std::make_shared<inproc_pipe>(bound, connecting.name(), side::accepting);
  connecting.introduce({bound.type(), bound.options_.routing_id});
  answer->introduce({type(), options_.routing_id});
  if (errc const why = std::max(bound.admits(*answer), admits(connecting)); why != errc{})
    return refuse_inproc(connecting, &bound, bound.type(), why);
  bound.inproc_.push_back(answer);
  bound.join_outbound(bound.enlist(*answer));
  join_outbound(enlist(connecting));
  inproc_pipe::join(connecting, *answer);
}

// `bound` is who has refused, and not looked at: it may live on another executor. The end waits for another one.
COZMQ_DECL void socket_core::refuse_inproc(inproc_pipe& connecting, socket_core const* bound,
                                           socket_type its_type, errc why)
{
  std::string_view const cause = why == errc::incompatible_peer ? "its socket type does not fit"
                                 : why == errc::peer_limit      ? "it talks to another peer already"
                                                           : "another peer has the same routing id already";
  std::string const text =
      fmt::format("a {} cannot join the {} bound there: {}", to_string(type()), to_string(its_type), cause);
  write_log(log_level::warn, "{}: {}", connecting.name(), text);
  ++observer_.counters.handshake_failures;
  observer_.report([&] {
    event e{event_kind::handshake_failed, connecting.name()};
    e.because(why, text);
    e.peer = connecting.info();
    return e;
  });
  wait_for_other(connecting, bound);
}

COZMQ_DECL void socket_core::wait_for_other(inproc_pipe& connecting, socket_core const* bound)
{
  auto const pipe = std::static_pointer_cast<inproc_pipe>(connecting.shared_from_this());
  if (!context_->wait_for_other(pipe->name(), bound, {myself(), pipe}))
    asio::post(executor_, [self = shared_from_this(), pipe] {
      if (!self->closed_)
        self->join_inproc(pipe);
    });
}

// ---- across executors: the connecting end asks, the bound one answers with a crossing, the connecting one takes its place

// What the connecting end asks. Not answered, because the other one closes or its executor goes, it asks who has the name
// by then.
class socket_core::joining {
 public:
  joining(inproc_waiter asking, std::string of, inproc_identity says, bool last_only)
      : who{std::move(says)}, name{std::move(of)}, conflates{last_only}, from_{std::move(asking)}
  {
  }
  joining(joining&&) noexcept = default;
  joining& operator=(joining&&) = delete;
  ~joining()
  {
    if (from_.owner.way)
      std::move(*this).answer([](socket_core& socket, auto const& pipe) { socket.join_inproc(pipe); });
  }

  // Has the asking socket act on its executor, if both ends are still there.
  template <class Action>
  void answer(Action action) &&
  {
    auto const way = std::exchange(from_.owner.way, nullptr);
    way->post([from = std::move(from_), action = std::move(action)]() mutable {
      auto const socket = from.owner.socket.lock();
      auto const pipe = from.pipe.lock();
      if (socket && pipe && !socket->closed_)
        action(*socket, pipe);
    });
  }

  inproc_identity who;
  std::string name;
  bool conflates;

 private:
  inproc_waiter from_;
};

COZMQ_DECL void socket_core::ask_to_join(inproc_pipe& connecting, inproc_name const& bound)
{
  auto const pipe = std::static_pointer_cast<inproc_pipe>(connecting.shared_from_this());
  joining asked{{myself(), pipe}, pipe->name(), {type(), options_.routing_id}, options_.conflate};
  bound.owner.way->post([to = bound.owner.socket, asked = std::move(asked)]() mutable {
    if (auto const owner = to.lock())
      owner->answer_joining(std::move(asked));
  });
}

// On the executor of the bound end.
COZMQ_DECL void socket_core::answer_joining(joining asked)
{
  if (std::ranges::find(inproc_names_, asked.name) == inproc_names_.end())
    return;
  auto const shared = std::make_shared<crossing>(options_.conflate || asked.conflates);
  // The other end may be there before ours, and is to find how much room there is.
  shared->lanes[far_end::index(side::connecting)].reader_mark = options_.receive_hwm;
  shared->lanes[far_end::index(side::accepting)].writer_mark = options_.send_hwm;
  auto const end = std::make_shared<inproc_pipe>(*this, asked.name, side::accepting);
  end->introduce(std::move(asked.who));
  if (errc const why = admits(*end); why != errc{})
    return std::move(asked).answer([why, me = this, bound = type()](socket_core& socket, auto const& pipe) {
      socket.refuse_inproc(*pipe, me, bound, why);
    });
  inproc_.push_back(end);
  join_outbound(enlist(*end));
  std::move(asked).answer(
      [offer = crossing_offer{shared}, me = this, who = inproc_identity{type(), options_.routing_id}](
          socket_core& socket, auto const& pipe) mutable {
        socket.take_place(*pipe, std::move(offer), me, std::move(who));
      });
  end->join(shared, door_);
}

// On the executor of the connecting end. An offer that is not taken tells the other end that nobody comes.
COZMQ_DECL void socket_core::take_place(inproc_pipe& connecting, crossing_offer offer,
                                        socket_core const* bound, inproc_identity who)
{
  if (!connecting.waiting())
    return;
  if (errc const why = admits(connecting); why != errc{})
    return refuse_inproc(connecting, bound, who.type, why);
  connecting.introduce(std::move(who));
  join_outbound(enlist(connecting));
  connecting.join(std::move(offer).accept(), door_);
}

// What is in the queue of a peer that is there stays readable for it.
COZMQ_DECL void socket_core::drop_inproc(inproc_pipe& p)
{
  observer_.counters.dropped.unread += p.unread();
  if (p.waiting())
    observer_.counters.dropped.undelivered += p.queued();
  if (membership const* const m = find(p); m != nullptr && m->connected) {
    --connected_;
    p.report_end({}, "the endpoint was disconnected");
  }
  forget(p);
  p.part();
  std::erase_if(inproc_, [&p](auto const& pipe) { return pipe.get() == &p; });
}

}  // namespace cozmq::engine
