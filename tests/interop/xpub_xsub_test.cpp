// XPUB and XSUB with every libzmq socket that fits, over tcp and ipc, whichever side binds.
#include "interop/pairing.hpp"
#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <string>
#include <vector>

using namespace cozmq::test;
using namespace std::string_literals;

namespace {

template <typename Socket>
asio::awaitable<parts> parts_from(Socket& ours)
{
  cozmq::message const received = co_await ours.recv();
  co_return to_parts(received);
}

// Our XSUB or SUB has just subscribed to everything.
template <typename Socket>
asio::awaitable<void> receive_samples(Socket& ours)
{
  for (parts const& sample : samples()) {
    parts const received = co_await parts_from(ours);
    REQUIRE((received == sample));
  }
}

}  // namespace

TEST_CASE("B56 S13 S15 XPUB publishes to a libzmq SUB and hears of its subscriptions")
{
  auto const how = every_pairing();
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::xpub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_SUB};
    join(ours, theirs, how);
    theirs.set(ZMQ_SUBSCRIBE, "");
    std::vector<parts> received;
    peer_thread reading{io, [&] { received = theirs.receive(samples().size()); }};
    parts notice = co_await parts_from(ours);
    REQUIRE((notice == parts{"\1"}));
    for (parts const& sample : samples())
      co_await ours.send(to_message(sample));
    co_await reading.join();
    REQUIRE((received == samples()));
    theirs.set(ZMQ_UNSUBSCRIBE, "");
    notice = co_await parts_from(ours);
    REQUIRE((notice == parts{"\0"s}));
    theirs.set(ZMQ_SUBSCRIBE, "again");
    notice = co_await parts_from(ours);
    REQUIRE((notice == parts{"\1again"}));
    theirs.kill();
    notice = co_await parts_from(ours);
    REQUIRE((notice == parts{"\0again"s}));
  };
  run_test(io, test());
}

TEST_CASE("B56 S14 XPUB publishes to a libzmq XSUB and receives what its application sends")
{
  auto const how = every_pairing();
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::xpub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_XSUB};
    join(ours, theirs, how);
    theirs.send({"\1"});
    std::vector<parts> received;
    peer_thread there{io, [&] {
                        received = theirs.receive(1);
                        theirs.send({"user", "", "message"});
                        theirs.send({"\1topic"});
                        theirs.send({"\0topic"s});
                        for (parts const& each : theirs.receive(samples().size()))
                          received.push_back(each);
                      }};
    parts notice = co_await parts_from(ours);
    REQUIRE((notice == parts{"\1"}));
    co_await ours.send("connected");  // without a connection it would drop what it sends
    for (parts const& expected : {parts{"user", "", "message"}, parts{"\1topic"}, parts{"\0topic"s}}) {
      notice = co_await parts_from(ours);
      REQUIRE((notice == expected));
    }
    for (parts const& sample : samples())
      co_await ours.send(to_message(sample));
    co_await there.join();
    REQUIRE((received.front() == parts{"connected"}));
    received.erase(received.begin());
    REQUIRE((received == samples()));
  };
  run_test(io, test());
}

TEST_CASE("B56 S18 XSUB subscribes at a libzmq XPUB, receives, and sends it messages")
{
  auto const how = every_pairing();
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::xsub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_XPUB};
    join(ours, theirs, how);
    co_await ours.wait_connected();
    co_await ours.send("\1");
    std::vector<parts> heard;
    peer_thread publishing{io, [&] {
                             heard = theirs.receive(1);
                             for (parts const& sample : samples())
                               theirs.send(sample);
                           }};
    co_await receive_samples(ours);
    co_await publishing.join();
    REQUIRE((heard == std::vector<parts>{{"\1"}}));
    peer_thread hearing{io, [&] { heard = theirs.receive(2); }};
    co_await ours.send("user", "", "message");
    co_await ours.send("last");
    co_await hearing.join();
    REQUIRE((heard == std::vector<parts>{{"user", "", "message"}, {"last"}}));
    peer_thread cancelled{io, [&] { heard = theirs.receive(1); }};
    co_await ours.send("\0"s);
    co_await cancelled.join();
    REQUIRE((heard == std::vector<parts>{{"\0"s}}));
  };
  run_test(io, test());
}

TEST_CASE("B56 B9 XSUB receives from a libzmq PUB, soon after wait_subscribed")
{
  auto const how = every_pairing();
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::xsub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_PUB};
    join(ours, theirs, how);
    ours.subscribe("A");
    co_await ours.wait_subscribed();
    // It applies the subscription in one of its next sends.
    std::atomic<bool> arrived = false;
    peer_thread publishing{io, [&] {
                             while (!arrived) {
                               theirs.send({"B not wanted"});
                               theirs.send({"A wanted", "body"});
                             }
                           }};
    parts const received = co_await parts_from(ours);
    arrived = true;
    REQUIRE((received == parts{"A wanted", "body"}));
    co_await publishing.join();
  };
  run_test(io, test());
}

TEST_CASE("2.4 XPUB_WELCOME_MSG a libzmq SUB gets our welcome, and our SUB that of a libzmq XPUB")
{
  bool const ours_publishes = GENERATE(true, false);
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    if (ours_publishes) {
      cozmq::xpub_socket ours{ctx};
      ours.set_option(cozmq::option::xpub_welcome_message{"Welcome"});
      libzmq_peer theirs{ZMQ_SUB};
      theirs.set(ZMQ_SUBSCRIBE, "W");
      theirs.connect(ours.bind("tcp://127.0.0.1:*"));
      parts received;
      peer_thread reading{io, [&] { received = theirs.receive(); }};
      co_await reading.join();
      REQUIRE((received == parts{"Welcome"}));
    } else {
      cozmq::sub_socket ours{ctx};
      libzmq_peer theirs{ZMQ_XPUB};
      theirs.set(ZMQ_XPUB_WELCOME_MSG, "Welcome");
      ours.subscribe("W");
      ours.connect(theirs.bind("tcp://127.0.0.1:*"));
      peer_thread hearing{io, [&] { theirs.receive(); }};  // it greets when its application calls it
      parts const received = co_await parts_from(ours);
      REQUIRE((received == parts{"Welcome"}));
      co_await hearing.join();
    }
  };
  run_test(io, test());
}
