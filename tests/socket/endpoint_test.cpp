// bind and connect: what they accept, return and refuse, on every transport.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <vector>

using namespace cozmq::test;
using cozmq::pull_socket;
using cozmq::push_socket;

namespace {

// A directory that is the current one while the object lives.
struct own_directory {
  own_directory() : before{std::filesystem::current_path()}
  {
    std::string name = (std::filesystem::temp_directory_path() / "cozmq-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
    std::filesystem::current_path(path);
  }
  own_directory(own_directory const&) = delete;
  own_directory& operator=(own_directory const&) = delete;
  ~own_directory()
  {
    std::filesystem::current_path(before);
    std::filesystem::remove_all(path);
  }
  std::filesystem::path before;
  std::filesystem::path path;
};

// A file as a process leaves it that dies while it listens.
void leave_stale_file(std::string const& path)
{
  int const fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
}

}  // namespace

TEST_CASE("A7 a closed socket has released its address: binding it again at once succeeds")
{
  own_directory const here;
  std::string const any =
      GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://again.ipc", "inproc://again");
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket first{ctx};
    push_socket peer{ctx};
    std::string const endpoint = join(first, peer, any);
    co_await peer.send("there was a connection");
    co_await first.recv();
    first.close();
    pull_socket second{ctx};
    REQUIRE(second.bind(endpoint) == endpoint);
    {
      pull_socket gone_soon{std::move(second)};
    }
    pull_socket third{ctx};
    REQUIRE(third.bind(endpoint) == endpoint);
  });
}

TEST_CASE("A8 binding a taken address fails with address in use and says so")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket holder{ctx};
    std::string const endpoint = holder.bind(any);
    pull_socket second{ctx};
    std::string what;
    try {
      second.bind(endpoint);
    } catch (std::system_error const& e) {
      REQUIRE(e.code() == std::errc::address_in_use);
      REQUIRE(e.code() == cozmq::errc::address_in_use);
      what = e.what();
    }
    REQUIRE(what == "cannot bind " + endpoint + ": address already in use");
    co_return;
  });
}

TEST_CASE("A8 T1 bind returns the real endpoint, and peers reach it")
{
  std::string const any =
      GENERATE(as<std::string>{}, "tcp://*:*", "tcp://127.0.0.1:0", "tcp://[::1]:*", "tcp://lo:*");
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    std::error_code ec;
    std::string const bound = pull.bind(any, ec);
    if (any == "tcp://[::1]:*" && ec == std::errc::address_not_available) {
      WARN("this machine has no IPv6");
      co_return;
    }
    REQUIRE_FALSE(ec);
    std::string const port = std::to_string(port_of(bound));
    REQUIRE(port != "0");
    push.connect(any == "tcp://[::1]:*" ? "tcp://[::1]:" + port : "tcp://127.0.0.1:" + port);
    co_await push.send("over");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "over");
  });
}

TEST_CASE("T1 a host name is resolved on connect")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    push.connect("tcp://localhost:" + std::to_string(port_of(pull.bind("tcp://127.0.0.1:*"))));
    co_await push.send("by name");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "by name");
  });
}

TEST_CASE("A9 connecting to an endpoint nobody has bound succeeds at once")
{
  std::string const endpoint =
      GENERATE(as<std::string>{}, "tcp://127.0.0.1:1", "ipc:///nowhere/at/all", "inproc://x");
  captured_log log;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    REQUIRE(push.connect(endpoint) == endpoint);
    push.set_option(cozmq::option::linger{std::chrono::milliseconds{0}});
    co_return;
  });
}

TEST_CASE("A9 several connects on one socket make several peers")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket a{ctx};
    pull_socket b{ctx};
    join(a, push, any == "inproc://name" ? "inproc://a" : any);
    join(b, push, any == "inproc://name" ? "inproc://b" : any);
    co_await push.wait_connected(2);
    REQUIRE(push.connected_peers() == 2);
  });
}

TEST_CASE("T3 ipc works between two processes, by a relative path and by an absolute one")
{
  own_directory const here;
  bool const relative = GENERATE(true, false);
  std::string const endpoint = "ipc://" + (relative ? "weather.ipc" : (here.path / "weather.ipc").string());
  pid_t const child = ::fork();
  if (child == 0) {
    try {
      asio::io_context io;
      cozmq::context ctx{io};
      push_socket push{ctx};
      push.connect(endpoint);
      cozmq::message m{"from the child"};
      bool const sent = push.try_send(m);
      push.close();
      io.run();
      ::_exit(sent ? 0 : 1);
    } catch (...) {
      ::_exit(2);
    }
  }
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.bind(endpoint);
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "from the child");
  });
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  REQUIRE_FALSE(std::filesystem::exists("weather.ipc"));
}

TEST_CASE("T3 a wildcard ipc endpoint is a path of its own each time")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket a{ctx};
    pull_socket b{ctx};
    std::string const first = a.bind("ipc://*");
    REQUIRE(first != b.bind("ipc://*"));
    REQUIRE(std::filesystem::is_socket(first.substr(6)));
    a.close();
    REQUIRE_FALSE(std::filesystem::exists(std::filesystem::path{first.substr(6)}.parent_path()));
    co_return;
  });
}

TEST_CASE("T3 the mode of an ipc socket's file can be chosen, and is there before anybody can connect")
{
  own_directory const here;
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    REQUIRE_FALSE(pull.get_option<cozmq::option::ipc_mode>().value);
    for (unsigned const mode : {0600U, 0666U, 0640U}) {
      pull.set_option(cozmq::option::ipc_mode{mode});
      REQUIRE(pull.get_option<cozmq::option::ipc_mode>().value == mode);
      std::string const path = pull.bind("ipc://" + std::to_string(mode)).substr(6);
      REQUIRE(std::filesystem::status(path).permissions() == static_cast<std::filesystem::perms>(mode));
    }
    std::error_code ec;
    pull.set_option(cozmq::option::ipc_mode{01000}, ec);
    REQUIRE(ec == cozmq::errc::invalid_option);
    pull.bind("ipc://@cozmq-mode-" + std::to_string(::getpid()));  // a name without a file is no trouble
    co_return;
  });
}

TEST_CASE("T6 one message after the other is fastest over inproc, then over ipc, then over tcp")
{
  // The shortest of several times each: other programs can only make it longer.
  using std::chrono::steady_clock;
  std::vector<std::string> const endpoints{"inproc://x", "ipc://*", "tcp://127.0.0.1:*"};
  std::vector<steady_clock::duration> shortest(3, steady_clock::duration::max());
  for (int round = 0; round < 100 && (round < 3 || !std::ranges::is_sorted(shortest)); ++round) {
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
        push_socket push{ctx};
        pull_socket pull{ctx};
        join(pull, push, endpoints[i]);
        std::string const text(64, 'x');
        co_await push.send(text);
        co_await pull.recv();
        auto const begin = steady_clock::now();
        for (int n = 0; n < 500; ++n) {
          co_await push.send(text);
          co_await pull.recv();
        }
        shortest[i] = std::min(shortest[i], steady_clock::now() - begin);
      });
    }
  }
  REQUIRE(shortest[0] < shortest[1]);
  REQUIRE(shortest[1] < shortest[2]);
}

TEST_CASE("T4 the socket file of a dead process does not block a bind, one of a live process is not stolen")
{
  own_directory const here;
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    leave_stale_file("stale.ipc");
    pull_socket pull{ctx};
    pull.bind("ipc://stale.ipc");
    pull_socket thief{ctx};
    std::error_code ec;
    thief.bind("ipc://stale.ipc", ec);
    REQUIRE(ec == cozmq::errc::address_in_use);
    push_socket push{ctx};
    push.connect("ipc://stale.ipc");
    co_await push.send("mine");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "mine");
  });
}

TEST_CASE("T4 T5 connect before bind works on every transport")
{
  own_directory const here;
  std::string const kind = GENERATE(as<std::string>{}, "tcp", "ipc", "inproc");
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string endpoint = kind == "ipc" ? "ipc://late.ipc" : "inproc://late";
    if (kind == "tcp")
      endpoint = raw_listener{io}.endpoint();  // a port that is free again
    push_socket push{ctx};
    push.set_option(cozmq::option::reconnect_interval{std::chrono::milliseconds{5}});
    push.connect(endpoint);
    co_await push.send("early");
    if (kind != "inproc")
      co_await until(io, [&] { return !log.lines.empty(); });  // the first attempt has failed
    pull_socket pull{ctx};
    pull.bind(endpoint);
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "early");
  });
}

TEST_CASE("B18 A1 contexts are independent: an inproc name exists in its own only")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::context other{io};
    pull_socket here{ctx};
    pull_socket there{other};
    here.bind("inproc://same");
    there.bind("inproc://same");
    push_socket push{other};
    push.connect("inproc://same");
    co_await push.send("for the other context");
    std::string const text = co_await text_from(there);
    REQUIRE(text == "for the other context");
    REQUIRE(here.connected_peers() == 0);
  });
}

TEST_CASE("T7 one socket bound to several endpoints and transports receives through all of them")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    std::vector<push_socket> senders;
    std::set<std::string> expected;
    for (std::string any : {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*", "ipc://*", "inproc://somename"}) {
      senders.emplace_back(ctx);
      std::string const bound = join(pull, senders.back(), any);
      expected.insert(bound);
      co_await senders.back().send(bound);
    }
    std::set<std::string> received;
    for (std::size_t i = 0; i < senders.size(); ++i)
      received.insert(co_await text_from(pull));
    REQUIRE((received == expected));
  });
}

TEST_CASE("T8 an unknown transport gives protocol not supported")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    std::error_code ec;
    pull.bind("epgm://eth0;239.192.1.1:5555", ec);
    REQUIRE(ec == std::errc::protocol_not_supported);
    pull.connect("gopher://x", ec);
    REQUIRE(ec == cozmq::errc::unknown_transport);
    co_return;
  });
}

TEST_CASE("connecting twice to one endpoint makes a second connection for PUSH and none for SUB and REQ")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    std::string endpoint = join(pull, push, any);
    push.connect(endpoint);
    co_await pull.wait_connected(2);
    push.disconnect(endpoint);
    co_await until(io, [&] { return pull.connected_peers() == 0; });

    cozmq::pub_socket pub{ctx};
    cozmq::sub_socket sub{ctx};
    endpoint = join(pub, sub, any);
    sub.connect(endpoint);
    sub.subscribe("");
    cozmq::sub_socket later{ctx};
    later.connect(endpoint);
    later.subscribe("");
    co_await pub.wait_subscribers("", 2);
    REQUIRE(pub.connected_peers() == 2);

    cozmq::rep_socket rep{ctx};
    cozmq::req_socket req{ctx};
    endpoint = join(rep, req, any);
    req.connect(endpoint);
    co_await req.send("once");
    co_await rep.recv();
    REQUIRE(rep.connected_peers() == 1);
  });
}

TEST_CASE("unbind frees the address and ends its connections, but what was received stays readable")
{
  own_directory const here;
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://again.ipc");
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    std::string const endpoint = join(pull, push, any);
    co_await push.send("first");
    co_await push.send("second");
    std::string text = co_await text_from(pull);
    REQUIRE(text == "first");
    pull.unbind(endpoint);
    co_await until(io, [&] { return push.connected_peers() == 0; });
    pull_socket next{ctx};
    next.bind(endpoint);
    std::error_code ec;
    pull.unbind(endpoint, ec);
    REQUIRE(ec == cozmq::errc::no_such_endpoint);
    text = co_await text_from(pull);
    REQUIRE(text == "second");
  });
}

TEST_CASE("after unbind all that was received stays readable, whichever of the peers had sent something")
{
  bool const idle_first = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    std::vector<raw_peer> peers;
    for (std::size_t i = 0; i < 6; ++i) {
      raw_peer& peer = peers.emplace_back(io);
      co_await peer.connect(endpoint);
      co_await peer.handshake("PUSH");
      if ((i < 3) != idle_first)
        co_await peer.write(frame_octets("kept"));
      co_await peer.ping();
    }
    pull.unbind(endpoint);
    for (raw_peer& peer : peers)
      co_await peer.wait_closed();
    for (int i = 0; i < 3; ++i) {
      std::string const text = co_await text_from(pull);
      REQUIRE(text == "kept");
    }
    REQUIRE_FALSE(pull.try_recv());
  });
}

TEST_CASE("disconnect discards what was not read and delivers what is queued")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pair_socket bound{ctx};
    cozmq::pair_socket connected{ctx};
    std::string const endpoint = join(bound, connected, any);
    co_await bound.send("read");
    co_await bound.send("unread");
    std::string text = co_await text_from(connected);
    REQUIRE(text == "read");
    co_await connected.send("queued");
    connected.disconnect(endpoint);
    text = co_await text_from(bound);
    REQUIRE(text == "queued");
    co_await until(io, [&] { return bound.connected_peers() == 0; });
    REQUIRE_FALSE(connected.try_recv());
    std::error_code ec;
    connected.disconnect(endpoint, ec);
    REQUIRE(ec == cozmq::errc::no_such_endpoint);
  });
}

TEST_CASE(
    "a disconnected endpoint that comes up later gets what was queued for it, and nothing that is sent then")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    cozmq::dealer_socket dealer{ctx};
    dealer.set_option(cozmq::option::hello_message{"hello"});
    std::string const endpoint = dealer.connect(address.endpoint());
    co_await dealer.send("queued");
    dealer.disconnect(endpoint);
    raw_peer server = co_await address.accept();
    co_await server.handshake("ROUTER");
    for (std::string expected : {"hello", "queued"}) {
      auto const frame = co_await server.read_frame();
      REQUIRE(cozmq::as_text(frame.second) == expected);
    }
    REQUIRE(dealer.connected_peers() == 0);
    std::error_code ec;
    cozmq::message m{"for others"};
    bool const sent = dealer.try_send(m, ec);
    REQUIRE_FALSE(sent);
    REQUIRE(ec == cozmq::errc::would_block);
    co_await server.wait_closed();
  });
}

TEST_CASE("a disconnected PAIR delivers what is queued there while it is connected elsewhere")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    cozmq::pair_socket pair{ctx};
    cozmq::pair_socket other{ctx};
    std::string const endpoint = pair.connect(address.endpoint());
    co_await pair.send("queued");
    pair.disconnect(endpoint);
    join(other, pair, "tcp://127.0.0.1:*");
    co_await until(io, [&] { return pair.connected_peers() == 1; });
    raw_peer first = co_await address.accept();
    co_await first.handshake("PAIR");
    auto const frame = co_await first.read_frame();
    REQUIRE(cozmq::as_text(frame.second) == "queued");
    co_await pair.send("for the other");
    std::string const text = co_await text_from(other);
    REQUIRE(text == "for the other");
    co_await first.wait_closed();
    REQUIRE(pair.connected_peers() == 1);
  });
}

TEST_CASE("a disconnected endpoint whose peer does not read is gone when linger is over")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    captured_log const log;
    raw_listener address{io};
    push_socket push{ctx};
    std::string const endpoint = push.connect(address.endpoint());
    co_await push.send(std::string(32 * 1024 * 1024, 'x'));  // more than the kernel takes
    push.disconnect(endpoint);
    raw_peer deaf = co_await address.accept();
    co_await deaf.handshake("PULL");
    co_await until(io, [&] { return push.stats().dropped.undelivered == 1; });
    REQUIRE(push.peers().empty());
    REQUIRE(push.connected_peers() == 0);
    cozmq::message m{"for others"};
    REQUIRE_FALSE(push.try_send(m));
    pull_socket pull{ctx};
    join(pull, push, "tcp://127.0.0.1:*");
    co_await push.send("for others");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "for others");
  });
}
