// Options: what is kept for those who look on.
#pragma once

#include <cozmq/engine/event.hpp>
#include <cozmq/socket/options/option.hpp>

#include <cstddef>
#include <system_error>

namespace cozmq::option {

/// How many events of this socket are kept until somebody reads them, and of which kinds: `events{100}`, or
/// `events{1000, {event_kind::handshake_failed, event_kind::gave_up}}`. From now on events are kept; set it, or call
/// `socket.events()`, before `bind` and `connect` to see all. Zero, the default, keeps none: a reader that exists still
/// gets what was kept, then `operation_aborted`.
/// @libzmq - | 0 | at once | all
struct events {
  std::size_t value;
  event_kinds kinds = event_kinds::all();
  explicit events(std::size_t kept, event_kinds which = event_kinds::all()) : value{kept}, kinds{which} {}

  static constexpr bool applies_to(socket_type) { return true; }
  std::error_code apply(engine::socket_options& to) const
  {
    to.events_kept = value;
    to.events_wanted = kinds;
    return {};
  }
  static events read(engine::socket_options const& from)
  {
    return events{from.events_kept, from.events_wanted};
  }
};

}  // namespace cozmq::option
