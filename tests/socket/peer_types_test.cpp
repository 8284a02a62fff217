// Which socket types talk to which: every other one is refused, and the socket lives on.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <set>
#include <string>
#include <vector>

using namespace cozmq::test;

namespace {

using names = std::set<std::string>;

std::vector<std::string> const all_types{"PAIR",   "PUB",  "SUB",  "REQ",  "REP", "DEALER",
                                         "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"};

// The types that a handshake with `Socket` succeeds with; the others must be told why and dropped.
template <typename Socket>
names accepted_by()
{
  names accepted;
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    Socket socket{ctx};
    for (std::string const& type : all_types) {
      std::string const endpoint = socket.bind("tcp://127.0.0.1:*");  // each has so many lines in the log
      raw_peer peer{io};
      co_await peer.connect(endpoint);
      std::string const answer = co_await peer.handshake(type);
      if (answer.substr(0, 6) == "\x05READY") {
        accepted.insert(type);
        co_await until(io, [&] { return socket.connected_peers() == 1; });
        peer.close();
        co_await until(io, [&] { return socket.connected_peers() == 0; });
      } else {
        REQUIRE(answer.substr(0, 6) ==
                "\x05"
                "ERROR");
        co_await peer.wait_closed();
        REQUIRE(log.count(type) > 0);
      }
      REQUIRE(socket.is_open());
    }
  });
  return accepted;
}

template <typename Bound, typename Connecting>
std::error_code inproc_between()
{
  asio::io_context io;
  cozmq::context ctx{io};
  Bound bound{ctx};
  Connecting connecting{ctx};
  bound.bind("inproc://a");
  std::error_code ec;
  connecting.connect("inproc://a", ec);
  return ec;
}

}  // namespace

TEST_CASE("S1 B36 PUB talks to SUB and XSUB only")
{
  REQUIRE((accepted_by<cozmq::pub_socket>() == names{"SUB", "XSUB"}));
}

TEST_CASE("S7 B36 SUB talks to PUB and XPUB only")
{
  REQUIRE((accepted_by<cozmq::sub_socket>() == names{"PUB", "XPUB"}));
}

TEST_CASE("S21 B36 REQ talks to REP and ROUTER only")
{
  REQUIRE((accepted_by<cozmq::req_socket>() == names{"REP", "ROUTER"}));
}

TEST_CASE("S26 B36 REP talks to REQ and DEALER only")
{
  REQUIRE((accepted_by<cozmq::rep_socket>() == names{"REQ", "DEALER"}));
}

TEST_CASE("S31 B36 DEALER talks to ROUTER, REP and DEALER only")
{
  REQUIRE((accepted_by<cozmq::dealer_socket>() == names{"ROUTER", "REP", "DEALER"}));
}

TEST_CASE("S36 B36 ROUTER talks to DEALER, REQ and ROUTER only")
{
  REQUIRE((accepted_by<cozmq::router_socket>() == names{"DEALER", "REQ", "ROUTER"}));
}

TEST_CASE("S43 B36 PUSH talks to PULL only")
{
  REQUIRE((accepted_by<cozmq::push_socket>() == names{"PULL"}));
}

TEST_CASE("S45 B36 PULL talks to PUSH only")
{
  REQUIRE((accepted_by<cozmq::pull_socket>() == names{"PUSH"}));
}

TEST_CASE("S46 B36 PAIR talks to PAIR only")
{
  REQUIRE((accepted_by<cozmq::pair_socket>() == names{"PAIR"}));
}

TEST_CASE("B36 over inproc an incompatible socket is refused by connect")
{
  REQUIRE(inproc_between<cozmq::push_socket, cozmq::push_socket>() == cozmq::errc::incompatible_peer);
  REQUIRE(inproc_between<cozmq::pub_socket, cozmq::pull_socket>() == cozmq::errc::incompatible_peer);
  REQUIRE(inproc_between<cozmq::rep_socket, cozmq::pair_socket>() == cozmq::errc::incompatible_peer);
  REQUIRE_FALSE(inproc_between<cozmq::pub_socket, cozmq::sub_socket>());
}

TEST_CASE("B36 over inproc an incompatible socket that connected first is logged, and the bound one lives on")
{
  captured_log log;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::push_socket odd{ctx};
    odd.connect("inproc://a");
    cozmq::push_socket bound{ctx};
    bound.bind("inproc://a");
    REQUIRE(log.lines.size() == 1);
    cozmq::pull_socket pull{ctx};
    pull.connect("inproc://a");
    co_await bound.send("still works");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "still works");
  });
}
