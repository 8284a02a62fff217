// The option to go on with a socket that somebody else has opened.
#pragma once

#include <cozmq/socket/options/option.hpp>
#include <cozmq/transport/descriptor.hpp>

#include <optional>
#include <string_view>

namespace cozmq::option {

/// A descriptor for the next bind, or connect, to tcp or ipc, which takes it over and forgets this option: a listening
/// socket, for example from systemd, or a connected one. The endpoint then says which transport it is, and where to
/// connect again when the connection is lost; what the system's options say must have been set on it before. A file
/// that it listens on is left alone at the end, and so is whether programs started by this one inherit the descriptor
/// (FD_CLOEXEC); they inherit none that cozmq opens. Default: none.
/// @libzmq ZMQ_USE_FD | none | next bind or connect | all; tcp, ipc
struct use_fd : single<use_fd, std::optional<int>, &engine::socket_options::use_fd> {
  using single::single;
  static constexpr bool for_one_socket = true;
  static constexpr std::string_view rule =
      "use_fd takes the descriptor of an open stream socket; std::nullopt takes it back";
  static bool valid(std::optional<int> descriptor)
  {
    return !descriptor || transport::is_stream_socket(*descriptor);
  }
};

}  // namespace cozmq::option
