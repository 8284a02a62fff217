// What closing reports: delivered, and given up.
#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::close_report;

namespace {

template <typename Socket>
asio::awaitable<void> send_numbers(Socket& socket, int count)
{
  for (int i = 0; i < count; ++i)
    co_await socket.send(std::to_string(i));
}

asio::awaitable<int> receive(cozmq::pull_socket& socket, int count)
{
  for (int i = 0; i < count; ++i)
    co_await socket.recv();
  co_return count;
}

asio::awaitable<void> meet(cozmq::push_socket& push, raw_peer& peer)
{
  co_await peer.connect(push.bind("tcp://127.0.0.1:*"));
  co_await peer.handshake("PULL");
  co_await push.wait_connected();
}

asio::awaitable<void> note_end(cozmq::push_socket& push, std::string name, std::vector<std::string>& over)
{
  close_report const r = co_await push.close(30s);
  over.push_back(fmt::format("{} {}/{}", name, r.delivered, r.undelivered));
}

}  // namespace

TEST_CASE("close says that all was delivered when the peer is there, on every stream transport")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    cozmq::push_socket push{ctx};
    push.connect(pull.bind(any));
    co_await send_numbers(push, 100);  // it is not connected yet
    close_report const r = co_await push.close(30s);
    REQUIRE((r == close_report{100, 0}));
    REQUIRE(r.complete());
    REQUIRE_FALSE(push.is_open());
    REQUIRE(fmt::format("{}", r) == "100 delivered, 0 undelivered");
    int const received = co_await receive(pull, 100);
    REQUIRE(received == 100);
    close_report const again = co_await push.close(30s);
    REQUIRE((again == close_report{}));
  });
}

TEST_CASE("close says how many messages an absent peer did not get, when its time is over")
{
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string endpoint;
    {
      cozmq::pull_socket gone{ctx};
      endpoint = gone.bind("tcp://127.0.0.1:*");
    }
    cozmq::push_socket tcp{ctx};
    tcp.connect(endpoint);
    co_await send_numbers(tcp, 10);
    close_report const over_tcp = co_await tcp.close(20ms);
    REQUIRE((over_tcp == close_report{0, 10}));

    cozmq::push_socket inproc{ctx};
    inproc.connect("inproc://nobody");
    co_await send_numbers(inproc, 7);
    close_report const over_inproc = co_await inproc.close(30s);
    REQUIRE((over_inproc == close_report{0, 7}));

    cozmq::push_socket none{ctx};
    none.connect(endpoint);
    co_await send_numbers(none, 3);
    close_report const at_once = co_await none.close(0ms);
    REQUIRE((at_once == close_report{0, 3}));
  });
}

TEST_CASE("close counts what a peer that stops reading did not take")
{
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    ctx.set_default(cozmq::option::send_buffer{16'384});
    ctx.set_default(cozmq::option::receive_buffer{16'384});
    cozmq::pull_socket pull{ctx};
    pull.set_option(cozmq::option::receive_hwm{1});
    cozmq::push_socket push{ctx};
    push.connect(pull.bind("tcp://127.0.0.1:*"));
    std::string const large(10'000, 'x');
    for (int i = 0; i < 500; ++i)
      co_await push.send(large);
    std::size_t const queued = push.stats().queued;
    REQUIRE(queued > 0);
    close_report const r = co_await push.close(50ms);
    REQUIRE(r.undelivered > 0);
    REQUIRE(r.delivered + r.undelivered == queued);
  });
}

TEST_CASE("the report of close is of its own messages, not of those lost before")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::dealer_socket bound{ctx};
    bound.set_option(cozmq::option::send_buffer{16'384});
    cozmq::dealer_socket peer{ctx};
    peer.set_option(cozmq::option::receive_buffer{16'384});
    peer.set_option(cozmq::option::receive_hwm{1});
    peer.connect(bound.bind("tcp://127.0.0.1:*"));
    co_await bound.wait_connected();
    co_await peer.send("not read");
    co_await until(io, [&] { return bound.stats().unread == 1; });
    std::string const large(10'000, 'x');
    for (int i = 0; i < 500; ++i)
      co_await bound.send(large);
    peer.set_option(cozmq::option::linger{0ms});
    peer.close();
    co_await until(io, [&] { return bound.stats().dropped.undelivered > 0; });
    close_report const r = co_await bound.close(1s);
    REQUIRE((r == close_report{}));
  });
}

TEST_CASE(
    "an endpoint that is not connected when a socket closes is gone while other connections still deliver")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    ctx.set_default(cozmq::option::send_buffer{16'384});
    ctx.set_default(cozmq::option::receive_buffer{16'384});
    cozmq::dealer_socket bound{ctx};
    cozmq::dealer_socket slow{ctx};
    slow.set_option(cozmq::option::receive_hwm{1});
    slow.connect(bound.bind("tcp://127.0.0.1:*"));
    co_await bound.wait_connected();
    std::string const large(100'000, 'x');
    for (int i = 0; i < 50; ++i)
      co_await bound.send(large);
    bound.connect("ipc:///nonexistent/directory/socket");
    co_await turns(io, 10);
    bound.close();
    co_await turns(io, 10);  // what the endpoint still waits for ends
    slow.set_option(cozmq::option::linger{0ms});
    slow.close();
    co_await turns(io, 100);
    cozmq::dealer_socket another{ctx};
    another.bind("inproc://the list of sockets is in order");
  });
}

TEST_CASE(
    "B19 close does not wait for a peer that does not read, unless its system lacks something or it sends")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::push_socket silent{ctx};
    cozmq::push_socket talking{ctx};
    cozmq::push_socket stuffed{ctx};
    stuffed.set_option(cozmq::option::send_buffer{200'000});
    raw_peer silent_peer{io};
    raw_peer talking_peer{io};
    raw_peer stuffed_peer{io};
    stuffed_peer.stream().open(asio::ip::tcp::v4());
    stuffed_peer.stream().set_option(asio::socket_base::receive_buffer_size{4'096});
    co_await meet(silent, silent_peer);
    co_await meet(talking, talking_peer);
    co_await meet(stuffed, stuffed_peer);
    co_await silent.send("hello");
    co_await talking.send("hello");
    std::string const large(100'000, 'x');
    co_await stuffed.send(large);

    std::vector<std::string> over;
    asio::co_spawn(io, note_end(stuffed, "stuffed", over), asio::detached);
    asio::co_spawn(io, note_end(talking, "talking", over), asio::detached);
    asio::co_spawn(io, note_end(silent, "silent", over), asio::detached);
    asio::steady_timer pace{io};
    while (over.size() < 3) {
      if (std::ranges::count(over, "talking 1/0") == 0)
        co_await talking_peer.write(frame_octets("still here"));
      pace.expires_after(10ms);
      co_await pace.async_wait(asio::use_awaitable);
    }
    REQUIRE(over.front() == "silent 1/0");
    REQUIRE(std::ranges::count(over, "talking 1/0") == 1);
    REQUIRE(std::ranges::count(over, "stuffed 1/0") == 1);

    // What was delivered is there, however late somebody reads it.
    octets const small = co_await silent_peer.read(7);
    REQUIRE((small == frame_octets("hello")));
    co_await silent_peer.wait_closed();
    octets const all = co_await stuffed_peer.read(9 + large.size());
    REQUIRE((octets{all.begin() + 9, all.end()} == from_text(large)));
    co_await stuffed_peer.wait_closed();
  });
}
