// Who is let in: authenticators of every kind, good and bad ones, and what messages tell of whom they have let in.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/octets.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
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
using cozmq::engine::auth_answer;
namespace option = cozmq::option;

namespace {

option::reconnect_interval const soon{1ms};
option::plain_client const admin{"admin", "secret"};

asio::awaitable<event> first(event_reader from, event_kind kind)
{
  event e = co_await from.next();
  while (e.kind != kind)
    e = co_await from.next();
  co_return e;
}

template <typename Socket>
asio::awaitable<std::error_code> why_not_connected(Socket& socket)
{
  try {
    co_await socket.wait_connected();
  } catch (cozmq::error const& e) {
    co_return e.code();
  }
  co_return std::error_code{};
}

option::authenticator admit_all(std::string const& user = {})
{
  return option::authenticator{[user](auth_request const&) { return auth_reply::admit(user); }};
}

// Keeps the questions; they are answered when the test likes.
struct held_questions {
  std::vector<auth_answer> answers;
  std::vector<auth_request> requests;

  option::authenticator authenticator()
  {
    return option::authenticator{
        [this](asio::any_io_executor const&, auth_request request, auth_answer answer) {
          requests.push_back(std::move(request));
          answers.push_back(std::move(answer));
        }};
  }
};

octets greeting(std::string_view mechanism)
{
  auto const bytes = cozmq::wire::encode_greeting(mechanism);
  return {bytes.begin(), bytes.end()};
}

cozmq::transport::address address_of(std::string const& endpoint)
{
  if (endpoint.starts_with("ipc://"))
    return cozmq::transport::ipc::to_address(endpoint.substr(6));
  return asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), port_of(endpoint)};
}

octets command_with(std::string_view name, cozmq::properties const& metadata)
{
  octets data;
  cozmq::wire::append_properties(data, metadata);
  octets out;
  cozmq::wire::append_command(out, name, data);
  return out;
}

octets const hello = from_hex("04130548454c4c4f0561646d696e06736563726574");
octets const initiate = from_hex("041d08494e4954494154450b536f636b65742d547970650000000450555348");

// Its greeting and HELLO are sent, our greeting is read.
asio::awaitable<void> say_hello(raw_peer& peer, std::string endpoint)
{
  co_await peer.connect(endpoint);
  co_await peer.write(greeting("PLAIN"));
  co_await peer.write(hello);
  co_await peer.read(64);
}

}  // namespace

TEST_CASE("an authenticator is told all that is known of a peer, and its word is taken")
{
  bool const tcp = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    std::vector<auth_request> asked;
    option::authenticator const asks{[&asked](auth_request request) {
      asked.push_back(std::move(request));
      return auth_reply::admit("the admin");
    }};
    cozmq::router_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(asks);
    server.set_option(option::zap_domain{"test"});
    server.set_option(option::receive_metadata{true});
    cozmq::dealer_socket client{ctx};
    client.set_option(admin);
    client.set_option(option::routing_id{"me"});
    join(server, client, tcp ? "tcp://127.0.0.1:*" : "ipc://*");
    co_await client.send("hello");
    cozmq::message const m = co_await server.recv();
    REQUIRE((to_parts(m) == parts{"me", "hello"}));
    REQUIRE(m.property("User-Id") == "the admin");
    REQUIRE(m.property("Socket-Type") == "DEALER");
    auto const peers = server.peers();
    REQUIRE(peers.at(0).told.get("User-Id") == "the admin");
    REQUIRE(asked.size() == 1);
    REQUIRE(asked[0].domain == "test");
    REQUIRE(asked[0].address == (tcp ? "127.0.0.1" : ""));
    REQUIRE(asked[0].identity.empty());  // it comes behind WELCOME
    REQUIRE(asked[0].mechanism == "PLAIN");
    REQUIRE(asked[0].user_name == "admin");
    REQUIRE(asked[0].password == "secret");
    REQUIRE(asked[0].public_key.empty());
    REQUIRE(server.peers().front().mechanism == "PLAIN");
    co_await server.send("me", "and back");
    cozmq::message const back = co_await client.recv();
    REQUIRE(back[0] == "and back");
    REQUIRE(back.metadata() == nullptr);  // nobody has let the server in
  });
}

TEST_CASE("an authenticator may be a coroutine, of which several go on at a time")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    int waiting = 0;
    asio::steady_timer all_are_here{io, asio::steady_timer::time_point::max()};
    auto decide = [&](auth_request peer) -> asio::awaitable<auth_reply> {
      if (++waiting == 3)
        all_are_here.cancel();
      std::error_code cancelled;
      if (waiting < 3)
        co_await all_are_here.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
      co_return auth_reply::admit(peer.user_name);
    };
    option::authenticator const asks{std::move(decide)};
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(asks);
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    std::vector<push_socket> clients;
    for (char const* const name : {"one", "two", "three"}) {
      clients.emplace_back(ctx);
      clients.back().set_option(option::plain_client{name, ""});
      clients.back().connect(endpoint);
      co_await clients.back().send(name);
    }
    for (int i = 0; i < 3; ++i) {
      cozmq::message const m = co_await server.recv();
      REQUIRE(m.property("User-Id") == m[0].view());
    }
  });
}

TEST_CASE("while one peer waits to be let in, others come and go")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    held_questions held;
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(held.authenticator());
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer slow{io};
    co_await say_hello(slow, endpoint);
    co_await until(io, [&] { return held.answers.size() == 1; });
    push_socket client{ctx};
    client.set_option(admin);
    client.connect(endpoint);
    co_await client.send("let in");
    co_await until(io, [&] { return held.answers.size() == 2; });
    held.answers[1](auth_reply::admit());
    cozmq::message const m = co_await server.recv();
    REQUIRE(m[0] == "let in");
    REQUIRE(server.connected_peers() == 1);
    held.answers[0](auth_reply::admit());
    auto const answer = co_await slow.read_frame();
    REQUIRE(cozmq::as_text(answer.second) == "\x07WELCOME");
  });
}

TEST_CASE("an authenticator that throws, or drops the question, lets nobody in")
{
  struct odd {};
  captured_log log;
  option::authenticator const throws{
      [](auth_request const&) -> auth_reply { throw std::runtime_error{"no table"}; }};
  option::authenticator const throws_something{[](auth_request const&) -> auth_reply { throw odd{}; }};
  option::authenticator const coroutine_throws{[](auth_request) -> asio::awaitable<auth_reply> {
    co_await asio::post(asio::use_awaitable);
    throw std::runtime_error{"no table"};
  }};
  option::authenticator const coroutine_throws_something{[](auth_request) -> asio::awaitable<auth_reply> {
    throw odd{};
    co_return auth_reply::admit();
  }};
  option::authenticator const drops{
      [](asio::any_io_executor const&, auth_request const&, auth_answer const&) {}};
  option::authenticator const answers_nothing{[](auth_request const&) { return auth_reply{}; }};
  option::authenticator const is_empty{option::authenticator::none()};
  struct row {
    option::authenticator who;
    std::string_view line;
  };
  row const rows[] = {{throws, "not let in: the authenticator failed: no table"},
                      {throws_something, "not let in: the authenticator failed"},
                      {coroutine_throws, "not let in: the authenticator failed: no table"},
                      {coroutine_throws_something, "not let in: the authenticator failed"},
                      {drops, "not let in: the authenticator did not answer"},
                      {answers_nothing, "not let in: the authenticator did not answer"},
                      {is_empty, "not let in: this socket has no option::authenticator"}};
  for (row const& each : rows) {
    log.lines.clear();
    scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
      pull_socket server{ctx};
      server.set_option(option::plain_server{});
      server.set_option(each.who);
      push_socket client{ctx};
      client.set_option(admin);
      join(server, client, "tcp://127.0.0.1:*");
      std::error_code const why = co_await why_not_connected(client);
      REQUIRE(why == errc::refused_by_peer);
      REQUIRE(log.count(each.line) == 1);
      REQUIRE(log.count("500") == 1);
      REQUIRE(server.connected_peers() == 0);
    });
  }
}

TEST_CASE("a PLAIN server that was told of no authenticator lets nobody in")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer peer{io};
    co_await say_hello(peer, endpoint);
    auto const answer = co_await peer.read_frame();
    REQUIRE(to_hex(answer.second) == "054552524f5203353030");
    co_await peer.wait_closed();
    REQUIRE(server.stats().handshake_failures == 1);
  });
}

TEST_CASE(
    "an answer that comes after handshake_timeout comes too late, and the next peer is asked about anew")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    held_questions held;
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(held.authenticator());
    server.set_option(option::handshake_timeout{20ms});
    event_reader const seen = server.events();
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer peer{io};
    co_await say_hello(peer, endpoint);
    event const failed = co_await first(seen, event_kind::handshake_failed);
    REQUIRE(failed.error == errc::handshake_timeout);
    octets nothing(1);
    std::error_code ended;
    co_await peer.stream().async_read_some(asio::buffer(nothing),
                                           asio::redirect_error(asio::use_awaitable, ended));
    REQUIRE(ended == asio::error::eof);  // it was told nothing, and may try again
    REQUIRE(held.answers.size() == 1);
    held.answers[0](auth_reply::admit());
    co_await turns(io);
    REQUIRE(server.connected_peers() == 0);

    server.set_option(option::handshake_timeout{std::chrono::seconds{60}});
    push_socket client{ctx};
    client.set_option(admin);
    client.connect(endpoint);
    co_await until(io, [&] { return held.answers.size() == 2; });
    held.answers[0](auth_reply::admit());  // of another question
    co_await turns(io);
    REQUIRE(server.connected_peers() == 0);
    held.answers[1](auth_reply::admit());
    co_await client.wait_connected();
  });
}

TEST_CASE("the first answer counts, whichever threads they come from")
{
  captured_log log;
  for (int round = 0; round < 20; ++round)
    scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
      held_questions held;
      pull_socket server{ctx};
      server.set_option(option::plain_server{});
      server.set_option(held.authenticator());
      push_socket client{ctx};
      client.set_option(admin);
      join(server, client, "tcp://127.0.0.1:*");
      co_await until(io, [&] { return held.answers.size() == 1; });
      std::optional<auth_answer> copy{held.answers[0]};
      std::optional<auth_answer> other_copy{held.answers[0]};
      held.answers.clear();
      std::thread admits{[&] {
        (*copy)(auth_reply::admit("user"));
        copy.reset();
      }};
      std::thread refuses{[&] {
        (*other_copy)(auth_reply::refuse());
        other_copy.reset();
      }};
      admits.join();
      refuses.join();
      std::error_code const why = co_await why_not_connected(client);
      REQUIRE((!why || why == errc::refused_by_peer));
      REQUIRE(server.connected_peers() == (why ? 0 : 1));
    });
}

TEST_CASE("an answer that comes when the socket, or its execution context, is gone does nothing")
{
  held_questions held;
  {
    asio::io_context io;
    cozmq::context ctx{io};
    auto test = [&]() -> asio::awaitable<void> {
      std::optional<pull_socket> server{std::in_place, ctx};
      server->set_option(option::plain_server{});
      server->set_option(held.authenticator());
      std::string const endpoint = server->bind("tcp://127.0.0.1:*");
      raw_peer peer{io};
      co_await say_hello(peer, endpoint);
      raw_peer other{io};
      co_await say_hello(other, endpoint);
      co_await until(io, [&] { return held.answers.size() == 2; });
      server.reset();
      held.answers[0](auth_reply::admit());
      co_await peer.wait_closed();
    };
    run_test(io, test());
  }
  held.answers[1](auth_reply::admit());
  held.answers.clear();
}

TEST_CASE("a context with threads of its own ends while questions are open, to threads and to coroutines")
{
  captured_log log;
  held_questions held;
  auto const asked = std::make_shared<std::atomic<int>>(0);
  bool const coroutine = GENERATE(true, false);
  {
    cozmq::context ctx{cozmq::io_threads{1}};
    cozmq::blocking<pull_socket> server{ctx};
    server.set_option(option::plain_server{});
    if (coroutine)
      server.set_option(option::authenticator{[asked](auth_request) -> asio::awaitable<auth_reply> {
        asio::steady_timer for_ever{co_await asio::this_coro::executor, std::chrono::hours{24}};
        ++*asked;
        co_await for_ever.async_wait(asio::use_awaitable);
        co_return auth_reply::admit();
      }});
    else
      server.set_option(option::authenticator{
          [asked, &held](asio::any_io_executor const&, auth_request const&, auth_answer answer) {
            held.answers.push_back(std::move(answer));
            ++*asked;
          }});
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    cozmq::blocking<push_socket> client{ctx};
    client.set_option(admin);
    client.connect(endpoint);
    while (*asked == 0)
      std::this_thread::yield();
  }
  for (auth_answer const& answer : held.answers)
    answer(auth_reply::admit());
}

TEST_CASE(
    "an authenticator lives as long as its last coroutine, though the socket is gone or has another one")
{
  captured_log log;
  bool const replaced = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    asio::steady_timer gate{io, asio::steady_timer::time_point::max()};
    auto owned = std::make_unique<std::string>("what the authenticator needs");  // it cannot be copied
    bool begun = false;
    std::string read;
    auto decide = [&gate, &begun, &read,
                   owned = std::move(owned)](auth_request) -> asio::awaitable<auth_reply> {
      begun = true;
      std::error_code cancelled;
      co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
      read = *owned;
      co_return auth_reply::admit();
    };
    std::optional<pull_socket> server{std::in_place, ctx};
    server->set_option(option::plain_server{});
    server->set_option(option::authenticator{std::move(decide)});
    std::string const endpoint = server->bind("tcp://127.0.0.1:*");
    raw_peer peer{io};
    co_await say_hello(peer, endpoint);
    co_await until(io, [&] { return begun; });
    if (replaced)
      server->set_option(option::authenticator::none());
    else
      server.reset();
    co_await turns(io);
    gate.cancel();
    co_await until(io, [&] { return !read.empty(); });
    REQUIRE(read == "what the authenticator needs");
    if (replaced) {
      auto const answer = co_await peer.read_frame();
      REQUIRE(cozmq::as_text(answer.second) == "\x07WELCOME");
    }
  });
}

TEST_CASE("an authenticator may close its socket, or give it another authenticator")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket server{ctx};
    int asked = 0;
    option::authenticator const closes{[&](auth_request const&) {
      ++asked;
      server.close();
      return auth_reply::admit();
    }};
    std::string const text(100, 't');
    option::authenticator const replaces{[&, text](auth_request const&) {
      ++asked;
      server.set_option(closes);
      return text.size() == 100 ? auth_reply::admit() : auth_reply::refuse();
    }};
    server.set_option(option::plain_server{});
    server.set_option(replaces);
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer one{io};
    co_await say_hello(one, endpoint);
    auto const answer = co_await one.read_frame();
    REQUIRE(cozmq::as_text(answer.second) == "\x07WELCOME");
    raw_peer other{io};
    co_await say_hello(other, endpoint);
    co_await other.wait_closed();
    REQUIRE(asked == 2);
  });
}

TEST_CASE("a peer that leaves while it is being decided about is not missed")
{
  captured_log log;
  bool const reset = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    held_questions held;
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(held.authenticator());
    event_reader const seen = server.events();
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    raw_peer peer{io};
    co_await say_hello(peer, endpoint);
    co_await until(io, [&] { return held.answers.size() == 1; });
    if (reset)
      peer.stream().set_option(asio::socket_base::linger{true, 0});
    peer.close();
    co_await turns(io);
    held.answers[0](auth_reply::admit("gone"));
    event const failed = co_await first(seen, event_kind::handshake_failed);
    REQUIRE(failed.error != std::error_code{});
    REQUIRE(server.connected_peers() == 0);

    push_socket client{ctx};
    client.set_option(admin);
    client.connect(endpoint);
    co_await until(io, [&] { return held.answers.size() == 2; });
    held.answers[1](auth_reply::admit());
    co_await client.send("the next one");
    cozmq::message const m = co_await server.recv();
    REQUIRE(m[0] == "the next one");
  });
}

TEST_CASE("an authenticator that is a coroutine ends when its peer has gone, or its time is over")
{
  captured_log log;
  bool const closes = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    int asked = 0;
    std::string ended;
    // The request is there as long as the coroutine is.
    auto waits = [&](auth_request const& peer) -> asio::awaitable<auth_reply> {
      ++asked;
      asio::steady_timer never{co_await asio::this_coro::executor,
                               std::chrono::steady_clock::time_point::max()};
      try {
        co_await never.async_wait(asio::use_awaitable);
      } catch (std::system_error const& e) {
        ended = peer.user_name + ": " + e.code().message();
        throw;
      }
      co_return auth_reply::admit();
    };
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(option::authenticator{waits});
    if (!closes)
      server.set_option(option::handshake_timeout{20ms});
    raw_peer peer{io};
    co_await say_hello(peer, server.bind("tcp://127.0.0.1:*"));
    co_await until(io, [&] { return asked == 1; });
    if (closes)
      server.close();
    co_await until(io, [&] { return !ended.empty(); });
    REQUIRE(ended == "admin: " + make_error_code(asio::error::operation_aborted).message());
  });
}

TEST_CASE("an answer about a peer that was there before lets nobody else in")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    held_questions held;
    raw_listener address{io};
    pull_socket server{ctx};  // which connects, so that it is one connection for all of them
    server.set_option(soon);
    server.set_option(option::plain_server{});
    server.set_option(held.authenticator());
    server.set_option(option::handshake_timeout{1s});
    server.connect(address.endpoint());
    raw_peer gone = co_await address.accept();
    co_await gone.write(greeting("PLAIN") + hello);
    co_await until(io, [&] { return held.answers.size() == 1; });
    server.set_option(option::handshake_timeout{60s});  // for the next one
    raw_peer next = co_await address.accept();
    co_await next.write(greeting("PLAIN") + hello);
    co_await until(io, [&] { return held.answers.size() == 2; });
    held.answers[0](auth_reply::admit());
    co_await turns(io);
    co_await next.read(64);
    REQUIRE(next.stream().available() == 0);  // no WELCOME
    held.answers[1](auth_reply::admit());
    co_await next.read_frame();
  });
}

TEST_CASE("an endpoint keeps the mechanism that its socket had when it was made")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    auto knows = [](std::string password) {
      return option::authenticator{[password](auth_request const& peer) {
        return peer.password == password ? auth_reply::admit() : auth_reply::refuse();
      }};
    };
    pull_socket first_server{ctx};
    first_server.set_option(option::plain_server{});
    first_server.set_option(knows("one"));
    pull_socket second_server{ctx};
    second_server.set_option(option::plain_server{});
    second_server.set_option(knows("two"));
    pull_socket third_server{ctx};
    push_socket client{ctx};
    client.set_option(soon);
    client.set_option(option::plain_client{"a", "one"});
    client.connect(first_server.bind("tcp://127.0.0.1:*"));
    client.set_option(option::plain_client{"a", "two"});
    client.connect(second_server.bind("tcp://127.0.0.1:*"));
    client.set_option(option::no_security{});
    client.connect(third_server.bind("tcp://127.0.0.1:*"));
    co_await client.wait_connected(3);
    first_server.disconnect(first_server.peers().front().id);
    co_await until(io, [&] { return first_server.connected_peers() == 0; });
    co_await first_server.wait_connected();  // as before

    // And what is bound lets nobody in as somebody else.
    second_server.set_option(option::no_security{});
    second_server.disconnect(second_server.peers().front().id);
    co_await until(io, [&] { return second_server.connected_peers() == 0; });
    co_await second_server.wait_connected();
    REQUIRE(log.count("mechanism") == 0);
  });
}

TEST_CASE("nothing that a peer sends before it is let in comes through")
{
  captured_log log;
  octets const message = frame_octets("pwn");
  bool const at_once = GENERATE(true, false);
  for (octets const& more : {initiate, initiate + message, message, hello}) {
    scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
      pull_socket server{ctx};
      server.set_option(option::plain_server{});
      server.set_option(admit_all());
      std::string const endpoint = server.bind("tcp://127.0.0.1:*");
      raw_peer peer{io};
      co_await peer.connect(endpoint);
      if (at_once) {
        co_await peer.write(greeting("PLAIN") + hello + more);
      } else {
        co_await peer.write(greeting("PLAIN") + hello);
        co_await peer.read(64 + 10);  // the greeting, WELCOME
        co_await peer.write(more + message);
      }
      co_await peer.wait_closed();
      REQUIRE(server.stats().handshake_failures == 1);
      REQUIRE_FALSE(server.readable());
    });
  }
}

TEST_CASE("NULL with an authenticator: addresses and identities are let in or not")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::vector<auth_request> asked;
    option::authenticator const by_name{[&asked](auth_request request) {
      asked.push_back(request);
      return request.identity == "friend" ? auth_reply::admit("a friend") : auth_reply::refuse("no friend");
    }};
    cozmq::router_socket server{ctx};
    server.set_option(by_name);
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    cozmq::dealer_socket known{ctx};
    known.set_option(option::routing_id{"friend"});
    known.connect(endpoint);
    co_await known.send("hello");
    cozmq::message const m = co_await server.recv();
    REQUIRE(m.property("User-Id") == "a friend");
    REQUIRE(asked.at(0).mechanism == "NULL");
    REQUIRE(asked.at(0).address == "127.0.0.1");
    REQUIRE(asked.at(0).user_name.empty());

    cozmq::dealer_socket unknown{ctx};
    unknown.connect(endpoint);
    co_await unknown.send("pwn");
    std::error_code const why = co_await why_not_connected(unknown);
    REQUIRE(why == errc::refused_by_peer);
    REQUIRE(log.count("not let in: no friend") == 1);
    co_await turns(io);
    REQUIRE_FALSE(server.readable());

    // What is sent behind READY waits for READY: that is a rule, with an authenticator as without one.
    raw_peer hasty{io};
    co_await hasty.connect(endpoint);
    co_await hasty.write(hello_octets("DEALER", "friend") + frame_octets("pwn"));
    co_await hasty.wait_closed();
    REQUIRE_FALSE(server.readable());
  });
}

TEST_CASE("NULL with an authenticator at the connecting end: what the peer sends waits for the decision")
{
  captured_log log;
  bool const admitted = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    held_questions held;
    raw_listener address{io};
    pull_socket pull{ctx};
    pull.set_option(soon);
    pull.set_option(held.authenticator());
    event_reader const seen = pull.events();
    pull.connect(address.endpoint());
    raw_peer push = co_await address.accept();
    octets early;
    for (int i = 0; i < 10; ++i)
      early = early + frame_octets(std::to_string(i));
    co_await push.write(hello_octets("PUSH") + early);
    co_await until(io, [&] { return held.answers.size() == 1; });
    co_await push.write(frame_octets("10"));
    co_await turns(io);
    REQUIRE_FALSE(pull.readable());
    REQUIRE(pull.connected_peers() == 0);
    if (admitted) {
      held.answers[0](auth_reply::admit("bound"));
      for (int i = 0; i <= 10; ++i) {
        cozmq::message const m = co_await pull.recv();
        REQUIRE(m[0] == std::to_string(i));
        REQUIRE(m.property("User-Id") == "bound");
      }
    } else {
      held.answers[0](auth_reply::refuse("not this one"));
      event const failed = co_await first(seen, event_kind::handshake_failed);
      REQUIRE(failed.error == errc::access_denied);
      REQUIRE_FALSE(pull.readable());
      raw_peer again = co_await address.accept();  // the next one there may be another
    }
  });
}

TEST_CASE("B36 30 an XPUB is told by each subscription, and each message, whose it is")
{
  captured_log log;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    option::authenticator const by_name{[](auth_request const& peer) {
      cozmq::properties told;
      told.set("X-Role", "reader");
      return auth_reply::admit(peer.user_name, told);
    }};
    cozmq::xpub_socket xpub{ctx};
    xpub.set_option(option::plain_server{});
    xpub.set_option(by_name);
    std::string const endpoint = xpub.bind("tcp://127.0.0.1:*");
    auto expect = [&xpub](std::string text, std::optional<std::string> user) -> asio::awaitable<void> {
      cozmq::message const m = co_await xpub.recv();
      REQUIRE(m[0] == text);
      REQUIRE(m.property("User-Id") == user);
      REQUIRE(m.property("X-Role").has_value() == user.has_value());
    };
    std::optional<cozmq::sub_socket> ann{std::in_place, ctx};
    ann->set_option(option::plain_client{"ann", ""});
    ann->connect(endpoint);
    ann->subscribe("a");
    co_await expect("\1a", "ann");
    ann->subscribe("b");
    co_await ann->wait_subscribed();
    cozmq::xsub_socket bob{ctx};
    bob.set_option(option::plain_client{"bob", ""});
    bob.connect(endpoint);
    co_await bob.send("\1c");
    co_await bob.wait_connected();
    co_await bob.wait_subscribed();
    ann->subscribe("e");
    co_await expect("\1b", "ann");
    co_await expect("\1c", "bob");
    co_await expect("\1e", "ann");
    co_await bob.send("upstream");
    co_await expect("upstream", "bob");
    ann->unsubscribe("a");
    co_await expect(std::string{"\0a", 2}, "ann");
    ann.reset();
    cozmq::message const gone = co_await xpub.recv();  // nobody has sent that
    REQUIRE_FALSE(gone.property("User-Id"));
  });
}

TEST_CASE("2.6 each message tells who was let in when it was sent, after a reconnect too")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    int asked = 0;
    option::authenticator const counts{
        [&asked](auth_request const&) { return auth_reply::admit("user " + std::to_string(asked++)); }};
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(counts);
    push_socket client{ctx};
    client.set_option(soon);
    client.set_option(admin);
    join(server, client, "tcp://127.0.0.1:*");
    for (int i = 0; i < 3; ++i) {
      co_await client.send(std::to_string(i));
      co_await client.send(std::to_string(i), "and more");
      co_await until(io, [&] { return server.stats().unread == static_cast<std::size_t>(2 * i + 2); });
      server.disconnect(server.peers().front().id);
      co_await until(io, [&] { return server.connected_peers() == 0 && client.connected_peers() == 0; });
      co_await until(io, [&] { return server.connected_peers() == 1 && client.connected_peers() == 1; });
    }
    for (int i = 0; i < 6; ++i) {  // those of the three connections in turn
      cozmq::message const m = co_await server.recv();
      REQUIRE(m.property("User-Id") == "user " + m[0].str());
    }
  });
}

TEST_CASE("a peer that says itself who it is, or what it may, is not believed")
{
  captured_log log;
  std::string const user = GENERATE(as<std::string>{}, "", "alice");
  std::string const over = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  bool const listens = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    option::authenticator const by_us{[&user](auth_request const&) {
      cozmq::properties told;
      told.set("X-Role", "reader");
      return auth_reply::admit(user, told);
    }};
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(by_us);
    server.set_option(option::receive_metadata{listens});
    cozmq::transport::stream peer{io};
    co_await peer.async_connect(address_of(server.bind(over)), asio::use_awaitable);
    octets const begin = greeting("PLAIN") + hello;
    co_await asio::async_write(peer, asio::buffer(begin), asio::use_awaitable);
    octets answer(64 + 10);  // a greeting, WELCOME
    co_await asio::async_read(peer, asio::buffer(answer), asio::use_awaitable);
    cozmq::properties claims;
    claims.add("Socket-Type", "PUSH");
    for (char const* const name : {"User-Id", "user-id", "USER-ID", "Peer-Address", "X-Role", "x-role"})
      claims.add(name, "root");
    claims.add("X-Own", "its own");
    octets const claim = command_with("INITIATE", claims);
    co_await asio::async_write(peer, asio::buffer(claim), asio::use_awaitable);
    co_await asio::async_read(peer, asio::buffer(answer, 2), asio::use_awaitable);  // READY begins
    octets const x = frame_octets("x");
    co_await asio::async_write(peer, asio::buffer(x), asio::use_awaitable);
    cozmq::message const m = co_await server.recv();
    for (auto const& [name, value] : *m.metadata())
      REQUIRE(value != "root");
    REQUIRE(m.property("User-Id").value_or("") == user);
    REQUIRE(m.property("X-Role") == "reader");
    // The rest is for those who have asked for it.
    REQUIRE(m.property("X-Own").has_value() == listens);
    REQUIRE(m.property("Socket-Type").has_value() == listens);
    if (over.starts_with("tcp"))
      REQUIRE(m.property("Peer-Address") == "127.0.0.1");
    else
      REQUIRE_FALSE(m.property("Peer-Address").has_value());
  });
}

TEST_CASE("a client with an authenticator does not ask about its server; inproc asks nobody")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    int asked = 0;
    option::authenticator const nobody{[&asked](auth_request const&) {
      ++asked;
      return auth_reply::refuse();
    }};
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(admit_all());
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    push_socket client{ctx};
    client.set_option(admin);
    client.set_option(nobody);
    client.connect(endpoint);
    co_await client.wait_connected();
    push_socket inside{ctx};
    inside.set_option(nobody);
    join(server, inside, "inproc://inside");
    co_await inside.send("no questions");
    cozmq::message const m = co_await server.recv();
    REQUIRE(m[0] == "no questions");
    REQUIRE(asked == 0);
  });
}

TEST_CASE("names and passwords of 255 bytes of any kind pass; longer ones are no option")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const name = blob(255);
    std::string const password(255, '\0');
    std::optional<auth_request> asked;
    option::authenticator const keeps{[&asked](auth_request const& request) {
      asked = request;
      return auth_reply::admit(request.user_name);
    }};
    pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(keeps);
    push_socket client{ctx};
    client.set_option(option::plain_client{name, password});
    join(server, client, "tcp://127.0.0.1:*");
    co_await client.send("x");
    cozmq::message const m = co_await server.recv();
    REQUIRE((m.property("User-Id") == name));
    REQUIRE((asked->password == password));
    std::error_code ec;
    client.set_option(option::plain_client{name + "x", ""}, ec);
    REQUIRE(ec == errc::invalid_option);
    client.set_option(option::plain_client{"", password + "x"}, ec);
    REQUIRE(ec == errc::invalid_option);
    client.set_option(option::zap_domain{std::string(256, 'd')}, ec);
    REQUIRE(ec == errc::invalid_option);
  });
}

TEST_CASE("PLAIN keeps talking with large messages, many frames and heartbeats")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(admit_all("user"));
    server.set_option(option::heartbeat_interval{1ms});
    cozmq::req_socket client{ctx};
    client.set_option(admin);
    client.set_option(option::heartbeat_interval{1ms});
    join(server, client, "tcp://127.0.0.1:*");
    for (std::size_t size : {0UL, 1UL, 255UL, 256UL, 65'536UL, 1'000'000UL}) {
      parts const sent{blob(size), "", blob(size)};
      co_await client.send(to_message(sent));
      cozmq::message request = co_await server.recv();
      REQUIRE((to_parts(request) == sent));
      REQUIRE(request.property("User-Id") == "user");
      co_await server.send(std::move(request));
      cozmq::message const reply = co_await client.recv();
      REQUIRE((to_parts(reply) == sent));
    }
  });
}
