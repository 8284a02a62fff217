// What DEALER, ROUTER and REQ have options for, with libzmq on the other end. (All types with all: matrix_test.cpp.)
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
