// What can go wrong, as std::error_code: one category, and each text says what to do.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace cozmq {

/// The library's own error conditions. Those for which POSIX has a word compare equal to it:
/// `ec == std::errc::timed_out` holds for `errc::timed_out`.
enum class errc {
  // calls
  wrong_state = 1,
  terminated,
  operation_in_progress,
  would_block,
  timed_out,
  not_supported,
  host_unreachable,
  empty_message,
  wrong_frame_count,
  invalid_option,
  socket_closed,
  already_added,
  not_added,
  nothing_to_wait_for,
  // endpoints
  invalid_endpoint,
  unknown_transport,
  no_such_endpoint,
  no_such_peer,
  address_in_use,
  no_bind_wildcard,
  cannot_resolve,
  self_connect,
  connect_timeout,
  proxy_refused,
  too_many_sockets,
  threads_started,
  no_io_threads,
  wrong_thread,
  // what a peer did
  incompatible_peer,
  mechanism_mismatch,
  peer_too_old,
  bad_greeting,
  malformed_command,
  malformed_metadata,
  unexpected_command,
  malformed_frame,
  message_too_large,
  too_many_frames,
  too_many_subscriptions,
  too_many_handshakes,
  too_many_connections,
  handshake_timeout,
  heartbeat_timeout,
  refused_by_peer,
  access_denied,
  not_authentic,
  peer_closed,
  peer_limit,
  duplicate_routing_id,
};

struct error_row {
  errc code;
  std::string_view name;
  std::string_view text;
};

// One row per enumerator, in its order; docs/errors.md is made from this table.
inline constexpr error_row error_table[] = {
    {errc::wrong_state, "wrong_state",
     "out of turn: REQ sends then receives, REP receives then sends; use DEALER or ROUTER for free order"},
    {errc::terminated, "terminated", "the context is shutting down: leave the loop and let the socket go"},
    {errc::operation_in_progress, "operation_in_progress",
     "another receive is pending on this socket: await it first, or use one socket per receiver"},
    {errc::would_block, "would_block",
     "would block: nothing to receive, or every peer is at its high-water mark or absent; await the "
     "operation instead"},
    {errc::timed_out, "timed_out", "timed out: no answer in the time given; retry, or raise the timeout"},
    {errc::not_supported, "not_supported", "this socket type does not offer that operation"},
    {errc::host_unreachable, "host_unreachable",
     "no connected peer has this routing id: wait for the peer, or drop the message"},
    {errc::empty_message, "empty_message", "a message needs at least one frame: send \"\" for an empty one"},
    {errc::wrong_frame_count, "wrong_frame_count",
     "the message has another number of frames than asked for: check size() first"},
    {errc::invalid_option, "invalid_option",
     "the option's value is out of range: see the option's documentation"},
    {errc::socket_closed, "socket_closed", "the socket is closed: create a new one"},
    {errc::already_added, "already_added",
     "the poller watches this already: change what it looks for with modify"},
    {errc::not_added, "not_added", "the poller does not watch this: add it first"},
    {errc::nothing_to_wait_for, "nothing_to_wait_for",
     "the poller is empty, the wait would never end: add a socket, or give a timeout"},
    {errc::invalid_endpoint, "invalid_endpoint",
     "not an endpoint: write transport://address, for example tcp://127.0.0.1:5555"},
    {errc::unknown_transport, "unknown_transport", "unknown transport: this build has tcp, ipc and inproc"},
    {errc::no_such_endpoint, "no_such_endpoint",
     "no such endpoint on this socket: use the text that bind or connect returned"},
    {errc::no_such_peer, "no_such_peer",
     "no connected peer has this number: take it from peers() or from an event; a reconnect changes it"},
    {errc::address_in_use, "address_in_use",
     "the address is already in use: choose another, or stop the program that holds it"},
    {errc::no_bind_wildcard, "no_bind_wildcard",
     "\"*\" is for bind only: connect to a host name or an address"},
    {errc::cannot_resolve, "cannot_resolve",
     "cannot resolve the host name: check its spelling and the name service"},
    {errc::self_connect, "self_connect",
     "the connection reached itself: nobody listens on that local port yet"},
    {errc::connect_timeout, "connect_timeout",
     "no connection within connect_timeout: the host may be down or filtered"},
    {errc::proxy_refused, "proxy_refused",
     "the SOCKS proxy does not let us through: check socks_proxy and the proxy's rules; its reason is in the "
     "log"},
    {errc::too_many_sockets, "too_many_sockets",
     "the context has as many sockets as it allows: close some, or raise max_sockets"},
    {errc::threads_started, "threads_started",
     "the context's threads run already: set their number before the first socket or coroutine"},
    {errc::no_io_threads, "no_io_threads",
     "the context has no I/O threads, so there is inproc only: make it with io_threads{1} or more"},
    {errc::wrong_thread, "wrong_thread",
     "called on a thread where the socket does not live, or which must not wait for that one: use "
     "asio::co_spawn or asio::post with the socket's executor"},
    {errc::incompatible_peer, "incompatible_peer",
     "the peer's socket type does not fit this one: connect a pair that belongs together, such as PUB and "
     "SUB"},
    {errc::mechanism_mismatch, "mechanism_mismatch",
     "the peer uses another security mechanism: configure both ends alike"},
    {errc::peer_too_old, "peer_too_old", "the peer speaks a ZMTP version before 3.0: upgrade its library"},
    {errc::bad_greeting, "bad_greeting",
     "the peer does not speak ZMTP: something else connected to this port"},
    {errc::malformed_command, "malformed_command", "the peer sent a malformed command"},
    {errc::malformed_metadata, "malformed_metadata", "the peer sent malformed handshake properties"},
    {errc::unexpected_command, "unexpected_command",
     "the peer sent something that the protocol does not allow at this point"},
    {errc::malformed_frame, "malformed_frame", "the peer sent a frame with illegal flags"},
    {errc::message_too_large, "message_too_large",
     "the message is larger than max_message_size: raise the option if that was intended"},
    {errc::too_many_frames, "too_many_frames",
     "the message has more frames than max_frames: raise the option if that was intended"},
    {errc::too_many_subscriptions, "too_many_subscriptions",
     "the peer holds more or longer subscriptions than max_subscriptions, max_topic_size and "
     "max_subscription_bytes allow: raise them if that was intended"},
    {errc::too_many_handshakes, "too_many_handshakes",
     "this handshake gave way to newer ones, of which max_handshakes are in progress: raise the option if so "
     "many "
     "peers come at a time"},
    {errc::too_many_connections, "too_many_connections",
     "the socket has as many incoming connections as max_connections allows, further ones are closed: raise "
     "the "
     "option, or disconnect some peers"},
    {errc::handshake_timeout, "handshake_timeout",
     "the peer did not finish its handshake within handshake_timeout"},
    {errc::heartbeat_timeout, "heartbeat_timeout", "the peer was silent for longer than heartbeat_timeout"},
    {errc::refused_by_peer, "refused_by_peer",
     "the peer refused this connection: the status says how, the reason is in the peer's log"},
    {errc::access_denied, "access_denied",
     "the authenticator does not let this peer in: the reason is in our log"},
    {errc::not_authentic, "not_authentic",
     "what the peer sent was not sealed with the keys that it should have: check the keys of both ends"},
    {errc::peer_closed, "peer_closed", "the peer closed the connection"},
    {errc::peer_limit, "peer_limit", "this socket takes no further peer: a PAIR talks to exactly one"},
    {errc::duplicate_routing_id, "duplicate_routing_id",
     "another peer has this routing id: give each its own, or set router_handover to let the newcomer have "
     "it"},
};

namespace detail {

class error_category final : public std::error_category {
 public:
  char const* name() const noexcept override { return "cozmq"; }

  std::string message(int value) const override
  {
    for (error_row const& row : error_table)
      if (static_cast<int>(row.code) == value)
        return std::string{row.text};
    return "unknown cozmq error " + std::to_string(value);
  }

  std::error_condition default_error_condition(int value) const noexcept override
  {
    switch (static_cast<errc>(value)) {
      case errc::would_block: return std::errc::resource_unavailable_try_again;
      case errc::timed_out:
      case errc::connect_timeout:
      case errc::handshake_timeout:
      case errc::heartbeat_timeout: return std::errc::timed_out;
      case errc::not_supported: return std::errc::not_supported;
      case errc::host_unreachable: return std::errc::host_unreachable;
      case errc::empty_message:
      case errc::wrong_frame_count:
      case errc::invalid_option:
      case errc::already_added:
      case errc::not_added:
      case errc::nothing_to_wait_for:
      case errc::invalid_endpoint:
      case errc::no_bind_wildcard: return std::errc::invalid_argument;
      case errc::unknown_transport: return std::errc::protocol_not_supported;
      case errc::no_such_endpoint:
      case errc::no_such_peer: return std::errc::no_such_file_or_directory;
      case errc::address_in_use: return std::errc::address_in_use;
      case errc::message_too_large: return std::errc::message_size;
      case errc::too_many_sockets: return std::errc::too_many_files_open;
      case errc::terminated: return std::errc::operation_canceled;
      case errc::socket_closed: return std::errc::bad_file_descriptor;
      case errc::operation_in_progress: return std::errc::operation_in_progress;
      case errc::incompatible_peer:
      case errc::mechanism_mismatch:
      case errc::peer_too_old:
      case errc::bad_greeting:
      case errc::malformed_command:
      case errc::malformed_metadata:
      case errc::unexpected_command:
      case errc::malformed_frame: return std::errc::protocol_error;
      default: return {value, *this};
    }
  }
};

}  // namespace detail

/// The category of `errc`; its name is "cozmq".
inline std::error_category const& error_category() noexcept
{
  static detail::error_category const instance;
  return instance;
}

inline std::error_code make_error_code(errc code) noexcept
{
  return {static_cast<int>(code), error_category()};
}

namespace detail {

// Hot paths report by the bare enumerator, whose zero is success: an error_code costs a call even when it is clear.
inline std::error_code code(errc e) noexcept
{
  return e == errc{} ? std::error_code{} : make_error_code(e);
}

}  // namespace detail

/// What the throwing forms throw: a `std::system_error` whose what() is the whole story, such as
/// `cannot bind tcp://127.0.0.1:5555: address already in use`, with nothing appended.
class error : public std::system_error {
 public:
  explicit error(std::error_code code) : error{code, code.message()} {}
  error(std::error_code code, std::string what) : std::system_error{code}, what_{std::move(what)} {}

  char const* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

}  // namespace cozmq

template <>
struct std::is_error_code_enum<cozmq::errc> : std::true_type {};
