// What the system has still to deliver of what was written to a stream.
#pragma once

#include <cozmq/transport/stream.hpp>

#include <sys/ioctl.h>

namespace cozmq::transport {

/// Has the system at the other end everything that was written, the end of a closed direction too; or over ipc, has the
/// peer read it?
inline bool is_all_taken(stream& socket) noexcept
{
  int bytes = 0;
  return ::ioctl(socket.native_handle(), TIOCOUTQ, &bytes) == 0 && bytes == 0;
}

}  // namespace cozmq::transport
