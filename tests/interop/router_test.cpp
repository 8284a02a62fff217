// DEALER and ROUTER with every libzmq socket that fits, over tcp and ipc, whichever side binds.
#include "interop/echo.hpp"
#include "interop/pairing.hpp"
#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/run_test.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <stdexcept>
#include <string>

using namespace cozmq::test;
namespace option = cozmq::option;

namespace {

// Our socket and theirs, joined, under names that each knows the other by; `work` is their thread's.
template <typename Socket, typename Ours, typename Theirs>
void converse(int their_type, Ours our_part, Theirs their_part)
{
  asio::io_context io;
  cozmq::context ctx{io};
  Socket ours{ctx};
  libzmq_peer theirs{their_type};
  if constexpr (option::routing_id::applies_to(Socket::type()))
    ours.set_option(option::routing_id{"us"});
  theirs.set(ZMQ_ROUTING_ID, "them");
  // Who sends to a ROUTER's peer must know that it is there: whoever is asked first announces itself.
  if constexpr (option::probe_router::applies_to(Socket::type()))
    ours.set_option(option::probe_router{their_type == ZMQ_ROUTER});
  bool const we_route = Socket::type() == cozmq::socket_type::router;
  if (we_route)
    theirs.set(ZMQ_PROBE_ROUTER, 1);
  join(ours, theirs, every_pairing());
  peer_thread other{io, [&] {
                      if (their_type == ZMQ_ROUTER)
                        expect(theirs, {"us", ""});
                      their_part(theirs);
                    }};
  auto const all = [&]() -> asio::awaitable<void> {
    if (we_route) {
      cozmq::message const probe = co_await ours.recv();
      REQUIRE((to_parts(probe) == parts{"them", ""}));
    }
    co_await our_part(ours, other);
  };
  run_test(io, all());
}

// The calls of converse() for each direction; an envelope is what the socket shows before the sample.
template <typename Socket>
void we_ask(int their_type, parts envelope)
{
  converse<Socket>(
      their_type, [=](Socket& ours, peer_thread& other) { return ask(ours, other, envelope); },
      [](libzmq_peer& theirs) { echo(theirs); });
}

template <typename Socket>
void they_ask(int their_type, parts our_envelope, parts their_envelope)
{
  converse<Socket>(
      their_type, [=](Socket& ours, peer_thread& other) { return echo(ours, other, our_envelope); },
      [=](libzmq_peer& theirs) { ask(theirs, their_envelope); });
}

}  // namespace

TEST_CASE("B56 DEALER asks a libzmq DEALER, ROUTER and REP, whichever side binds")
{
  SECTION("DEALER")
  {
    we_ask<cozmq::dealer_socket>(ZMQ_DEALER, {});
  }
  SECTION("ROUTER")
  {
    we_ask<cozmq::dealer_socket>(ZMQ_ROUTER, {});
  }
  SECTION("REP, which needs the delimiter")
  {
    we_ask<cozmq::dealer_socket>(ZMQ_REP, {""});
  }
}

TEST_CASE("B56 DEALER answers a libzmq DEALER and ROUTER, whichever side binds")
{
  SECTION("DEALER")
  {
    they_ask<cozmq::dealer_socket>(ZMQ_DEALER, {}, {});
  }
  SECTION("ROUTER")
  {
    they_ask<cozmq::dealer_socket>(ZMQ_ROUTER, {}, {"us"});
  }
}

TEST_CASE("B56 ROUTER asks a libzmq DEALER and ROUTER, whichever side binds")
{
  SECTION("DEALER")
  {
    we_ask<cozmq::router_socket>(ZMQ_DEALER, {"them"});
  }
  SECTION("ROUTER")
  {
    we_ask<cozmq::router_socket>(ZMQ_ROUTER, {"them"});
  }
}

TEST_CASE("B56 ROUTER answers a libzmq DEALER, ROUTER and REQ, whichever side binds")
{
  SECTION("DEALER")
  {
    they_ask<cozmq::router_socket>(ZMQ_DEALER, {"them"}, {});
  }
  SECTION("ROUTER")
  {
    they_ask<cozmq::router_socket>(ZMQ_ROUTER, {"them"}, {"us"});
  }
  SECTION("REQ")
  {
    they_ask<cozmq::router_socket>(ZMQ_REQ, {"them", ""}, {});
  }
}

TEST_CASE("REQ_CORRELATE a libzmq REP, and a libzmq ROUTER, send the number back")
{
  int const type = GENERATE(ZMQ_REP, ZMQ_ROUTER);
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::req_socket ours{ctx};
  libzmq_peer theirs{type};
  ours.set_option(option::req_correlate{true});
  ours.set_option(option::req_relaxed{true});
  join(ours, theirs, every_pairing());
  peer_thread other{io, [&] { echo(theirs); }};
  run_test(io, ask(ours, other));
}

TEST_CASE("A17 S39 a libzmq DEALER that is killed is unreachable, its successor of the same name is not")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::router_socket ours{ctx};
    ours.set_option(option::router_mandatory{true});
    std::string const bound = ours.bind(any);
    for (int i = 0; i < 3; ++i) {
      libzmq_peer theirs{ZMQ_DEALER};
      theirs.set(ZMQ_ROUTING_ID, "A");
      theirs.connect(bound);
      co_await ours.wait_connected();
      co_await ours.send("A", "hello");
      peer_thread other{io, [&] { expect(theirs, {"hello"}); }};
      co_await other.join();
      theirs.kill();
      co_await until(io, [&] { return ours.connected_peers() == 0; });
      cozmq::message m{"A", "too late"};
      std::error_code ec;
      REQUIRE_FALSE(ours.try_send(m, ec));
      REQUIRE(ec == std::errc::host_unreachable);
    }
  });
}

TEST_CASE("CONNECT_ROUTING_ID our ROUTER and a libzmq one talk at once, whichever of them connects")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  bool const we_connect = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::router_socket ours{ctx};
    libzmq_peer theirs{ZMQ_ROUTER};
    if (we_connect) {
      ours.set_option(option::connect_routing_id{"chosen"});
      ours.connect(theirs.bind(any));
      co_await ours.send("chosen", "hi");
      peer_thread other{io, [&] {
                          parts got = theirs.receive();  // the name that libzmq gave us
                          if (got.size() != 2 || got[0].size() != 5 || got[1] != "hi")
                            throw std::runtime_error{"not our message"};
                          theirs.send({got[0], "ok"});
                        }};
      cozmq::message const reply = co_await ours.recv();
      REQUIRE((to_parts(reply) == parts{"chosen", "ok"}));
      co_await other.join();
    } else {
      theirs.set(ZMQ_CONNECT_ROUTING_ID, "chosen");
      theirs.connect(ours.bind(any));
      peer_thread other{io, [&] {
                          theirs.send({"chosen", "hi"});
                          expect(theirs, {"chosen", "ok"});
                        }};
      cozmq::message request = co_await ours.recv();
      REQUIRE(request[1] == "hi");
      request[1] = "ok";
      co_await ours.send(std::move(request));
      co_await other.join();
    }
  });
}
