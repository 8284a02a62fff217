// PUSH, PULL, PUB and SUB with every libzmq socket that fits, over tcp and ipc, whichever side binds.
#include "interop/pairing.hpp"
#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <string>
#include <vector>

using namespace cozmq::test;

namespace {

template <typename Socket>
asio::awaitable<void> send_samples(Socket& ours, peer_thread& theirs)
{
  for (parts const& sample : samples())
    co_await ours.send(to_message(sample));
  co_await theirs.join();
}

template <typename Socket>
asio::awaitable<void> receive_samples(Socket& ours, peer_thread& theirs)
{
  for (parts const& sample : samples()) {
    cozmq::message received = co_await ours.recv();
    REQUIRE((to_parts(received) == sample));
  }
  co_await theirs.join();
}

asio::awaitable<void> publish_samples(cozmq::pub_socket& ours, peer_thread& theirs)
{
  co_await ours.wait_subscribers("");
  co_await send_samples(ours, theirs);
}

// A libzmq PUB does not know when its subscriber is there: it repeats "sync" until the subscriber says so.
asio::awaitable<void> receive_published(cozmq::sub_socket& ours, std::promise<void>& in_sync,
                                        peer_thread& theirs)
{
  cozmq::message received = co_await ours.recv();
  REQUIRE(received[0] == "sync");
  in_sync.set_value();
  while (received.size() == 1 && received[0] == "sync")
    received = co_await ours.recv();
  for (std::size_t i = 0; i < samples().size(); ++i) {
    if (i != 0)
      received = co_await ours.recv();
    REQUIRE((to_parts(received) == samples()[i]));
  }
  co_await theirs.join();
}

}  // namespace

TEST_CASE("B56 PUSH sends to a libzmq PULL, whichever side binds")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::push_socket ours{ctx};
  libzmq_peer theirs{ZMQ_PULL};
  join(ours, theirs, every_pairing());

  std::vector<parts> received;
  peer_thread reader{io, [&] { received = theirs.receive(samples().size()); }};
  run_test(io, send_samples(ours, reader));
  REQUIRE((received == samples()));
}

TEST_CASE("B56 PULL receives from a libzmq PUSH, whichever side binds")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pull_socket ours{ctx};
  libzmq_peer theirs{ZMQ_PUSH};
  join(ours, theirs, every_pairing());

  peer_thread writer{io, [&] {
                       for (parts const& sample : samples())
                         theirs.send(sample);
                     }};
  run_test(io, receive_samples(ours, writer));
}

TEST_CASE("B56 PUB sends to a libzmq SUB, whichever side binds")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pub_socket ours{ctx};
  libzmq_peer theirs{ZMQ_SUB};
  theirs.set(ZMQ_SUBSCRIBE, "");
  join(ours, theirs, every_pairing());

  std::vector<parts> received;
  peer_thread reader{io, [&] { received = theirs.receive(samples().size()); }};
  run_test(io, publish_samples(ours, reader));
  REQUIRE((received == samples()));
}

TEST_CASE("B56 PUB sends to a libzmq XSUB, whichever side binds")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pub_socket ours{ctx};
  libzmq_peer theirs{ZMQ_XSUB};
  join(ours, theirs, every_pairing());

  std::vector<parts> received;
  peer_thread reader{io, [&] {
                       theirs.send({"\x01"});
                       received = theirs.receive(samples().size());
                     }};
  run_test(io, publish_samples(ours, reader));
  REQUIRE((received == samples()));
}

TEST_CASE("B56 SUB receives from a libzmq PUB, whichever side binds")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::sub_socket ours{ctx};
  ours.subscribe("");
  libzmq_peer theirs{ZMQ_PUB};
  join(ours, theirs, every_pairing());

  std::promise<void> in_sync;
  peer_thread writer{
      io, [&, subscribed = in_sync.get_future()] {
        auto const give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds{libzmq_timeout_ms};
        do
          theirs.send({"sync"});
        while (subscribed.wait_for(std::chrono::milliseconds{1}) != std::future_status::ready &&
               std::chrono::steady_clock::now() < give_up);
        for (parts const& sample : samples())
          theirs.send(sample);
      }};
  run_test(io, receive_published(ours, in_sync, writer));
}

TEST_CASE("B56 SUB receives from a libzmq XPUB, whichever side binds")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::sub_socket ours{ctx};
  ours.subscribe("");
  libzmq_peer theirs{ZMQ_XPUB};
  join(ours, theirs, every_pairing());

  parts subscription;
  peer_thread writer{io, [&] {
                       subscription = theirs.receive();
                       for (parts const& sample : samples())
                         theirs.send(sample);
                     }};
  run_test(io, receive_samples(ours, writer));
  REQUIRE((subscription == parts{"\x01"}));
}
