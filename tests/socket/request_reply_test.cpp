// REQ and REP: turns, routing, peers that are missing, gone or late.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <system_error>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::rep_socket;
using cozmq::req_socket;

namespace {

// Answers every request with `name` until the socket is closed.
asio::awaitable<void> serve(rep_socket& server, std::string name)
{
  for (;;) {
    co_await server.recv();
    co_await server.send(name);
  }
}

asio::awaitable<void> ask_for_ever(req_socket& client, std::string name)
{
  for (;;) {
    co_await client.send(name);
    co_await client.recv();
  }
}

asio::awaitable<std::string> ask(req_socket& client, std::string question)
{
  co_await client.send(question);
  co_return co_await text_from(client);
}

octets const delimiter = from_hex("01 00");

}  // namespace

TEST_CASE("T9 B7 A46 ten exchanges of one call each way, on every transport, whichever side binds")
{
  std::string const any = every_transport();
  bool const server_binds = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    rep_socket server{ctx};
    req_socket client{ctx};
    server_binds ? join(server, client, any) : join(client, server, any);
    for (int i = 0; i < 10; ++i) {
      co_await client.send("Hello");
      cozmq::message request = co_await server.recv();
      REQUIRE(request.size() == 1);
      REQUIRE(request[0].size() == 5);
      REQUIRE(request[0] == "Hello");
      co_await server.send("World", std::string{"!"});
      cozmq::message const reply = co_await client.recv();
      REQUIRE((reply == cozmq::message{"World", "!"}));
    }
  });
}

TEST_CASE("A44 S22 S27 REQ and REP out of turn fail at once with wrong_state and can go on")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    rep_socket server{ctx};
    req_socket client{ctx};
    join(server, client, any);
    std::error_code ec;
    REQUIRE_FALSE(client.try_recv(ec));
    REQUIRE(ec == cozmq::errc::wrong_state);
    cozmq::message early{"reply"};
    REQUIRE_FALSE(server.try_send(early, ec));
    REQUIRE(ec == cozmq::errc::wrong_state);
    REQUIRE(early[0] == "reply");
    REQUIRE_THROWS_AS(server.try_send(early), cozmq::error);

    co_await client.send("one");
    bool refused = false;
    try {
      co_await client.send("two");
    } catch (std::system_error const& e) {
      refused = e.code() == cozmq::errc::wrong_state;
    }
    REQUIRE(refused);
    std::string text = co_await text_from(server);
    REQUIRE(text == "one");
    refused = false;
    try {
      co_await server.recv();
    } catch (std::system_error const& e) {
      refused = e.code() == cozmq::errc::wrong_state;
    }
    REQUIRE(refused);
    co_await server.send("answer");
    text = co_await text_from(client);
    REQUIRE(text == "answer");
  });
}

TEST_CASE("S23 REQ discards a reply from a peer other than the one it asked")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    req_socket client{ctx};
    std::string const endpoint = client.bind("tcp://127.0.0.1:*");
    std::array<raw_peer, 2> servers{raw_peer{io}, raw_peer{io}};
    for (raw_peer& server : servers) {
      co_await server.connect(endpoint);
      co_await server.handshake("REP");
    }
    co_await client.send("question");
    asio::ip::tcp::socket& first = servers[0].stream();
    co_await first.async_wait(asio::ip::tcp::socket::wait_read, asio::use_awaitable);
    co_await servers[1].write(delimiter + frame_octets("not asked"));
    co_await servers[1].ping();
    REQUIRE_FALSE(client.try_recv());
    co_await servers[0].write(delimiter + frame_octets("asked"));
    std::string const text = co_await text_from(client);
    REQUIRE(text == "asked");
  });
}

TEST_CASE("S24 REQ asks its servers in turn")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*", "inproc://");
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    req_socket client{ctx};
    std::vector<rep_socket> servers;
    servers.reserve(3);
    for (std::string name : {"A", "B", "C"}) {
      join(servers.emplace_back(ctx), client, any == "inproc://" ? any + name : any);
      asio::co_spawn(io, serve(servers.back(), name), asio::detached);
    }
    for (std::string expected : {"A", "B", "C", "A"}) {
      std::string const answer = co_await ask(client, "who?");
      REQUIRE(answer == expected);
    }
    servers.clear();
    co_await turns(io, 10);
  });
}

TEST_CASE("S25 without a peer a REQ waits, and goes on when one arrives")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    req_socket client{ctx};
    std::string const endpoint = client.bind(any);
    cozmq::message m{"nobody there"};
    REQUIRE_FALSE(client.try_send(m));
    REQUIRE(m[0] == "nobody there");
    bool asked = false;
    std::string answer;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          co_await client.send("question");
          asked = true;
          answer = co_await text_from(client);
        },
        asio::detached);
    co_await turns(io);
    REQUIRE_FALSE(asked);
    rep_socket server{ctx};
    server.connect(endpoint);
    co_await server.recv();
    co_await server.send("answer");
    co_await until(io, [&] { return !answer.empty(); });
    REQUIRE(answer == "answer");
  });
}

TEST_CASE("S28 B53 REP serves three busy clients in turn")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    rep_socket server{ctx};
    std::string const endpoint = server.bind(any);
    std::vector<req_socket> clients;
    clients.reserve(3);
    for (std::string name : {"a", "b", "c"}) {
      clients.emplace_back(ctx).connect(endpoint);
      asio::co_spawn(io, ask_for_ever(clients.back(), name), asio::detached);
    }
    co_await server.wait_connected(3);
    std::map<std::string, int> counts;
    for (int i = 0; i < 900; ++i) {
      ++counts[co_await text_from(server)];
      co_await server.send("done");
    }
    for (auto const& [name, count] : counts) {
      REQUIRE(count > 240);
      REQUIRE(count < 360);
    }
    clients.clear();
    co_await turns(io, 10);
  });
}

TEST_CASE("S29 REP puts the whole envelope of the request in front of the reply")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    rep_socket server{ctx};
    raw_peer client{io};
    co_await client.connect(server.bind("tcp://127.0.0.1:*"));
    co_await client.handshake("DEALER");
    octets const envelope = frame_octets("hop 1", true) + frame_octets("hop 2", true) + delimiter;
    co_await client.write(frame_octets("no delimiter"));
    co_await client.write(envelope + frame_octets("question"));
    std::string const text = co_await text_from(server);
    REQUIRE(text == "question");
    co_await server.send("answer");
    octets const expected = envelope + frame_octets("answer");
    octets const reply = co_await client.read(expected.size());
    REQUIRE(to_hex(reply) == to_hex(expected));
  });
}

TEST_CASE("S30 B2 a reply to a client that has gone is dropped, and the server serves on")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    rep_socket server{ctx};
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    for (int i = 0; i < 5; ++i) {
      raw_peer client{io};
      co_await client.connect(endpoint);
      co_await client.handshake("REQ");
      co_await client.write(delimiter + frame_octets("question"));
      co_await server.recv();
      client.close();
      if (i % 2 == 0)
        co_await until(io, [&] { return server.connected_peers() == 0; });
      co_await server.send("too late");
    }
    req_socket client{ctx};
    client.connect(endpoint);
    asio::co_spawn(io, serve(server, "still there"), asio::detached);
    std::string const answer = co_await ask(client, "?");
    REQUIRE(answer == "still there");
    server.close();
    co_await turns(io, 10);
  });
}

TEST_CASE("B1 the client may start long before its server")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const endpoint = raw_listener{io}.endpoint();
    req_socket client{ctx};
    client.set_option(cozmq::option::reconnect_interval{5ms});
    client.connect(endpoint);
    co_await client.send("first");
    co_await until(io, [&] { return log.count("retrying") == 1; });
    rep_socket server{ctx};
    server.bind(endpoint);
    asio::co_spawn(io, serve(server, "World"), asio::detached);
    std::string text = co_await text_from(client);
    REQUIRE(text == "World");
    for (int i = 1; i < 10; ++i) {
      text = co_await ask(client, "Hello");
      REQUIRE(text == "World");
    }
    server.close();
    co_await turns(io, 10);
  });
}

TEST_CASE("B3 a strict REQ waits for the reply that its server took with it, request() asks again")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    req_socket client{ctx};
    client.set_option(cozmq::option::reconnect_interval{5ms});
    client.connect(address.endpoint());
    cozmq::request_options const options{.timeout = 300ms, .retries = 10};
    std::string answer;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          cozmq::message const reply = co_await client.request("question", options);
          answer = reply[0].str();
        },
        asio::detached);
    {
      raw_peer server = co_await address.accept();
      co_await server.handshake("REP");
      co_await server.read_frame();  // the number, and the server dies
    }
    raw_peer server = co_await address.accept();
    co_await server.handshake("REP");
    auto const number = co_await server.read_frame();
    co_await server.read_frame();
    auto const question = co_await server.read_frame();
    REQUIRE(cozmq::as_text(question.second) == "question");
    octets const envelope = from_hex("01 04") + number.second + delimiter;
    co_await server.write(envelope + frame_octets("answer"));
    co_await until(io, [&] { return !answer.empty(); });
    REQUIRE(answer == "answer");

    co_await client.send("plain");
    co_await server.read_frame();
    co_await server.read_frame();
    server.close();
    raw_peer next = co_await address.accept();
    co_await next.handshake("REP");
    co_await next.ping();
    cozmq::message second{"second"};
    std::error_code ec;
    REQUIRE_FALSE(client.try_send(second, ec));
    REQUIRE(ec == cozmq::errc::wrong_state);
    REQUIRE_FALSE(client.try_recv());
  });
}

TEST_CASE("request() gives up after its attempts with timed_out, and the socket can be used on")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    rep_socket server{ctx};
    req_socket client{ctx};
    join(server, client, any);
    std::error_code ec;
    try {
      co_await client.request("anybody?", {.timeout = 10ms, .retries = 2});
    } catch (cozmq::error const& e) {
      ec = e.code();
    }
    REQUIRE(ec == std::errc::timed_out);
    // The late replies to the first attempts are not mistaken for the next answer.
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          for (;;) {
            cozmq::message m = co_await server.recv();
            co_await server.send("re: " + m[0].str());
          }
        },
        asio::detached);
    cozmq::message const reply = co_await client.request("now", {.timeout = 10s});
    REQUIRE(reply[0] == "re: now");
    std::string const text = co_await ask(client, "plain");
    REQUIRE(text == "re: plain");
    server.close();
    co_await turns(io, 10);
  });
}

TEST_CASE("a request()'s deadline holds however often it is woken by what is not its reply")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::router_socket server{ctx};
    req_socket client{ctx};
    join(server, client, "inproc://name");
    std::error_code ec;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          try {
            co_await client.request("question", {.timeout = 20ms});
          } catch (cozmq::error const& e) {
            ec = e.code();
          }
        },
        asio::detached);
    cozmq::message const request = co_await server.recv();
    while (!ec) {
      co_await server.send(request[0], "", "has not its number");
      co_await turns(io, 1);
    }
    REQUIRE(ec == std::errc::timed_out);
  });
}

TEST_CASE("a request() that times out ends no other operation")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    req_socket client{ctx};
    std::string const endpoint = client.bind("tcp://127.0.0.1:*");
    std::exception_ptr failure;
    asio::co_spawn(io, client.send("waits on"), [&failure](std::exception_ptr e) { failure = e; });
    std::error_code ec;
    try {
      co_await client.request("given up", {.timeout = 10ms});
    } catch (cozmq::error const& e) {
      ec = e.code();
    }
    REQUIRE(ec == std::errc::timed_out);
    co_await turns(io);
    REQUIRE_FALSE(failure);
    rep_socket server{ctx};
    server.connect(endpoint);
    std::string const text = co_await text_from(server);
    REQUIRE(text == "waits on");
  });
}

TEST_CASE("a second request() fails with operation_in_progress, and the first gets its reply")
{
  bool const relaxed = GENERATE(false, true);
  std::chrono::milliseconds const timeout = GENERATE(0ms, 10s);
  bool const sent = GENERATE(false, true);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    req_socket client{ctx};
    client.set_option(cozmq::option::req_relaxed{relaxed});
    std::string const endpoint = client.bind("tcp://127.0.0.1:*");
    std::string answer;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          cozmq::message const reply = co_await client.request("first", {.timeout = timeout});
          answer = reply[0].str();
        },
        asio::detached);
    co_await turns(io);
    rep_socket server{ctx};
    std::error_code ec;
    if (sent) {
      server.connect(endpoint);
      co_await server.recv();
    }
    try {
      co_await client.request("second", {.timeout = 10s});
    } catch (cozmq::error const& e) {
      ec = e.code();
    }
    REQUIRE(ec == cozmq::errc::operation_in_progress);
    if (!sent) {
      server.connect(endpoint);
      co_await server.recv();
    }
    co_await server.send("answer");
    co_await until(io, [&] { return !answer.empty(); });
    REQUIRE(answer == "answer");
    asio::co_spawn(io, serve(server, "again"), asio::detached);
    cozmq::message const reply = co_await client.request("third");
    REQUIRE(reply[0] == "again");
    server.close();
    co_await turns(io, 10);
  });
}

TEST_CASE("B3 a request that is given up leaves nothing in the queue for a server that comes later")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "inproc://name");
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const endpoint = rep_socket{ctx}.bind(any);  // and free again
    req_socket client{ctx};
    client.set_option(cozmq::option::reconnect_interval{5ms});
    client.set_option(cozmq::option::send_hwm{1});
    client.connect(endpoint);
    std::error_code ec;
    try {
      co_await client.request("given up", {.timeout = 10ms, .retries = 5});
    } catch (cozmq::error const& e) {
      ec = e.code();
    }
    REQUIRE(ec == std::errc::timed_out);

    rep_socket server{ctx};
    server.bind(endpoint);
    co_await client.send("marker");
    std::string const text = co_await text_from(server);
    REQUIRE(text == "marker");
    client.close();
    co_await turns(io, 10);
    REQUIRE(log.count("undelivered") == 0);
    REQUIRE(log.count("not delivered") == 0);
  });
}

TEST_CASE(
    "REQ_RELAXED a further request may be sent before the reply, which with REQ_CORRELATE is told apart")
{
  bool const bound_first = GENERATE(true, false);
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "inproc://name");
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const endpoint = rep_socket{ctx}.bind(any);  // and free again
    cozmq::router_socket server{ctx};
    if (bound_first)
      server.bind(endpoint);
    req_socket client{ctx};
    client.set_option(cozmq::option::reconnect_interval{5ms});
    client.set_option(cozmq::option::req_relaxed{true});
    client.set_option(cozmq::option::req_correlate{true});
    REQUIRE(client.get_option<cozmq::option::req_relaxed>().value);
    REQUIRE(client.get_option<cozmq::option::req_correlate>().value);
    client.connect(endpoint);
    for (std::string text : {"1", "2", "3"})
      co_await client.send(text);
    if (!bound_first)
      server.bind(endpoint);
    for (std::string text : {"1", "2", "3"}) {
      cozmq::message request = co_await server.recv();  // id, number, delimiter, text
      REQUIRE(request.size() == 4);
      REQUIRE(request[1].size() == 4);
      REQUIRE(request[2].empty());
      REQUIRE(request[3] == text);
      co_await server.send(std::move(request));
    }
    std::string const text = co_await text_from(client);
    REQUIRE(text == "3");
    std::error_code ec;
    REQUIRE_FALSE(client.try_recv(ec));
    REQUIRE(ec == cozmq::errc::wrong_state);
    client.set_option(cozmq::option::req_relaxed{false});
    co_await client.send("strict");
    cozmq::message again{"again"};
    REQUIRE_FALSE(client.try_send(again, ec));
    REQUIRE(ec == cozmq::errc::wrong_state);
  });
}

TEST_CASE("REQ_CORRELATE a reply with another number, or with none, is not taken")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    req_socket client{ctx};
    client.set_option(cozmq::option::req_correlate{true});
    raw_peer server{io};
    co_await server.connect(client.bind("tcp://127.0.0.1:*"));
    co_await server.handshake("ROUTER");
    co_await client.send("question");
    auto const number = co_await server.read_frame();
    REQUIRE(number.second.size() == 4);
    co_await server.read_frame();
    co_await server.read_frame();
    octets wrong = number.second;
    wrong[0] ^= std::byte{1};
    co_await server.write(from_hex("01 04") + wrong + delimiter + frame_octets("wrong"));
    co_await server.write(delimiter + frame_octets("without"));
    co_await server.write(from_hex("01 04") + number.second + delimiter + frame_octets("right"));
    std::string const text = co_await text_from(client);
    REQUIRE(text == "right");
  });
}
