// Which sockets of a context meet over inproc; bodies of engine::socket_core.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/engine/context_core.hpp>
#include <cozmq/engine/inproc.hpp>
#include <cozmq/engine/socket_core.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cozmq::engine {

COZMQ_DECL std::string socket_core::bind_inproc(endpoint const& where, std::error_code& ec, std::string& why)
{
  std::string name = to_string(where);
  if (!context_->bind_name(name, *this)) {
    ec = errc::address_in_use;
    why = fmt::format("cannot bind {}: address already in use", name);
    report_bind_failed(name, ec, why);
    return {};
  }
  inproc_names_.push_back(name);
  observer_.report([&name] { return event{event_kind::listening, name}; });
  for (auto const& other : context_->sockets())
    for (auto const& pipe : std::vector<std::shared_ptr<inproc_pipe>>{other->inproc_})
      if (pipe->name() == name && pipe->waiting())
        other->join_inproc(*pipe, name);
  return name;
}

COZMQ_DECL std::string socket_core::connect_inproc(endpoint const& where, std::error_code& ec,
                                                   std::string& why)
{
  std::string name = to_string(where);
  if (socket_core const* const bound = context_->find_name(name)) {
    if (!peers().contains(bound->type())) {
      ec = errc::incompatible_peer;
      why = fmt::format("cannot connect to {}: it is a {}, which a {} does not talk to", name,
                        to_string(bound->type()), to_string(type()));
      return {};
    }
  }
  auto const made = std::make_shared<inproc_pipe>(*this, name, side::connecting);
  if (!preset_id(*made, ec, why))
    return {};
  inproc_.push_back(made);
  if (!options_.immediate && admits(*made) == errc{})
    join_outbound(enlist(*made));
  join_inproc(*made, name);
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

// Joins `connecting`, which is ours, to the socket that has bound `name`, if there is one that fits.
COZMQ_DECL void socket_core::join_inproc(inproc_pipe& connecting, std::string const& name)
{
  socket_core* const bound = context_->find_name(name);
  if (bound == nullptr)
    return;
  auto const answer = std::make_shared<inproc_pipe>(*bound, name, side::accepting);
  inproc_pipe::introduce(connecting, *answer);
  errc why{};
  std::string_view cause;
  if (!peers().contains(bound->type()))
    why = errc::incompatible_peer, cause = "its socket type does not fit";
  else if (bound->executor() != executor_)
    why = errc::not_supported, cause = "it lives on another executor";
  else if (why = std::max(bound->admits(*answer), admits(connecting)); why != errc{})
    cause = why == errc::peer_limit ? "it talks to another peer already"
                                    : "another peer has the same routing id already";
  if (why != errc{}) {
    std::string const text = fmt::format("a {} cannot join the {} bound there: {}", to_string(type()),
                                         to_string(bound->type()), cause);
    write_log(log_level::warn, "{}: {}", name, text);
    ++observer_.counters.handshake_failures;
    observer_.report([&] {
      event e{event_kind::handshake_failed, name};
      e.because(why, text);
      e.peer = connecting.info();
      return e;
    });
    return;
  }
  bound->inproc_.push_back(answer);
  bound->join_outbound(bound->enlist(*answer));
  join_outbound(enlist(connecting));
  inproc_pipe::join(connecting, *answer);
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
