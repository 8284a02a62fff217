// What the operating system's sockets are set to, read back from the system; and sockets that others have opened.
#include <cozmq/transport/tuning.hpp>

#include "support/catch.hpp"
#include <cozmq/transport/descriptor.hpp>
#include <cozmq/transport/ipc.hpp>
#include <cozmq/transport/peer_address.hpp>
#include <cozmq/transport/tcp.hpp>

#include <asio/io_context.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace transport = cozmq::transport;
using cozmq::transport_type;
using namespace std::chrono_literals;

namespace {

int value_of(int descriptor, int level, int name)
{
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(descriptor, level, name, &value, &size) == 0);
  return value;
}

cozmq::endpoint loopback(bool v6 = false)
{
  cozmq::endpoint where;
  where.host = v6 ? "::1" : "127.0.0.1";
  where.any_port = true;
  return where;
}

// Two tcp sockets that are connected to each other.
struct connection {
  explicit connection(asio::io_context& io, transport::socket_settings const& settings = {})
      : made{io}, accepted{io}
  {
    std::error_code ec;
    auto at = transport::tcp::listen(io.get_executor(), loopback(), settings, ec);
    REQUIRE_FALSE(ec);
    made.connect(at->socket.local_endpoint());
    at->socket.accept(accepted);
  }

  transport::stream made;
  transport::stream accepted;
};

}  // namespace

TEST_CASE("2.4 TOS PRIORITY SNDBUF RCVBUF are set on a socket before it listens, for both versions of IP")
{
  bool const v6 = GENERATE(false, true);
  asio::io_context io;
  transport::socket_settings settings;
  settings.type_of_service = 0x28;
  settings.priority = 3;
  settings.send_buffer = 20'000;
  settings.receive_buffer = 30'000;
  settings.busy_poll = 0us;
  std::error_code ec;
  auto const at = transport::tcp::listen(io.get_executor(), loopback(v6), settings, ec);
  if (v6 && ec == std::errc::address_not_available)
    return;  // no IPv6 here
  REQUIRE_FALSE(ec);
  int const fd = const_cast<transport::acceptor&>(at->socket).native_handle();
  REQUIRE(value_of(fd, IPPROTO_IP, IP_TOS) == 0x28);
  if (v6)
    REQUIRE(value_of(fd, IPPROTO_IPV6, IPV6_TCLASS) == 0x28);
  REQUIRE(value_of(fd, SOL_SOCKET, SO_PRIORITY) == 3);     // which the type of service would have changed
  REQUIRE(value_of(fd, SOL_SOCKET, SO_SNDBUF) == 40'000);  // [Linux, socket(7)] the kernel doubles it
  REQUIRE(value_of(fd, SOL_SOCKET, SO_RCVBUF) == 60'000);
}

TEST_CASE(
    "2.4 TCP_KEEPALIVE TCP_KEEPALIVE_CNT TCP_KEEPALIVE_IDLE TCP_KEEPALIVE_INTVL TCP_MAXRT TOS PRIORITY are "
    "set on "
    "a connection")
{
  asio::io_context io;
  connection both{io};
  transport::socket_settings settings;
  settings.keepalive = true;
  settings.keepalive_idle = 61s;
  settings.keepalive_interval = 7s;
  settings.keepalive_count = 5;
  settings.retransmit_timeout = 2500ms;
  settings.type_of_service = 0x10;
  settings.priority = 2;
  for (transport::stream* const each : {&both.made, &both.accepted}) {
    int const fd = each->native_handle();
    REQUIRE(value_of(fd, SOL_SOCKET, SO_KEEPALIVE) == 0);
    transport::tune_connection(*each, settings);
    REQUIRE(value_of(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
    REQUIRE(value_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 61);
    REQUIRE(value_of(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 7);
    REQUIRE(value_of(fd, IPPROTO_TCP, TCP_KEEPCNT) == 5);
    REQUIRE(value_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) == 2500);
    REQUIRE(value_of(fd, IPPROTO_TCP, TCP_NODELAY) == 1);
    REQUIRE(value_of(fd, IPPROTO_IP, IP_TOS) == 0x10);
    REQUIRE(value_of(fd, SOL_SOCKET, SO_PRIORITY) == 2);
    settings.keepalive = false;
    transport::tune_connection(*each, settings);
    REQUIRE(value_of(fd, SOL_SOCKET, SO_KEEPALIVE) == 0);
    settings.keepalive = true;
  }
}

TEST_CASE("what is not asked for is left to the system")
{
  asio::io_context io;
  connection both{io};
  transport::stream fresh{io};
  fresh.open(transport::protocol{asio::ip::tcp::v4()});
  transport::tune_connection(both.made, {});
  for (auto [level, name] :
       {std::pair<int, int>{SOL_SOCKET, SO_PRIORITY}, std::pair<int, int>{SOL_SOCKET, SO_KEEPALIVE},
        std::pair<int, int>{IPPROTO_TCP, TCP_KEEPIDLE}, std::pair<int, int>{IPPROTO_TCP, TCP_USER_TIMEOUT},
        std::pair<int, int>{IPPROTO_IP, IP_TOS}})
    REQUIRE(value_of(both.made.native_handle(), level, name) == value_of(fresh.native_handle(), level, name));
}

TEST_CASE("2.4 BINDTODEVICE a socket that cannot be confined to a device does not listen at all")
{
  asio::io_context io;
  transport::socket_settings settings;
  settings.device = "no-such-device";
  std::error_code ec;
  REQUIRE_FALSE(transport::tcp::listen(io.get_executor(), loopback(), settings, ec));
  REQUIRE((ec == std::errc::no_such_device || ec == std::errc::operation_not_permitted));

  settings.device = "lo";
  ec = {};
  auto at = transport::tcp::listen(io.get_executor(), loopback(), settings, ec);
  if (ec == std::errc::operation_not_permitted)
    return;  // before Linux 5.7 this wants a privilege
  REQUIRE_FALSE(ec);
  std::array<char, 16> name{};
  socklen_t size = name.size();
  REQUIRE(::getsockopt(at->socket.native_handle(), SOL_SOCKET, SO_BINDTODEVICE, name.data(), &size) == 0);
  REQUIRE(std::string{name.data()} == "lo");
}

TEST_CASE("buffers are set on local sockets too, and what is for IP only does no harm there")
{
  asio::io_context io;
  transport::socket_settings settings;
  settings.send_buffer = 20'000;
  settings.type_of_service = 0x28;
  settings.device = "no-such-device";
  cozmq::endpoint where;
  where.transport = transport_type::ipc;
  where.any_path = true;
  std::error_code ec;
  auto at = transport::ipc::listen(io.get_executor(), where, settings, ec);
  REQUIRE_FALSE(ec);
  REQUIRE(value_of(at->socket.native_handle(), SOL_SOCKET, SO_SNDBUF) == 40'000);
  transport::ipc::remove_file(where, at->endpoint);
}

TEST_CASE("an ipc file that a process holds is not stolen, and that process notices nothing")
{
  asio::io_context io;
  cozmq::endpoint where;
  where.transport = transport_type::ipc;
  where.any_path = true;
  std::error_code ec;
  auto live = transport::ipc::listen(io.get_executor(), where, {}, ec);
  REQUIRE_FALSE(ec);
  cozmq::endpoint same;
  same.transport = transport_type::ipc;
  same.path = live->endpoint.substr(std::string_view{"ipc://"}.size());
  REQUIRE_FALSE(transport::ipc::listen(io.get_executor(), same, {}, ec));
  REQUIRE(cozmq::standard(ec) == std::errc::address_in_use);
  live->socket.non_blocking(true);
  transport::stream nobody{io};
  live->socket.accept(nobody, ec);
  REQUIRE(ec == asio::error::would_block);

  live->socket.close();  // the process is gone, its file is not
  ec = {};
  auto next = transport::ipc::listen(io.get_executor(), same, {}, ec);
  REQUIRE_FALSE(ec);
  transport::ipc::remove_file(where, next->endpoint);
}

TEST_CASE("2.4 USE_FD a listening socket is taken over with its address, what is none is left alone")
{
  asio::io_context io;
  std::error_code ec;
  auto opened = transport::tcp::listen(io.get_executor(), loopback(), {}, ec);
  std::string const endpoint = opened->endpoint;
  int const fd = opened->socket.release();
  REQUIRE_FALSE(transport::adopt_listener(io.get_executor(), transport_type::ipc, fd, ec));
  REQUIRE(ec == std::errc::address_family_not_supported);
  REQUIRE_FALSE(transport::adopt_connection(io.get_executor(), transport_type::tcp, fd, ec));
  REQUIRE(ec == std::errc::not_connected);
  ec = {};
  auto adopted = transport::adopt_listener(io.get_executor(), transport_type::tcp, fd, ec);
  REQUIRE_FALSE(ec);
  REQUIRE(adopted->endpoint == endpoint);
  REQUIRE(adopted->socket.native_handle() == fd);

  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  REQUIRE_FALSE(transport::adopt_listener(io.get_executor(), transport_type::ipc, ends[0], ec));
  REQUIRE(ec == std::errc::not_a_socket);
  ec = {};
  auto connection = transport::adopt_connection(io.get_executor(), transport_type::ipc, ends[0], ec);
  REQUIRE_FALSE(ec);
  REQUIRE(::write(ends[1], "x", 1) == 1);
  char got = 0;
  connection->read_some(asio::buffer(&got, 1));
  REQUIRE(got == 'x');
  ::close(ends[1]);
  REQUIRE_FALSE(transport::is_stream_socket(ends[1]));
  REQUIRE_FALSE(transport::is_stream_socket(-1));
}

TEST_CASE("2.4 USE_FD a local socket's name is its endpoint, be it a path or abstract")
{
  asio::io_context io;
  std::error_code ec;
  std::string const name = "@cozmq-adopted-" + std::to_string(::getpid());
  std::string const path = std::filesystem::temp_directory_path() / name.substr(1);
  for (std::string const& each : {name, path}) {
    cozmq::endpoint where;
    where.transport = transport_type::ipc;
    where.path = each;
    auto opened = transport::ipc::listen(io.get_executor(), where, {}, ec);
    REQUIRE_FALSE(ec);
    auto const adopted =
        transport::adopt_listener(io.get_executor(), transport_type::ipc, opened->socket.release(), ec);
    REQUIRE_FALSE(ec);
    REQUIRE(adopted->endpoint == "ipc://" + each);
  }
  std::filesystem::remove(path);
}

TEST_CASE("the other end of a connection is an endpoint for people and an address for programs")
{
  asio::io_context io;
  connection both{io};
  REQUIRE(transport::peer_ip(both.accepted) == "127.0.0.1");
  REQUIRE(transport::peer_address(both.accepted) ==
          transport::tcp::to_text(transport::tcp::to_tcp(both.made.local_endpoint())));
  both.made.set_option(asio::socket_base::linger{true, 0});
  both.made.close();  // resets it
  both.accepted.wait(transport::stream::wait_read);
  REQUIRE(transport::peer_ip(both.accepted) == std::nullopt);  // not that of a local one

  int pair[2] = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  transport::stream const one{io, {AF_UNIX, 0}, pair[0]};
  transport::stream const other{io, {AF_UNIX, 0}, pair[1]};
  REQUIRE(transport::peer_ip(one) == "");
}
