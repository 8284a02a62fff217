// How a listener takes connections, or does not; bodies of engine::listener.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/engine/listener.hpp>
#include <cozmq/transport/descriptor_room.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq::engine {

// Others get their turn after some of them.
COZMQ_DECL void listener::accept_waiting()
{
  for (int i = 0; i < at_a_time && !closed_; ++i) {
    if (!may_accept(i == 0))
      return;
    std::error_code ec;
    std::optional<transport::stream> made = transport::accept(bound_.socket, ec);
    if (made && accepted(std::move(*made)))
      continue;
    if (made)
      ec = std::make_error_code(std::errc::not_enough_memory);
    if (!ec)
      break;
    if (ec != asio::error::connection_aborted)
      return refused(ec);
    failed(ec, ec.message());
  }
  if (!closed_)
    accept();
}

// May one more be taken now? If not, accepting goes on later by itself; who comes waits in the system's backlog. It is not
// always known that one waits.
COZMQ_DECL bool listener::may_accept(bool one_waits)
{
  try {
    auto const now = admission::clock::now();
    if (auto const wait = admission_.wait(limits(), now); wait > wait.zero()) {
      accept_after(wait);
      tell(pressure::rate, "more peers come than max_handshakes_per_second lets in at once: they wait");
      return false;
    }
    if (held() - live_ >= limits().unread) {
      accept_after(pause);
      tell(pressure::unread,
           "too many peers have gone whose messages nobody has received yet: further ones wait");
      return false;
    }
    return !admission_.looks_ahead() || finds_descriptor(one_waits, now);
  } catch (std::bad_alloc const&) {
    refused(std::make_error_code(std::errc::not_enough_memory));
    return false;
  }
}

// A handshake in progress is as good as a free descriptor: the oldest gives way for one who really waits.
COZMQ_DECL bool listener::finds_descriptor(bool one_waits, admission::clock::time_point now)
{
  std::size_t const most = transport::descriptor_limit();
  std::size_t const next = transport::next_descriptor(bound_.socket.native_handle());
  if (admission_.has_descriptors(next, most, now))
    return true;
  routing::pipe const* const oldest = admission_.oldest();
  if (oldest != nullptr && admission::is_free(next, most))
    return true;
  if (oldest != nullptr && !one_waits) {
    accept();
    return false;
  }
  if (oldest == nullptr)
    accept_after(pause);  // first: the rest needs memory
  std::string const reason =
      fmt::format("nearly all of the {} descriptors of this process are open; raise ulimit -n", most);
  if (oldest != nullptr)
    give_way(oldest, pressure::descriptors, "this handshake gave way to a newer one: " + reason);
  else if (admission_.pauses())
    run_short(reason);
  return oldest != nullptr;
}

// False when there is no memory for one more.
COZMQ_DECL bool listener::accepted(transport::stream stream)
{
  admission_.took(static_cast<std::size_t>(stream.native_handle()), transport::descriptor_limit());
  std::shared_ptr<connection> peer;
  bool is_open = false;
  try {
    if (!makes_room()) {
      turn_away();
      return true;
    }
    transport::tune_connection(stream, host_->options().system);
    peer = host_->make_connection(*this, side::accepting);
    connections_.emplace(peer.get(), peer);
    ++live_;
    is_open = peer->start(std::move(stream));
    if (!is_open)
      admission_.began(peer->number(), *peer);
  } catch (std::bad_alloc const&) {
    if (peer && peer->idle())
      live_ -= connections_.erase(peer.get());
    else if (peer)
      peer->cut(std::make_error_code(std::errc::not_enough_memory), "there is no memory for one more peer");
    return false;
  }
  if (peer->has_dear_handshake())
    admission_.spent(limits(), admission::clock::now());
  if (is_open)
    peer->opened();
  return true;
}

// Is there a place for one more, if handshakes in progress give way? If not, none of them does.
COZMQ_DECL bool listener::makes_room()
{
  std::size_t const most = limits().connections;
  if (host_->incoming() - admission_.in_progress() >= most)
    return false;
  while (host_->incoming() >= most)
    give_way(
        admission_.oldest(), pressure::connections,
        "this handshake gave way to a newer one: as many connections as max_connections allows are there");
  while (routing::pipe const* const oldest = admission_.gives_way(limits()))
    give_way(oldest, pressure::handshakes, make_error_code(errc::too_many_handshakes).message());
  return true;
}

COZMQ_DECL void listener::turn_away()
{
  ++host_->observed().counters.turned_away;
  std::error_code const why = errc::too_many_connections;
  failed(why, why.message());
  tell(pressure::connections, why.message());
}

COZMQ_DECL void listener::give_way(routing::pipe const* oldest, pressure cause, std::string const& reason)
{
  ++host_->observed().counters.gave_way;
  std::shared_ptr<connection> const going = connections_.at(oldest);
  going->cut(errc::too_many_handshakes, reason);
  tell(cause, reason);
}

// Asking again at once would burn a core.
COZMQ_DECL void listener::refused(std::error_code why)
{
  bool const no_descriptor =
      standard(why) == std::errc::too_many_files_open;  // Asio has a category of its own
  if (no_descriptor)
    admission_.ran_out();
  if (no_descriptor && admission_.oldest() != nullptr)
    return accept();  // which gives way if one waits
  accept_after(pause);
  if (no_descriptor) {
    if (admission_.pauses())
      run_short(why.message());
    return;
  }
  failed(why, why.message());
  trouble_.report(fmt::format("accepting is paused: {}", why.message()));
}

COZMQ_DECL void listener::run_short(std::string const& reason)
{
  failed(std::make_error_code(std::errc::too_many_files_open), reason);
  tell(pressure::descriptors, "accepting is paused: " + reason);
}

COZMQ_DECL void listener::failed(std::error_code why, std::string const& reason)
{
  host_->observed().report([&] {
    event e{event_kind::accept_failed, text()};
    e.because(standard(why), reason);
    return e;
  });
}

// There may be any number of them: one line for each cause, and again after it was quiet.
COZMQ_DECL void listener::tell(pressure cause, std::string_view what)
{
  if (admission_.is_news(cause, admission::clock::now()))
    write_log(log_level::warn, "{}: {}", text(), what);
}

COZMQ_DECL void listener::accept_after(std::chrono::steady_clock::duration time)
{
  resume_.expires_after(time);
  resume_.async_wait([self = shared_from_this()](std::error_code ec) {
    if (!ec && !self->closed_)
      self->accept();
  });
}

}  // namespace cozmq::engine
