// What closing reports: delivered, and given up.
#include "support/catch.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <chrono>
#include <cstddef>
#include <string>

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
