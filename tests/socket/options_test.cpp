// Options: what they take, what they do to sockets of this system and to peers, and where defaults come from.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/detached.hpp>
#include <asio/post.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::pull_socket;
using cozmq::push_socket;
namespace option = cozmq::option;

namespace {

option::reconnect_interval const soon{2ms};

std::uint16_t port_in(sockaddr_storage const& at)
{
  sockaddr_in v4{};
  std::memcpy(&v4, &at, sizeof v4);
  return ntohs(v4.sin_port);
}

// The descriptors of this process's connections over IPv4 that have this port at one end.
std::vector<int> connections_at(std::uint16_t port)
{
  std::vector<int> found;
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_storage local{};
    sockaddr_storage remote{};
    socklen_t local_size = sizeof local;
    socklen_t remote_size = sizeof remote;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &local_size) == 0 &&
        local.ss_family == AF_INET &&
        ::getpeername(fd, reinterpret_cast<sockaddr*>(&remote), &remote_size) == 0 &&
        (port_in(local) == port || port_in(remote) == port))
      found.push_back(fd);
  }
  return found;
}

int value_of(int descriptor, int level, int name)
{
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(descriptor, level, name, &value, &size) == 0);
  return value;
}

// What the call throws.
template <typename Call>
std::string told(Call call)
{
  try {
    call();
  } catch (cozmq::error const& e) {
    return e.what();
  }
  return {};
}

// A READY with these properties.
octets ready(cozmq::properties const& properties)
{
  octets body;
  cozmq::wire::append_properties(body, properties);
  octets command;
  cozmq::wire::append_command(command, "READY", body);
  return command;
}

octets greeting()
{
  auto const bytes = cozmq::wire::encode_greeting("NULL");
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("A10 A11 every option is checked and read back as it was set")
{
  using std::chrono::milliseconds;
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket s{ctx};
    auto const same = [&](auto const& set, auto member) {
      s.set_option(set);
      using type = std::remove_cvref_t<decltype(set)>;
      return s.get_option<type>().*member == set.*member;
    };
    REQUIRE(same(option::send_hwm{3}, &option::send_hwm::value));
    REQUIRE(same(option::receive_hwm{option::unlimited}, &option::receive_hwm::value));
    REQUIRE(same(option::linger{milliseconds{5}}, &option::linger::value));
    REQUIRE(same(option::linger{option::linger::forever}, &option::linger::value));
    REQUIRE(same(option::immediate{true}, &option::immediate::value));
    REQUIRE(same(option::routing_id{"name"}, &option::routing_id::value));
    REQUIRE(same(option::reconnect_interval{milliseconds{7}}, &option::reconnect_interval::min));
    REQUIRE(same(option::reconnect_interval{milliseconds{7}, milliseconds{70}},
                 &option::reconnect_interval::max));
    REQUIRE(same(option::reconnect_interval::off(), &option::reconnect_interval::enabled));
    REQUIRE(same(option::connect_timeout{milliseconds{8}}, &option::connect_timeout::value));
    REQUIRE(same(option::handshake_timeout{milliseconds{9}}, &option::handshake_timeout::value));
    REQUIRE(same(option::heartbeat_interval{milliseconds{10}}, &option::heartbeat_interval::value));
    REQUIRE(same(option::heartbeat_timeout{milliseconds{11}}, &option::heartbeat_timeout::value));
    REQUIRE(same(option::heartbeat_ttl{milliseconds{12'000}}, &option::heartbeat_ttl::value));
    REQUIRE(same(option::max_message_size{13}, &option::max_message_size::value));
    REQUIRE(same(option::max_frames{14}, &option::max_frames::value));
    REQUIRE(same(option::max_command_size{1'400}, &option::max_command_size::value));
    REQUIRE(same(option::max_handshake_size{1'500}, &option::max_handshake_size::value));
    REQUIRE(same(option::max_handshakes{22}, &option::max_handshakes::value));
    REQUIRE(same(option::max_handshakes_per_second{23}, &option::max_handshakes_per_second::value));
    REQUIRE(same(option::max_connections{24}, &option::max_connections::value));
    REQUIRE(same(option::ipv6{true}, &option::ipv6::value));
    REQUIRE(same(option::send_buffer{15'000}, &option::send_buffer::value));
    REQUIRE(same(option::receive_buffer{16'000}, &option::receive_buffer::value));
    REQUIRE(same(option::tcp_keepalive{true}, &option::tcp_keepalive::on));
    REQUIRE(same(option::backlog{17}, &option::backlog::value));
    REQUIRE(same(option::reuse_port{true}, &option::reuse_port::value));
    REQUIRE(same(option::send_hwm_bytes{18}, &option::send_hwm_bytes::value));
    REQUIRE(same(option::receive_hwm_bytes{19}, &option::receive_hwm_bytes::value));
    REQUIRE(same(option::send_batch{1'000}, &option::send_batch::value));
    REQUIRE(same(option::receive_batch{1'000}, &option::receive_batch::value));
    REQUIRE(same(option::reconnect_stop{{.refused = true, .after_disconnect = true}},
                 &option::reconnect_stop::value));
    REQUIRE(same(option::tcp_retransmit_timeout{milliseconds{20}}, &option::tcp_retransmit_timeout::value));
    REQUIRE(same(option::type_of_service{0x20}, &option::type_of_service::value));
    REQUIRE(same(option::priority{6}, &option::priority::value));
    REQUIRE(same(option::busy_poll{std::chrono::microseconds{21}}, &option::busy_poll::value));
    REQUIRE(same(option::bind_to_device{"lo"}, &option::bind_to_device::value));
    REQUIRE(same(option::receive_metadata{true}, &option::receive_metadata::value));
    REQUIRE(same(option::metadata{"X-one", "1"}, &option::metadata::value));
    REQUIRE(same(option::socks_proxy{"[::1]:1080", "user", "secret"}, &option::socks_proxy::address));
    REQUIRE(s.get_option<option::socks_proxy>().username == "user");
    REQUIRE(s.get_option<option::socks_proxy>().password == "secret");
    REQUIRE(same(option::socks_proxy::none(), &option::socks_proxy::address));
    option::tcp_keepalive timed{true};
    timed.idle = std::chrono::seconds{60};
    timed.interval = std::chrono::seconds{6};
    timed.count = 5;
    REQUIRE(same(timed, &option::tcp_keepalive::idle));
    REQUIRE(same(timed, &option::tcp_keepalive::interval));
    REQUIRE(same(timed, &option::tcp_keepalive::count));
    int const open = ::socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(same(option::use_fd{open}, &option::use_fd::value));
    REQUIRE(same(option::use_fd{std::nullopt}, &option::use_fd::value));
    ::close(open);

    auto const refused = [&](auto const& out_of_range) {
      std::error_code ec;
      s.set_option(out_of_range, ec);
      REQUIRE_THROWS_AS(s.set_option(out_of_range), cozmq::error);
      return ec == cozmq::errc::invalid_option && ec == std::errc::invalid_argument;
    };
    REQUIRE(refused(option::send_hwm{0}));
    REQUIRE(refused(option::receive_hwm{0}));
    REQUIRE(refused(option::linger{milliseconds{-1}}));
    REQUIRE(refused(option::routing_id{std::string(256, 'x')}));
    REQUIRE(refused(option::reconnect_interval{milliseconds{0}}));
    REQUIRE(refused(option::connect_timeout{milliseconds{-1}}));
    REQUIRE(refused(option::handshake_timeout{milliseconds{-1}}));
    REQUIRE(refused(option::heartbeat_interval{milliseconds{-1}}));
    REQUIRE(refused(option::heartbeat_timeout{milliseconds{-1}}));
    REQUIRE(refused(option::heartbeat_ttl{milliseconds{6'553'501}}));
    REQUIRE(refused(option::max_frames{0}));
    REQUIRE(refused(option::max_command_size{511}));
    REQUIRE(refused(option::max_handshake_size{1023}));
    REQUIRE(refused(option::max_handshakes{0}));
    REQUIRE(refused(option::max_handshakes_per_second{0}));
    REQUIRE(refused(option::send_buffer{0}));
    REQUIRE(refused(option::receive_buffer{-1}));
    REQUIRE(refused(option::backlog{0}));
    REQUIRE(refused(option::send_hwm_bytes{0}));
    REQUIRE(refused(option::receive_hwm_bytes{0}));
    REQUIRE(refused(option::send_batch{0}));
    REQUIRE(refused(option::send_batch{60 * 1024 + 1}));
    REQUIRE(refused(option::receive_batch{0}));
    REQUIRE(refused(option::tcp_retransmit_timeout{milliseconds{0}}));
    REQUIRE(refused(option::type_of_service{256}));
    REQUIRE(refused(option::priority{-1}));
    REQUIRE(refused(option::busy_poll{std::chrono::microseconds{-1}}));
    REQUIRE(refused(option::bind_to_device{"longer-than-15-bytes"}));
    REQUIRE(refused(option::use_fd{open}));
    REQUIRE(refused(option::socks_proxy{"no port"}));
    REQUIRE(refused(option::socks_proxy{"a;b:1"}));
    REQUIRE(refused(option::socks_proxy{"host:1080", "", "a password without a user"}));
    REQUIRE(refused(option::socks_proxy{"host:1080", std::string(256, 'x')}));
    timed.count = 128;
    REQUIRE(refused(timed));
    timed.count = 5;
    timed.idle = std::chrono::seconds{0};
    REQUIRE(refused(timed));
    REQUIRE(s.get_option<option::send_hwm>().value == 3);
    REQUIRE_THROWS_WITH(s.set_option(option::send_hwm{0}),
                        "send_hwm is at least 1 message; no limit is spelt option::unlimited");
    co_return;
  });
}

TEST_CASE(
    "2.4 METADATA is added one by one, replaced by name, and checked: the prefix, the letters, the sizes")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket s{ctx};
    s.set_option(option::metadata{"X-hello", "hello"});
    s.set_option(option::metadata{"X-connection", "primary"});
    s.set_option(option::metadata{"x-HELLO", "world"});
    s.set_option(option::metadata{"X-empty", ""});
    cozmq::properties const all = s.get_option<option::metadata>().value;
    REQUIRE(all.size() == 3);
    REQUIRE(all.get("X-hello") == "world");
    std::error_code ec;
    // [libzmq, test_app_meta] and more
    for (char const* const name :
         {"", "key", "X-", "hello", "X hello", "X-a:b", "Socket-Type", "Identity", "X-\xc3\xa4"}) {
      s.set_option(option::metadata{name, "value"}, ec);
      REQUIRE(ec == cozmq::errc::invalid_option);
    }
    s.set_option(option::metadata{"X-" + std::string(253, 'k'), "value"}, ec);
    REQUIRE_FALSE(ec);
    s.set_option(option::metadata{"X-" + std::string(254, 'k'), "value"}, ec);
    REQUIRE(ec == cozmq::errc::invalid_option);
    s.set_option(option::metadata{"X-large", std::string(32'000, 'v')}, ec);
    REQUIRE_FALSE(ec);
    s.set_option(option::metadata{"X-more", std::string(1'000, 'v')}, ec);
    REQUIRE(ec == cozmq::errc::invalid_option);
    s.set_option(option::metadata::none());
    REQUIRE(s.get_option<option::metadata>().value.empty());
    co_return;
  });
}

TEST_CASE("2.4 METADATA 2.6 a received message tells what is known of its sender, when that is asked for")
{
  bool const tcp = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket rep{ctx};
    cozmq::req_socket req{ctx};
    rep.set_option(option::receive_metadata{true});
    rep.set_option(option::metadata{"X-hello", "world"});
    req.set_option(option::metadata{"X-hello", "hello"});
    req.set_option(option::metadata{"X-bin", std::string{"\0\1", 2}});
    req.set_option(option::routing_id{"me"});
    join(rep, req, tcp ? "tcp://127.0.0.1:*" : "ipc://*");
    for (int i = 0; i < 2; ++i) {
      co_await req.send("a", "b");
      cozmq::message const m = co_await rep.recv();
      REQUIRE((to_parts(m) == parts{"a", "b"}));
      REQUIRE(m.property("X-hello") == "hello");
      REQUIRE(m.property("x-HELLO") == "hello");
      REQUIRE(m.property("X-bin") == (std::string_view{"\0\1", 2}));
      REQUIRE(m.property("Socket-Type") == "REQ");
      REQUIRE(m.property("Routing-Id") == "me");
      REQUIRE(m.property("Identity") == "me");
      REQUIRE(m.property("Peer-Address").value_or("none") == (tcp ? "127.0.0.1" : "none"));
      REQUIRE_FALSE(m.property("User-Id"));
      REQUIRE_FALSE(m.property("X-foobar"));
      co_await rep.send("");
      cozmq::message const reply = co_await req.recv();
      REQUIRE(reply.metadata() == nullptr);  // not asked for
    }
  });
}

TEST_CASE("2.6 what we say of a peer the peer cannot say itself, and each message tells of its own sender")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    pull_socket pull{ctx};
    pull.set_option(soon);
    pull.set_option(option::receive_metadata{true});
    pull.connect(address.endpoint());
    // Three peers, one after the other, at the same address; their messages are read when all have gone.
    for (int i = 0; i < 3; ++i) {
      raw_peer push = co_await address.accept();
      co_await push.write(greeting());
      cozmq::properties claims;
      claims.add("Socket-Type", "PUSH");
      claims.add("Peer-Address", "192.0.2.1");
      claims.add("User-Id", "root");
      claims.add("Routing-Id", "root");
      claims.add("X-number", std::to_string(i));
      co_await push.write(ready(claims));
      co_await push.read(64);
      co_await push.read_frame();
      for (int n = 0; n <= i; ++n)
        co_await push.write(frame_octets(std::to_string(i)));
      co_await push.ping();
      push.close();
      co_await until(io, [&] { return pull.connected_peers() == 0; });
    }
    for (char const* const expected : {"0", "1", "1", "2", "2", "2"}) {
      cozmq::message const m = co_await pull.recv();
      REQUIRE(m[0] == expected);
      REQUIRE(m.property("X-number") == expected);
      REQUIRE(m.property("Peer-Address") == "127.0.0.1");
      REQUIRE_FALSE(m.property("User-Id"));
      REQUIRE_FALSE(m.property("Routing-Id"));
    }
  });
}

TEST_CASE("2.6 where a message came from is not told again when it is sent on")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket source{ctx};
    pull_socket in{ctx};
    in.set_option(option::receive_metadata{true});
    join(in, source, "tcp://127.0.0.1:*");
    push_socket out{ctx};
    pull_socket sink{ctx};
    join(sink, out, "inproc://on");
    cozmq::pub_socket pub{ctx};
    cozmq::sub_socket sub{ctx};
    join(pub, sub, "inproc://publish");
    sub.subscribe("");
    co_await source.send("x");
    cozmq::message m = co_await in.recv();
    REQUIRE(m.metadata() != nullptr);
    cozmq::message copy{m};
    co_await out.send(std::move(m));
    cozmq::message const arrived = co_await sink.recv();
    REQUIRE(arrived.metadata() == nullptr);
    co_await pub.wait_subscribers("");
    co_await pub.send(std::move(copy));
    cozmq::message const published = co_await sub.recv();
    REQUIRE(published.metadata() == nullptr);
  });
}

TEST_CASE("2.4 TCP_KEEPALIVE TCP_MAXRT TOS PRIORITY both ends of a connection are set as their sockets say")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    option::tcp_keepalive timed{true};
    timed.idle = 77s;
    timed.interval = 7s;
    timed.count = 6;
    auto const set = [&](auto& socket, int priority) {
      socket.set_option(timed);
      socket.set_option(option::tcp_retransmit_timeout{1234ms});
      socket.set_option(option::type_of_service{0x28});
      socket.set_option(option::priority{priority});
    };
    set(push, 2);
    set(pull, 3);
    std::uint16_t const port = port_of(join(pull, push, "tcp://127.0.0.1:*"));
    co_await push.wait_connected();
    co_await pull.wait_connected();
    std::vector<int> const ends = connections_at(port);
    REQUIRE(ends.size() == 2);
    for (int const fd : ends) {
      REQUIRE(value_of(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
      REQUIRE(value_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 77);
      REQUIRE(value_of(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 7);
      REQUIRE(value_of(fd, IPPROTO_TCP, TCP_KEEPCNT) == 6);
      REQUIRE(value_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) == 1234);
      REQUIRE(value_of(fd, IPPROTO_IP, IP_TOS) == 0x28);
    }
    REQUIRE(value_of(ends[0], SOL_SOCKET, SO_PRIORITY) + value_of(ends[1], SOL_SOCKET, SO_PRIORITY) == 5);
  });
}

TEST_CASE("2.4 BINDTODEVICE without that device a bind fails, and a connect says why and goes on trying")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    for (std::string_view const device : {"no-such-device", "lo"}) {
      pull_socket pull{ctx};
      push_socket push{ctx};
      push.set_option(soon);
      pull.set_option(option::bind_to_device{std::string{device}});
      push.set_option(option::bind_to_device{std::string{device}});
      std::error_code ec;
      std::string const bound = pull.bind("tcp://127.0.0.1:*", ec);
      if (device != "lo") {
        REQUIRE((ec == std::errc::no_such_device || ec == std::errc::operation_not_permitted));
        push.connect(raw_listener{io}.endpoint());
        co_await until(io, [&] { return log.count("retrying") == 1; });
      } else if (!ec) {
        push.connect(bound);
        co_await push.send("through lo");
        std::string const text = co_await text_from(pull);
        REQUIRE(text == "through lo");
      }
    }
  });
}

TEST_CASE("tcp a peer sees the source address and port that the endpoint asks for")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    std::string const target = address.endpoint().substr(std::string_view{"tcp://"}.size());
    std::uint16_t const free_port = port_of(raw_listener{io}.endpoint());
    push_socket push{ctx};
    REQUIRE(push.connect("tcp://127.0.0.5:*;" + target) == "tcp://127.0.0.5:*;" + target);
    raw_peer first = co_await address.accept();
    REQUIRE(first.stream().remote_endpoint().address().to_string() == "127.0.0.5");
    push.connect("tcp://*:" + std::to_string(free_port) + ";" + target);
    raw_peer second = co_await address.accept();
    REQUIRE(second.stream().remote_endpoint().port() == free_port);
    push.connect("tcp://lo:0;" + target);  // [libzmq, test_bind_src_address]
    raw_peer third = co_await address.accept();
    REQUIRE(third.stream().remote_endpoint().address().is_loopback());
  });
}

TEST_CASE("2.4 CONNECT_TIMEOUT an attempt that gets no answer ends in time, says so, and is made again")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    // A queue that is full: the system then leaves further connections without an answer.
    asio::ip::tcp::acceptor full{io};
    full.open(asio::ip::tcp::v4());
    full.bind({asio::ip::address_v4::loopback(), 0});
    full.listen(0);
    std::vector<asio::ip::tcp::socket> waiting;
    for (int i = 0; i < 8; ++i)
      waiting.emplace_back(io);
    for (asio::ip::tcp::socket& each : waiting)
      each.async_connect(full.local_endpoint(), asio::detached);
    push_socket push{ctx};
    push.set_option(soon);
    push.set_option(option::connect_timeout{20ms});
    push.connect("tcp://127.0.0.1:" + std::to_string(full.local_endpoint().port()));
    co_await until(io, [&] { return log.count("no connection within connect_timeout") == 1; });
  });
}

TEST_CASE(
    "2.4 USE_FD a bind goes on with a listening descriptor, of tcp and of ipc, and leaves its file alone")
{
  bool const tcp = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const path =
        std::filesystem::temp_directory_path() / ("cozmq-fd-" + std::to_string(::getpid()));
    int const fd = ::socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (tcp) {
      sockaddr_in at{};
      at.sin_family = AF_INET;
      at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    } else {
      sockaddr_un at{};
      at.sun_family = AF_UNIX;
      path.copy(at.sun_path, sizeof at.sun_path - 1);
      std::filesystem::remove(path);
      REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    }
    pull_socket pull{ctx};
    pull.set_option(option::use_fd{fd});
    std::error_code ec;
    pull.bind(tcp ? "tcp://*:*" : "ipc://*", ec);
    REQUIRE(ec == std::errc::not_a_socket);  // it does not listen
    REQUIRE(told([&] {
              pull.bind(tcp ? "tcp://*:*" : "ipc://*");
            }).find("which use_fd gave, is no listening") != std::string::npos);
    REQUIRE(::listen(fd, 10) == 0);
    pull.bind(tcp ? "ipc://*" : "tcp://*:*", ec);
    REQUIRE(ec == std::errc::address_family_not_supported);
    REQUIRE(pull.get_option<option::use_fd>().value == fd);
    std::string const bound = pull.bind(tcp ? "tcp://*:*" : "ipc://*");
    REQUIRE_FALSE(pull.get_option<option::use_fd>().value);
    REQUIRE((tcp ? port_of(bound) != 0 : bound == "ipc://" + path));
    pull.bind("tcp://127.0.0.1:*");  // the next one is opened as ever
    push_socket push{ctx};
    push.connect(bound);
    co_await push.send("Hello");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "Hello");
    pull.unbind(bound);
    REQUIRE(::fcntl(fd, F_GETFD) == -1);  // it was ours
    REQUIRE(std::filesystem::exists(path) == !tcp);
    std::filesystem::remove(path);
  });
}

TEST_CASE("2.4 USE_FD a connect begins with a connected descriptor")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    push_socket push{ctx};
    pull_socket pull{ctx};
    push.set_option(option::use_fd{ends[0]});
    pull.set_option(option::use_fd{ends[1]});
    std::error_code ec;
    push.connect("tcp://127.0.0.1:1", ec);
    REQUIRE(ec == std::errc::address_family_not_supported);
    push.connect("ipc://@cozmq-nowhere");
    pull.connect("ipc://@cozmq-nowhere");
    co_await push.send("through a pair");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "through a pair");
  });
}

TEST_CASE("2.4 RECONNECT_STOP after a refused connection there is no further attempt, on tcp and ipc")
{
  bool const tcp = GENERATE(true, false);
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket push{ctx};
  push.set_option(soon);
  push.set_option(option::reconnect_stop{{.refused = true}});
  cozmq::message waits{"waits"};
  push.connect(tcp ? raw_listener{io}.endpoint() : "ipc://@cozmq-nobody-" + std::to_string(::getpid()));
  REQUIRE(push.try_send(waits));
  io.run();  // returns: there is nothing left to do
  REQUIRE(log.lines.size() == 1);
  REQUIRE(log.count("not trying again, as reconnect_stop asks, 1 messages undelivered") == 1);
  cozmq::message next{"not taken"};
  REQUIRE_FALSE(push.try_send(next));
}

TEST_CASE(
    "2.4 RECONNECT_STOP after a failed handshake there is no further attempt, after a lost connection there "
    "is")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    push.set_option(option::reconnect_stop{{.refused = true, .handshake_failed = true}});
    push.connect(address.endpoint());
    for (int i = 0; i < 3; ++i) {
      raw_peer pull = co_await address.accept();
      co_await pull.handshake("PULL");
      co_await push.wait_connected();
      pull.close();
      co_await until(io, [&] { return push.connected_peers() == 0; });
    }
    raw_peer other = co_await address.accept();
    co_await other.write("GET / HTTP/1.1\r\n\r\n");
    co_await until(io, [&] { return log.count("not trying again, as reconnect_stop asks") == 1; });
  });
}

TEST_CASE("2.4 RECONNECT_STOP a disconnect from an absent peer ends at once, and says what is lost")
{
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket push{ctx};
  push.set_option(option::linger{option::linger::forever});
  push.set_option(option::reconnect_stop{{.after_disconnect = true}});
  cozmq::message waits{"waits"};
  std::string const endpoint = push.connect(raw_listener{io}.endpoint());
  REQUIRE(push.try_send(waits));
  push.disconnect(endpoint);
  io.run();
  REQUIRE(log.count("1 messages undelivered, as reconnect_stop asks") == 1);
}

TEST_CASE("2.4 SNDHWM in bytes: a peer that does not read gets no more than the mark, and one message")
{
  captured_log log;
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    push.set_option(option::send_hwm{option::unlimited});
    push.set_option(option::send_hwm_bytes{10'000});
    push.connect("ipc://@cozmq-nobody-" + std::to_string(::getpid()));
    std::size_t taken = 0;
    for (cozmq::message m{blob(998)}; push.try_send(m); m = cozmq::message{blob(998)})
      ++taken;
    REQUIRE(taken == 10);  // 3 bytes in front of each: the tenth passes the mark
    push.set_option(option::send_hwm_bytes{20'000});
    cozmq::message larger{blob(500'000)};
    REQUIRE(push.try_send(larger));
    cozmq::message next{"x"};
    REQUIRE_FALSE(push.try_send(next));
    push.set_option(option::linger{0ms});
    co_return;
  });
}

TEST_CASE("2.4 RCVHWM in bytes: reading stops at the mark, nothing is lost, and it goes on")
{
  std::size_t const size = GENERATE(as<std::size_t>{}, 100, 50'000);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::receive_hwm{option::unlimited});
    pull.set_option(option::receive_hwm_bytes{100'000});
    pull.set_option(option::receive_buffer{4'096});
    push_socket push{ctx};
    push.set_option(option::send_buffer{4'096});
    push.set_option(option::send_hwm{10});
    join(pull, push, "ipc://*");
    co_await push.wait_connected();
    std::size_t sent = 0;
    int idle = 0;
    while (idle < 200) {  // until the sender finds no room for a while
      cozmq::message m{blob(size)};
      idle = push.try_send(m) ? 0 : idle + 1;
      sent += idle == 0 ? 1 : 0;
      REQUIRE(sent * size < 2'000'000);
      co_await asio::post(io, asio::use_awaitable);
    }
    REQUIRE(sent * size >= 60'000);  // a buffer of 64 KiB counts whole
    for (std::size_t i = 0; i < sent; ++i) {
      cozmq::message const m = co_await pull.recv();
      REQUIRE(m.byte_size() == size);
    }
    co_await push.send("last");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "last");
  });
}

TEST_CASE("2.5 IPV6 BLOCKY MAX_MSGSZ a context's defaults are what its next sockets start with")
{
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket before{ctx};
  ctx.set_default(option::ipv6{true});
  ctx.set_default(option::linger{0ms});
  ctx.set_default(option::max_message_size{5'000});
  ctx.set_default(option::xpub_nodrop{true});
  REQUIRE(ctx.get_default<option::ipv6>().value);
  REQUIRE(ctx.get_default<option::linger>().value == 0ms);
  REQUIRE(told([&] { ctx.set_default(option::send_hwm{0}); }).find("option::unlimited") != std::string::npos);
  push_socket after{ctx};
  REQUIRE(after.get_option<option::ipv6>().value);
  REQUIRE(after.get_option<option::linger>().value == 0ms);
  REQUIRE(after.get_option<option::max_message_size>().value == 5'000);
  after.set_option(option::linger{1s});
  REQUIRE(ctx.get_default<option::linger>().value == 0ms);
  REQUIRE_FALSE(before.get_option<option::ipv6>().value);
  cozmq::context other{io};
  REQUIRE_FALSE(push_socket{other}.get_option<option::ipv6>().value);
}

TEST_CASE("2.5 a default takes effect as the option itself would: a PUB that must not drop waits")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    ctx.set_default(option::xpub_nodrop{true});
    ctx.set_default(option::send_hwm{1});
    ctx.set_default(option::receive_hwm{1});
    cozmq::pub_socket pub{ctx};
    cozmq::sub_socket sub{ctx};
    join(pub, sub, "inproc://default");
    sub.subscribe("");
    co_await pub.wait_subscribers("");
    for (int i = 0; i < 2; ++i) {
      cozmq::message m{"x"};
      REQUIRE(pub.try_send(m));
    }
    cozmq::message m{"no room"};
    REQUIRE_FALSE(pub.try_send(m));
  });
}

TEST_CASE(
    "2.5 MAX_SOCKETS 2.10 EMFILE one socket too many is refused, and there is room again when one has gone")
{
  asio::io_context io;
  cozmq::context ctx{io};
  REQUIRE(ctx.max_sockets() == option::unlimited);
  ctx.set_max_sockets(2);
  REQUIRE(ctx.max_sockets() == 2);
  push_socket first{ctx};
  std::optional<push_socket> second{ctx};
  for (int i = 0; i < 3; ++i) {
    try {
      push_socket third{ctx};
      FAIL("it was made");
    } catch (cozmq::error const& e) {
      REQUIRE(e.code() == cozmq::errc::too_many_sockets);
      REQUIRE(e.code() == std::errc::too_many_files_open);
    }
  }
  second.reset();
  io.run();
  second.emplace(ctx);
}

TEST_CASE("a peer that accepts, greets and goes is logged once, not at every attempt")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    push.connect(address.endpoint());
    for (int i = 0; i < 10; ++i) {
      raw_peer pull = co_await address.accept();
      co_await pull.handshake("PULL");
      co_await push.wait_connected();
      pull.stream().shutdown(asio::ip::tcp::socket::shutdown_send);
      co_await pull.wait_closed();
    }
    REQUIRE(log.lines.size() == 1);
    REQUIRE(log.count("the peer closed the connection; retrying every 2 ms") == 1);
  });
}

TEST_CASE("a trouble is said again after another one, and after a connection that lasted")
{
  captured_log log;
  cozmq::engine::trouble trouble{"tcp://somewhere:1"};
  trouble.report("refused");
  trouble.over(1s);
  trouble.report("refused");
  REQUIRE(log.lines.size() == 1);
  trouble.report("closed");
  trouble.report("refused");
  REQUIRE(log.lines.size() == 3);
  trouble.over(10s);
  trouble.report("refused");
  REQUIRE(log.lines.size() == 4);
}

TEST_CASE("a bind that finds its ipc path taken disturbs nobody")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    std::string const endpoint = pull.bind("ipc://*");
    for (int i = 0; i < 3; ++i) {
      pull_socket late{ctx};
      std::error_code ec;
      late.bind(endpoint, ec);
      REQUIRE(ec == cozmq::errc::address_in_use);
      REQUIRE(ec == std::errc::address_in_use);
    }
    co_await turns(io);
    REQUIRE(log.lines.empty());
  });
}

TEST_CASE(
    "2.10 A40 what libzmq says by errno is said by an error of ours that compares equal to the standard's")
{
  using cozmq::errc;
  auto const equal = [](errc ours, std::errc standard) { return std::error_code{ours} == standard; };
  REQUIRE(equal(errc::would_block, std::errc::resource_unavailable_try_again));
  REQUIRE(equal(errc::timed_out, std::errc::timed_out));
  REQUIRE(equal(errc::not_supported, std::errc::not_supported));
  REQUIRE(equal(errc::invalid_option, std::errc::invalid_argument));
  REQUIRE(equal(errc::invalid_endpoint, std::errc::invalid_argument));
  REQUIRE(equal(errc::unknown_transport, std::errc::protocol_not_supported));
  REQUIRE(equal(errc::address_in_use, std::errc::address_in_use));
  REQUIRE(equal(errc::no_such_endpoint, std::errc::no_such_file_or_directory));
  REQUIRE(equal(errc::host_unreachable, std::errc::host_unreachable));
  REQUIRE(equal(errc::message_too_large, std::errc::message_size));
  REQUIRE(equal(errc::terminated, std::errc::operation_canceled));
  REQUIRE(equal(errc::too_many_sockets, std::errc::too_many_files_open));
  REQUIRE(equal(errc::socket_closed, std::errc::bad_file_descriptor));
  REQUIRE(equal(errc::incompatible_peer, std::errc::protocol_error));
  REQUIRE(equal(errc::connect_timeout, std::errc::timed_out));
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket s{ctx};
    std::error_code ec;
    s.bind("pgm://eth0;239.192.1.1:5555", ec);
    REQUIRE(ec == std::errc::protocol_not_supported);
    s.bind("tcp://192.0.2.1:*", ec);
    REQUIRE(ec == std::errc::address_not_available);
    s.bind("tcp://no-such-interface:*", ec);
    REQUIRE(ec == std::errc::no_such_device);
    REQUIRE(told([&] { s.bind("tcp://no-such-interface:*"); }).find("no network interface of this machine") !=
            std::string::npos);
    pull_socket gone{std::move(s)};
    s.bind("tcp://127.0.0.1:*", ec);
    REQUIRE(ec == std::errc::bad_file_descriptor);
    cozmq::message m{"x"};
    push_socket push{ctx};
    REQUIRE_FALSE(push.try_send(m, ec));
    REQUIRE(ec == std::errc::resource_unavailable_try_again);
    co_return;
  });
}

TEST_CASE(
    "2.4 SNDHWM RCVHWM a mark that is raised gives room at once to who waits for it, one that is lowered "
    "takes it")
{
  captured_log log;
  bool const joined = GENERATE(true, false);  // [libzmq, test_sockopt_hwm]
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    push.set_option(option::send_hwm{1});
    pull.set_option(option::receive_hwm{1});
    push.connect(joined ? "inproc://marks" : "ipc://@cozmq-nobody-" + std::to_string(::getpid()));
    if (joined)
      pull.bind("inproc://marks");
    auto const fill = [&push] {
      std::size_t taken = 0;
      for (cozmq::message m{"x"}; push.try_send(m); m = cozmq::message{"x"})
        ++taken;
      return taken;
    };
    std::size_t const theirs = joined ? 1 : 0;
    REQUIRE(fill() == 1 + theirs);
    push.set_option(option::send_hwm{3});
    REQUIRE(fill() == 2);
    bool sent = false;
    push.async_send(cozmq::message{"waits"}, [&sent](std::error_code ec) { sent = !ec; });
    co_await turns(io);
    REQUIRE_FALSE(sent);
    push.set_option(option::send_hwm{4});
    co_await until(io, [&] { return sent; });
    REQUIRE(fill() == 0);
    push.set_option(option::send_hwm{2});
    REQUIRE(fill() == 0);
    if (joined) {
      pull.set_option(option::receive_hwm{10});
      REQUIRE(fill() == 7);
    }
    push.set_option(option::linger{0ms});
  });
}

TEST_CASE("2.4 RCVHWM a mark that is raised goes on reading")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::receive_hwm{1});
    raw_peer push{io};
    co_await push.connect(pull.bind("tcp://127.0.0.1:*"));
    co_await push.handshake("PUSH");
    co_await push.write(frame_octets("one"));
    co_await turns(io);  // it is read, and with it the mark reached
    octets ping;
    cozmq::wire::append_ping(ping, cozmq::wire::deciseconds{0});
    co_await push.write(ping);
    pull.set_option(option::receive_hwm{2});
    auto const answer = co_await push.read_frame();
    REQUIRE(cozmq::as_text(answer.second).substr(0, 5) == "\x04PONG");
  });
}

TEST_CASE("2.4 OUT_BATCH_SIZE what has gathered leaves from inside a send as soon as it is that much")
{
  bool const small = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    if (small)
      push.set_option(option::send_batch{1'000});
    push.connect(address.endpoint());
    raw_peer pull = co_await address.accept();
    co_await pull.handshake("PULL");
    co_await push.wait_connected();
    for (int i = 0; i < 3; ++i) {
      cozmq::message m{blob(500)};
      REQUIRE(push.try_send(m));
      REQUIRE(pull.stream().available() == (small && i > 0 ? 2 * 509U : 0U));
    }
    co_await pull.read(3 * 509);
  });
}

TEST_CASE("2.4 IN_BATCH_SIZE no more is read at once, and what a reader does not take stays with the system")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::receive_batch{100});
    pull.set_option(option::receive_hwm{1});
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    raw_peer push{io};
    co_await push.connect(endpoint);
    co_await push.handshake("PUSH");
    octets many;
    for (int i = 0; i < 100; ++i)
      many = many + frame_octets(blob(98));
    many = many + from_hex("02000000000000ea60") + from_text(blob(60'000));
    co_await push.write(many);
    co_await until(io, [&] {
      int unread = 0;
      for (int const fd : connections_at(port_of(endpoint))) {
        int waiting = 0;
        ::ioctl(fd, FIONREAD, &waiting);
        unread += waiting;
      }
      return unread == static_cast<int>(many.size()) - 100;
    });
    for (int i = 0; i < 100; ++i) {
      cozmq::message const m = co_await pull.recv();
      REQUIRE(m[0] == blob(98));
    }
    cozmq::message const large = co_await pull.recv();
    REQUIRE(large[0] == blob(60'000));
  });
}

TEST_CASE("2.4 MAXMSGSIZE METADATA what is for later connections holds for the next one of an endpoint")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    pull_socket pull{ctx};
    pull.set_option(soon);
    pull.connect(address.endpoint());
    for (int i = 0; i < 2; ++i) {
      raw_peer push = co_await address.accept();
      std::string const ready = co_await push.handshake("PUSH");
      REQUIRE((ready.find("X-late") != std::string::npos) == (i == 1));
      co_await push.write(frame_octets("eleven bytes"));
      if (i == 0) {
        co_await push.ping();
        pull.set_option(option::max_message_size{10});
        pull.set_option(option::metadata{"X-late", "yes"});
      } else {
        co_await push.wait_closed();
      }
    }
    REQUIRE(log.count("max_message_size") == 1);
  });
}
