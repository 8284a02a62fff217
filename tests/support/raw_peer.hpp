// A peer made of octets: a plain TCP connection that says exactly what a test wants, or nothing at all.
#pragma once

#include "support/octets.hpp"
#include <cozmq/core/bytes.hpp>
#include <cozmq/core/socket_type.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/frame_header.hpp>
#include <cozmq/wire/greeting.hpp>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::test {

// A message frame of at most 255 octets.
inline octets frame_octets(std::string_view body, bool more = false)
{
  octets result{more ? std::byte{1} : std::byte{0}, static_cast<std::byte>(body.size())};
  return result + from_text(body);
}

// The port at the end of "tcp://address:port".
inline std::uint16_t port_of(std::string const& endpoint)
{
  return static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1)));
}

// The greeting and the READY of a peer with the NULL mechanism.
inline octets hello_octets(std::string_view type, std::string_view identity = {})
{
  auto const greeting = wire::encode_greeting("NULL");
  octets hello{greeting.begin(), greeting.end()};
  std::string property{"\x0bSocket-Type"};
  property += std::string{"\0\0\0", 3} + static_cast<char>(type.size());
  property += type;
  if (!identity.empty()) {
    property += std::string{"\x08Identity\0\0\0", 12} + static_cast<char>(identity.size());
    property += identity;
  }
  wire::append_command(hello, "READY", as_bytes(property));
  return hello;
}

class raw_peer {
 public:
  explicit raw_peer(asio::io_context& io) : stream_{io} {}
  explicit raw_peer(asio::ip::tcp::socket stream) : stream_{std::move(stream)} {}

  asio::awaitable<void> connect(std::string endpoint)
  {
    asio::ip::tcp::endpoint const to{asio::ip::address_v4::loopback(), port_of(endpoint)};
    co_await stream_.async_connect(to, asio::use_awaitable);
  }

  asio::awaitable<void> write(octets bytes)
  {
    co_await asio::async_write(stream_, asio::buffer(bytes), asio::use_awaitable);
  }
  asio::awaitable<void> write(std::string_view text) { return write(from_text(text)); }

  asio::awaitable<octets> read(std::size_t size)
  {
    octets result(size);
    co_await asio::async_read(stream_, asio::buffer(result), asio::use_awaitable);
    co_return result;
  }

  // The flags and the body of the next frame.
  asio::awaitable<std::pair<unsigned, octets>> read_frame()
  {
    octets const flags = co_await read(1);
    unsigned const bits = std::to_integer<unsigned>(flags[0]);
    octets const length = co_await read((bits & wire::flag_long) != 0 ? 8 : 1);
    std::size_t size = 0;
    for (std::byte b : length)
      size = size << 8 | std::to_integer<std::size_t>(b);
    co_return std::pair{bits, co_await read(size)};
  }

  // Greets as `type` and returns the body of the answer: the other side's READY, or its ERROR.
  asio::awaitable<std::string> handshake(std::string_view type, std::string_view identity = {})
  {
    co_await write(hello_octets(type, identity));
    co_await read(wire::greeting_size);
    auto const answer = co_await read_frame();
    co_return std::string{as_text(answer.second)};
  }

  // When this returns, the other side has handled all that was written before.
  asio::awaitable<void> ping()
  {
    octets bytes;
    wire::append_ping(bytes, wire::deciseconds{0});
    co_await write(std::move(bytes));
    auto const pong = co_await read_frame();
    if (as_text(pong.second).substr(0, 5) != "\x04PONG")
      throw std::runtime_error{"not a PONG: " + to_hex(pong.second)};
  }

  // Reads until the other side ends the connection.
  asio::awaitable<void> wait_closed()
  {
    std::error_code ended;
    octets ignored(65'536);
    while (!ended)
      co_await stream_.async_read_some(asio::buffer(ignored),
                                       asio::redirect_error(asio::use_awaitable, ended));
  }

  void close()
  {
    std::error_code ignored;
    stream_.close(ignored);
  }

  asio::ip::tcp::socket& stream() noexcept { return stream_; }

 private:
  asio::ip::tcp::socket stream_;
};

// A port that accepts raw peers.
class raw_listener {
 public:
  explicit raw_listener(asio::io_context& io)
      : acceptor_{io, asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), 0}}
  {
  }

  std::string endpoint() const
  {
    return "tcp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  asio::awaitable<raw_peer> accept()
  {
    co_return raw_peer{co_await acceptor_.async_accept(asio::use_awaitable)};
  }

 private:
  asio::ip::tcp::acceptor acceptor_;
};

}  // namespace cozmq::test
