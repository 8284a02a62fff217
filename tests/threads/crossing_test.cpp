// inproc between sockets of one context on different executors, each with a thread of its own.
#include "support/catch.hpp"
#include "support/elsewhere.hpp"
#include "support/parts.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;

namespace {

constexpr auto name = "inproc://across";

template <typename Socket>
asio::awaitable<void> bind_there(Socket& socket)
{
  socket.bind(name);
  co_return;
}

template <typename Socket>
asio::awaitable<void> connect_there(Socket& socket)
{
  socket.connect(name);
  co_return;
}

template <typename Socket>
asio::awaitable<void> close_there(Socket& socket)
{
  socket.close();
  co_return;
}

template <typename Socket>
asio::awaitable<void> send_numbers(Socket& socket, int from, int to)
{
  for (int i = from; i < to; ++i)
    co_await socket.send(std::to_string(i));
}

// The first number that came out of turn, or the number after the last.
template <typename Socket>
asio::awaitable<int> receive_numbers(Socket& socket, int from, int to)
{
  for (int i = from; i < to; ++i)
    if (cozmq::message const m = co_await socket.recv(); m[0].view() != std::to_string(i))
      co_return i;
  co_return to;
}

template <typename Socket>
asio::awaitable<std::string> receive_text(Socket& socket)
{
  cozmq::message const m = co_await socket.recv();
  co_return m[0].str();
}

asio::awaitable<void> echo(cozmq::rep_socket& server)
{
  for (;;) {
    cozmq::message request = co_await server.recv();
    co_await server.send(std::move(request));
  }
}

}  // namespace

TEST_CASE(
    "across executors a pipeline delivers every message once and in order, whoever binds and first or last")
{
  bool const push_binds = GENERATE(false, true);
  bool const binds_first = GENERATE(false, true);
  two_threads([&](asio::io_context&, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    cozmq::push_socket push{ctx, there.executor()};
    cozmq::pull_socket pull{ctx};
    if (push_binds && binds_first)
      co_await there.run(bind_there(push));
    if (push_binds)
      pull.connect(name);
    if (!push_binds && binds_first)
      pull.bind(name);
    if (!push_binds)
      co_await there.run(connect_there(push));
    if (!binds_first && push_binds)
      co_await there.run(bind_there(push));
    auto const sending = asio::co_spawn(there.executor(), send_numbers(push, 0, 100'000), asio::use_future);
    if (!binds_first && !push_binds)
      pull.bind(name);
    int const received = co_await receive_numbers(pull, 0, 100'000);
    REQUIRE(received == 100'000);
    REQUIRE_FALSE(pull.try_recv());
    co_await there.run(close_there(push));
  });
}

TEST_CASE("across executors a queue holds the sum of both high-water marks, and a sender that waits goes on")
{
  two_threads([&](asio::io_context& io, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    ctx.set_default(cozmq::option::send_hwm{3});
    ctx.set_default(cozmq::option::receive_hwm{2});
    cozmq::pull_socket pull{ctx, there.executor()};
    co_await there.run(bind_there(pull));
    cozmq::push_socket push{ctx};
    push.connect(name);
    co_await push.wait_connected();
    int sent = 0;
    for (cozmq::message m{"0"}; push.try_send(m); m = cozmq::message{std::to_string(sent)})
      ++sent;
    REQUIRE(sent == 5);
    REQUIRE(push.stats().queued == 5);
    auto const sending = asio::co_spawn(io, send_numbers(push, 5, 1'000), asio::use_future);
    int const received = co_await there.run(receive_numbers(pull, 0, 1'000));
    REQUIRE(received == 1'000);
    co_await there.run(close_there(pull));
  });
}

TEST_CASE(
    "across executors what was sent before the other side bound arrives, behind the news that it connected")
{
  two_threads([&](asio::io_context&, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    cozmq::dealer_socket push{ctx, there.executor()};
    push.set_option(cozmq::option::hello_message{cozmq::message{"hello"}});
    co_await there.run(connect_there(push));
    co_await there.run(send_numbers(push, 0, 10));
    cozmq::dealer_socket pull{ctx};
    pull.bind(name);
    std::string const first = co_await receive_text(pull);
    REQUIRE(first == "hello");
    int const received = co_await receive_numbers(pull, 0, 10);
    REQUIRE(received == 10);
    co_await there.run(close_there(push));
  });
}

TEST_CASE("across executors subscriptions are active when wait_subscribed and wait_subscribers say so")
{
  two_threads([&](asio::io_context&, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    cozmq::sub_socket sub{ctx, there.executor()};
    cozmq::pub_socket pub{ctx};
    pub.bind(name);
    sub.subscribe("a");
    co_await there.run(connect_there(sub));
    co_await pub.wait_subscribers("a");
    co_await pub.send("b", "not wanted");
    co_await pub.send("a", "wanted");
    std::string const topic = co_await there.run(receive_text(sub));
    REQUIRE(topic == "a");
    auto const change = [](cozmq::sub_socket& s) -> asio::awaitable<void> {
      s.unsubscribe("a");
      s.subscribe("c");
      co_await s.wait_subscribed();
    };
    co_await there.run(change(sub));
    co_await pub.send("a");
    co_await pub.send("c");
    std::string const next = co_await there.run(receive_text(sub));
    REQUIRE(next == "c");
    co_await there.run(close_there(sub));
  });
}

TEST_CASE("across executors an XPUB receives subscriptions and messages in the order in which they were sent")
{
  two_threads([&](asio::io_context&, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    cozmq::xsub_socket xsub{ctx, there.executor()};
    cozmq::xpub_socket xpub{ctx};
    xpub.bind(name);
    co_await there.run(connect_there(xsub));
    auto const mixed = [](cozmq::xsub_socket& s) -> asio::awaitable<void> {
      co_await s.wait_connected();
      co_await s.send("first");
      s.subscribe("second");
      co_await s.send("third");
    };
    co_await there.run(mixed(xsub));
    std::vector<std::string> got;
    for (int i = 0; i < 3; ++i)
      got.push_back(co_await receive_text(xpub));
    REQUIRE((got == std::vector<std::string>{"first", std::string{"\1second"}, "third"}));
    co_await there.run(close_there(xsub));
  });
}

TEST_CASE("across executors a ROUTER knows its peers by their routing ids, and REQ and REP talk through it")
{
  two_threads([&](asio::io_context&, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    cozmq::req_socket req{ctx, there.executor()};
    req.set_option(cozmq::option::routing_id{"caller"});
    cozmq::router_socket router{ctx};
    router.bind(name);
    co_await there.run(connect_there(req));
    auto const ask = [](cozmq::req_socket& s) -> asio::awaitable<std::string> {
      cozmq::message const reply = co_await s.request("question");
      co_return reply[0].str();
    };
    auto asked = asio::co_spawn(there.executor(), ask(req), asio::use_future);
    cozmq::message m = co_await router.recv();
    REQUIRE((to_parts(m) == parts{"caller", "", "question"}));
    m.back() = cozmq::frame{"answer"};
    co_await router.send(std::move(m));
    co_await there.run(close_there(req));
    REQUIRE(asked.get() == "answer");
  });
}

TEST_CASE("across executors a peer that closes is reported, and what it had sent stays readable")
{
  two_threads([&](asio::io_context&, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    cozmq::push_socket push{ctx, there.executor()};
    cozmq::pull_socket pull{ctx};
    auto events = pull.events();
    pull.bind(name);
    co_await there.run(connect_there(push));
    co_await there.run(send_numbers(push, 0, 100));
    co_await there.run(close_there(push));
    cozmq::event e = co_await events.next();
    while (e.kind != cozmq::event_kind::disconnected)
      e = co_await events.next();
    REQUIRE(e.error == cozmq::errc::peer_closed);
    REQUIRE(pull.connected_peers() == 0);
    REQUIRE(pull.stats().unread == 100);
    int const received = co_await receive_numbers(pull, 0, 100);
    REQUIRE(received == 100);
  });
}

TEST_CASE("across executors a peer that can never fit, and a second peer of a PAIR, are refused and told of")
{
  two_threads([&](asio::io_context& io, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    cozmq::pair_socket pair{ctx, there.executor()};
    co_await there.run(bind_there(pair));
    cozmq::push_socket push{ctx};
    std::error_code ec;
    push.connect(name, ec);
    REQUIRE(ec == cozmq::errc::incompatible_peer);
    cozmq::pair_socket first{ctx};
    first.connect(name);
    co_await first.wait_connected();
    cozmq::pair_socket second{ctx};
    auto events = second.events();
    second.connect(name);
    cozmq::event const e = co_await events.next();
    REQUIRE(e.kind == cozmq::event_kind::handshake_failed);
    REQUIRE(e.error == cozmq::errc::peer_limit);
    co_await turns(io);
    REQUIRE(first.connected_peers() == 1);
    co_await there.run(close_there(pair));
  });
}

TEST_CASE("across executors a socket whose executor is stopped and gone leaves its peer unharmed")
{
  std::optional<elsewhere> there{std::in_place};
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::optional<cozmq::rep_socket> server{std::in_place, ctx, there->executor()};
    co_await there->run(bind_there(*server));
    asio::co_spawn(there->executor(), echo(*server), asio::detached);
    cozmq::req_socket client{ctx};
    client.connect(name);
    cozmq::message const reply = co_await client.request("there?");
    REQUIRE(reply[0] == "there?");
    there.reset();
    co_await until(io, [&] { return client.connected_peers() == 0; });
    auto const nobody = co_await (client.request("there?") || cozmq::timeout(10ms));
    REQUIRE(nobody.index() == 1);
    server.reset();
  });
}

TEST_CASE("across executors CONFLATE keeps the last message only")
{
  two_threads([&](asio::io_context&, cozmq::context& ctx, elsewhere& there) -> asio::awaitable<void> {
    cozmq::push_socket push{ctx, there.executor()};
    cozmq::pull_socket pull{ctx};
    pull.set_option(cozmq::option::conflate{true});
    pull.bind(name);
    co_await there.run(connect_there(push));
    co_await there.run(send_numbers(push, 0, 10'000));
    std::string last;
    while (last != "9999") {
      std::string const next = co_await receive_text(pull);
      REQUIRE((last.empty() || std::stoi(next) > std::stoi(last)));
      last = next;
    }
    REQUIRE_FALSE(pull.try_recv());
    co_await there.run(close_there(push));
  });
}
