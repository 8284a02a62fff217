// Peers that come late, go and come back: libzmq on the other end, one address throughout.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;

namespace {

cozmq::option::reconnect_interval const quickly{10ms};

// An address that was free a moment ago.
std::string unused_address()
{
  libzmq_peer probe{ZMQ_PULL};
  std::string endpoint = probe.bind("tcp://127.0.0.1:*");
  probe.kill();
  return endpoint;
}

}  // namespace

TEST_CASE("B1 a REQ that is there before its libzmq server completes ten exchanges")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    std::string endpoint = unused_address();
    cozmq::req_socket client{ctx};
    client.set_option(quickly);
    client.connect(endpoint);
    co_await client.send("Hello 0");

    libzmq_peer server{ZMQ_REP};
    server.bind(endpoint);
    peer_thread serving{io, [&] {
                          for (int i = 0; i < 10; ++i) {
                            server.receive();
                            server.send({"World"});
                          }
                        }};
    for (int i = 0; i < 10; ++i) {
      if (i != 0)
        co_await client.send(fmt::format("Hello {}", i));
      cozmq::message reply = co_await client.recv();
      REQUIRE(reply[0] == "World");
    }
    co_await serving.join();
  };
  run_test(io, test());
}

TEST_CASE("B1 a libzmq client that is there before our REP completes ten exchanges")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    std::string endpoint = unused_address();
    libzmq_peer client{ZMQ_REQ};
    client.connect(endpoint);
    peer_thread asking{io, [&] {
                         for (int i = 0; i < 10; ++i) {
                           client.send({"Hello"});
                           client.receive();
                         }
                       }};
    cozmq::rep_socket server{ctx};
    server.bind(endpoint);
    for (int i = 0; i < 10; ++i) {
      cozmq::message request = co_await server.recv();
      REQUIRE(request[0] == "Hello");
      co_await server.send("World");
    }
    co_await asking.join();
  };
  run_test(io, test());
}

TEST_CASE("B2 a REP serves on when its libzmq client dies with a request open")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::rep_socket server{ctx};
    std::string endpoint = server.bind("tcp://127.0.0.1:*");

    libzmq_peer first{ZMQ_REQ};
    first.connect(endpoint);
    first.send({"and gone"});
    cozmq::message request = co_await server.recv();
    REQUIRE(request[0] == "and gone");
    first.kill();
    co_await server.send("to nobody");

    libzmq_peer second{ZMQ_REQ};
    second.connect(endpoint);
    parts reply;
    peer_thread asking{io, [&] {
                         second.send({"Hello"});
                         reply = second.receive();
                       }};
    request = co_await server.recv();
    REQUIRE(request[0] == "Hello");
    co_await server.send("World");
    co_await asking.join();
    REQUIRE((reply == parts{"World"}));
  };
  run_test(io, test());
}

TEST_CASE("B3 a REQ waits for the reply that died with its libzmq server, and request() recovers")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    std::string endpoint = unused_address();
    cozmq::req_socket strict{ctx};
    strict.set_option(quickly);
    strict.connect(endpoint);
    cozmq::req_socket retrying{ctx};
    retrying.set_option(quickly);
    retrying.connect(endpoint);

    libzmq_peer first{ZMQ_ROUTER};  // a ROUTER takes requests without having to answer
    first.bind(endpoint);
    co_await strict.send("lost");
    peer_thread losing{io, [&] { first.receive(); }};
    co_await losing.join();
    first.kill();

    libzmq_peer second{ZMQ_REP};
    second.bind(endpoint);
    parts request;
    peer_thread serving{io, [&] {
                          request = second.receive();
                          second.send({"World"});
                        }};
    cozmq::message reply = co_await retrying.request("Hello", {.timeout = 2500ms, .retries = 3});
    REQUIRE(reply[0] == "World");
    co_await serving.join();
    REQUIRE((request == parts{"Hello"}));  // the lost request was not sent again
    auto got = co_await (strict.recv() || cozmq::timeout(200ms));
    REQUIRE(got.index() == 1);  // it still waits
  };
  run_test(io, test());
}

TEST_CASE("B3 request() asks again when the libzmq server dies with the request")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    std::string endpoint = unused_address();
    cozmq::req_socket client{ctx};
    client.set_option(quickly);
    client.connect(endpoint);

    std::optional<libzmq_peer> server{std::in_place, ZMQ_REP};
    server->bind(endpoint);
    peer_thread dying_and_serving{io, [&] {
                                    server->receive();
                                    server->kill();
                                    server.emplace(ZMQ_REP);
                                    server->bind(endpoint);
                                    server->receive();
                                    server->send({"World"});
                                  }};
    cozmq::message reply = co_await client.request("Hello", {.timeout = 500ms, .retries = 20});
    REQUIRE(reply[0] == "World");
    co_await dying_and_serving.join();
  };
  run_test(io, test());
}

TEST_CASE("B25 a SUB subscribes again each of the 20 times that its libzmq publisher comes back")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    std::string endpoint = unused_address();
    cozmq::sub_socket ours{ctx};
    ours.set_option(quickly);
    ours.subscribe("weather");
    ours.subscribe("weather");  // twice, but one subscription for a new peer
    ours.subscribe("news");
    ours.unsubscribe("news");
    ours.connect(endpoint);
    for (int round = 0; round < 20; ++round) {
      libzmq_peer theirs{ZMQ_XPUB};
      theirs.set(ZMQ_XPUB_VERBOSE, 1);
      theirs.bind(endpoint);
      parts subscription;
      parts next_subscription;
      peer_thread publishing{io, [&] {
                               subscription = theirs.receive();
                               theirs.send({"news"});
                               theirs.send({fmt::format("weather {}", round)});
                               next_subscription = theirs.receive();
                             }};
      cozmq::message update = co_await ours.recv();
      REQUIRE(update[0].str() == fmt::format("weather {}", round));
      ours.subscribe("marker");
      co_await publishing.join();
      REQUIRE((subscription == parts{"\x01weather"}));
      REQUIRE((next_subscription == parts{"\x01marker"}));
      ours.unsubscribe("marker");
      theirs.kill();
    }
  };
  run_test(io, test());
}

TEST_CASE("B25 a libzmq SUB finds our PUB again each of the 20 times that it comes back")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    std::string endpoint = unused_address();
    libzmq_peer theirs{ZMQ_SUB};
    theirs.set(ZMQ_SUBSCRIBE, "weather");
    theirs.connect(endpoint);
    for (int round = 0; round < 20; ++round) {
      cozmq::pub_socket ours{ctx};
      ours.bind(endpoint);
      parts update;
      // Reads before we wait: libzmq subscribes again only while its user is in a call.
      peer_thread reading{io, [&] { update = theirs.receive(); }};
      co_await ours.wait_subscribers("weather");
      co_await ours.send("news");
      co_await ours.send(fmt::format("weather {}", round));
      co_await reading.join();
      REQUIRE((update == parts{fmt::format("weather {}", round)}));
    }
  };
  run_test(io, test());
}

TEST_CASE("B25 a PULL receives from each of the 20 libzmq PUSH sockets that take over the address")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    std::string endpoint = unused_address();
    cozmq::pull_socket ours{ctx};
    ours.set_option(quickly);
    ours.connect(endpoint);
    for (int round = 0; round < 20; ++round) {
      libzmq_peer theirs{ZMQ_PUSH};
      theirs.bind(endpoint);
      std::string const task = fmt::format("task {}", round);
      peer_thread sending{io, [&] { theirs.send({task}); }};
      cozmq::message received = co_await ours.recv();
      REQUIRE(received[0].str() == task);
      co_await sending.join();
      theirs.kill();
    }
  };
  run_test(io, test());
}

TEST_CASE("B26 a hundred messages sent before the libzmq peer binds arrive in order")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    std::string endpoint = unused_address();
    cozmq::push_socket ours{ctx};
    ours.set_option(quickly);
    ours.connect(endpoint);
    std::vector<parts> sent;
    for (int i = 0; i < 100; ++i) {
      sent.push_back({fmt::to_string(i)});
      co_await ours.send(fmt::to_string(i));
    }
    libzmq_peer theirs{ZMQ_PULL};
    theirs.bind(endpoint);
    std::vector<parts> received;
    peer_thread reading{io, [&] { received = theirs.receive(100); }};
    co_await reading.join();
    REQUIRE((received == sent));
  };
  run_test(io, test());
}

TEST_CASE("B26 a hundred messages that a libzmq peer sent before we bind arrive in order")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    std::string endpoint = unused_address();
    libzmq_peer theirs{ZMQ_PUSH};
    theirs.connect(endpoint);
    for (int i = 0; i < 100; ++i)
      theirs.send({fmt::to_string(i)});
    cozmq::pull_socket ours{ctx};
    ours.bind(endpoint);
    for (int i = 0; i < 100; ++i) {
      cozmq::message message = co_await ours.recv();
      REQUIRE(message[0].str() == fmt::to_string(i));
    }
  };
  run_test(io, test());
}

TEST_CASE(
    "2.7 events peer_info disconnect they tell of a libzmq peer: who it is, that it leaves, that it is back, "
    "and who is refused")
{
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    using cozmq::event_kind;
    cozmq::rep_socket ours{ctx};
    ours.set_option(cozmq::option::events{
        100, {event_kind::handshake_succeeded, event_kind::handshake_failed, event_kind::disconnected}});
    cozmq::event_reader const events = ours.events();
    std::string const endpoint = ours.bind("tcp://127.0.0.1:*");

    libzmq_peer dealer{ZMQ_DEALER};
    dealer.set(ZMQ_ROUTING_ID, "anna");
    dealer.connect(endpoint);
    cozmq::event e = co_await events.next();
    REQUIRE(e.kind == event_kind::handshake_succeeded);
    REQUIRE(e.peer->type == cozmq::socket_type::dealer);
    REQUIRE(e.peer->routing_id == "anna");
    REQUIRE(e.peer->announced.get("Socket-Type") == "DEALER");
    REQUIRE(e.peer->zmtp_minor.has_value());
    REQUIRE(e.peer->mechanism == "NULL");
    REQUIRE(e.peer->address.starts_with("tcp://127.0.0.1:"));

    ours.disconnect(e.peer->id);  // libzmq dials again
    e = co_await events.next();
    REQUIRE(e.kind == event_kind::disconnected);
    e = co_await events.next();
    REQUIRE(e.kind == event_kind::handshake_succeeded);
    REQUIRE(e.peer->routing_id == "anna");
    cozmq::peer_id const second = e.peer->id;
    REQUIRE(second == 2);
    dealer.kill();
    e = co_await events.next();
    REQUIRE(e.kind == event_kind::disconnected);
    REQUIRE(e.peer->id == second);

    libzmq_peer pull{ZMQ_PULL};
    pull.connect(endpoint);
    e = co_await events.next();
    REQUIRE(e.kind == event_kind::handshake_failed);
    REQUIRE(e.error == cozmq::errc::incompatible_peer);
    REQUIRE(e.reason == "REP does not talk to PULL");
    cozmq::socket_stats const s = ours.stats();
    REQUIRE(s.disconnects == 2);
    REQUIRE(s.handshake_failures >= 1);
    pull.kill();
  };
  run_test(io, test());
}

TEST_CASE("2.7 queue_lengths messages and bytes are counted alike when the other end is libzmq's")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::push_socket push{ctx};
    cozmq::pull_socket pull{ctx};
    libzmq_peer takes{ZMQ_PULL};
    libzmq_peer gives{ZMQ_PUSH};
    push.connect(takes.bind("tcp://127.0.0.1:*"));
    pull.connect(gives.bind("tcp://127.0.0.1:*"));
    co_await push.wait_connected();
    co_await pull.wait_connected();
    std::uint64_t const before = push.stats().passed.bytes_out;
    peer_thread relaying{io, [&] {
                           for (int i = 0; i < 1000; ++i)
                             gives.send(takes.receive());
                         }};
    for (int i = 0; i < 1000; ++i)
      co_await push.send("0123456789", "ab");
    for (int i = 0; i < 1000; ++i)
      co_await pull.recv();
    co_await relaying.join();
    REQUIRE(push.stats().passed.messages_out == 1000);
    REQUIRE(push.stats().passed.bytes_out - before == 1000 * (12 + 4));
    REQUIRE(pull.stats().passed.messages_in == 1000);
    REQUIRE(pull.stats().unread == 0);
  };
  run_test(io, test());
}
