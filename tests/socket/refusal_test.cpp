// Why a client does not get in: it learns of it, in an event, in the log and where it waits, and stops or tries again.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/octets.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::auth_reply;
using cozmq::auth_request;
using cozmq::errc;
using cozmq::event;
using cozmq::event_kind;
using cozmq::event_reader;
using cozmq::pull_socket;
using cozmq::push_socket;
namespace option = cozmq::option;

namespace {

option::reconnect_interval const soon{1ms};

// The first of that kind.
asio::awaitable<event> first(event_reader from, event_kind kind)
{
  event e = co_await from.next();
  while (e.kind != kind)
    e = co_await from.next();
  co_return e;
}

struct failure {
  std::error_code code;
  std::string text;
};

// What waiting for a peer throws; nothing, if there is one.
template <typename Socket>
asio::awaitable<failure> why_not_connected(Socket& socket, std::size_t count = 1)
{
  try {
    co_await socket.wait_connected(count);
  } catch (cozmq::error const& e) {
    co_return failure{e.code(), e.what()};
  }
  co_return failure{};
}

bool contains(std::string_view text, std::string_view what)
{
  return text.find(what) != std::string_view::npos;
}

// A PULL that is a PLAIN server, bound, with that authenticator.
struct plain_pull {
  plain_pull(cozmq::context& ctx, option::authenticator const& who) : socket{ctx}
  {
    socket.set_option(option::plain_server{});
    socket.set_option(who);
    endpoint = socket.bind("tcp://127.0.0.1:*");
  }

  pull_socket socket;
  std::string endpoint;
};

option::authenticator always(auth_reply const& reply)
{
  return option::authenticator{[reply](auth_request const&) { return reply; }};
}

octets greeting(std::string_view mechanism, bool as_server = false)
{
  auto const bytes = cozmq::wire::encode_greeting(mechanism, as_server);
  return {bytes.begin(), bytes.end()};
}

octets const hello = from_hex("04130548454c4c4f0561646d696e06736563726574");

}  // namespace

TEST_CASE("2 29 a client with a wrong password learns why, everywhere, and does not try again")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    plain_pull server{ctx, always(auth_reply::refuse("wrong password for admin"))};
    event_reader const seen_there = server.socket.events();
    push_socket client{ctx};
    client.set_option(soon);
    client.set_option(option::plain_client{"admin", "opensesame"});
    event_reader const seen = client.events();
    client.connect(server.endpoint);
    co_await client.send("never delivered");

    failure const why = co_await why_not_connected(client);
    std::string const in_words = "the peer refused this connection: 400: it does not accept the credentials";
    REQUIRE(why.code == errc::refused_by_peer);
    REQUIRE(why.text == server.endpoint + ": " + in_words);
    event const failed = co_await first(seen, event_kind::handshake_failed);
    REQUIRE(failed.error == errc::refused_by_peer);
    event const gave_up = co_await first(seen, event_kind::gave_up);
    REQUIRE(gave_up.error == errc::refused_by_peer);
    REQUIRE(gave_up.reason == in_words);
    REQUIRE(gave_up.count == 1);
    REQUIRE(log.count(in_words + "; not trying again, 1 messages undelivered") == 1);

    event const refused = co_await first(seen_there, event_kind::handshake_failed);
    REQUIRE(refused.error == errc::access_denied);
    REQUIRE(refused.reason == "not let in: wrong password for admin");
    REQUIRE(log.count("not let in: wrong password for admin") == 1);
    REQUIRE(log.count("opensesame") == 0);

    // Whoever asks later is told at once, and the connection is not tried again.
    failure const later = co_await why_not_connected(client);
    REQUIRE(later.code == errc::refused_by_peer);
    co_await turns(io);
    REQUIRE(server.socket.stats().accepted == 1);
  });
}

TEST_CASE("500 says that the other end has failed")
{
  captured_log log;
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    plain_pull server{ctx, always(auth_reply::fail("the user table is gone"))};
    push_socket client{ctx};
    client.set_option(option::plain_client{"a", "b"});
    client.connect(server.endpoint);
    failure const why = co_await why_not_connected(client);
    REQUIRE(why.code == errc::refused_by_peer);
    REQUIRE(contains(why.text, "500: its authenticator failed"));
  });
}

TEST_CASE("[RFC 27] refused for now: nothing is said, and the client tries until it is let in")
{
  captured_log log;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    int asked = 0;
    option::authenticator const third_time{[&asked](auth_request const&) {
      return ++asked < 3 ? auth_reply::refuse_for_now("too busy") : auth_reply::admit();
    }};
    plain_pull server{ctx, third_time};
    push_socket client{ctx};
    client.set_option(soon);
    client.set_option(option::plain_client{"a", "b"});
    event_reader const seen = client.events();
    client.connect(server.endpoint);
    co_await client.send("patience");
    co_await client.wait_connected();
    cozmq::message const m = co_await server.socket.recv();
    REQUIRE(m[0] == "patience");
    REQUIRE(asked == 3);
    event const retrying = co_await first(seen, event_kind::retrying);
    REQUIRE(retrying.error == errc::peer_closed);
    REQUIRE(
        retrying.reason ==
        "the peer closed during the handshake, without a reason: its authenticator does not let this PLAIN "
        "client in at present, or it has none");
    REQUIRE(log.count("without a reason") == 1);  // though it happened twice
    REQUIRE(log.count("not let in: too busy") == 1);
  });
}

TEST_CASE("what is on the wire of a refusal: an ERROR with the status, or nothing")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::optional<auth_reply> reply;
    option::authenticator const as_told{[&reply](auth_request const&) { return *reply; }};
    plain_pull server{ctx, as_told};
    for (std::string const status : {"400", "500", ""}) {
      reply = status == "400"   ? auth_reply::refuse("secret reason")
              : status == "500" ? auth_reply::fail("secret reason")
                                : auth_reply::refuse_for_now("secret reason");
      raw_peer peer{io};
      co_await peer.connect(server.endpoint);
      co_await peer.write(greeting("PLAIN"));
      co_await peer.write(hello);
      octets const theirs = co_await peer.read(64);
      REQUIRE(to_hex(theirs) == to_hex(greeting("PLAIN", true)));
      if (!status.empty()) {
        auto const answer = co_await peer.read_frame();
        REQUIRE(answer.first == cozmq::wire::flag_command);
        REQUIRE(cozmq::as_text(answer.second) ==
                "\x05"
                "ERROR\x03" +
                    status);
      }
      octets more(1);
      std::error_code ended;
      std::size_t const count = co_await peer.stream().async_read_some(
          asio::buffer(more), asio::redirect_error(asio::use_awaitable, ended));
      REQUIRE(count == 0);
      REQUIRE(ended == asio::error::eof);
    }
  });
}

TEST_CASE("a peer that is refused again and again for one reason is one line in the log")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    plain_pull server{ctx, always(auth_reply::refuse("\x1b[2J no\n"))};
    for (int i = 0; i < 5; ++i) {
      raw_peer peer{io};
      co_await peer.connect(server.endpoint);
      co_await peer.write(greeting("PLAIN"));
      co_await peer.write(hello);
      co_await peer.wait_closed();
    }
    REQUIRE(log.count("not let in: \\x1b[2J no\\x0a") == 1);
    REQUIRE(log.lines.size() == 1);
    REQUIRE(server.socket.stats().handshake_failures == 5);
  });
}

TEST_CASE("another mechanism at the other end: the client gives up, and is told which option to set")
{
  captured_log log;
  bool const secure_client = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket server{ctx};
    push_socket client{ctx};
    if (secure_client)
      client.set_option(option::plain_client{"a", "b"});
    else
      server.set_option(option::plain_server{});
    join(server, client, "tcp://127.0.0.1:*");
    failure const why = co_await why_not_connected(client);
    REQUIRE(why.code == errc::mechanism_mismatch);
    REQUIRE(contains(why.text, secure_client ? "the peer has no security set" : "set option::plain_client"));
    REQUIRE(log.count("refused") == 1);
    REQUIRE(log.count("not trying again") == 1);
  });
}

TEST_CASE("1 two servers, and two clients, of one mechanism find that out and give up")
{
  captured_log log;
  bool const servers = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket one{ctx};
    push_socket other{ctx};
    if (servers) {
      one.set_option(option::plain_server{});
      other.set_option(option::plain_server{});
    } else {
      one.set_option(option::plain_client{"a", "b"});
      other.set_option(option::plain_client{"a", "b"});
    }
    join(one, other, "tcp://127.0.0.1:*");
    failure const why = co_await why_not_connected(other);
    REQUIRE(why.code == errc::mechanism_mismatch);
    REQUIRE(
        contains(why.text, servers ? "both ends are the server of PLAIN" : "both ends are clients of PLAIN"));
  });
}

TEST_CASE("a peer of a type that does not fit ends waiting for it")
{
  captured_log log;
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket rep{ctx};
    push_socket push{ctx};
    join(rep, push, "tcp://127.0.0.1:*");
    failure const why = co_await why_not_connected(push);
    REQUIRE(why.code == errc::refused_by_peer);
    INFO(why.text);
    REQUIRE(contains(why.text, "REP-does-not-talk-to-PUSH"));

    cozmq::sub_socket sub{ctx};
    sub.subscribe("");
    sub.connect(rep.bind("tcp://127.0.0.1:*"));
    try {
      co_await sub.wait_subscribed();
      FAIL("a REP does not publish");
    } catch (cozmq::error const& e) {
      REQUIRE(e.code() == errc::refused_by_peer);
    }
  });
}

TEST_CASE("with reconnecting off, that nobody listens ends waiting")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string nobody;
    {
      raw_listener gone{io};
      nobody = gone.endpoint();
    }
    push_socket push{ctx};
    push.set_option(option::reconnect_interval::off());
    push.connect(nobody);
    failure const why = co_await why_not_connected(push);
    REQUIRE(why.code == std::errc::connection_refused);
    REQUIRE(contains(why.text, nobody + ": "));
  });
}

TEST_CASE("waiting goes on as long as one endpoint may come to something")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    plain_pull closed_door{ctx, always(auth_reply::refuse())};
    raw_listener later{io};
    push_socket client{ctx};
    client.set_option(soon);
    client.set_option(option::plain_client{"a", "b"});
    event_reader const seen = client.events();
    client.connect(later.endpoint());
    client.connect(closed_door.endpoint);
    std::future<void> waiting = asio::co_spawn(io, client.wait_connected(), asio::use_future);
    co_await first(seen, event_kind::gave_up);
    co_await turns(io);
    REQUIRE(waiting.wait_for(0s) == std::future_status::timeout);

    raw_peer server = co_await later.accept();
    co_await server.write(greeting("PLAIN", true) + from_hex("04080757454c434f4d45") +
                          from_hex("041a0552454144590b536f636b65742d547970650000000450554c4c"));
    co_await until(io, [&] { return waiting.wait_for(0s) == std::future_status::ready; });
    waiting.get();

    // And when the last one gives up, whoever waits for two is told.
    std::future<failure> two = asio::co_spawn(io, why_not_connected(client, 2), asio::use_future);
    co_await turns(io);
    REQUIRE(two.wait_for(0s) == std::future_status::timeout);
    co_await server.write(from_hex("040a054552524f5203343030"));
    co_await until(io, [&] { return two.wait_for(0s) == std::future_status::ready; });
    failure const why = two.get();
    REQUIRE(why.code == errc::refused_by_peer);
  });
}

TEST_CASE("a socket that is bound as well waits for those who come")
{
  captured_log log;
  bool const inproc = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    plain_pull closed_door{ctx, always(auth_reply::refuse())};
    push_socket client{ctx};
    client.set_option(option::plain_client{"a", "b"});
    event_reader const seen = client.events();
    std::string const endpoint = client.bind(inproc ? "inproc://here" : "tcp://127.0.0.1:*");
    client.connect(closed_door.endpoint);
    std::future<failure> waiting = asio::co_spawn(io, why_not_connected(client), asio::use_future);
    co_await first(seen, event_kind::gave_up);
    co_await turns(io);
    REQUIRE(waiting.wait_for(0s) == std::future_status::timeout);
    client.unbind(endpoint);
    co_await until(io, [&] { return waiting.wait_for(0s) == std::future_status::ready; });
    failure const why = waiting.get();
    REQUIRE(why.code == errc::refused_by_peer);
  });
}

TEST_CASE("who was refused may change its password and connect again")
{
  captured_log log;
  bool const disconnects = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    option::authenticator const knows{[](auth_request const& peer) {
      return peer.password == "right" ? auth_reply::admit() : auth_reply::refuse();
    }};
    cozmq::router_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(knows);
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    cozmq::dealer_socket client{ctx};  // which connects but once to an endpoint
    client.set_option(option::plain_client{"a", "wrong"});
    client.connect(endpoint);
    failure const why = co_await why_not_connected(client);
    REQUIRE(why.code == errc::refused_by_peer);
    if (disconnects)
      client.disconnect(endpoint);
    client.set_option(option::plain_client{"a", "right"});
    client.connect(endpoint);
    co_await client.wait_connected();
  });
}

TEST_CASE("[RFC 37] an ERROR ends a connection for good, also when it has long been open")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    event_reader const seen = push.events();
    push.connect(address.endpoint());
    raw_peer pull = co_await address.accept();
    co_await pull.handshake("PULL");
    co_await push.wait_connected();
    co_await pull.write(from_hex("040a054552524f5203343030"));
    event const gave_up = co_await first(seen, event_kind::gave_up);
    REQUIRE(gave_up.error == errc::refused_by_peer);
    REQUIRE(gave_up.reason == "the peer ended this connection: 400: it does not accept the credentials");
    REQUIRE(log.count(gave_up.reason) == 1);
    failure const why = co_await why_not_connected(push);
    REQUIRE(why.code == errc::refused_by_peer);
  });
}

TEST_CASE("29 libzmq's ERROR, which it spells ^RROR, is one; before its time and behind it")
{
  captured_log log;
  bool const welcome_first = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    push.set_option(option::plain_client{"a", "b"});
    push.connect(address.endpoint());
    raw_peer server = co_await address.accept();
    co_await server.write(greeting("PLAIN"));
    if (welcome_first)
      co_await server.write(from_hex("04080757454c434f4d45"));
    co_await server.write(from_hex("04095e52524f5203343030"));
    failure const why = co_await why_not_connected(push);
    REQUIRE(why.code == errc::refused_by_peer);
    REQUIRE(contains(why.text, "400: it does not accept the credentials"));
  });
}

TEST_CASE(
    "who closes in the middle of its greeting may have another mechanism; the client says so and tries again")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    event_reader const seen = push.events();
    push.connect(address.endpoint());
    for (int i = 0; i < 2; ++i) {
      raw_peer server = co_await address.accept();
      co_await server.read(64);
      co_await server.write(from_hex("ff00000000000000017f"));
      server.close();
      event const retrying = co_await first(seen, event_kind::retrying);
      REQUIRE(
          retrying.reason ==
          "the peer closed during the handshake, before the end of its greeting: it may use another security "
          "mechanism than NULL, or be no ZeroMQ peer at all");
    }
    REQUIRE(log.count("another security mechanism") == 1);
  });
}

TEST_CASE("a blocking socket is told why, too")
{
  captured_log log;
  cozmq::context ctx{cozmq::io_threads{1}};
  cozmq::blocking<pull_socket> server{ctx};
  server.set_option(option::plain_server{});
  std::string const endpoint = server.bind("tcp://127.0.0.1:*");
  cozmq::blocking<push_socket> client{ctx};
  client.set_option(option::plain_client{"a", "b"});
  client.connect(endpoint);
  try {
    client.wait_connected();
    FAIL("there is no authenticator");
  } catch (cozmq::error const& e) {
    REQUIRE(e.code() == errc::refused_by_peer);
    REQUIRE(contains(e.what(), "500: its authenticator failed"));
  }
}
