// The exchange with a proxy, between connecting to it and being connected to the peer; bodies of engine::dialer.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/engine/dialer.hpp>
#include <cozmq/transport/socks5.hpp>

#include <asio/read.hpp>
#include <asio/write.hpp>
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <vector>

namespace cozmq::engine {

/// Handlers share it, so that it outlives what is still being read or written when an attempt is abandoned.
struct proxy_talk {
  transport::socks5_client client;
  std::array<std::byte, 257> input{};
};

COZMQ_DECL void dialer::ask_proxy()
{
  // Has to answer in time: without a limit for connecting the one for what comes after it holds.
  if (host_->options().connect_timeout <= std::chrono::milliseconds::zero())
    limit_attempt(host_->options().handshake_timeout);
  std::error_code not_numeric;
  asio::ip::address const numeric = asio::ip::make_address(where_.host, not_numeric);
  std::vector<std::byte> address;
  auto const assign = [&address](auto const& octets) {
    for (auto const octet : octets)
      address.push_back(static_cast<std::byte>(octet));
  };
  if (!not_numeric && numeric.is_v4())
    assign(numeric.to_v4().to_bytes());
  else if (!not_numeric)
    assign(numeric.to_v6().to_bytes());
  proxy_ = std::make_shared<proxy_talk>(
      proxy_talk{transport::socks5_client{*host_->options().proxy, where_.host, address, where_.port}});
  talk_to_proxy();
}

COZMQ_DECL void dialer::talk_to_proxy()
{
  byte_view const out = proxy_->client.output();
  if (out.empty())
    return hear_proxy();
  asio::async_write(socket_, asio::buffer(out.data(), out.size()),
                    guarded([talk = proxy_](dialer& self, std::error_code ec, std::size_t) {
                      if (ec)
                        self.proxy_failed(ec);
                      else
                        self.hear_proxy();
                    }));
}

COZMQ_DECL void dialer::hear_proxy()
{
  // Not one octet more than it says: what follows is the peer's.
  asio::async_read(socket_, asio::buffer(proxy_->input.data(), proxy_->client.wanted()),
                   guarded([talk = proxy_](dialer& self, std::error_code ec, std::size_t count) {
                     if (ec)
                       return self.proxy_failed(ec);
                     using status = transport::socks5_client::status;
                     switch (talk->client.feed(byte_view{talk->input}.first(count))) {
                       case status::needs_input: return self.talk_to_proxy();
                       case status::failed:
                         self.timer_.cancel();
                         return self.fail(talk->client.reason(), talk->client.error());
                       case status::done:
                         self.timer_.cancel();
                         self.proxy_.reset();
                         return self.connected();
                     }
                   }));
}

// The connection to the proxy ended, or our own deadline has closed it.
COZMQ_DECL void dialer::proxy_failed(std::error_code ec)
{
  timer_.cancel();
  if (ec == asio::error::operation_aborted)
    return fail(fmt::format("SOCKS proxy {}: it did not answer in time", host_->options().proxy->host),
                errc::connect_timeout);
  fail(fmt::format("SOCKS proxy {}: it closed the connection", host_->options().proxy->host),
       errc::proxy_refused);
}

}  // namespace cozmq::engine
