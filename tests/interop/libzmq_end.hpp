// libzmq's end of a conversation; what blocks does so on a thread.
#pragma once

#include "interop/end.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include <cozmq/core/socket_type.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace cozmq::test {

class libzmq_end final : public end {
 public:
  libzmq_end(asio::io_context& io, std::string_view type, std::string const& id)
      : io_{io}, peer_{number_of(type)}
  {
    peer_.set(ZMQ_ROUTING_ID, id);
  }

  libzmq_peer& peer() noexcept { return peer_; }

  asio::awaitable<std::string> bind(std::string endpoint) override { co_return peer_.bind(endpoint); }
  asio::awaitable<void> connect(std::string endpoint) override
  {
    peer_.connect(endpoint);
    co_return;
  }
  asio::awaitable<void> send(parts message) override
  {
    peer_thread sending{io_, [&] { peer_.send(message); }};
    co_await sending.join();
  }
  asio::awaitable<parts> receive() override
  {
    parts received;
    peer_thread receiving{io_, [&] { received = peer_.receive(); }};
    co_await receiving.join();
    co_return received;
  }
  asio::awaitable<void> subscribe(std::string topic) override
  {
    peer_.set(ZMQ_SUBSCRIBE, topic);
    co_return;
  }
  asio::awaitable<void> unsubscribe(std::string topic) override
  {
    peer_.set(ZMQ_UNSUBSCRIBE, topic);
    co_return;
  }
  asio::awaitable<void> attend() override
  {
    peer_thread calling{io_, [&] { peer_.events(); }};
    co_await calling.join();
  }

 private:
  static int number_of(std::string_view type)
  {
    constexpr std::pair<std::string_view, int> numbers[] = {
        {"PAIR", ZMQ_PAIR}, {"PUB", ZMQ_PUB},       {"SUB", ZMQ_SUB},       {"REQ", ZMQ_REQ},
        {"REP", ZMQ_REP},   {"DEALER", ZMQ_DEALER}, {"ROUTER", ZMQ_ROUTER}, {"PULL", ZMQ_PULL},
        {"PUSH", ZMQ_PUSH}, {"XPUB", ZMQ_XPUB},     {"XSUB", ZMQ_XSUB}};
    for (auto const& [name, number] : numbers)
      if (name == type)
        return number;
    throw std::logic_error{"no such socket type: " + std::string{type}};
  }

  asio::io_context& io_;
  libzmq_peer peer_;
};

}  // namespace cozmq::test
