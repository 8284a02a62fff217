// Options: how much is queued for a peer and from it, and how long it is delivered after the end.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace cozmq::option {

/// How many whole messages may wait for one peer before a send waits or, where a pattern drops (PUB, XPUB, XSUB, ROUTER,
/// REP), drops. At least 1; default 1000. Over inproc the queue holds the sum of this and the receiver's `receive_hwm`.
/// Counts messages that the kernel has not taken; while it takes more, up to one 64 KiB buffer comes on top, so that
/// tiny messages leave in full batches. Takes effect at once.
/// @libzmq ZMQ_SNDHWM | 1000 messages | at once | all but PULL, SUB
struct send_hwm : single<send_hwm, std::size_t, &engine::socket_options::send_hwm> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type != socket_type::pull && type != socket_type::sub;
  }
  static constexpr std::string_view rule =
      "send_hwm is at least 1 message; no limit is spelt option::unlimited";
  static bool valid(std::size_t messages) { return messages > 0; }
};

/// How many whole messages may wait to be received from one peer before its connection is no longer read; nothing is
/// dropped. At least 1; default 1000; exceeded by at most one 64 KiB read. Takes effect at once.
/// @libzmq ZMQ_RCVHWM | 1000 messages | at once | all but PUSH, PUB
struct receive_hwm : single<receive_hwm, std::size_t, &engine::socket_options::receive_hwm> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type != socket_type::push && type != socket_type::pub;
  }
  static constexpr std::string_view rule =
      "receive_hwm is at least 1 message; no limit is spelt option::unlimited";
  static bool valid(std::size_t messages) { return messages > 0; }
};

/// How many bytes may wait for one peer, besides `send_hwm`: whichever is reached first counts. The message that passes
/// the mark is still taken, so that one larger than it can be sent. At least 1; default `option::unlimited`. tcp and ipc.
/// Takes effect at once.
/// @libzmq - | `option::unlimited` | at once | all but PULL, SUB
struct send_hwm_bytes : single<send_hwm_bytes, std::size_t, &engine::socket_options::send_hwm_bytes> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return send_hwm::applies_to(type); }
  static constexpr std::string_view rule =
      "send_hwm_bytes is at least 1 byte; no limit is spelt option::unlimited";
  static bool valid(std::size_t bytes) { return bytes > 0; }
};

/// How many bytes of whole messages may wait to be received from one peer, besides `receive_hwm`; exceeded by at most one
/// message or one 64 KiB read. At least 1; default `option::unlimited`. tcp and ipc. Takes effect at once.
/// @libzmq - | `option::unlimited` | at once | all but PUSH, PUB
struct receive_hwm_bytes
    : single<receive_hwm_bytes, std::size_t, &engine::socket_options::receive_hwm_bytes> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return receive_hwm::applies_to(type); }
  static constexpr std::string_view rule =
      "receive_hwm_bytes is at least 1 byte; no limit is spelt option::unlimited";
  static bool valid(std::size_t bytes) { return bytes > 0; }
};

/// From how many bytes on a send hands what is gathered for a peer to the kernel itself, instead of leaving it to the
/// event loop's next turn. Smaller: earlier, with more system calls. At most 60 KiB.
/// @libzmq ZMQ_OUT_BATCH_SIZE | 60 KiB | later connections | all but PULL, SUB
struct send_batch : single<send_batch, std::size_t, &engine::socket_options::send_batch> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return send_hwm::applies_to(type); }
  static constexpr std::string_view rule = "send_batch is 1 byte to 60 KiB";
  static bool valid(std::size_t bytes) { return bytes > 0 && bytes <= 60 * 1024; }
};

/// The most bytes to read at once: by so much can `receive_hwm` be exceeded. Without a limit they are 64 KiB, and of a
/// large message, which has memory of its own, as many as there are.
/// @libzmq ZMQ_IN_BATCH_SIZE | `option::unlimited` | at once | all but PUSH, PUB
struct receive_batch : single<receive_batch, std::size_t, &engine::socket_options::receive_batch> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return receive_hwm::applies_to(type); }
  static constexpr std::string_view rule =
      "receive_batch is at least 1 byte; no limit is spelt option::unlimited";
  static bool valid(std::size_t bytes) { return bytes > 0; }
};

/// Of the messages that wait for a peer, or from it, keep the last one only and forget those before it; the high-water
/// marks then do not matter, and nothing waits for a full peer. Whole messages; subscriptions are never forgotten.
/// Default false. Takes effect at once.
/// @libzmq ZMQ_CONFLATE | false | at once | PUSH, PULL, PUB, SUB, DEALER
struct conflate : single<conflate, bool, &engine::socket_options::conflate> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::push || type == socket_type::pull || type == socket_type::pub ||
           type == socket_type::sub || type == socket_type::dealer;
  }
};

/// Queue only for peers whose handshake is complete, instead of for every connecting endpoint. Default false.
/// Affects later connects.
/// @libzmq ZMQ_IMMEDIATE | false | later connects | all
struct immediate : single<immediate, bool, &engine::socket_options::immediate> {
  using single::single;
};

/// How long a closed socket goes on delivering what is queued: `linger{500ms}`, `linger{linger::forever}`, or zero to
/// drop it. Default: until one second has passed without progress, and 30 s in all. Takes effect at close.
/// @libzmq ZMQ_LINGER | 1 s without progress, 30 s in all | at close | all
struct linger {
  using duration = std::chrono::milliseconds;
  static constexpr duration forever = engine::linger_limits::forever;
  duration value;
  explicit linger(duration d) : value{d} {}
  static constexpr bool applies_to(socket_type) { return true; }
  static constexpr std::string_view rule =
      "linger is zero or longer; without an end is spelt linger::forever";
  std::error_code apply(engine::socket_options& to) const
  {
    if (value < duration::zero())
      return errc::invalid_option;
    to.linger = {value, value};
    return {};
  }
  static linger read(engine::socket_options const& from) { return linger{from.linger.in_all}; }
};

}  // namespace cozmq::option
