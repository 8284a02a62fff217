// What strangers do: plain connections that say what an attack wants, and no more.
#pragma once

#include <cozmq/wire/command.hpp>
#include <cozmq/wire/frame_header.hpp>
#include <cozmq/wire/greeting.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace hostile {

using octets = std::vector<std::byte>;

inline double now()
{
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline octets greeting(std::string_view mechanism = "NULL")
{
  auto const bytes = cozmq::wire::encode_greeting(mechanism);
  return {bytes.begin(), bytes.end()};
}

inline octets command(std::string_view name, std::string_view data)
{
  octets bytes;
  cozmq::wire::append_command(bytes, name, cozmq::as_bytes(data));
  return bytes;
}

/// The greeting and the READY of a peer.
inline octets hello(std::string_view type)
{
  std::string data{"\x0bSocket-Type"};
  data += std::string{"\0\0\0", 3} + static_cast<char>(type.size());
  data += type;
  octets bytes = greeting();
  octets const ready = command("READY", data);
  bytes.insert(bytes.end(), ready.begin(), ready.end());
  return bytes;
}

/// One connection. What does not work within ten seconds throws.
class attacker {
 public:
  explicit attacker(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
  {
    timeval const patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    int const yes = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (socket_ < 0 || ::connect(socket_, reinterpret_cast<sockaddr const*>(&to), sizeof to) != 0)
      throw std::runtime_error{"cannot connect to the victim"};
  }
  attacker(attacker&& other) noexcept : socket_{std::exchange(other.socket_, -1)} {}
  attacker& operator=(attacker&&) = delete;
  ~attacker()
  {
    if (socket_ >= 0)
      ::close(socket_);
  }

  /// False when the victim has closed.
  bool send(octets const& bytes)
  {
    for (std::size_t sent = 0; sent < bytes.size();) {
      ssize_t const count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0)
        return false;
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }

  void read(std::size_t size)
  {
    std::array<std::byte, 512> bytes{};
    if (::recv(socket_, bytes.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size))
      throw std::runtime_error{"the victim does not answer"};
    last_ = std::to_integer<std::size_t>(bytes[size - 1]);
  }

  /// What there is, but at least one byte.
  octets read_some()
  {
    octets bytes(4096);
    ssize_t const count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (count <= 0)
      throw std::runtime_error{"the victim does not answer"};
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
  }

  /// A short frame, whatever it says.
  void read_frame()
  {
    read(2);
    read(last_);
  }

  /// Greets as `type`, and waits for the other side's READY.
  void shake_hands(std::string_view type)
  {
    if (!send(hello(type)))
      throw std::runtime_error{"the victim closed during a good handshake"};
    read(cozmq::wire::greeting_size);
    read_frame();
  }

  /// When this returns the victim has handled all that was sent.
  void ping()
  {
    send(command("PING", std::string_view{"\0\0", 2}));
    read_frame();
  }

  /// Waits for the victim's end of the connection. False when it does not come in time.
  bool is_closed()
  {
    std::array<std::byte, 4096> bytes{};
    ssize_t count = 0;
    do
      count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    while (count > 0);
    return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

 private:
  int socket_;
  std::size_t last_ = 0;
};

/// How long a good client needs from its first packet to the victim's READY, in seconds.
inline double welcome_time(std::uint16_t port, std::string_view type)
{
  double const begun = now();
  attacker good{port};
  good.shake_hands(type);
  return now() - begun;
}

}  // namespace hostile
