// DEALER and ROUTER: addresses, who has which, and what happens to messages without a peer.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/descriptors.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::dealer_socket;
using cozmq::rep_socket;
using cozmq::req_socket;
using cozmq::router_socket;
namespace option = cozmq::option;

namespace {

template <typename Socket>
asio::awaitable<parts> next(Socket& socket)
{
  cozmq::message const received = co_await socket.recv();
  co_return to_parts(received);
}

template <typename Socket>
void name(Socket& socket, std::string id)
{
  socket.set_option(option::routing_id{std::move(id)});
}

// What sending fails with; zero when it does not.
template <typename Socket>
std::error_code try_send(Socket& socket, parts const& from)
{
  std::error_code ec;
  cozmq::message m = to_message(from);
  bool const sent = socket.try_send(m, ec);
  REQUIRE(sent == !ec);
  REQUIRE((to_parts(m) == (sent ? parts{} : from)));
  return ec;
}

}  // namespace

TEST_CASE(
    "S36 S37 S38 ROUTING_ID T9 B7 a ROUTER knows its DEALERs by name, on every transport, whichever side "
    "binds")
{
  std::string const any = every_transport();
  bool const router_binds = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    dealer_socket dealer{ctx};
    name(dealer, "A");
    router_binds ? join(router, dealer, any) : join(dealer, router, any);
    co_await dealer.send("one");
    co_await dealer.send("", "two");
    parts got = co_await next(router);
    REQUIRE((got == parts{"A", "one"}));
    got = co_await next(router);
    REQUIRE((got == parts{"A", "", "two"}));
    co_await router.send("A", "three");
    co_await router.send("A", "");
    got = co_await next(dealer);
    REQUIRE((got == parts{"three"}));
    got = co_await next(dealer);
    REQUIRE((got == parts{""}));
  });
}

TEST_CASE("A19 ROUTING_ID a DEALER without a name gets 5 bytes that start with zero, and answers find it")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    dealer_socket a{ctx};
    dealer_socket b{ctx};
    std::string const bound = join(router, a, any);
    b.connect(bound);
    co_await a.send("from a");
    co_await b.send("from b");
    for (int i = 0; i < 2; ++i) {
      cozmq::message m = co_await router.recv();
      REQUIRE(m[0].size() == 5);
      REQUIRE(m[0].view()[0] == '\0');
      co_await router.send(std::move(m));
    }
    std::string text = co_await text_from(a);
    REQUIRE(text == "from a");
    text = co_await text_from(b);
    REQUIRE(text == "from b");
  });
}

TEST_CASE(
    "S39 A17 A43 ROUTER_MANDATORY what is sent to nobody is dropped, or with mandatory fails with "
    "host_unreachable")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    REQUIRE_FALSE(try_send(router, {"A", "dropped"}));
    router.set_option(option::router_mandatory{true});
    REQUIRE(router.get_option<option::router_mandatory>().value);
    REQUIRE(try_send(router, {"A", "nobody"}) == std::errc::host_unreachable);
    std::string const bound = router.bind(any);
    {
      dealer_socket dealer{ctx};
      name(dealer, "A");
      dealer.connect(bound);
      co_await router.wait_connected();
      REQUIRE_FALSE(try_send(router, {"A", "there"}));
      std::string const text = co_await text_from(dealer);
      REQUIRE(text == "there");
    }
    co_await until(io, [&] { return router.connected_peers() == 0; });
    std::error_code ec;
    try {
      co_await router.send("A", "gone");
    } catch (cozmq::error const& e) {
      ec = e.code();
    }
    REQUIRE(ec == cozmq::errc::host_unreachable);
    REQUIRE(ec == std::errc::host_unreachable);
  });
}

TEST_CASE(
    "S40 ROUTER_MANDATORY what a full peer does not take is dropped, with mandatory it waits, and not for "
    "others")
{
  bool const mandatory = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    router.set_option(option::send_hwm{2});
    router.set_option(option::router_mandatory{mandatory});
    std::string const bound = router.bind("inproc://a");
    dealer_socket slow{ctx};
    slow.set_option(option::receive_hwm{1});
    name(slow, "slow");
    slow.connect(bound);
    dealer_socket other{ctx};
    name(other, "other");
    other.connect(bound);
    for (std::string text : {"1", "2", "3"})
      REQUIRE_FALSE(try_send(router, {"slow", text}));
    if (!mandatory) {
      for (int i = 0; i < 10; ++i)
        REQUIRE_FALSE(try_send(router, {"slow", "dropped"}));
    } else {
      REQUIRE(try_send(router, {"slow", "4"}) == std::errc::resource_unavailable_try_again);
      REQUIRE_FALSE(try_send(router, {"other", "not affected"}));
    }
    bool sent = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          co_await router.send("slow", "last");
          sent = true;
        },
        asio::detached);
    co_await turns(io);
    REQUIRE(sent == !mandatory);
    for (std::string expected : {"1", "2", "3"}) {
      std::string const text = co_await text_from(slow);
      REQUIRE(text == expected);
    }
    if (mandatory) {
      std::string const text = co_await text_from(slow);
      REQUIRE(text == "last");
      REQUIRE(sent);
    } else {
      co_await router.send("slow", "marker");
      std::string const text = co_await text_from(slow);
      REQUIRE(text == "marker");
    }
  });
}

TEST_CASE("S40 ROUTER_MANDATORY a send that waits for a full peer fails when that leaves")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    router.set_option(option::send_hwm{1});
    router.set_option(option::router_mandatory{true});
    auto dealer = std::make_unique<dealer_socket>(ctx);
    dealer->set_option(option::receive_hwm{1});
    name(*dealer, "A");
    dealer->connect(router.bind(any));
    co_await router.wait_connected();
    std::string const large(1'000'000, 'x');
    std::error_code ec;
    while (!ec) {
      ec = try_send(router, {"A", large});
      co_await turns(io, 1);
    }
    REQUIRE(ec == cozmq::errc::would_block);
    ec = {};
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          try {
            for (;;)
              co_await router.send("A", large);
          } catch (cozmq::error const& e) {
            ec = e.code();
          }
        },
        asio::detached);
    co_await turns(io);
    REQUIRE_FALSE(ec);
    dealer.reset();
    co_await until(io, [&] { return !!ec; });
    REQUIRE(ec == std::errc::host_unreachable);
  });
}

TEST_CASE(
    "ROUTER_HANDOVER without it the second peer of one name is refused, with a line in the log, until the "
    "first is gone")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    std::string const bound = router.bind("tcp://127.0.0.1:*");
    raw_peer first{io};
    co_await first.connect(bound);
    co_await first.handshake("DEALER", "A");
    dealer_socket second{ctx};
    second.set_option(option::reconnect_interval{5ms});
    name(second, "A");
    second.connect(bound);
    co_await second.send("from the second");
    co_await until(io, [&] { return log.count("router_handover") > 0; });
    REQUIRE(router.connected_peers() == 1);
    co_await first.write(frame_octets("from the first"));
    parts got = co_await next(router);
    REQUIRE((got == parts{"A", "from the first"}));
    first.close();
    got = co_await next(router);
    REQUIRE((got == parts{"A", "from the second"}));
    REQUIRE(log.count("router_handover") == 1);
  });
}

TEST_CASE("ROUTER_HANDOVER with it the second peer of one name gets it, and the first is closed")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    router.set_option(option::router_handover{true});
    std::string const bound = router.bind("tcp://127.0.0.1:*");
    raw_peer first{io};
    co_await first.connect(bound);
    co_await first.handshake("DEALER", "A");
    co_await first.write(frame_octets("1"));
    parts got = co_await next(router);
    REQUIRE((got == parts{"A", "1"}));
    raw_peer second{io};
    co_await second.connect(bound);
    co_await second.handshake("DEALER", "A");
    co_await first.wait_closed();
    co_await router.send("A", "reply");
    auto const frame = co_await second.read_frame();
    REQUIRE(cozmq::as_text(frame.second) == "reply");
    co_await second.write(frame_octets("2"));
    got = co_await next(router);
    REQUIRE((got == parts{"A", "2"}));
    REQUIRE(router.connected_peers() == 1);
  });
}

TEST_CASE(
    "ROUTER_HANDOVER over inproc the second peer of one name is refused as well, or has it with handover")
{
  bool const handover = GENERATE(true, false);
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    router.set_option(option::router_handover{handover});
    std::string const bound = router.bind("inproc://a");
    std::vector<dealer_socket> dealers;
    for (int i = 0; i < 2; ++i) {
      name(dealers.emplace_back(ctx), "A");
      dealers.back().connect(bound);
    }
    co_await router.send("A", "x");
    std::string const text = co_await text_from(dealers[handover ? 1 : 0]);
    REQUIRE(text == "x");
    co_await turns(io, 10);
    REQUIRE(log.count("routing id") == (handover ? 0 : 1));
  });
}

TEST_CASE("ROUTER_NOTIFY tells of a peer before and behind all that it sends, as asked")
{
  std::string const any = every_transport();
  auto const what = GENERATE(option::notify::nothing, option::notify::connects, option::notify::disconnects,
                             option::notify::both);
  bool const dealer_first = any.starts_with("inproc") && GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    router.set_option(option::router_notify{what});
    REQUIRE(router.get_option<option::router_notify>().value == what);
    auto dealer = std::make_unique<dealer_socket>(ctx);
    name(*dealer, "A");
    if (!dealer_first)
      dealer->connect(router.bind(any));
    else
      dealer->connect(any);
    co_await dealer->send("1");
    co_await dealer->send("2");
    if (dealer_first)
      router.bind(any);
    co_await router.wait_connected();
    dealer.reset();
    co_await until(io, [&] { return router.connected_peers() == 0; });
    router.set_option(option::router_notify{option::notify::nothing});
    std::string const inbound = router.bind("inproc://marker");
    dealer_socket last{ctx};
    name(last, "B");
    last.connect(inbound);
    co_await last.send("marker");
    std::vector<parts> expected{{"A", "1"}, {"A", "2"}};
    if (includes(what, option::notify::connects))
      expected.insert(expected.begin(), {"A", ""});
    if (includes(what, option::notify::disconnects))
      expected.push_back({"A", ""});
    std::vector<parts> got;
    bool marked = false;
    while (got.size() < expected.size() || !marked) {
      parts const m = co_await next(router);
      if (m == parts{"B", "marker"})
        marked = true;
      else
        got.push_back(m);
    }
    REQUIRE((got == expected));
    REQUIRE_FALSE(router.try_recv());
  });
}

TEST_CASE("ROUTER_NOTIFY is silent about a failed handshake, and a half received message is not part of it")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    router.set_option(option::router_notify{option::notify::both});
    std::string const bound = router.bind("tcp://127.0.0.1:*");
    raw_peer stranger{io};
    co_await stranger.connect(bound);
    co_await stranger.write(std::string_view{"not-a-handshake"});
    co_await stranger.wait_closed();
    raw_peer peer{io};
    co_await peer.connect(bound);
    co_await peer.handshake("DEALER", "A");
    co_await peer.write(frame_octets("whole") + frame_octets("first half", true));
    parts got = co_await next(router);
    REQUIRE((got == parts{"A", ""}));
    got = co_await next(router);
    REQUIRE((got == parts{"A", "whole"}));
    peer.close();
    got = co_await next(router);
    REQUIRE((got == parts{"A", ""}));
    REQUIRE_FALSE(router.try_recv());
  });
}

TEST_CASE("ROUTER_NOTIFY DISCONNECT_MSG a closed ROUTER is told of no disconnect, which nobody would read")
{
  std::string const any = every_transport();
  asio::io_context io;
  cozmq::context ctx{io};
  run_test(io, [](cozmq::context& c, std::string where) -> asio::awaitable<void> {
    router_socket router{c};
    dealer_socket dealer{c};
    router.set_option(option::router_notify{option::notify::both});
    router.set_option(option::disconnect_message{"gone"});
    router.set_option(option::linger{option::linger::forever});
    join(router, dealer, where);
    co_await router.wait_connected();
    co_await dealer.wait_connected();
  }(ctx, any));
  io.restart();
  io.run_for(default_bound);
  REQUIRE(io.stopped());  // nothing is left to wait for
}

TEST_CASE("PROBE_ROUTER an empty message announces a REQ, a DEALER or a ROUTER before what it has queued")
{
  std::string const any = every_transport();
  bool const binds = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    dealer_socket dealer{ctx};
    dealer.set_option(option::probe_router{true});
    dealer.set_option(option::hello_message{cozmq::message{"hel", "lo"}});
    name(dealer, "A");
    if (!binds)
      dealer.connect(router.bind(any));
    else
      router.connect(dealer.bind(any));
    co_await dealer.send("queued");
    for (parts const& expected : {parts{"A", ""}, parts{"A", "hel", "lo"}, parts{"A", "queued"}}) {
      parts const got = co_await next(router);
      REQUIRE((got == expected));
    }
    req_socket req{ctx};
    name(req, "R");
    req.set_option(option::probe_router{true});
    router_socket other{ctx};
    name(other, "O");
    other.set_option(option::probe_router{true});
    std::string const second = router.bind(any.starts_with("inproc") ? "inproc://second" : any);
    req.connect(second);
    parts got = co_await next(router);
    REQUIRE((got == parts{"R", ""}));
    other.connect(second);
    got = co_await next(router);
    REQUIRE((got == parts{"O", ""}));
    co_await router.send("O", "found");
    got = co_await next(other);
    REQUIRE(got.back() == "found");
  });
}

TEST_CASE("CONNECT_ROUTING_ID two ROUTERs talk at once, whatever the bound one is called")
{
  std::string const any = every_transport();
  bool const named = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket bound{ctx};
    router_socket connecting{ctx};
    if (named) {
      name(bound, "X");
      name(connecting, "Y");
    }
    connecting.set_option(option::router_mandatory{true});
    connecting.set_option(option::connect_routing_id{"conn1"});
    std::string const endpoint = join(bound, connecting, any);
    REQUIRE(connecting.get_option<option::connect_routing_id>().value.empty());
    REQUIRE_FALSE(try_send(connecting, {"conn1", "hi"}));
    parts got = co_await next(bound);
    REQUIRE(got.size() == 2);
    REQUIRE((named ? got[0] == "Y" : got[0].size() == 5 && got[0][0] == '\0'));
    REQUIRE(got[1] == "hi");
    co_await bound.send(got[0], "ok");
    got = co_await next(connecting);
    REQUIRE((got == parts{"conn1", "ok"}));

    connecting.set_option(option::connect_routing_id{"conn1"});
    std::error_code ec;
    connecting.connect(endpoint, ec);
    REQUIRE(ec == cozmq::errc::duplicate_routing_id);
  });
}

TEST_CASE("CONNECT_ROUTING_ID a ROUTER's own name for a peer, and what is queued for it, survive a reconnect")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    router_socket router{ctx};
    router.set_option(option::reconnect_interval{5ms});
    router.set_option(option::router_mandatory{true});
    bool const chosen = GENERATE(true, false);
    if (chosen)
      router.set_option(option::connect_routing_id{"mine"});
    router.connect(address.endpoint());
    std::string id;
    for (int i = 0; i < 3; ++i) {
      raw_peer peer = co_await address.accept();
      co_await peer.handshake("DEALER", i == 0 || chosen ? "" : "another name");
      if (i > 0) {
        auto const frame = co_await peer.read_frame();
        REQUIRE(cozmq::as_text(frame.second) == "queued");
      }
      co_await peer.write(frame_octets("hello"));
      parts const got = co_await next(router);
      REQUIRE((i == 0 || got[0] == id));
      REQUIRE((!chosen || got[0] == "mine"));
      id = got[0];
      peer.close();
      co_await until(io, [&] { return router.connected_peers() == 0; });
      REQUIRE_FALSE(try_send(router, {id, "queued"}));
    }
    router.set_option(option::linger{0ms});
  });
}

TEST_CASE(
    "HELLO_MSG DISCONNECT_MSG a ROUTER hears of peers that come and go, in their own words and in its own")
{
  std::string const any = every_transport();
  bool const by_disconnect = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    router.set_option(option::disconnect_message{cozmq::message{"", "D"}});
    router.set_option(option::hello_message{"welcome"});
    auto dealer = std::make_unique<dealer_socket>(ctx);
    dealer->set_option(option::hello_message{"H"});
    name(*dealer, "A");
    std::string const bound = join(router, *dealer, any);
    parts got = co_await next(router);
    REQUIRE((got == parts{"A", "H"}));
    got = co_await next(*dealer);
    REQUIRE((got == parts{"welcome"}));
    if (by_disconnect)
      dealer->disconnect(bound);
    else
      dealer.reset();
    got = co_await next(router);
    REQUIRE((got == parts{"A", "", "D"}));
  });
}

TEST_CASE("HELLO_MSG HICCUP_MSG a DEALER says hello on each connection and hears of each that is lost")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    dealer_socket dealer{ctx};
    dealer.set_option(option::reconnect_interval{5ms});
    dealer.set_option(option::hello_message{"HELLO"});
    dealer.set_option(option::hiccup_message{"HICCUP"});
    dealer.connect(address.endpoint());
    co_await dealer.send("queued");
    for (int i = 0; i < 3; ++i) {
      raw_peer server = co_await address.accept();
      co_await server.handshake("ROUTER");
      for (std::string expected : {"HELLO", "queued"}) {
        if (i > 0 && expected == "queued")
          continue;
        auto const frame = co_await server.read_frame();
        REQUIRE(cozmq::as_text(frame.second) == expected);
      }
      co_await server.write(frame_octets("last words"));
      co_await server.ping();
      server.close();
      std::string text = co_await text_from(dealer);
      REQUIRE(text == "last words");
      text = co_await text_from(dealer);
      REQUIRE(text == "HICCUP");
    }
    REQUIRE_FALSE(dealer.try_recv());
  });
}

TEST_CASE("S32 S33 a DEALER sends to its peers in turn and receives from them in turn, in any order")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*", "inproc://");
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    dealer_socket dealer{ctx};
    std::vector<rep_socket> servers;
    servers.reserve(3);
    for (std::string id : {"A", "B", "C"})
      join(servers.emplace_back(ctx), dealer, any == "inproc://" ? any + id : any);
    co_await dealer.wait_connected(3);
    for (int i = 0; i < 6; ++i)
      co_await dealer.send("", std::to_string(i));
    for (std::size_t i = 0; i < 6; ++i) {
      std::string const text = co_await text_from(servers[i % 3]);
      REQUIRE(text == std::to_string(i));
      co_await servers[i % 3].send(std::string(1, static_cast<char>('A' + i % 3)));
    }
    std::string all;
    for (int i = 0; i < 6; ++i)
      all += (co_await next(dealer)).back();
    std::ranges::sort(all);
    REQUIRE(all == "AABBCC");
  });
}

TEST_CASE("S34 B36 between two DEALERs nothing is dropped: what finds no room waits")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    dealer_socket from{ctx};
    dealer_socket to{ctx};
    from.set_option(option::send_hwm{3});
    to.set_option(option::receive_hwm{2});
    cozmq::message early{"nobody there"};
    REQUIRE_FALSE(from.try_send(early));
    join(to, from, any);
    constexpr int count = 5000;
    bool done = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          for (int i = 0; i < count; ++i)
            co_await from.send(std::to_string(i), std::string(1000, 'x'));
          done = true;
        },
        asio::detached);
    co_await turns(io);
    REQUIRE_FALSE(done);
    for (int i = 0; i < count; ++i) {
      parts const got = co_await next(to);
      REQUIRE(got[0] == std::to_string(i));
    }
  });
}

TEST_CASE("S35 S42 B36 a REQ takes no reply without a delimiter, a REP no request")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    req_socket req{ctx};
    name(req, "R");
    req.set_option(option::reconnect_interval{5ms});
    std::string const bound = join(router, req, any);
    co_await req.send("q");
    parts got = co_await next(router);
    REQUIRE((got == parts{"R", "", "q"}));
    if (any.starts_with("inproc"))
      co_await router.send("R", "no delimiter");
    co_await router.send("R", "", "r");
    got = co_await next(req);
    REQUIRE((got == parts{"r"}));

    rep_socket rep{ctx};
    dealer_socket dealer{ctx};
    join(rep, dealer, any.starts_with("inproc") ? "inproc://rep" : any);
    co_await dealer.send("no delimiter");
    co_await dealer.send("", "with one");
    std::string const text = co_await text_from(rep);
    REQUIRE(text == "with one");
  });
}

TEST_CASE("S29 a reply finds its way back through two brokers of ours")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*", "inproc://");
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    auto const at = [&](std::string const& id) { return any == "inproc://" ? any + id : any; };
    req_socket client{ctx};
    router_socket outer_front{ctx};
    dealer_socket outer_back{ctx};
    router_socket inner_front{ctx};
    dealer_socket inner_back{ctx};
    rep_socket server{ctx};
    join(outer_front, client, at("1"));
    join(inner_front, outer_back, at("2"));
    join(inner_back, server, at("3"));
    auto const forward = [&](auto& from, auto& to) {
      asio::co_spawn(
          io,
          [&from, &to]() -> asio::awaitable<void> {
            for (;;) {
              cozmq::message m = co_await from.recv();
              co_await to.send(std::move(m));
            }
          },
          asio::detached);
    };
    forward(outer_front, outer_back);
    forward(inner_front, inner_back);
    forward(inner_back, inner_front);
    forward(outer_back, outer_front);
    for (parts const& body : {parts{"q"}, parts{"", ""}, parts{"a", "", "b"}}) {
      co_await client.send(to_message(body));
      parts got = co_await next(server);
      REQUIRE((got == body));
      co_await server.send(to_message(got));
      got = co_await next(client);
      REQUIRE((got == body));
    }
    outer_front.close();
    inner_front.close();
    inner_back.close();
    outer_back.close();
    co_await turns(io, 10);
  });
}

TEST_CASE("B32 a hundred short-lived DEALERs are found by their names, as soon as they are connected")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    router.set_option(option::router_mandatory{true});
    std::string const bound = router.bind(any);
    for (int i = 0; i < 100; ++i) {
      dealer_socket dealer{ctx};
      name(dealer, "peer " + std::to_string(i));
      dealer.connect(bound);
      co_await router.wait_connected();
      co_await router.send("peer " + std::to_string(i), "hello");
      std::string const text = co_await text_from(dealer);
      REQUIRE(text == "hello");
      dealer.close();
      co_await until(io, [&] { return router.connected_peers() == 0; });
    }
  });
}

TEST_CASE("B32 one ROUTER serves 2000 DEALERs")
{
  constexpr std::size_t count = 2'000;
  if (!allow_descriptors(2 * count + 200)) {
    WARN("skipped: this needs " << 2 * count + 200 << " descriptors, see ulimit -n");
    return;
  }
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    std::string const bound = router.bind("tcp://127.0.0.1:*");
    std::vector<dealer_socket> dealers;
    for (std::size_t i = 0; i < count; ++i) {
      dealers.emplace_back(ctx);
      dealers.back().connect(bound);
      co_await dealers.back().send(std::to_string(i));
    }
    for (std::size_t i = 0; i < count; ++i) {
      cozmq::message m = co_await router.recv();
      co_await router.send(m);
    }
    REQUIRE(router.connected_peers() == count);
    for (std::size_t i = 0; i < count; ++i) {
      std::string const text = co_await text_from(dealers[i]);
      REQUIRE(text == std::to_string(i));
    }
    dealers.clear();
    co_await until(io, [&] { return router.connected_peers() == 0; });
  });
}
