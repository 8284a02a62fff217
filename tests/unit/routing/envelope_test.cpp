#include <cozmq/routing/envelope.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <memory>

using namespace cozmq;
using namespace cozmq::test;
using routing::verdict;

namespace {

// Asks `server` and returns what went out on the wire.
texts ask(routing::request_envelope& e, fake_pipe& server, texts const& body)
{
  message m = message_of(body);
  e.wrap(m);
  e.sent(&server);
  return frames_of(m);
}

verdict received(routing::request_envelope& e, fake_pipe& from, texts const& wire, texts* body = nullptr)
{
  message m = message_of(wire);
  verdict const result = e.received(from, m);
  if (body != nullptr)
    *body = frames_of(m);
  return result;
}

// What the server sees of `wire`, when it is delivered.
texts deliver(routing::reply_envelope& e, fake_pipe& from, texts const& wire)
{
  message m = message_of(wire);
  REQUIRE(e.received(from, m) == verdict::deliver);
  return frames_of(m);
}

}  // namespace

TEST_CASE("a request goes out with an empty delimiter, which comes off the reply again")
{
  routing::request_envelope e;
  fake_pipe server;
  CHECK(ask(e, server, {"a", "b"}) == texts{"", "a", "b"});
  texts body;
  CHECK(received(e, server, {"", "c", ""}, &body) == verdict::deliver);
  CHECK(body == texts{"c", ""});
}

TEST_CASE(
    "A44 a request may be sent only after the reply to the one before, a reply awaited only after a request")
{
  routing::request_envelope e;
  fake_pipe server;
  CHECK(e.may_send() == errc{});
  CHECK(e.may_receive() == errc::wrong_state);
  ask(e, server, {"a"});
  CHECK(e.may_send() == errc::wrong_state);
  CHECK(e.may_receive() == errc{});
  received(e, server, {"", "b"});
  CHECK(e.may_send() == errc{});
  CHECK(e.may_receive() == errc::wrong_state);
}

TEST_CASE("S23 only the peer that was asked can answer")
{
  routing::request_envelope e;
  fake_pipe server;
  fake_pipe stranger;
  CHECK(received(e, server, {"", "unasked"}) == verdict::discard);
  ask(e, server, {"a"});
  CHECK(received(e, stranger, {"", "b"}) == verdict::discard);
  CHECK(e.may_receive() == errc{});
  CHECK(received(e, server, {"", "c"}) == verdict::deliver);
  CHECK(received(e, server, {"", "twice"}) == verdict::discard);
}

TEST_CASE("S42 a reply without a delimiter, or with nothing behind it, ends its peer's connection")
{
  routing::request_envelope e;
  fake_pipe server;
  for (bool asked : {false, true}) {
    if (asked)
      ask(e, server, {"a"});
    CHECK(received(e, server, {"b"}) == verdict::reject);
    CHECK(received(e, server, {"b", "", "c"}) == verdict::reject);
    CHECK(received(e, server, {"1234", "", "c"}) == verdict::reject);  // a number, but none was ever sent
    CHECK(received(e, server, {""}) == verdict::reject);
    CHECK(e.may_receive() == (asked ? errc{} : errc::wrong_state));
  }
}

TEST_CASE("unwrap() gives back what wrap() took")
{
  for (bool correlate : {false, true}) {
    routing::request_envelope e;
    e.correlate = correlate;
    message m{"a", "", "b"};
    e.wrap(m);
    CHECK(m.size() == (correlate ? 5 : 4));
    e.unwrap(m);
    CHECK(frames_of(m) == texts{"a", "", "b"});
  }
}

TEST_CASE(
    "with correlate a request carries a number of 4 bytes, and only the reply with that number is taken")
{
  routing::request_envelope e;
  e.correlate = true;
  e.relaxed = true;
  fake_pipe server;
  texts const first = ask(e, server, {"a"});
  REQUIRE(first.size() == 3);
  CHECK(first[0].size() == 4);
  CHECK(first[1].empty());
  texts const second = ask(e, server, {"b"});
  CHECK(second[0] != first[0]);

  CHECK(received(e, server, {first[0], "", "late"}) == verdict::discard);
  CHECK(received(e, server, {"", "without a number"}) == verdict::discard);
  CHECK(received(e, server, {"12345", "", "x"}) == verdict::reject);
  CHECK(received(e, server, {second[0], "x", "y"}) == verdict::reject);
  CHECK(received(e, server, {second[0], ""}) == verdict::reject);
  CHECK(e.may_receive() == errc{});
  texts body;
  CHECK(received(e, server, {second[0], "", "right"}, &body) == verdict::deliver);
  CHECK(body == texts{"right"});
}

TEST_CASE("a late reply with a number is discarded, and its peer kept, after correlate was turned off")
{
  routing::request_envelope e;
  e.correlate = true;
  e.relaxed = true;
  fake_pipe server;
  texts const first = ask(e, server, {"a"});
  e.correlate = false;
  ask(e, server, {"b"});
  CHECK(received(e, server, {first[0], "", "late"}) == verdict::discard);
  CHECK(received(e, server, {"", "right"}) == verdict::deliver);
}

TEST_CASE("relaxed allows a second request, and the reply to the first is not taken from another peer")
{
  routing::request_envelope e;
  e.relaxed = true;
  fake_pipe first;
  fake_pipe second;
  ask(e, first, {"a"});
  CHECK(e.may_send() == errc{});
  ask(e, second, {"b"});
  CHECK(received(e, first, {"", "late"}) == verdict::discard);
  CHECK(received(e, second, {"", "right"}) == verdict::deliver);
}

TEST_CASE("a request that is given up makes room for the next one, and its reply is discarded")
{
  routing::request_envelope e;
  fake_pipe server;
  ask(e, server, {"a"});
  e.abandon();
  CHECK(e.may_send() == errc{});
  CHECK(e.may_receive() == errc::wrong_state);
  CHECK(received(e, server, {"", "late"}) == verdict::discard);
}

TEST_CASE(
    "B3 when the asked peer is gone for good its reply cannot come, not even from a pipe at the same place")
{
  routing::request_envelope e;
  fake_pipe server;
  ask(e, server, {"a"});
  e.gone(server);
  CHECK(received(e, server, {"", "b"}) == verdict::discard);
  CHECK(e.may_send() == errc::wrong_state);
  CHECK(e.may_receive() == errc{});
}

TEST_CASE("another peer that is gone does not matter")
{
  routing::request_envelope e;
  fake_pipe server;
  fake_pipe other;
  ask(e, server, {"a"});
  e.gone(other);
  CHECK(received(e, server, {"", "b"}) == verdict::deliver);
}

TEST_CASE("A44 a reply may be sent only after a request, the next request taken only after the reply")
{
  routing::reply_envelope e;
  fake_pipe client;
  CHECK(e.may_send() == errc::wrong_state);
  CHECK(e.may_receive() == errc{});
  CHECK(deliver(e, client, {"", "q"}) == texts{"q"});
  CHECK(e.may_send() == errc{});
  CHECK(e.may_receive() == errc::wrong_state);
  message reply{"r", ""};
  e.reply(reply);
  CHECK(reply.empty());
  CHECK(client.next() == texts{"", "r", ""});
  CHECK(e.may_send() == errc::wrong_state);
  CHECK(e.may_receive() == errc{});
}

TEST_CASE("S29 a reply goes back behind every address of the request, and the delimiter")
{
  for (texts const& addresses :
       {texts{}, texts{"a"}, texts{"router 2", "router 1", std::string(300, 'x'), "client"}}) {
    routing::reply_envelope e;
    fake_pipe client;
    texts request = addresses;
    request.insert(request.end(), {"", "q1", "", "q2"});
    CHECK(deliver(e, client, request) == texts{"q1", "", "q2"});
    message reply{"r1", "", "r2"};
    e.reply(reply);
    texts expected = addresses;
    expected.insert(expected.end(), {"", "r1", "", "r2"});
    CHECK(client.next() == expected);
  }
}

TEST_CASE("the addresses of one request are not put in front of the reply to another")
{
  routing::reply_envelope e;
  fake_pipe client;
  deliver(e, client, {"a", "b", "", "q"});
  message first{"r"};
  e.reply(first);
  deliver(e, client, {"", "q"});
  message second{"r"};
  e.reply(second);
  client.next();
  CHECK(client.next() == texts{"", "r"});
}

TEST_CASE("a request that is taken without a reply to the one before replaces it, addresses and all")
{
  routing::reply_envelope e;
  fake_pipe first;
  fake_pipe second;
  deliver(e, first, {"a", "", "q"});
  deliver(e, second, {"", "q"});
  message reply{"r"};
  e.reply(reply);
  CHECK(first.written.empty());
  CHECK(second.next() == texts{"", "r"});
}

TEST_CASE("S35 a request without a delimiter, or with nothing behind it, is dropped and changes nothing")
{
  routing::reply_envelope e;
  fake_pipe client;
  for (texts const& wire : {texts{"q"}, texts{"a", "b"}, texts{""}, texts{"a", ""}}) {
    message m = message_of(wire);
    CHECK(e.received(client, m) == verdict::discard);
    CHECK(e.may_receive() == errc{});
  }
  CHECK(deliver(e, client, {"", ""}) == texts{""});
}

TEST_CASE("S30 the reply to a peer that is gone, or full, is discarded, and the next request can be taken")
{
  for (bool full : {false, true}) {
    routing::reply_envelope e;
    fake_pipe client;
    deliver(e, client, {"a", "", "q"});
    if (full)
      client.room = 0;
    else
      e.gone(client);
    message reply{"r"};
    e.reply(reply);
    CHECK(e.dropped() == (full ? 1U : 0U));
    CHECK(e.unroutable() == (full ? 0U : 1U));
    CHECK(client.missed == e.dropped());
    CHECK(reply.empty());
    CHECK(client.written.empty());
    CHECK(e.may_receive() == errc{});
  }
}

TEST_CASE("patterns without an envelope deliver everything, at any time")
{
  routing::no_envelope e;
  fake_pipe p;
  message m{"", "x"};
  CHECK(e.may_send() == errc{});
  CHECK(e.may_receive() == errc{});
  CHECK(e.received(p, m) == verdict::deliver);
  CHECK(frames_of(m) == texts{"", "x"});
}

TEST_CASE("a request of very many addresses costs each of them one move, there and back")
{
  routing::reply_envelope e;
  fake_pipe client;
  message request;
  for (int i = 0; i < 65'000; ++i)
    request.push_back(frame{"a"});
  request.push_back(frame{});
  request.push_back(frame{"body"});
  message const sent{request};
  auto const known = std::make_shared<properties const>();
  request.set_metadata(known);
  REQUIRE(e.received(client, request) == verdict::deliver);
  CHECK(frames_of(request) == texts{"body"});
  CHECK(request.metadata() == known.get());
  e.reply(request);
  CHECK(client.written.size() == 1);
  CHECK(client.written.front() == sent);
}

TEST_CASE("B3 a request that is given up need not leave any more")
{
  routing::request_envelope e;
  fake_pipe server;
  message m{"q"};
  e.wrap(m);
  server.write(m);
  e.sent(&server);
  e.abandon();
  CHECK(server.written.empty());
}
