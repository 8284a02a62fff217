// A libzmq socket with its context: the other end of the interop tests. Its calls block for 10 s at most.
#pragma once

#include "support/parts.hpp"

#include <zmq.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cozmq::test {

inline constexpr int libzmq_timeout_ms = 10'000;

// May be handed to another thread, but is used by one at a time. Throws std::runtime_error if libzmq fails.
class libzmq_peer {
 public:
  explicit libzmq_peer(int type) : context_{zmq_ctx_new()}, socket_{zmq_socket(context_, type)}
  {
    set(ZMQ_RCVTIMEO, libzmq_timeout_ms);
    set(ZMQ_SNDTIMEO, libzmq_timeout_ms);
    set(ZMQ_LINGER, libzmq_timeout_ms);
    set(ZMQ_RECONNECT_IVL, 10);
  }

  libzmq_peer(libzmq_peer&& other) noexcept
      : context_{std::exchange(other.context_, nullptr)}, socket_{std::exchange(other.socket_, nullptr)}
  {
  }
  libzmq_peer& operator=(libzmq_peer&&) = delete;
  ~libzmq_peer() { close(); }

  void set(int option, int value)
  {
    check(zmq_setsockopt(socket_, option, &value, sizeof value), "zmq_setsockopt");
  }
  void set(int option, std::string_view value)
  {
    check(zmq_setsockopt(socket_, option, value.data(), value.size()), "zmq_setsockopt");
  }

  // Returns the endpoint with what `*` stood for.
  std::string bind(std::string const& endpoint)
  {
    check(zmq_bind(socket_, endpoint.c_str()), "zmq_bind " + endpoint);
    std::array<char, 256> text{};
    std::size_t size = text.size();
    check(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size), "zmq_getsockopt");
    return text.data();
  }

  void connect(std::string const& endpoint)
  {
    check(zmq_connect(socket_, endpoint.c_str()), "zmq_connect " + endpoint);
  }

  void send(parts const& message)
  {
    for (std::size_t i = 0; i < message.size(); ++i) {
      int const flags = i + 1 < message.size() ? ZMQ_SNDMORE : 0;
      check(zmq_send(socket_, message[i].data(), message[i].size(), flags), "zmq_send");
    }
  }

  parts receive()
  {
    parts message;
    int more = 1;
    while (more != 0) {
      zmq_msg_t part;
      zmq_msg_init(&part);
      int const size = zmq_msg_recv(&part, socket_, 0);
      if (size >= 0) {
        message.emplace_back(static_cast<char const*>(zmq_msg_data(&part)), zmq_msg_size(&part));
        more = zmq_msg_more(&part);
      }
      zmq_msg_close(&part);
      check(size, "zmq_msg_recv");
    }
    return message;
  }

  // Receives a message of one part, and tells the property of its sender; empty when there is none.
  std::string receive_property(char const* name)
  {
    zmq_msg_t part;
    zmq_msg_init(&part);
    int const size = zmq_msg_recv(&part, socket_, 0);
    char const* const value = size >= 0 ? zmq_msg_gets(&part, name) : nullptr;
    std::string result{value != nullptr ? value : ""};
    zmq_msg_close(&part);
    check(size, "zmq_msg_recv");
    return result;
  }

  std::vector<parts> receive(std::size_t count)
  {
    std::vector<parts> messages;
    while (messages.size() < count)
      messages.push_back(receive());
    return messages;
  }

  // ZMQ_POLLIN and ZMQ_POLLOUT, as they are now.
  int events()
  {
    int value = 0;
    std::size_t size = sizeof value;
    check(zmq_getsockopt(socket_, ZMQ_EVENTS, &value, &size), "zmq_getsockopt");
    return value;
  }

  // A PAIR, to be closed before this peer, that receives the events of `mask`.
  void* monitor(char const* address, int mask)
  {
    check(zmq_socket_monitor(socket_, address, mask), "zmq_socket_monitor");
    void* events = zmq_socket(context_, ZMQ_PAIR);
    check(zmq_connect(events, address), "zmq_connect");
    return events;
  }

  // For sockets of another kind that belong to this one.
  void* context() const noexcept { return context_; }

  // Gone at once, with what was not yet sent; the address is free when this returns.
  void kill()
  {
    set(ZMQ_LINGER, 0);
    close();
  }

  void close() noexcept
  {
    if (socket_ != nullptr)
      zmq_close(std::exchange(socket_, nullptr));
    if (context_ != nullptr)
      zmq_ctx_term(std::exchange(context_, nullptr));
  }

 private:
  static void check(int result, std::string const& call)
  {
    if (result < 0)
      throw std::runtime_error{call + " failed in libzmq: " + zmq_strerror(zmq_errno())};
  }

  void* context_;
  void* socket_;
};

}  // namespace cozmq::test
