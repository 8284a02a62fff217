// libzmq's context, socket and message as C++ objects; every error throws.
#pragma once

#include "support/curve_keys.hpp"
#include "support/plan.hpp"

#include <zmq.h>

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace bench::libzmq {

inline int check(int result, char const* what)
{
  if (result < 0) {
    throw std::runtime_error{std::string{what} + ": " + zmq_strerror(zmq_errno())};
  }
  return result;
}

class context {
 public:
  context() = default;
  context(context const&) = delete;
  context& operator=(context const&) = delete;
  ~context() { zmq_ctx_term(handle_); }

  void allow_sockets(std::size_t count)
  {
    check(zmq_ctx_set(handle_, ZMQ_MAX_SOCKETS, static_cast<int>(count)), "ZMQ_MAX_SOCKETS");
  }

  void use_io_threads(std::size_t count)
  {
    check(zmq_ctx_set(handle_, ZMQ_IO_THREADS, static_cast<int>(count)), "ZMQ_IO_THREADS");
  }

  /// Makes every blocked call on this context's sockets fail, so that their threads can end.
  void shut_down() { zmq_ctx_shutdown(handle_); }

  void* get() const { return handle_; }

 private:
  void* handle_ = zmq_ctx_new();
};

/// A received message; reused from one receive to the next, as libzmq wants it.
class message {
 public:
  message() { zmq_msg_init(&handle_); }
  message(message const&) = delete;
  message& operator=(message const&) = delete;
  ~message() { zmq_msg_close(&handle_); }

  char const* data() { return static_cast<char const*>(zmq_msg_data(&handle_)); }

  zmq_msg_t* get() { return &handle_; }

 private:
  zmq_msg_t handle_;
};

/// Default options, but for linger: what is left when a measurement ends is of no interest.
class socket {
 public:
  socket(context& ctx, int type) : handle_{zmq_socket(ctx.get(), type)}
  {
    check(handle_ == nullptr ? -1 : 0, "zmq_socket");
    set(ZMQ_LINGER, 0);
  }
  socket(socket&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
  socket& operator=(socket&&) = delete;
  ~socket()
  {
    if (handle_ != nullptr) {
      zmq_close(handle_);
    }
  }

  void set(int option, int value)
  {
    check(zmq_setsockopt(handle_, option, &value, sizeof value), "zmq_setsockopt");
  }

  /// The mechanism that the plan says.
  void secure_binding(plan const& p)
  {
    if (p.mechanism == "curve") {
      set(ZMQ_CURVE_SERVER, 1);
      set(ZMQ_CURVE_SECRETKEY, server_keys.secret_key);
    }
  }
  void secure_connecting(plan const& p)
  {
    if (p.mechanism == "curve") {
      set(ZMQ_CURVE_SERVERKEY, server_keys.public_key);
      set(ZMQ_CURVE_PUBLICKEY, client_keys.public_key);
      set(ZMQ_CURVE_SECRETKEY, client_keys.secret_key);
    }
  }

  void set(int option, char const* text)
  {
    check(zmq_setsockopt(handle_, option, text, std::strlen(text)), "zmq_setsockopt");
  }

  void subscribe(std::string const& topic)
  {
    check(zmq_setsockopt(handle_, ZMQ_SUBSCRIBE, topic.data(), topic.size()), "ZMQ_SUBSCRIBE");
  }

  /// The endpoint as bound, with the port that the system chose.
  std::string bind(std::string const& endpoint)
  {
    check(zmq_bind(handle_, endpoint.c_str()), "zmq_bind");
    char text[256];
    std::size_t size = sizeof text;
    check(zmq_getsockopt(handle_, ZMQ_LAST_ENDPOINT, text, &size), "ZMQ_LAST_ENDPOINT");
    return text;
  }

  void connect(std::string const& endpoint) { check(zmq_connect(handle_, endpoint.c_str()), "zmq_connect"); }

  void send(std::string const& payload)
  {
    check(zmq_send(handle_, payload.data(), payload.size(), 0), "zmq_send");
  }

  void send(message& m, int flags = 0) { check(zmq_msg_send(m.get(), handle_, flags), "zmq_msg_send"); }

  void receive(message& m) { check(zmq_msg_recv(m.get(), handle_, 0), "zmq_msg_recv"); }

  /// False when there is nothing to receive.
  bool try_receive(message& m)
  {
    if (zmq_msg_recv(m.get(), handle_, ZMQ_DONTWAIT) >= 0) {
      return true;
    }
    check(zmq_errno() == EAGAIN ? 0 : -1, "zmq_msg_recv");
    return false;
  }

  void* get() const { return handle_; }

 private:
  void* handle_;
};

inline std::string version()
{
  int major = 0;
  int minor = 0;
  int patch = 0;
  zmq_version(&major, &minor, &patch);
  return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

}  // namespace bench::libzmq
