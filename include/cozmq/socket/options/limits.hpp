// Options: what a peer may send at most.
#pragma once

#include <cozmq/socket/options/option.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cozmq::option {

/// The largest message to receive, all frames together, in bytes; a peer that announces more loses its connection.
/// Default 1 GiB; `option::unlimited` is no limit. Memory grows with what arrives, whatever is announced. Later connections.
/// @libzmq ZMQ_MAXMSGSIZE | 1 GiB | later connections | all but STREAM
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

}  // namespace cozmq::option
