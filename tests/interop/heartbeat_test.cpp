// Heartbeats between us and libzmq: both sides ask and answer, and neither gives up a peer that is alive.
#include "interop/pairing.hpp"
#include "support/catch.hpp"
#include "support/libzmq_monitor.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <chrono>

using namespace cozmq::test;
using namespace std::chrono_literals;

namespace {

// Time for many rounds of PING and PONG, and for a timeout if one side did not answer.
constexpr std::chrono::milliseconds quiet_time{1000};

template <typename Socket>
void enable_heartbeats(Socket& ours)
{
  ours.set_option(cozmq::option::heartbeat_interval{50ms});
  ours.set_option(cozmq::option::heartbeat_timeout{400ms});
  ours.set_option(cozmq::option::heartbeat_ttl{400ms});
}

void enable_heartbeats(libzmq_peer& theirs)
{
  theirs.set(ZMQ_HEARTBEAT_IVL, 50);
  theirs.set(ZMQ_HEARTBEAT_TIMEOUT, 400);
  theirs.set(ZMQ_HEARTBEAT_TTL, 400);
}

// One exchange, nothing but heartbeats for a while without a disconnection, another exchange.
asio::awaitable<void> stay_connected(asio::io_context& io, cozmq::pair_socket& ours, libzmq_peer& theirs)
{
  libzmq_monitor monitor{theirs, ZMQ_EVENT_DISCONNECTED};
  bool disconnected = false;
  peer_thread other{io, [&] {
                      theirs.send(theirs.receive());
                      disconnected = monitor.wait(quiet_time);
                      theirs.send(theirs.receive());
                    }};
  for (int i = 0; i < 2; ++i) {
    co_await ours.send("still there?");
    cozmq::message reply = co_await ours.recv();
    REQUIRE(reply[0] == "still there?");
  }
  co_await other.join();
  REQUIRE_FALSE(disconnected);
}

}  // namespace

TEST_CASE("heartbeats on both sides keep a quiet connection to libzmq")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pair_socket ours{ctx};
  libzmq_peer theirs{ZMQ_PAIR};
  enable_heartbeats(ours);
  enable_heartbeats(theirs);
  join(ours, theirs, every_pairing());
  run_test(io, stay_connected(io, ours, theirs));
}

TEST_CASE("a libzmq peer with heartbeats keeps its connection to us, who ask for none")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pair_socket ours{ctx};
  libzmq_peer theirs{ZMQ_PAIR};
  enable_heartbeats(theirs);
  join(ours, theirs, every_pairing());
  run_test(io, stay_connected(io, ours, theirs));
}

TEST_CASE("our heartbeats keep a connection to a libzmq peer that asks for none")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pair_socket ours{ctx};
  libzmq_peer theirs{ZMQ_PAIR};
  enable_heartbeats(ours);
  join(ours, theirs, every_pairing());
  run_test(io, stay_connected(io, ours, theirs));
}
