// A second binding on the other end: the patterns with pyzmq, whichever side binds.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/parts.hpp"
#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace cozmq::test;

namespace {

// The SAMPLES of pyzmq_peer.py.
std::vector<parts> const& samples()
{
  static std::vector<parts> const all = [] {
    std::string every_byte(256, '\0');
    for (std::size_t i = 0; i < every_byte.size(); ++i)
      every_byte[i] = static_cast<char>(i);
    std::vector<parts> result;
    result.push_back({"Hello"});
    result.push_back({""});
    result.push_back({"na\xc3\xafve \xe2\x98\x83"});
    result.push_back({every_byte});
    result.push_back({std::string(3, '\0')});
    result.push_back({std::string(1'048'576, 'x')});
    result.push_back({"a", "", "c"});
    result.push_back({"", "", ""});
    return result;
  }();
  return all;
}

// Starts the peer and joins it to our socket.
template <typename Socket>
asio::awaitable<void> start(Socket& ours, std::optional<child_process>& peer, asio::io_context& io,
                            std::string type, bool we_bind)
{
  std::string const script = COZMQ_TEST_SOURCE_DIR "/interop/pyzmq_peer.py";
  std::string endpoint = we_bind ? ours.bind("tcp://127.0.0.1:*") : "tcp://127.0.0.1:*";
  std::vector<std::string> command{COZMQ_TEST_PYTHON, script, type, we_bind ? "connect" : "bind", endpoint};
  peer.emplace(io, std::move(command));
  endpoint = co_await peer->read_line();
  REQUIRE_FALSE(endpoint.empty());
  if (!we_bind)
    ours.connect(endpoint);
}

template <typename Socket>
asio::awaitable<void> send_samples(Socket& ours)
{
  for (parts const& sample : samples())
    co_await ours.send(to_message(sample));
}

template <typename Socket>
asio::awaitable<void> expect_samples(Socket& ours)
{
  for (parts const& sample : samples()) {
    cozmq::message received = co_await ours.recv();
    REQUIRE((to_parts(received) == sample));
  }
}

template <typename Socket>
asio::awaitable<void> ask(Socket& ours)
{
  for (parts const& sample : samples()) {
    co_await ours.send(to_message(sample));
    cozmq::message reply = co_await ours.recv();
    REQUIRE((to_parts(reply) == sample));
  }
}

template <typename Socket>
asio::awaitable<void> echo(Socket& ours)
{
  for (parts const& sample : samples()) {
    cozmq::message request = co_await ours.recv();
    REQUIRE((to_parts(request) == sample));
    co_await ours.send(std::move(request));
  }
}

// Runs our side with a pyzmq peer of `type`, which has to end well.
template <typename Socket, typename Converse>
void converse_with(std::string const& type, Converse converse)
{
  bool const we_bind = GENERATE(true, false);
  asio::io_context io;
  cozmq::context ctx{io};
  Socket ours{ctx};
  std::optional<child_process> peer;
  auto test = [&]() -> asio::awaitable<void> {
    co_await start(ours, peer, io, type, we_bind);
    co_await converse(ours, *peer);
    int const status = co_await peer->wait();
    REQUIRE(status == 0);
  };
  run_test(io, test());
}

}  // namespace

TEST_CASE("B4 a text of five characters arrives from pyzmq with five bytes")
{
  auto converse = [](cozmq::pull_socket& ours, child_process&) -> asio::awaitable<void> {
    cozmq::message received = co_await ours.recv();
    REQUIRE(received.size() == 1);
    REQUIRE(received[0].size() == 5);
    REQUIRE(received[0] == "Hello");
    for (std::size_t i = 1; i < samples().size(); ++i)
      co_await ours.recv();
  };
  converse_with<cozmq::pull_socket>("PUSH", converse);
}

TEST_CASE("B56 PUSH sends to a pyzmq PULL, whichever side binds")
{
  auto converse = [](cozmq::push_socket& ours, child_process&) { return send_samples(ours); };
  converse_with<cozmq::push_socket>("PULL", converse);
}

TEST_CASE("B56 PULL receives from a pyzmq PUSH, whichever side binds")
{
  auto converse = [](cozmq::pull_socket& ours, child_process&) { return expect_samples(ours); };
  converse_with<cozmq::pull_socket>("PUSH", converse);
}

TEST_CASE("B56 PUB sends to a pyzmq SUB, whichever side binds")
{
  auto converse = [](cozmq::pub_socket& ours, child_process&) -> asio::awaitable<void> {
    co_await ours.wait_subscribers("");
    co_await send_samples(ours);
  };
  converse_with<cozmq::pub_socket>("SUB", converse);
}

TEST_CASE("B56 SUB receives from a pyzmq PUB, whichever side binds")
{
  auto converse = [](cozmq::sub_socket& ours, child_process& peer) -> asio::awaitable<void> {
    ours.subscribe("");
    cozmq::message received = co_await ours.recv();
    REQUIRE(received[0] == "sync");
    co_await peer.write_line("go");
    while (received.size() == 1 && received[0] == "sync")
      received = co_await ours.recv();
    REQUIRE((to_parts(received) == samples()[0]));
    for (std::size_t i = 1; i < samples().size(); ++i) {
      received = co_await ours.recv();
      REQUIRE((to_parts(received) == samples()[i]));
    }
  };
  converse_with<cozmq::sub_socket>("PUB", converse);
}

TEST_CASE("B56 REQ asks a pyzmq REP, whichever side binds")
{
  auto converse = [](cozmq::req_socket& ours, child_process&) { return ask(ours); };
  converse_with<cozmq::req_socket>("REP", converse);
}

TEST_CASE("B56 REP answers a pyzmq REQ, whichever side binds")
{
  auto converse = [](cozmq::rep_socket& ours, child_process&) { return echo(ours); };
  converse_with<cozmq::rep_socket>("REQ", converse);
}

TEST_CASE("B56 PAIR talks with a pyzmq PAIR both ways, whichever side binds")
{
  auto converse = [](cozmq::pair_socket& ours, child_process&) { return echo(ours); };
  converse_with<cozmq::pair_socket>("PAIR", converse);
}
