// Topics of every length and content, as commands of ZMTP 3.1 to and from libzmq.
#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <cstddef>
#include <string>
#include <vector>

using namespace cozmq::test;

TEST_CASE("a libzmq XPUB understands our subscriptions to topics of any length")
{
  // The command is 10 octets longer than the topic: its frame becomes a long one at 246.
  std::size_t const length =
      GENERATE(as<std::size_t>{}, 0, 1, 244, 245, 246, 250, 254, 255, 256, 257, 1000, 8192);
  std::string const topic = blob(length);
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::sub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_XPUB};
    ours.connect(theirs.bind("tcp://127.0.0.1:*"));
    ours.subscribe(topic);
    parts subscription;
    parts cancellation;
    peer_thread publishing{io, [&] {
                             subscription = theirs.receive();
                             theirs.send({topic + " update"});
                             cancellation = theirs.receive();
                           }};
    cozmq::message update = co_await ours.recv();
    REQUIRE(update[0].str() == topic + " update");
    ours.unsubscribe(topic);
    co_await publishing.join();
    REQUIRE((subscription == parts{'\1' + topic}));
    REQUIRE((cancellation == parts{'\0' + topic}));
  };
  run_test(io, test());
}

TEST_CASE("our PUB understands the subscriptions of a libzmq SUB to short and long topics")
{
  // libzmq 4.3.4 sends a broken command for topics of 246 to 255 octets: those are its own trouble.
  std::size_t const length = GENERATE(as<std::size_t>{}, 0, 1, 244, 245, 256, 257, 1000, 8192);
  std::string const topic = blob(length);
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::pub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_SUB};
    theirs.connect(ours.bind("tcp://127.0.0.1:*"));
    theirs.set(ZMQ_SUBSCRIBE, topic);
    co_await ours.wait_subscribers(topic);
    parts update;
    peer_thread reading{io, [&] { update = theirs.receive(); }};
    co_await ours.send(topic + " update");
    co_await reading.join();
    REQUIRE((update == parts{topic + " update"}));
  };
  run_test(io, test());
}

TEST_CASE("our PUB understands the raw subscription messages of a libzmq XSUB of any length")
{
  std::size_t const length = GENERATE(as<std::size_t>{}, 0, 1, 253, 254, 255, 256, 1000);
  std::string const topic = blob(length);
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::pub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_XSUB};
    theirs.connect(ours.bind("tcp://127.0.0.1:*"));
    theirs.send({'\1' + topic});
    co_await ours.wait_subscribers(topic);
    parts update;
    peer_thread reading{io, [&] { update = theirs.receive(); }};
    co_await ours.send(topic + " update");
    co_await reading.join();
    REQUIRE((update == parts{topic + " update"}));
  };
  run_test(io, test());
}

TEST_CASE("B5 a message that matches two of a libzmq SUB's filters is sent once")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::pub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_SUB};
    theirs.connect(ours.bind("tcp://127.0.0.1:*"));
    theirs.set(ZMQ_SUBSCRIBE, "a");
    theirs.set(ZMQ_SUBSCRIBE, "ab");
    theirs.set(ZMQ_SUBSCRIBE, "z");
    co_await ours.wait_subscribers("z");  // the last one: those before it have been read too
    std::vector<parts> received;
    peer_thread reading{io, [&] { received = theirs.receive(2); }};
    co_await ours.send("abc");
    co_await ours.send("b");
    co_await ours.send("z");
    co_await reading.join();
    REQUIRE((received == std::vector<parts>{{"abc"}, {"z"}}));
  };
  run_test(io, test());
}

TEST_CASE("B6 filters with any bytes, also NUL and 0xff, work with libzmq both ways")
{
  std::string const topic{"\0\xff\0", 3};
  std::string const other{"\0\xfe\0", 3};
  asio::io_context io;
  cozmq::context ctx{io};

  auto publish = [&]() -> asio::awaitable<void> {
    cozmq::pub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_SUB};
    theirs.connect(ours.bind("tcp://127.0.0.1:*"));
    theirs.set(ZMQ_SUBSCRIBE, topic);
    co_await ours.wait_subscribers(topic);
    parts update;
    peer_thread reading{io, [&] { update = theirs.receive(); }};
    co_await ours.send(other);
    co_await ours.send(topic + "1");
    co_await reading.join();
    REQUIRE((update == parts{topic + "1"}));
  };
  run_test(io, publish());

  auto subscribe = [&]() -> asio::awaitable<void> {
    cozmq::sub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_XPUB};
    ours.connect(theirs.bind("tcp://127.0.0.1:*"));
    ours.subscribe(topic);
    peer_thread publishing{io, [&] {
                             theirs.receive();
                             theirs.send({other});
                             theirs.send({topic + "1"});
                           }};
    cozmq::message update = co_await ours.recv();
    REQUIRE(update[0].str() == topic + "1");
    co_await publishing.join();
  };
  run_test(io, subscribe());
}

TEST_CASE("B8 a libzmq SUB that comes late gets what is published after its subscription, and nothing before")
{
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    cozmq::pub_socket ours{ctx};
    libzmq_peer theirs{ZMQ_SUB};
    std::string endpoint = ours.bind("tcp://127.0.0.1:*");
    co_await ours.send("too early");
    theirs.set(ZMQ_SUBSCRIBE, "");
    theirs.connect(endpoint);
    co_await ours.wait_subscribers("");
    parts update;
    peer_thread reading{io, [&] { update = theirs.receive(); }};
    co_await ours.send("in time");
    co_await reading.join();
    REQUIRE((update == parts{"in time"}));
  };
  run_test(io, test());
}
