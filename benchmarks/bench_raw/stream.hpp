// A plain blocking stream socket over loopback TCP or a Unix socket file: no library in between.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace bench::raw {

inline int check(int result, char const* what)
{
  if (result < 0) {
    throw std::system_error{errno, std::generic_category(), what};
  }
  return result;
}

class stream {
 public:
  explicit stream(int descriptor) : descriptor_{descriptor} {}
  stream(stream&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  stream& operator=(stream&&) = delete;
  ~stream()
  {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  int descriptor() const { return descriptor_; }

  /// At least one octet, at most `size`.
  std::size_t read_some(char* to, std::size_t size)
  {
    ssize_t const got = ::read(descriptor_, to, size);
    check(got < 0 ? -1 : 0, "read");
    if (got == 0) {
      throw std::runtime_error{"the other process has gone"};
    }
    return static_cast<std::size_t>(got);
  }

  void read_exactly(char* to, std::size_t size)
  {
    while (size != 0) {
      std::size_t const got = read_some(to, size);
      to += got;
      size -= got;
    }
  }

  void write_all(char const* from, std::size_t size)
  {
    while (size != 0) {
      ssize_t const put = ::write(descriptor_, from, size);
      check(put < 0 ? -1 : 0, "write");
      from += put;
      size -= static_cast<std::size_t>(put);
    }
  }

  /// Two pieces in one system call, neither copied.
  void write_both(char const* head, std::size_t head_size, char const* body, std::size_t body_size)
  {
    iovec pieces[2] = {{const_cast<char*>(head), head_size}, {const_cast<char*>(body), body_size}};
    ssize_t const put = ::writev(descriptor_, pieces, 2);
    check(put < 0 ? -1 : 0, "writev");
    auto const done = static_cast<std::size_t>(put);
    if (done < head_size) {
      write_all(head + done, head_size - done);
      write_all(body, body_size);
    } else {
      write_all(body + (done - head_size), body_size - (done - head_size));
    }
  }

 private:
  int descriptor_;
};

inline void send_small_at_once(stream const& s, std::string const& transport)
{
  if (transport == "tcp") {
    int const on = 1;
    check(::setsockopt(s.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
  }
}

inline sockaddr_in loopback(unsigned port)
{
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

inline sockaddr_un socket_file(std::string const& path)
{
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::invalid_argument{"the temporary directory's name is too long for a socket file: " + path};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

template <class Address>
sockaddr* generic(Address& address)
{
  return reinterpret_cast<sockaddr*>(&address);
}

/// Listens on a port of the system's choice, or on the file `path`.
class listener {
 public:
  listener(std::string transport, std::string const& path)
      : transport_{std::move(transport)},
        socket_{check(::socket(transport_ == "tcp" ? AF_INET : AF_UNIX, SOCK_STREAM, 0), "socket")},
        address_{path}
  {
    if (transport_ == "tcp") {
      sockaddr_in at = loopback(0);
      socklen_t size = sizeof at;
      check(::bind(socket_.descriptor(), generic(at), size), "bind");
      check(::getsockname(socket_.descriptor(), generic(at), &size), "getsockname");
      address_ = std::to_string(ntohs(at.sin_port));
    } else {
      sockaddr_un at = socket_file(path);
      check(::bind(socket_.descriptor(), generic(at), sizeof at), "bind");
    }
    check(::listen(socket_.descriptor(), 128), "listen");
  }

  /// What dial() takes: a port or a path.
  std::string const& address() const { return address_; }

  stream accept()
  {
    stream accepted{check(::accept(socket_.descriptor(), nullptr, nullptr), "accept")};
    send_small_at_once(accepted, transport_);
    return accepted;
  }

 private:
  std::string transport_;
  stream socket_;
  std::string address_;
};

inline stream dial(std::string const& transport, std::string const& address)
{
  stream dialled{check(::socket(transport == "tcp" ? AF_INET : AF_UNIX, SOCK_STREAM, 0), "socket")};
  if (transport == "tcp") {
    sockaddr_in to = loopback(static_cast<unsigned>(std::stoul(address)));
    check(::connect(dialled.descriptor(), generic(to), sizeof to), "connect");
  } else {
    sockaddr_un to = socket_file(address);
    check(::connect(dialled.descriptor(), generic(to), sizeof to), "connect");
  }
  send_small_at_once(dialled, transport);
  return dialled;
}

}  // namespace bench::raw
