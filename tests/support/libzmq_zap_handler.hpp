// An application's ZAP handler for a libzmq socket [RFC 27]: a REP on inproc://zeromq.zap.01, on a thread of its own.
#pragma once

#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"

#include <zmq.h>

#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace cozmq::test {

// To be made before the peer binds or connects, and destroyed before the peer; it closes the peer.
class libzmq_zap_handler {
 public:
  // Gets a request's frames from the version on; the answer's status and user id.
  using decider = std::function<std::pair<std::string, std::string>(parts const&)>;

  libzmq_zap_handler(libzmq_peer& peer, decider decide)
      : peer_{peer}, decide_{std::move(decide)}, socket_{zmq_socket(peer.context(), ZMQ_REP)}
  {
    if (zmq_bind(socket_, "inproc://zeromq.zap.01") != 0)
      throw std::runtime_error{"libzmq does not let a ZAP handler bind"};
    thread_ = std::thread{[this] { work(); }};
  }

  libzmq_zap_handler(libzmq_zap_handler const&) = delete;
  libzmq_zap_handler& operator=(libzmq_zap_handler const&) = delete;
  ~libzmq_zap_handler()
  {
    peer_.close();  // its context ends, and with it the thread
    thread_.join();
  }

  std::vector<parts> requests()
  {
    std::lock_guard const lock{mutex_};
    return requests_;
  }

 private:
  void work()
  {
    for (parts request; receive(request); request.clear()) {
      auto const [status, user] = decide_(request);
      {
        std::lock_guard const lock{mutex_};
        requests_.push_back(request);
      }
      parts const reply{"1.0", request.at(1), status, "", user, ""};
      for (std::size_t i = 0; i < reply.size(); ++i)
        zmq_send(socket_, reply[i].data(), reply[i].size(), i + 1 < reply.size() ? ZMQ_SNDMORE : 0);
    }
    zmq_close(socket_);
  }

  bool receive(parts& request)
  {
    for (int more = 1; more != 0;) {
      zmq_msg_t part;
      zmq_msg_init(&part);
      bool const got = zmq_msg_recv(&part, socket_, 0) >= 0;
      if (got)
        request.emplace_back(static_cast<char const*>(zmq_msg_data(&part)), zmq_msg_size(&part));
      more = got ? zmq_msg_more(&part) : 0;
      zmq_msg_close(&part);
      if (!got)
        return false;
    }
    return true;
  }

  libzmq_peer& peer_;
  decider decide_;
  void* socket_;
  std::mutex mutex_;
  std::vector<parts> requests_;
  std::thread thread_;
};

}  // namespace cozmq::test
