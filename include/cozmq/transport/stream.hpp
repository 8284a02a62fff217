// The byte stream under a connection, and the listening socket that makes them: one type for all transports.
#pragma once

#include <cozmq/transport/asio.hpp>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace cozmq::transport {

/// tcp and ipc differ in addresses and socket options, which only the functions that open sockets need to know.
using protocol = asio::generic::stream_protocol;
using stream = asio::basic_stream_socket<protocol, asio::any_io_executor>;
using acceptor = asio::basic_socket_acceptor<protocol, asio::any_io_executor>;
using address = protocol::endpoint;

/// What is set on the sockets of the operating system. An empty optional leaves the system's value.
struct socket_settings {
  bool ipv6 = false;
  bool reuse_port = false;             // others may listen on the same address and port
  std::string device;                  // the network interface that tcp is confined to; empty: any
  std::optional<int> type_of_service;  // the octet in the IP header: DSCP and ECN
  std::optional<int> priority;         // of the packets, in the system's queues
  std::optional<std::chrono::microseconds> busy_poll;
  std::optional<int> send_buffer;     // bytes
  std::optional<int> receive_buffer;  // bytes
  std::optional<bool> keepalive;
  std::optional<std::chrono::seconds> keepalive_idle;
  std::optional<std::chrono::seconds> keepalive_interval;
  std::optional<int> keepalive_count;
  std::optional<std::chrono::milliseconds> retransmit_timeout;
  std::optional<unsigned> ipc_mode;  // permissions of the socket file
  int backlog = 4096;                // connections that wait for accept; the system cuts it to SOMAXCONN
};

/// A listening socket and the endpoint it really has, port and path filled in.
struct listening {
  acceptor socket;
  std::string endpoint;
};

}  // namespace cozmq::transport
