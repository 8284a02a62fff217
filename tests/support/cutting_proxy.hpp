// A TCP relay that resets a connection after a given number of bytes: what a network does to a peer, repeatably.
#pragma once

#include <cozmq/transport/asio.hpp>

#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace cozmq::test {

/// Relays each connection to `target` and resets both ends when `next_limit()` bytes have passed, both ways together.
class cutting_proxy {
 public:
  cutting_proxy(asio::io_context& io, std::uint16_t target, std::function<std::size_t()> next_limit)
      : io_{io},
        acceptor_{io, {asio::ip::address_v4::loopback(), 0}},
        target_{target},
        next_limit_{std::move(next_limit)}
  {
    accept();
  }

  std::string endpoint() const
  {
    return "tcp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  std::size_t connections() const { return connections_; }

 private:
  struct relay : std::enable_shared_from_this<relay> {
    relay(asio::ip::tcp::socket a, asio::io_context& io, std::size_t bytes)
        : client{std::move(a)}, server{io}, left{bytes}
    {
    }

    void cut()
    {
      std::error_code ignored;
      for (asio::ip::tcp::socket* s : {&client, &server}) {
        s->set_option(asio::socket_base::linger{true, 0}, ignored);  // closing resets
        s->close(ignored);
      }
    }

    void pump(asio::ip::tcp::socket& from, asio::ip::tcp::socket& to, std::array<char, 4096>& buffer)
    {
      from.async_read_some(asio::buffer(buffer), [self = shared_from_this(), &from, &to, &buffer](
                                                     std::error_code ec, std::size_t n) {
        if (ec || self->left == 0)
          return self->cut();
        n = std::min(n, self->left);
        self->left -= n;
        asio::async_write(to, asio::buffer(buffer, n),
                          [self, &from, &to, &buffer](std::error_code failed, std::size_t) {
                            if (failed || self->left == 0)
                              return self->cut();
                            self->pump(from, to, buffer);
                          });
      });
    }

    asio::ip::tcp::socket client;
    asio::ip::tcp::socket server;
    std::size_t left;
    std::array<char, 4096> up{};
    std::array<char, 4096> down{};
  };

  void accept()
  {
    acceptor_.async_accept([this](std::error_code ec, asio::ip::tcp::socket client) {
      if (ec)
        return;
      ++connections_;
      auto const r = std::make_shared<relay>(std::move(client), io_, next_limit_());
      r->server.async_connect({asio::ip::address_v4::loopback(), target_}, [r](std::error_code failed) {
        if (failed)
          return r->cut();
        r->pump(r->client, r->server, r->up);
        r->pump(r->server, r->client, r->down);
      });
      accept();
    });
  }

  asio::io_context& io_;
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t target_;
  std::function<std::size_t()> next_limit_;
  std::size_t connections_ = 0;
};

}  // namespace cozmq::test
