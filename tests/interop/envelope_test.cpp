// What is in front of a request, with libzmq on the way: delimiters, and the ids of brokers.
#include "interop/echo.hpp"
#include "interop/pairing.hpp"
#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <utility>

using namespace cozmq::test;

namespace {

asio::awaitable<void> answer_one(cozmq::rep_socket& ours, peer_thread& theirs)
{
  cozmq::message request = co_await ours.recv();
  REQUIRE((to_parts(request) == parts{"with", "delimiter"}));
  co_await ours.send("done");
  co_await theirs.join();
}

}  // namespace

TEST_CASE("S29 B56 REP answers a libzmq DEALER and keeps its envelope, whichever side binds")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::rep_socket ours{ctx};
  libzmq_peer theirs{ZMQ_DEALER};
  join(ours, theirs, every_pairing());
  parts const envelope = parts{"hop 1", "hop 2", ""};
  peer_thread client{io, [&] { ask(theirs, envelope); }};
  run_test(io, echo(ours, client));
}

TEST_CASE("S35 REP drops what a libzmq DEALER sends without a delimiter and goes on")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::rep_socket ours{ctx};
  libzmq_peer theirs{ZMQ_DEALER};
  join(ours, theirs, every_pairing());

  parts answer;
  peer_thread client{io, [&] {
                       theirs.send({"no delimiter"});
                       theirs.send({"", "with", "delimiter"});
                       answer = theirs.receive();
                     }};
  run_test(io, answer_one(ours, client));
  REQUIRE((answer == parts{"", "done"}));
}

TEST_CASE("S29 a reply finds its way back through two libzmq brokers")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::rep_socket server{ctx};
  cozmq::req_socket client{ctx};
  libzmq_peer outer_front{ZMQ_ROUTER};
  libzmq_peer outer_back{ZMQ_DEALER};
  libzmq_peer inner_front{ZMQ_ROUTER};
  libzmq_peer inner_back{ZMQ_DEALER};
  client.connect(outer_front.bind("tcp://127.0.0.1:*"));
  outer_back.connect(inner_front.bind("tcp://127.0.0.1:*"));
  server.connect(inner_back.bind("tcp://127.0.0.1:*"));

  peer_thread brokers{io, [&] {
                        for (std::size_t i = 0; i < samples().size(); ++i) {
                          outer_back.send(outer_front.receive());
                          inner_back.send(inner_front.receive());
                          inner_front.send(inner_back.receive());
                          outer_front.send(outer_back.receive());
                        }
                      }};
  peer_thread nobody{io, [] {}};
  asio::co_spawn(io, echo(server, nobody), [](std::exception_ptr failure) {
    if (failure)
      std::rethrow_exception(failure);
  });
  run_test(io, ask(client, brokers));
}

TEST_CASE("2.4 METADATA 2.6 libzmq reads our application's properties, and we what it tells of itself")
{
  pairing const how = every_pairing();
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::rep_socket ours{ctx};
  ours.set_option(cozmq::option::metadata{"X-hello", "world"});
  ours.set_option(cozmq::option::receive_metadata{true});
  libzmq_peer theirs{ZMQ_REQ};
  theirs.set(ZMQ_ROUTING_ID, "them");
  join(ours, theirs, how);
  peer_thread asks{io, [&theirs] {
                     theirs.send({"question"});
                     if (theirs.receive_property("X-hello") != "world")
                       throw std::runtime_error{"our property did not arrive"};
                   }};
  run_test(io, [](cozmq::rep_socket& rep, peer_thread& peer, bool tcp) -> asio::awaitable<void> {
    cozmq::message const m = co_await rep.recv();
    REQUIRE(m.property("Socket-Type") == "REQ");
    REQUIRE(m.property("Routing-Id") == "them");
    REQUIRE(m.property("Peer-Address").value_or("") == (tcp ? "127.0.0.1" : ""));
    co_await rep.send("answer");
    co_await peer.join();
  }(ours, asks, how.any_address.starts_with("tcp")));
}
