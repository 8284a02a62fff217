// Our end of a conversation: any of our sockets, by the name of its type.
#pragma once

#include "interop/end.hpp"
#include "support/parts.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace cozmq::test {

class our_end : public end {
 public:
  virtual bool readable() = 0;
  virtual asio::awaitable<void> wait_connected() = 0;
  virtual bool has_subscribers() = 0;
  virtual std::size_t connected_peers() = 0;
};

template <class Socket>
class our_end_of final : public our_end {
 public:
  our_end_of(context& ctx, std::string const& id, bool heartbeats) : socket_{ctx}
  {
    if constexpr (option::routing_id::applies_to(Socket::type()))
      socket_.set_option(option::routing_id{id});
    if (heartbeats) {
      socket_.set_option(option::heartbeat_interval{std::chrono::milliseconds{1}});
      socket_.set_option(option::heartbeat_timeout{std::chrono::seconds{10}});
    }
  }

  asio::awaitable<std::string> bind(std::string endpoint) override { co_return socket_.bind(endpoint); }
  asio::awaitable<void> connect(std::string endpoint) override
  {
    socket_.connect(endpoint);
    co_return;
  }
  asio::awaitable<void> send(parts message) override
  {
    if constexpr (can_send<typename Socket::pattern_type>)
      co_await socket_.send(to_message(message));
    else
      throw std::logic_error{"this type does not send"};
  }
  asio::awaitable<parts> receive() override
  {
    if constexpr (can_receive<typename Socket::pattern_type>) {
      message const received = co_await socket_.recv();
      co_return to_parts(received);
    } else {
      throw std::logic_error{"this type does not receive"};
    }
  }
  asio::awaitable<void> subscribe(std::string topic) override
  {
    if constexpr (requires { socket_.subscribe(topic); })
      socket_.subscribe(topic);
    co_return;
  }
  asio::awaitable<void> unsubscribe(std::string topic) override
  {
    if constexpr (requires { socket_.unsubscribe(topic); })
      socket_.unsubscribe(topic);
    co_return;
  }

  asio::awaitable<void> attend() override { co_return; }

  bool readable() override
  {
    if constexpr (can_receive<typename Socket::pattern_type>)
      return socket_.readable();
    else
      return false;
  }
  asio::awaitable<void> wait_connected() override { return socket_.wait_connected(); }
  bool has_subscribers() override
  {
    if constexpr (requires { socket_.wait_subscribers(""); })
      return socket_.topics_count() > 0;
    else
      return false;
  }
  std::size_t connected_peers() override { return socket_.connected_peers(); }

 private:
  Socket socket_;
};

inline std::unique_ptr<our_end> make_our_end(std::string_view type, context& ctx, std::string const& id,
                                             bool heartbeats)
{
  std::unique_ptr<our_end> made;
  auto const try_one = [&]<class Socket>(std::type_identity<Socket>) {
    if (to_string(Socket::type()) == type)
      made = std::make_unique<our_end_of<Socket>>(ctx, id, heartbeats);
  };
  auto const try_all = [&]<class... Sockets>() { (try_one(std::type_identity<Sockets>{}), ...); };
  try_all.template operator()<pair_socket, pub_socket, sub_socket, req_socket, rep_socket, dealer_socket,
                              router_socket, pull_socket, push_socket, xpub_socket, xsub_socket>();
  if (!made)
    throw std::logic_error{"no such socket type: " + std::string{type}};
  return made;
}

}  // namespace cozmq::test
