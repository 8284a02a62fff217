// ZAP: sockets that ask a handler, handlers of every kind, and what either makes of the other's errors.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
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
using cozmq::event_kind;
using cozmq::zap_endpoint;
using cozmq::zap_limits;
namespace option = cozmq::option;

namespace {

option::reconnect_interval const soon{2ms};
std::string const key(32, 'k');

auth_request request_of(std::string identity, std::string mechanism = "NULL")
{
  auth_request r;
  r.domain = "home";
  r.address = "192.0.2.1";
  r.identity = std::move(identity);
  r.mechanism = std::move(mechanism);
  r.user_name = "bob";
  r.password = "secret";
  r.public_key = key;
  return r;
}

// One question and its answer.
class asked {
 public:
  asked(option::authenticator const& who, asio::any_io_executor const& executor, auth_request request)
  {
    who.asks()(executor, std::move(request),
               cozmq::engine::auth_answer{[to = reply_](auth_reply r) { *to = std::move(r); }});
  }
  bool answered() const { return reply_->has_value(); }
  auth_reply const& reply() const { return reply_->value(); }

 private:
  std::shared_ptr<std::optional<auth_reply>> reply_ = std::make_shared<std::optional<auth_reply>>();
};

asio::awaitable<auth_reply> ask(asio::io_context& io, option::authenticator const& who, auth_request request)
{
  asked const question{who, io.get_executor(), std::move(request)};
  co_await until(io, [&] { return question.answered(); });
  co_return question.reply();
}

asio::awaitable<cozmq::event> end_of_handshake(cozmq::event_reader from)
{
  for (;;) {
    cozmq::event e = co_await from.next();
    if (e.kind == event_kind::handshake_succeeded || e.kind == event_kind::handshake_failed)
      co_return e;
  }
}

// A server that asks the handler of its context, and a client that comes to it.
struct couple {
  couple(cozmq::context& ctx, std::string const& mechanism) : server{ctx}, client{ctx}
  {
    server.set_option(cozmq::zap_authenticator(ctx));
    server.set_option(option::zap_domain{"home"});
    server.set_option(option::receive_metadata{true});
    client.set_option(option::routing_id{"me"});
    client.set_option(soon);
    if (mechanism == "PLAIN") {
      server.set_option(option::plain_server{});
      client.set_option(option::plain_client{"bob", "secret"});
    }
    client_sees.emplace(client.events());
    server_sees.emplace(server.events());
    client.connect(server.bind("tcp://127.0.0.1:*"));
  }

  cozmq::rep_socket server;
  cozmq::req_socket client;
  std::optional<cozmq::event_reader> client_sees;
  std::optional<cozmq::event_reader> server_sees;
};

parts request_frames(std::string const& mechanism)
{
  if (mechanism == "PLAIN")
    return {"1.0", "?", "home", "127.0.0.1", "", "PLAIN", "bob", "secret"};
  return {"1.0", "?", "home", "127.0.0.1", "me", "NULL"};
}

// What a handler made by hand replies to a request with that id.
parts reply_frames(std::string id, std::string status = "200")
{
  return {"1.0",
          std::move(id),
          std::move(status),
          "so it is",
          "bob",
          std::string{"\x05Group\0\0\0\x06"
                      "admins",
                      16}};
}

auth_reply only_bob(auth_request const& r)
{
  return r.user_name == "bob" && r.password == "secret" ? auth_reply::admit("bob")
                                                        : auth_reply::refuse("who?");
}

}  // namespace

TEST_CASE("2.3 ZAP a handler gets to know who comes, and what it says is on every message")
{
  std::string const mechanism = GENERATE(as<std::string>{}, "NULL", "PLAIN");
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket handler{ctx};
    handler.bind(zap_endpoint);
    couple c{ctx, mechanism};
    cozmq::message const request = co_await handler.recv();
    parts seen = to_parts(request);
    std::string const id = std::exchange(seen.at(1), "?");
    REQUIRE(seen == request_frames(mechanism));
    co_await handler.send(to_message(reply_frames(id)));
    co_await c.client.send("Hello");
    cozmq::message const m = co_await c.server.recv();
    REQUIRE(m.property("User-Id") == "bob");
    REQUIRE(m.property("Group") == "admins");
    co_await c.server.send("World");
    cozmq::message const answer = co_await c.client.recv();
    REQUIRE(answer[0] == "World");
  });
}

TEST_CASE("2.3 ZAP no reply but a right one lets a peer in: version, request id, status, parts, metadata")
{
  captured_log const log;
  std::string const mechanism = GENERATE(as<std::string>{}, "NULL", "PLAIN");
  struct row {
    std::size_t at;
    std::string text;
    cozmq::errc told;  // to the client
    std::string reason;
  };
  using cozmq::errc;
  auto const given = GENERATE(values<row>({
      {0, "9.9", errc::refused_by_peer, "version \"9.9\""},
      {1, "someone else's", errc::refused_by_peer, "another request's id"},
      {2, "204", errc::refused_by_peer, "status code \"204\""},
      {2, "", errc::refused_by_peer, "status code \"\""},
      {2, "300", errc::peer_closed, "so it is"},
      {2, "400", errc::refused_by_peer, "so it is"},
      {2, "500", errc::refused_by_peer, "so it is"},
      {5, "x", errc::refused_by_peer, "malformed metadata"},
      {6, "more", errc::refused_by_peer, "8 frames instead of 7"},
      {7, "less", errc::refused_by_peer, "6 frames instead of 7"},
  }));
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket handler{ctx};
    handler.bind(zap_endpoint);
    couple c{ctx, mechanism};
    cozmq::message const request = co_await handler.recv();
    parts reply = reply_frames(request[1].str());
    if (given.at == 7)
      reply.pop_back();
    else if (given.at == 6)
      reply.push_back(given.text);
    else
      reply.at(given.at) = given.text;
    co_await handler.send(to_message(reply));
    cozmq::event const ours = co_await end_of_handshake(*c.server_sees);
    REQUIRE(ours.kind == event_kind::handshake_failed);
    REQUIRE(ours.error == errc::access_denied);
    REQUIRE(ours.reason.find(given.reason) != std::string::npos);
    cozmq::event const theirs = co_await end_of_handshake(*c.client_sees);
    REQUIRE(theirs.kind == event_kind::handshake_failed);
    REQUIRE(theirs.error == given.told);
    std::string const status = given.text == "400" ? "400" : "500";
    REQUIRE((given.told == errc::peer_closed || theirs.reason.find(status) != std::string::npos));
    if (given.told == errc::peer_closed) {  // and it tries again
      cozmq::message const again = co_await handler.recv();
      co_await handler.send(to_message(reply_frames(again[1].str())));
      co_await c.client.wait_connected();
    }
  });
}

TEST_CASE("2.3 ZAP without a handler nobody is let in, and nothing is kept; one that comes later is asked")
{
  captured_log const log;
  std::string const mechanism = GENERATE(as<std::string>{}, "NULL", "PLAIN");
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    {
      couple c{ctx, mechanism};
      cozmq::event const ours = co_await end_of_handshake(*c.server_sees);
      REQUIRE(ours.error == cozmq::errc::access_denied);
      REQUIRE(ours.reason.find("nobody has bound inproc://zeromq.zap.01") != std::string::npos);
    }
    option::authenticator const who = cozmq::zap_authenticator(ctx);
    co_await until(io, [&] { return ctx.core()->sockets().empty(); });
    for (int i = 0; i < 100; ++i) {
      asked const question{who, io.get_executor(), request_of("x")};
      REQUIRE(question.answered());  // at once
      REQUIRE_FALSE(question.reply().admits());
      REQUIRE(question.reply().status().empty());
    }
    REQUIRE(ctx.core()->sockets().empty());
    cozmq::zap_server const handler{ctx,
                                    [](auth_request const& r) { return auth_reply::admit(r.mechanism); }};
    couple c{ctx, mechanism};
    co_await c.client.wait_connected();
    // What asked is gone when it is answered.
    co_await until(io, [&] { return ctx.core()->sockets().size() == 3; });
  });
}

TEST_CASE("2.3 ZAP a handler that goes, or is silent, has let nobody in; the next is asked afresh")
{
  captured_log const log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    option::authenticator const who = cozmq::zap_authenticator(ctx, zap_limits{.timeout = 0ms});
    std::optional<cozmq::router_socket> handler{std::in_place, ctx};
    handler->bind(zap_endpoint);
    asked const first{who, io.get_executor(), request_of("first")};
    cozmq::message const request = co_await handler->recv();
    REQUIRE_FALSE(first.answered());
    asked const unread{who, io.get_executor(), request_of("unread")};
    handler.reset();
    co_await until(io, [&] { return first.answered() && unread.answered(); });
    REQUIRE(first.reply().status().empty());  // whoever asks may come again
    REQUIRE(first.reply().reason() == "the ZAP handler has gone without an answer");
    REQUIRE_FALSE(unread.reply().admits());
    REQUIRE(unread.reply().status().empty());

    // An answer counts, however soon its handler goes.
    handler.emplace(ctx);
    handler->bind(zap_endpoint);
    asked const last{who, io.get_executor(), request_of("last")};
    cozmq::message const next = co_await handler->recv();
    parts reply = reply_frames(next[3].str());
    reply.insert(reply.begin(), {next[0].str(), ""});
    co_await handler->send(to_message(reply));
    handler.reset();
    co_await until(io, [&] { return last.answered(); });
    REQUIRE(last.reply().admits());

    handler.emplace(ctx);
    handler->bind(zap_endpoint);
    option::authenticator const hasty = cozmq::zap_authenticator(ctx, zap_limits{.timeout = 20ms});
    auth_reply const none = co_await ask(io, hasty, request_of("x"));
    REQUIRE(none.status().empty());
    REQUIRE(none.reason() == "the ZAP handler did not answer in time");
    handler.reset();
    co_await until(io, [&] { return ctx.core()->sockets().empty(); });
  });
}

TEST_CASE("2.3 ZAP a handler that is silent, or away, is no reason to give up")
{
  captured_log const log;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    std::optional<cozmq::rep_socket> handler{std::in_place, ctx};
    handler->bind(zap_endpoint);
    cozmq::pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(cozmq::zap_authenticator(ctx, zap_limits{.timeout = 20ms}));
    cozmq::event_reader const server_sees = server.events();
    cozmq::push_socket client{ctx};
    client.set_option(soon);
    client.set_option(option::plain_client{"bob", "secret"});
    cozmq::event_reader const client_sees = client.events();
    client.connect(server.bind("tcp://127.0.0.1:*"));
    cozmq::event failed = co_await end_of_handshake(server_sees);
    REQUIRE(failed.reason == "not let in: the ZAP handler did not answer in time");
    failed = co_await end_of_handshake(client_sees);
    REQUIRE(failed.error == cozmq::errc::peer_closed);
    handler.reset();
    do
      failed = co_await end_of_handshake(server_sees);
    while (failed.reason.find("there is no ZAP handler") == std::string::npos);
    cozmq::zap_server const better{ctx, only_bob};
    co_await client.wait_connected();
  });
}

TEST_CASE("2.3 ZAP who goes makes room for others who ask")
{
  captured_log const log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::router_socket handler{ctx};
    handler.bind(zap_endpoint);
    cozmq::pull_socket server{ctx};
    server.set_option(option::plain_server{});
    server.set_option(cozmq::zap_authenticator(ctx, zap_limits{.timeout = 0ms, .in_flight = 1}));
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    for (int i = 0; i < 3; ++i) {
      std::optional<cozmq::push_socket> client{std::in_place, ctx};
      client->set_option(option::plain_client{std::to_string(i), ""});
      client->connect(endpoint);
      cozmq::message const request = co_await handler.recv();
      REQUIRE(request.size() == 10);
      REQUIRE(request[8] == std::to_string(i));
      client.reset();
      server.unbind(endpoint);
      server.bind(endpoint);
      co_await until(io, [&] { return ctx.core()->sockets().size() == 2; });
    }
  });
}

TEST_CASE("2.3 ZAP a handler is not disturbed by what the application's own sockets have by default")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    ctx.set_default(option::router_notify{option::notify::connects});
    ctx.set_default(option::hello_message{cozmq::message{"hello"}});
    ctx.set_default(option::probe_router{true});
    ctx.set_default(option::plain_client{"bob", "secret"});
    bool const in_place = GENERATE(true, false);
    std::optional<cozmq::zap_server> handler;
    if (in_place)
      handler.emplace(ctx, only_bob);
    else
      asio::co_spawn(io, cozmq::serve_zap(ctx, only_bob), asio::detached);
    option::authenticator const who = cozmq::zap_authenticator(ctx);
    co_await turns(io);
    auth_reply const r = co_await ask(io, who, request_of("x", "PLAIN"));
    REQUIRE(r.reason().empty() == false);
    REQUIRE(r.admits());
  });
}

TEST_CASE("2.3 ZAP a server that does not ask the handler which is there is warned of")
{
  captured_log log;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::zap_server const handler{ctx, only_bob};
    cozmq::pull_socket asks{ctx};
    asks.set_option(option::plain_server{});
    asks.set_option(cozmq::zap_authenticator(ctx));
    asks.bind("tcp://127.0.0.1:*");
    cozmq::pull_socket has_none{ctx};
    has_none.bind("tcp://127.0.0.1:*");
    REQUIRE(log.lines.empty());
    cozmq::pull_socket does_not{ctx};
    does_not.set_option(option::plain_server{});
    does_not.bind("ipc://*");
    REQUIRE(log.count("there is a ZAP handler, which this socket does not ask") == 1);
    co_return;
  });
}

TEST_CASE("2.3 ZAP what is bound there, and is no handler, lets nobody in")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pub_socket wrong{ctx};
    wrong.bind(zap_endpoint);
    auth_reply const none = co_await ask(io, cozmq::zap_authenticator(ctx), request_of("x"));
    REQUIRE(none.status().empty());
    REQUIRE(none.reason().find("it is a PUB") != std::string::npos);
  });
}

TEST_CASE("2.3 ZAP many requests are under way at a time, and are answered in any order")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    constexpr std::size_t count = 200;
    option::authenticator const who = cozmq::zap_authenticator(ctx, zap_limits{.in_flight = count});
    cozmq::router_socket handler{ctx};
    handler.bind(zap_endpoint);
    std::vector<asked> questions;
    for (std::size_t i = 0; i < count; ++i)
      questions.emplace_back(who, io.get_executor(), request_of(std::to_string(i)));
    std::vector<cozmq::message> requests;
    while (requests.size() < count)
      requests.push_back(co_await handler.recv());
    // One more has to come again.
    asked const further{who, io.get_executor(), request_of("further")};
    REQUIRE(further.answered());
    REQUIRE_FALSE(further.reply().admits());
    REQUIRE(further.reply().status().empty());
    for (; !requests.empty(); requests.pop_back()) {
      cozmq::message const& r = requests.back();
      REQUIRE(r.size() == 8);
      cozmq::message const reply{r[0], "", "1.0", r[3], "200", "", r[6], ""};
      co_await handler.send(reply);
    }
    for (std::size_t i = 0; i < count; ++i) {
      co_await until(io, [&] { return questions[i].answered(); });
      REQUIRE(questions[i].reply().told().get("User-Id") == std::to_string(i));
    }
    asked const again{who, io.get_executor(), request_of("again")};
    cozmq::message const r = co_await handler.recv();
    REQUIRE(r[6] == "again");
  });
}

TEST_CASE("2.3 ZAP acting as the handler: all mechanisms, everything that an authenticator may answer")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    auto const decide = [](auth_request const& r) {
      if (r.domain != "home" || r.address != "192.0.2.1")
        return auth_reply{};
      if (r.identity == "later")
        return auth_reply::refuse_for_now("later");
      if (r.identity == "never")
        return auth_reply::refuse("never");
      if (r.identity == "throw")
        throw std::runtime_error{"no data base"};
      cozmq::properties told;
      told.set("Has", r.user_name + "," + r.password + "," + r.public_key);
      return auth_reply::admit(r.mechanism, told);
    };
    cozmq::zap_server const handler{ctx, decide};
    option::authenticator const who = cozmq::zap_authenticator(ctx);
    auth_reply r = co_await ask(io, who, request_of("x"));
    REQUIRE(r.admits());
    REQUIRE(r.told().get("User-Id") == "NULL");
    REQUIRE(r.told().get("Has") == ",,");
    r = co_await ask(io, who, request_of("x", "PLAIN"));
    REQUIRE(r.told().get("Has") == "bob,secret,");
    r = co_await ask(io, who, request_of("x", "CURVE"));
    REQUIRE(r.told().get("Has") == ",," + key);
    r = co_await ask(io, who, request_of("later"));
    REQUIRE((r.status() + r.reason()) == "later");
    r = co_await ask(io, who, request_of("never"));
    REQUIRE((r.status() + r.reason()) == "400never");
    r = co_await ask(io, who, request_of("throw"));
    REQUIRE((r.status() + r.reason()) == "500the authenticator failed: no data base");
    r = co_await ask(io, who, request_of("x", "GSSAPI"));
    REQUIRE((r.status() + r.reason()) == "500a ZAP request for mechanism \"GSSAPI\"");
  });
}

TEST_CASE("2.3 ZAP a handler that is a coroutine works at several answers at a time")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    asio::steady_timer go{io, std::chrono::steady_clock::time_point::max()};
    int waiting = 0;
    auto const decide = [&](auth_request r) -> asio::awaitable<auth_reply> {
      if (r.identity == "throw")
        throw std::runtime_error{"no data base"};
      if (r.identity != "quick") {
        ++waiting;
        std::error_code ignored;
        co_await go.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      }
      co_return auth_reply::admit(r.identity);
    };
    std::optional<cozmq::zap_server> handler{std::in_place, ctx, decide};
    option::authenticator const who = cozmq::zap_authenticator(ctx);
    asked const slow{who, io.get_executor(), request_of("slow")};
    asked const slower{who, io.get_executor(), request_of("slower")};
    co_await until(io, [&] { return waiting == 2; });
    auth_reply const quick = co_await ask(io, who, request_of("quick"));
    REQUIRE(quick.told().get("User-Id") == "quick");
    auth_reply const thrown = co_await ask(io, who, request_of("throw"));
    REQUIRE(thrown.status() == "500");
    REQUIRE_FALSE(slow.answered());
    go.cancel();
    co_await until(io, [&] { return slow.answered() && slower.answered(); });
    REQUIRE(slow.reply().told().get("User-Id") == "slow");
    REQUIRE(slower.reply().told().get("User-Id") == "slower");

    // It ends while one of them works.
    asked const late{who, io.get_executor(), request_of("late")};
    co_await until(io, [&] { return waiting == 3; });
    handler.reset();
    co_await until(io, [&] { return late.answered(); });
    REQUIRE_FALSE(late.reply().admits());
    REQUIRE(late.reply().status().empty());
    go.cancel();
    co_await turns(io);
  });
}

TEST_CASE("2.3 ZAP other askers: a REQ, a DEALER with an envelope of its own, and what is malformed")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    asio::co_spawn(io, cozmq::serve_zap(ctx, only_bob), asio::detached);
    cozmq::req_socket req{ctx};
    req.connect(zap_endpoint);
    parts request{"1.0", "an id", "", "127.0.0.1", "", "PLAIN", "bob", "secret"};
    co_await req.send(to_message(request));
    cozmq::message reply = co_await req.recv();
    REQUIRE(to_parts(reply) == parts{"1.0", "an id", "200", "OK", "bob", ""});
    request.back() = "wrong";
    co_await req.send(to_message(request));
    reply = co_await req.recv();
    REQUIRE(to_parts(reply) == parts{"1.0", "an id", "400", "who?", "", ""});
    request.pop_back();
    co_await req.send(to_message(request));
    reply = co_await req.recv();
    REQUIRE(to_parts(reply) ==
            parts{"1.0", "an id", "500", "a ZAP request for PLAIN with 1 credentials", "", ""});

    cozmq::dealer_socket dealer{ctx};
    dealer.connect(zap_endpoint);
    co_await dealer.send("hop", "another", "", "1.0", "7", "", "", "", "NULL");
    reply = co_await dealer.recv();
    REQUIRE(to_parts(reply) == parts{"hop", "another", "", "1.0", "7", "400", "who?", "", ""});
    co_await dealer.send("1.0", "7");
    reply = co_await dealer.recv();
    REQUIRE(to_parts(reply) ==
            parts{"", "1.0", "", "500", "a ZAP request without an empty frame in front", "", ""});
  });
}

TEST_CASE("2.3 ZAP a context has one handler, and another when that has ended")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::optional<cozmq::zap_server> first{std::in_place, ctx, only_bob};
    try {
      cozmq::zap_server const second{ctx, only_bob};
      FAIL("there are two");
    } catch (cozmq::error const& e) {
      REQUIRE(e.code() == cozmq::errc::address_in_use);
    }
    option::authenticator const who = cozmq::zap_authenticator(ctx);
    auth_reply r = co_await ask(io, who, request_of("x", "PLAIN"));
    REQUIRE(r.admits());
    first->close();
    cozmq::zap_server const second{ctx, option::authenticator::none()};
    r = co_await ask(io, who, request_of("x", "PLAIN"));
    REQUIRE(r.status() == "500");
  });
}

TEST_CASE("2.3 ZAP what waits for a handler ends with its context, and with its executor")
{
  captured_log const log;
  int const way = GENERATE(0, 1, 2);
  std::optional<asked> question;
  std::optional<option::authenticator> who;
  {
    asio::io_context io;
    std::optional<cozmq::context> ctx{std::in_place, io};
    std::optional<cozmq::router_socket> handler{std::in_place, *ctx};
    ctx->set_default(cozmq::zap_authenticator(*ctx));  // which must not keep it
    handler->bind(zap_endpoint);
    who.emplace(cozmq::zap_authenticator(*ctx));
    question.emplace(*who, io.get_executor(), request_of("x"));
    std::optional<cozmq::message> got;
    while (!got) {
      io.poll();
      io.restart();
      got = handler->try_recv();
    }
    if (way == 0) {
      ctx->shutdown();
      io.run();
      REQUIRE(question->answered());
      REQUIRE(question->reply().status().empty());
    } else if (way == 1) {
      handler.reset();
      ctx.reset();
      io.run();
      REQUIRE(question->answered());
      asked const later{*who, io.get_executor(), request_of("x")};
      REQUIRE(later.reply().reason() == "the context of the ZAP handler is gone");
    }
  }
  REQUIRE(question->answered());
  REQUIRE_FALSE(question->reply().admits());
  REQUIRE(log.lines.empty());
}

TEST_CASE("2.3 ZAP sockets on several threads ask the one handler")
{
  constexpr std::size_t threads = 3;
  cozmq::context ctx{cozmq::io_threads{threads}};
  std::atomic<int> decided = 0;
  cozmq::zap_server const handler{ctx, ctx.get_executor(0),
                                  [&](auth_request r) -> asio::awaitable<auth_reply> {
                                    ++decided;
                                    co_return only_bob(r);
                                  }};
  ctx.set_default(cozmq::zap_authenticator(ctx));
  auto const talk = [&ctx](std::size_t thread) -> asio::awaitable<int> {
    int answers = 0;
    cozmq::rep_socket server{ctx, ctx.get_executor(thread)};
    server.set_option(option::plain_server{});
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    for (int i = 0; i < 20; ++i) {
      cozmq::req_socket client{ctx, ctx.get_executor(thread)};
      client.set_option(option::plain_client{"bob", "secret"});
      client.connect(endpoint);
      co_await client.send("Hello");
      cozmq::message m = co_await server.recv();
      co_await server.send(std::move(m));
      cozmq::message const reply = co_await client.recv();
      answers += reply[0] == "Hello" ? 1 : 0;
    }
    co_return answers;
  };
  std::vector<std::future<int>> all;
  for (std::size_t i = 0; i < threads; ++i)
    all.push_back(asio::co_spawn(ctx.get_executor(i), talk(i), asio::use_future));
  for (auto& each : all) {
    REQUIRE(each.wait_for(60s) == std::future_status::ready);
    REQUIRE(each.get() == 20);
  }
  REQUIRE(decided == 20 * static_cast<int>(threads));
}

TEST_CASE("2.3 ZAP a context with threads ends while peers are asked about")
{
  captured_log const log;
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> answers = 0;
    std::atomic<int> begun = 0;
    constexpr int questions = 60;
    {
      cozmq::context ctx{cozmq::io_threads{3}};
      cozmq::zap_server const handler{ctx, ctx.get_executor(0), only_bob};
      option::authenticator const who = cozmq::zap_authenticator(ctx);
      for (int i = 0; i < questions; ++i) {
        auto const executor = ctx.get_executor(static_cast<std::size_t>(i % 3));
        asio::post(executor, [&, executor, who] {
          ++begun;
          who.asks()(executor, request_of("x", "PLAIN"),
                     cozmq::engine::auth_answer{[&](auth_reply const&) { ++answers; }});
        });
      }
      while (begun < questions * round / 20)
        std::this_thread::yield();
      ctx.shutdown();
      while (begun < questions)
        std::this_thread::yield();
    }
    REQUIRE(answers == questions);  // each once
  }
  REQUIRE(log.lines.empty());
}
