// Options: what a peer may send at most, and how many peers may come.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cozmq::option {

/// The largest message to receive, all frames together, in bytes; a peer that announces more loses its connection.
/// Default 1 GiB less one byte; `option::unlimited` is no limit. Memory grows with what arrives, whatever is announced. Later connections.
/// @libzmq ZMQ_MAXMSGSIZE | below 1 GiB | later connections | all but STREAM
struct max_message_size : single<max_message_size, std::uint64_t, &engine::socket_options::limits,
                                 &wire::decoder_limits::message_size> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
};

/// The most frames to receive in one message. At least 1; default 65536. Later connections.
/// @libzmq - | 65536 | later connections | all but STREAM
struct max_frames
    : single<max_frames, std::size_t, &engine::socket_options::limits, &wire::decoder_limits::frames> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule = "max_frames is at least 1; no limit is spelt option::unlimited";
  static bool valid(std::size_t count) { return count > 0; }
};

/// The largest command to receive after the handshake, in bytes without its frame header; a peer that announces more
/// loses its connection. A SUBSCRIBE is a command and holds a topic. At least 512; default 64 KiB and 64 bytes. Later
/// connections.
/// @libzmq - | 64 KiB and 64 bytes | later connections | all but STREAM
struct max_command_size : single<max_command_size, std::size_t, &engine::socket_options::limits,
                                 &wire::decoder_limits::command_size> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule =
      "max_command_size is at least 512 bytes; no limit is spelt option::unlimited";
  static bool valid(std::size_t size) { return size >= 512; }
};

/// The most bytes that a peer may send before its handshake is complete, greeting and commands together. Memory grows
/// with what arrives. At least 1 KiB; default 68 KiB. Later connections.
/// @libzmq - | 68 KiB | later connections | all but STREAM
struct max_handshake_size
    : single<max_handshake_size, std::size_t, &engine::socket_options::max_handshake_size> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule =
      "max_handshake_size is at least 1024 bytes; no limit is spelt option::unlimited";
  static bool valid(std::size_t size) { return size >= 1024; }
};

/// How many handshakes may be in progress at one bound endpoint. For one more the oldest of them is cut: peers that
/// connect and say nothing do not keep others out. See also `handshake_timeout`. At least 1; default 1024. Takes effect
/// at once.
/// @libzmq - | 1024 | at once | all but STREAM; tcp, ipc
struct max_handshakes : single<max_handshakes, std::size_t, &engine::socket_options::admission,
                               &engine::admission_limits::handshakes> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule =
      "max_handshakes is at least 1; no limit is spelt option::unlimited";
  static bool valid(std::size_t count) { return count > 0; }
};

/// How many handshakes may begin in a second at one bound endpoint, for mechanisms whose handshake costs much of the
/// processor (CURVE, not NULL and PLAIN). Those who come faster wait; after a quiet second, so many may come at once. At
/// least 1; default 2000. Takes effect at once.
/// @libzmq - | 2000 | at once | all but STREAM; tcp, ipc
struct max_handshakes_per_second
    : single<max_handshakes_per_second, std::size_t, &engine::socket_options::admission,
             &engine::admission_limits::handshakes_per_second> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule =
      "max_handshakes_per_second is at least 1; no limit is spelt option::unlimited";
  static bool valid(std::size_t count) { return count > 0; }
};

/// How many connections that came in a socket may have at a time, all its bound endpoints and handshakes in progress
/// included; one that has gone counts until the application has received what it sent. For a further one the oldest
/// handshake in progress at its endpoint is cut; when there is none, it is closed as soon as it is accepted, with an
/// event `accept_failed`. Default `option::unlimited`; zero takes none. Takes effect at once; peers that are connected
/// stay.
/// @libzmq - | `option::unlimited` | at once | all; tcp, ipc
struct max_connections : single<max_connections, std::size_t, &engine::socket_options::admission,
                                &engine::admission_limits::connections> {
  using single::single;
};

/// An option in the limits of subscriptions.
template <class Option, auto Member>
struct subscription_limit
    : single<Option, std::size_t, &engine::socket_options::subscription_limits, Member> {
  using single<Option, std::size_t, &engine::socket_options::subscription_limits, Member>::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type == socket_type::pub || type == socket_type::xpub;
  }
};

/// PUB, XPUB: how many topics one peer may subscribe to; a peer that asks for more loses its connection. Default 1,000,000.
/// Takes effect at once; subscriptions that are there stay.
/// @libzmq - | 1,000,000 | at once | PUB, XPUB
struct max_subscriptions : subscription_limit<max_subscriptions, &routing::subscription_limits::topics> {
  using subscription_limit::subscription_limit;
};

/// PUB, XPUB: the longest topic that a peer may subscribe to, in bytes; a peer that asks for a longer one loses its
/// connection. Default 64 KiB; for more raise `max_command_size` as well. Takes effect at once.
/// @libzmq - | 64 KiB | at once | PUB, XPUB
struct max_topic_size : subscription_limit<max_topic_size, &routing::subscription_limits::topic_size> {
  using subscription_limit::subscription_limit;
};

/// PUB, XPUB: how many bytes all topics of one peer may have together; a peer that asks for more loses its connection.
/// What of requests an XPUB's application has not received is limited to as much. Default 64 MiB. Takes effect at once.
/// @libzmq - | 64 MiB | at once | PUB, XPUB
struct max_subscription_bytes
    : subscription_limit<max_subscription_bytes, &routing::subscription_limits::bytes> {
  using subscription_limit::subscription_limit;
};

}  // namespace cozmq::option
