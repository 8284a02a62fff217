// ipc: local stream sockets, with a path or an abstract name.
#pragma once

#include <cozmq/core/endpoint.hpp>
#include <cozmq/core/error.hpp>
#include <cozmq/transport/opening.hpp>
#include <cozmq/transport/stream.hpp>
#include <cozmq/transport/tuning.hpp>

#include <asio/basic_datagram_socket.hpp>
#include <asio/local/datagram_protocol.hpp>
#include <asio/local/stream_protocol.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace cozmq::transport::ipc {

/// The address of a path, or of an abstract name that is written "@name".
inline address to_address(std::string const& path)
{
  if (!path.empty() && path.front() == '@')
    return asio::local::stream_protocol::endpoint{std::string(1, '\0') + path.substr(1)};
  return asio::local::stream_protocol::endpoint{path};
}

namespace detail {

// Does a process hold the socket file? A file that nobody holds is left over from a process that died. A datagram
// socket cannot connect to a stream's, but the attempt tells the two cases apart, and the other process notices nothing.
inline bool is_alive(asio::any_io_executor const& executor, std::string const& path)
{
  asio::basic_datagram_socket<asio::local::datagram_protocol, asio::any_io_executor> probe{executor};
  std::error_code ec;
  open(probe, asio::local::datagram_protocol{}, ec);
  probe.connect(asio::local::datagram_protocol::endpoint{path}, ec);
  ec = standard(ec);
  return ec != std::errc::connection_refused && ec != std::errc::no_such_file_or_directory;
}

// A directory of our own, so that the name can neither be guessed nor taken.
inline std::string unique_path(std::error_code& ec)
{
  std::string name = (std::filesystem::temp_directory_path(ec) / "cozmq-XXXXXX").string();
  if (ec || ::mkdtemp(name.data()) == nullptr) {
    ec = ec ? ec : std::error_code{errno, std::generic_category()};
    return {};
  }
  return name + "/socket";
}

}  // namespace detail

/// Removes the file of a socket that listened here, and the directory when the library made it.
inline void remove_file(endpoint const& where, std::string const& bound) noexcept
{
  if (where.abstract())
    return;
  std::error_code ignored;
  std::filesystem::path const path{bound.substr(std::string_view{"ipc://"}.size())};
  std::filesystem::remove(path, ignored);
  if (where.any_path)
    std::filesystem::remove(path.parent_path(), ignored);
}

/// Opens, binds and listens. A socket file that nobody listens on is replaced, a live one is not stolen.
///
/// @par Errors
/// `std::errc::address_in_use`, `no_such_file_or_directory` (the directory does not exist), `permission_denied`.
inline std::optional<listening> listen(asio::any_io_executor const& executor, endpoint const& where,
                                       socket_settings const& settings, std::error_code& ec)
{
  std::string const path = where.any_path ? detail::unique_path(ec) : where.path;
  if (ec)
    return std::nullopt;
  listening result{acceptor{executor}, "ipc://" + path};
  open(result.socket, protocol{asio::local::stream_protocol{}}, ec);
  if (!ec)
    ec = tune_opened(result.socket, settings);
  if (!ec)
    result.socket.bind(to_address(path), ec);
  if (ec == asio::error::address_in_use && !where.abstract() && !detail::is_alive(executor, path)) {
    std::filesystem::remove(path, ec);
    result.socket.bind(to_address(path), ec);
  }
  bool const made = !ec;
  // Nobody can connect before listen(), so nobody sees other permissions.
  if (made && settings.ipc_mode && !where.abstract() && ::chmod(path.c_str(), *settings.ipc_mode) != 0)
    ec = {errno, std::generic_category()};
  if (!ec)
    result.socket.listen(settings.backlog, ec);
  if (!ec)
    return result;
  if (made || where.any_path)  // what is there is ours
    remove_file(where, result.endpoint);
  return std::nullopt;
}

}  // namespace cozmq::transport::ipc
