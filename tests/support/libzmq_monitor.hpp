// The connection events of a libzmq socket, for a test that waits for one, or for its absence.
#pragma once

#include "support/libzmq_peer.hpp"

#include <zmq.h>

#include <chrono>
#include <stdexcept>

namespace cozmq::test {

// To be made before the socket is handed to another thread.
class libzmq_monitor {
 public:
  // `events` is a mask such as ZMQ_EVENT_DISCONNECTED.
  libzmq_monitor(libzmq_peer& peer, int events) : socket_{peer.monitor("inproc://monitor", events)} {}

  libzmq_monitor(libzmq_monitor const&) = delete;
  libzmq_monitor& operator=(libzmq_monitor const&) = delete;
  ~libzmq_monitor() { zmq_close(socket_); }

  // Whether one of the events happens within `limit`.
  bool wait(std::chrono::milliseconds limit)
  {
    zmq_pollitem_t item{socket_, 0, ZMQ_POLLIN, 0};
    int const ready = zmq_poll(&item, 1, static_cast<long>(limit.count()));
    if (ready < 0)
      throw std::runtime_error{"zmq_poll failed on a monitor"};
    return ready != 0;
  }

 private:
  void* socket_;
};

}  // namespace cozmq::test
