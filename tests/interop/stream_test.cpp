// STREAM with libzmq's STREAM, both ways round.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>

using namespace cozmq::test;
using cozmq::stream_socket;
namespace option = cozmq::option;

namespace {

void check(bool holds, char const* what)
{
  if (!holds)
    throw std::runtime_error{what};
}

// Bytes of which none repeats soon.
std::string noise(std::size_t size)
{
  std::string result(size, '\0');
  std::uint32_t state = 7;
  for (char& c : result) {
    state = state * 1'664'525 + 1'013'904'223;
    c = static_cast<char>(state >> 24);
  }
  return result;
}

// What libzmq's side does: sends a lot, reads it back, and makes the end or sees it. A connection that it ends is closed
// in some later call, if there is one.
void talk(libzmq_peer& peer, std::string const& all, bool ends, std::atomic<bool> const& over)
{
  parts const opened = peer.receive();
  check(opened.size() == 2 && opened[1].empty(), "no notice of the connection");
  std::string const id = opened[0];
  for (std::size_t at = 0; at < all.size(); at += 100'000)
    peer.send({id, all.substr(at, 100'000)});
  std::string back;
  while (back.size() < all.size()) {
    parts const piece = peer.receive();
    check(piece.size() == 2 && piece[0] == id && !piece[1].empty(), "not a piece of the echo");
    back += piece[1];
  }
  check(back == all, "the echo is another");
  if (!ends)
    return check(peer.receive() == parts{id, ""}, "no notice of the end");
  peer.send({id, ""});
  while (!over) {
    peer.events();
    std::this_thread::yield();
  }
}

// What ours does: echoes `size` bytes of the first connection.
asio::awaitable<std::string> echo(stream_socket& socket, std::size_t size)
{
  cozmq::message const opened = co_await socket.recv();
  REQUIRE(opened.size() == 2);
  REQUIRE(opened[1].empty());
  for (std::size_t echoed = 0; echoed < size;) {
    cozmq::message piece = co_await socket.recv();
    REQUIRE(piece[0] == opened[0]);
    REQUIRE_FALSE(piece[1].empty());
    echoed += piece[1].size();
    co_await socket.send(std::move(piece));
  }
  co_return opened[0].str();
}

}  // namespace

TEST_CASE("5.7 STREAM interop: libzmq's connects to ours, either ends the connection")
{
  bool const libzmq_ends = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const all = noise(3'000'001);
    stream_socket server{ctx};
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    std::atomic<bool> over = false;
    libzmq_peer peer{ZMQ_STREAM};
    peer_thread thread{io, [&] {
                         peer.connect(endpoint);
                         talk(peer, all, libzmq_ends, over);
                       }};
    std::string const id = co_await echo(server, all.size());
    if (libzmq_ends) {
      cozmq::message const ended = co_await server.recv();
      REQUIRE(ended[0].str() == id);
      REQUIRE(ended[1].empty());
      over = true;
    } else {
      co_await server.send(id, "");
    }
    co_await thread.join();
  });
}

TEST_CASE("5.7 STREAM interop: ours connects to libzmq's, either ends the connection")
{
  bool const libzmq_ends = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    captured_log quiet;
    std::string const all = noise(3'000'001);
    std::atomic<bool> over = false;
    libzmq_peer peer{ZMQ_STREAM};
    std::string const endpoint = peer.bind("tcp://127.0.0.1:*");
    peer_thread thread{io, [&] { talk(peer, all, libzmq_ends, over); }};
    stream_socket client{ctx};
    client.set_option(option::connect_routing_id{"libzmq"});
    client.connect(endpoint);
    std::string const id = co_await echo(client, all.size());
    REQUIRE(id == "libzmq");
    if (libzmq_ends) {
      // Gone and, since it still listens, back: one notice each.
      for (int i = 0; i < 2; ++i) {
        cozmq::message const notice = co_await client.recv();
        REQUIRE(notice[0].str() == id);
        REQUIRE(notice[1].empty());
      }
      over = true;
    } else {
      co_await client.send(id, "");
    }
    co_await thread.join();
  });
}
