// STREAM: plain TCP peers, each behind an id.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::as_text;
using cozmq::errc;
using cozmq::stream_socket;
namespace option = cozmq::option;

namespace {

std::string const any = "tcp://127.0.0.1:*";

asio::awaitable<parts> next(stream_socket& socket)
{
  cozmq::message const received = co_await socket.recv();
  co_return to_parts(received);
}

// The id of the next connection; a notice must come.
asio::awaitable<std::string> next_id(stream_socket& socket)
{
  parts const notice = co_await next(socket);
  REQUIRE(notice.size() == 2);
  REQUIRE(notice[1].empty());
  co_return notice[0];
}

// Bytes from `id`, as many as asked for, in however many messages.
asio::awaitable<std::string> bytes_from(stream_socket& socket, std::string id, std::size_t size)
{
  std::string result;
  while (result.size() < size) {
    parts const received = co_await next(socket);
    REQUIRE(received.size() == 2);
    REQUIRE(received[0] == id);
    REQUIRE_FALSE(received[1].empty());
    REQUIRE(received[1].size() <= 65'536);
    result += received[1];
  }
  co_return result;
}

asio::awaitable<std::string> text(raw_peer& peer, std::size_t size)
{
  octets const bytes = co_await peer.read(size);
  co_return std::string{as_text(bytes)};
}

asio::awaitable<void> expect_notice(stream_socket& socket, std::string id)
{
  std::string const from = co_await next_id(socket);
  REQUIRE(from == id);
}

asio::awaitable<void> expect(stream_socket& socket, std::string id, std::string bytes)
{
  std::string const received = co_await bytes_from(socket, id, bytes.size());
  bool const same = received == bytes;  // not printed: it may be megabytes
  REQUIRE(same);
}

asio::awaitable<void> expect(raw_peer& peer, std::string bytes)
{
  std::string const received = co_await text(peer, bytes.size());
  bool const same = received == bytes;
  REQUIRE(same);
}

std::error_code send_now(stream_socket& socket, parts const& from)
{
  std::error_code ec;
  cozmq::message m = to_message(from);
  bool const sent = socket.try_send(m, ec);
  REQUIRE(sent == !ec);
  REQUIRE((to_parts(m) == (sent ? parts{} : from)));
  return ec;
}

// Sends until the peer takes no more; returns what was accepted.
std::string fill(stream_socket& socket, std::string const& id, std::size_t size)
{
  std::string sent;
  for (unsigned char c = 0;; ++c) {
    std::string const piece(size, static_cast<char>(c));
    if (std::error_code const ec = send_now(socket, {id, piece}); ec) {
      REQUIRE(ec == errc::would_block);
      return sent;
    }
    sent += piece;
  }
}

// Bytes of which none repeats soon, so that a lost or swapped piece shows.
std::string noise(std::size_t size, std::uint32_t seed)
{
  std::string result(size, '\0');
  for (char& c : result) {
    seed = seed * 1'664'525 + 1'013'904'223;
    c = static_cast<char>(seed >> 24);
  }
  return result;
}

}  // namespace

TEST_CASE("5.7 a STREAM that listens serves HTTP: notice, request, response, close")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    std::string const endpoint = server.bind(any);
    raw_peer client{io};
    co_await client.connect(endpoint);
    std::string const id = co_await next_id(server);
    REQUIRE(id.size() == 5);
    REQUIRE(id[0] == '\0');
    co_await server.wait_connected();

    co_await client.write("GET / HTTP/1.0\r\n\r\n");
    co_await expect(server, id, "GET / HTTP/1.0\r\n\r\n");
    std::string const response = "HTTP/1.0 200 OK\r\n\r\nHello, World!";
    co_await server.send(id, "HTTP/1.0 200 OK\r\n\r\n", "Hello, World!");
    co_await server.send(id, "");
    co_await expect(client, response);
    co_await client.wait_closed();
    REQUIRE(send_now(server, {id, "more"}) == errc::host_unreachable);
  });
}

TEST_CASE("5.7 a STREAM that connects is a client: it knows its peer by the id it chose, before there is one")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener server{io};
    stream_socket client{ctx};
    client.set_option(option::connect_routing_id{"web"});
    client.connect(server.endpoint());
    co_await client.send("web", "ping");
    raw_peer peer = co_await server.accept();
    co_await expect(peer, "ping");
    co_await expect_notice(client, "web");
    co_await peer.write("pong");
    co_await expect(client, "web", "pong");

    std::error_code ec;
    client.set_option(option::connect_routing_id{"web"});
    client.connect(server.endpoint(), ec);
    REQUIRE(ec == errc::duplicate_routing_id);
  });
}

TEST_CASE("5.7 a STREAM says when a peer connects and when it leaves, behind all that it sent")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    std::string const endpoint = server.bind(any);
    raw_peer peer{io};
    co_await peer.connect(endpoint);
    co_await peer.write("last words");
    peer.close();
    std::string const id = co_await next_id(server);
    co_await expect(server, id, "last words");
    co_await expect_notice(server, id);
    REQUIRE(server.connected_peers() == 0);
    REQUIRE(send_now(server, {id, "too late"}) == errc::host_unreachable);
  });
}

TEST_CASE("STREAM_NOTIFY false: a STREAM says nothing of connections")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    REQUIRE(server.get_option<option::stream_notify>().value);
    server.set_option(option::stream_notify{false});
    std::string const endpoint = server.bind(any);
    for (std::string_view const words : {"first", "other"}) {
      raw_peer peer{io};
      co_await peer.connect(endpoint);
      co_await peer.write(words);
      parts const received = co_await next(server);
      REQUIRE(received[1] == words);
      peer.close();
      co_await until(io, [&] { return server.connected_peers() == 0; });
    }
  });
}

TEST_CASE("5.7 a STREAM passes on megabytes unchanged, both ways at once")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::size_t const size = 5'000'011;
    std::string const up = noise(size, 1);
    std::string const down = noise(size, 2);
    stream_socket server{ctx};
    std::string const endpoint = server.bind(any);
    raw_peer peer{io};
    co_await peer.connect(endpoint);
    std::string const id = co_await next_id(server);

    bool written = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          co_await peer.write(up);
          written = true;
        },
        asio::detached);
    // Pieces of all sizes: small ones are many to a gather write, large ones more than the kernel takes at once.
    bool sent = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          std::size_t step = 1;
          for (std::size_t at = 0; at < size; at += step, step = step * 3 % 700'001 + 1) {
            std::string const piece = down.substr(at, step);
            co_await server.send(id, piece);
          }
          sent = true;
        },
        asio::detached);
    std::string arrived;
    bool read = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          arrived = co_await text(peer, size);
          read = true;
        },
        asio::detached);
    co_await expect(server, id, up);
    co_await until(io, [&] { return written && sent && read; });
    REQUIRE((arrived == down));
  });
}

TEST_CASE("5.7 a STREAM keeps many connections apart, and a dead one harms no other")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::size_t const count = 200;
    stream_socket server{ctx};
    std::string const endpoint = server.bind(any);
    std::vector<raw_peer> peers;
    std::map<std::string, std::string> heard;  // by id
    for (std::size_t i = 0; i < count; ++i) {
      peers.emplace_back(io);
      co_await peers.back().connect(endpoint);
      co_await peers.back().write(std::to_string(i) + "\n");
    }
    std::size_t whole = 0;
    while (whole < count) {
      parts const received = co_await next(server);
      std::string& said = heard[received[0]];
      said += received[1];
      whole += !received[1].empty() && said.back() == '\n' ? 1U : 0U;
    }
    REQUIRE(heard.size() == count);

    for (std::size_t i = 0; i < count; i += 2)
      peers[i].close();
    co_await until(io, [&] { return server.connected_peers() == count / 2; });
    for (auto const& [id, said] : heard) {
      bool const dead = std::stoul(said) % 2 == 0;
      REQUIRE(send_now(server, {id, "echo " + said}) ==
              (dead ? make_error_code(errc::host_unreachable) : std::error_code{}));
    }
    for (std::size_t i = 1; i < count; i += 2) {
      std::string const expected = "echo " + std::to_string(i) + "\n";
      co_await expect(peers[i], expected);
    }
    // One notice for each that died, and nothing else.
    for (std::size_t i = 0; i < count / 2; ++i) {
      std::string const id = co_await next_id(server);
      REQUIRE(std::stoul(heard.at(id)) % 2 == 0);
    }
    REQUIRE_FALSE(server.try_recv());
  });
}

TEST_CASE(
    "5.7 an empty frame ends one connection when what was sent before has arrived; nothing more comes from "
    "it")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    std::string const endpoint = server.bind(any);
    raw_peer leaving{io};
    co_await leaving.connect(endpoint);
    std::string const gone = co_await next_id(server);
    raw_peer staying{io};
    co_await staying.connect(endpoint);
    std::string const id = co_await next_id(server);

    // More than the kernel takes, so that the end has to wait for the peer to read.
    std::string const long_text = noise(8'000'000, 3);
    co_await leaving.write("unheard");
    co_await server.send(gone, long_text);
    co_await server.send(gone, "");
    REQUIRE(send_now(server, {gone, ""}) == errc::host_unreachable);
    co_await turns(io);
    co_await leaving.write("unheard");
    co_await expect(leaving, long_text);
    co_await leaving.wait_closed();
    leaving.close();
    co_await until(io, [&] { return server.connected_peers() == 1; });
    co_await staying.write("heard");
    co_await expect(server, id, "heard");
    REQUIRE_FALSE(server.try_recv());
  });
}

TEST_CASE("an ended connection whose peer reads nothing goes when linger is over")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    server.set_option(option::linger{20ms});
    server.set_option(option::send_hwm{2});
    std::string const endpoint = server.bind(any);
    raw_peer peer{io};
    co_await peer.connect(endpoint);
    std::string const id = co_await next_id(server);
    std::string const all = fill(server, id, 1'000'000);
    co_await server.send(id, "");
    // The peer reads only when it is too late for the rest.
    captured_log log{cozmq::log_level::info};
    co_await until(io, [&] { return log.count("were not delivered") == 1; });
    std::string got;
    std::error_code ended;
    std::string buffer(1'000'000, '\0');
    while (!ended) {
      std::size_t const n = co_await peer.stream().async_read_some(
          asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, ended));
      got.append(buffer, 0, n);
    }
    REQUIRE(got.size() < all.size());
    REQUIRE(all.compare(0, got.size(), got) == 0);
  });
}

TEST_CASE(
    "5.7 an empty frame to an endpoint that was connected to disconnects it: there is no next connection")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener server{io};
    stream_socket client{ctx};
    client.set_option(option::connect_routing_id{"web"});
    std::string const endpoint = client.connect(server.endpoint());
    raw_peer peer = co_await server.accept();
    co_await expect_notice(client, "web");
    co_await client.send("web", "bye");
    co_await client.send("web", "");
    co_await expect(peer, "bye");
    co_await peer.wait_closed();
    peer.close();
    co_await until(io, [&] { return client.connected_peers() == 0; });
    std::error_code ec;
    client.disconnect(endpoint, ec);
    REQUIRE(ec == errc::no_such_endpoint);
    // The id is free again.
    client.set_option(option::connect_routing_id{"web"});
    client.connect(server.endpoint());
    raw_peer again = co_await server.accept();
    co_await expect_notice(client, "web");
  });
}

TEST_CASE("2.10 a STREAM knows an unknown id for an error, and takes an id alone for nothing")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    std::string const endpoint = server.bind(any);
    REQUIRE(send_now(server, {"nobody", "hello"}) == errc::host_unreachable);
    REQUIRE(send_now(server, {"", "hello"}) == errc::host_unreachable);
    REQUIRE(send_now(server, {"nobody"}) == errc::host_unreachable);
    REQUIRE(send_now(server, {std::string(70'000, 'x'), "hello"}) == errc::host_unreachable);
    raw_peer peer{io};
    co_await peer.connect(endpoint);
    std::string const id = co_await next_id(server);
    REQUIRE_FALSE(send_now(server, {id}));
    REQUIRE_FALSE(send_now(server, {id, "", "still ", "", "here"}));
    co_await expect(peer, "still here");
  });
}

TEST_CASE("2.4 SNDHWM a full peer of a STREAM is waited for, and holds up no other")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    server.set_option(option::send_hwm{3});
    std::string const endpoint = server.bind(any);
    raw_peer slow{io};
    co_await slow.connect(endpoint);
    std::string const id = co_await next_id(server);
    raw_peer quick{io};
    co_await quick.connect(endpoint);
    std::string const other = co_await next_id(server);

    std::string all = fill(server, id, 300'000);
    REQUIRE_FALSE(send_now(server, {other, "hello"}));
    co_await expect(quick, "hello");
    bool sent = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          co_await server.send(id, "the end");
          sent = true;
        },
        asio::detached);
    co_await turns(io);
    REQUIRE_FALSE(sent);
    all += "the end";
    co_await expect(slow, all);
    REQUIRE(sent);
  });
}

TEST_CASE("2.4 RCVHWM a STREAM whose messages nobody takes stops reading, and loses nothing")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::size_t const hwm = GENERATE(std::size_t{1}, std::size_t{4});
    std::size_t const size = 20'000'000;
    std::string const all = noise(size, 4);
    stream_socket server{ctx};
    server.set_option(option::receive_hwm{hwm});
    std::string const endpoint = server.bind(any);
    raw_peer peer{io};
    co_await peer.connect(endpoint);
    // What the kernels and the queue hold is far less than all of it.
    peer.stream().non_blocking(true);
    std::size_t written = 0;
    for (int quiet = 0; quiet < 100;) {
      std::error_code ec;
      std::size_t const n = peer.stream().write_some(asio::buffer(all.data() + written, size - written), ec);
      written += n;
      quiet = n == 0 ? quiet + 1 : 0;
      REQUIRE(written < size);
      co_await turns(io, 5);
    }
    bool done = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          co_await peer.write(std::string_view{all}.substr(written));
          done = true;
        },
        asio::detached);
    std::string const id = co_await next_id(server);
    co_await expect(server, id, all);
    co_await until(io, [&] { return done; });
  });
}

TEST_CASE("a STREAM reconnects under the same id; what was queued for the connection that died is lost")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    captured_log log{cozmq::log_level::info};
    raw_listener server{io};
    stream_socket client{ctx};
    client.set_option(option::reconnect_interval{1ms});
    client.set_option(option::send_hwm{2});
    client.set_option(option::connect_routing_id{"web"});
    client.connect(server.endpoint());
    {
      raw_peer first = co_await server.accept();
      co_await expect_notice(client, "web");
      (void)fill(client, "web", 1'000'000);
      first.close();
    }
    raw_peer second = co_await server.accept();
    co_await expect_notice(client, "web");  // gone
    co_await expect_notice(client, "web");  // and back
    REQUIRE(log.count("were not delivered: the connection is lost") == 1);
    co_await client.send("web", "anew");
    co_await expect(second, "anew");
    co_await second.write("yes");
    co_await expect(client, "web", "yes");
  });
}

TEST_CASE("a peer that comes and goes while nobody receives fills no memory")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    captured_log quiet;
    raw_listener server{io};
    std::size_t accepted = 0;
    bool stay = false;
    std::vector<raw_peer> staying;
    auto accept = [&]() -> asio::awaitable<void> {
      while (!stay) {
        raw_peer peer = co_await server.accept();
        ++accepted;
        if (stay) {
          co_await peer.write("at last");
          staying.push_back(std::move(peer));
        }
      }
    };
    asio::co_spawn(io, accept, asio::detached);
    stream_socket client{ctx};
    client.set_option(option::reconnect_interval{1ms});
    client.set_option(option::receive_hwm{4});
    client.set_option(option::connect_routing_id{"web"});
    client.connect(server.endpoint());
    // Two connections are four notices. The third is not told of yet, so neither is its end.
    co_await until(io, [&] { return accepted == 3; });
    co_await turns(io, 1000);
    stay = true;
    for (int i = 0; i < 7; ++i)  // three that opened and ended, and the one that stays
      co_await expect_notice(client, "web");
    co_await expect(client, "web", "at last");
    REQUIRE(accepted == 4);
  });
}

TEST_CASE("a closed STREAM delivers what is queued, to peers that accepted and to one still to come")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const all = noise(6'000'000, 5);
    auto server = std::make_unique<stream_socket>(ctx);
    std::string const endpoint = server->bind(any);
    raw_peer peer{io};
    co_await peer.connect(endpoint);
    std::string const id = co_await next_id(*server);
    co_await peer.write("unread");
    co_await server->send(id, all);
    server.reset();
    co_await expect(peer, all);
    co_await peer.wait_closed();

    raw_listener listener{io};
    auto client = std::make_unique<stream_socket>(ctx);
    client->set_option(option::connect_routing_id{"web"});
    client->connect(listener.endpoint());
    co_await client->send("web", all);
    client.reset();
    raw_peer accepted = co_await listener.accept();
    co_await expect(accepted, all);
    co_await accepted.wait_closed();
  });
}

TEST_CASE("unbind and disconnect of a STREAM end its connections; what was received stays after unbind")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    std::string const endpoint = server.bind(any);
    raw_peer peer{io};
    co_await peer.connect(endpoint);
    std::string const id = co_await next_id(server);
    co_await peer.write("kept");
    // The bytes are there when the next connection's are, which were written later.
    raw_peer later{io};
    co_await later.connect(endpoint);
    co_await until(io, [&] { return server.connected_peers() == 2; });
    co_await turns(io);
    server.unbind(endpoint);
    co_await peer.wait_closed();
    std::string heard;
    std::size_t ends = 0;
    while (ends < 3) {  // the end of this one; the other's beginning and end
      parts const received = co_await next(server);
      ends += received[1].empty() ? 1U : 0U;
      if (received[0] == id)
        heard += received[1];
    }
    REQUIRE(heard == "kept");

    raw_listener listener{io};
    std::string const connected = server.connect(listener.endpoint());
    raw_peer accepted = co_await listener.accept();
    (void)co_await next_id(server);
    server.disconnect(connected);
    co_await accepted.wait_closed();
    REQUIRE_FALSE(server.try_recv());
  });
}

TEST_CASE("a STREAM may disconnect or close as soon as it hears that it is connected")
{
  bool const closes = GENERATE(true, false);
  scenario([closes](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    stream_socket client{ctx};
    client.set_option(option::linger{0ms});
    std::string const endpoint = client.connect(address.endpoint());
    (void)co_await next_id(client);
    if (closes)
      client.close();
    else
      client.disconnect(endpoint);
    raw_peer accepted = co_await address.accept();
    co_await accepted.wait_closed();
  });
}

TEST_CASE("a STREAM is for tcp: ipc and inproc are refused with a text that says so")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket socket{ctx};
    for (std::string const& endpoint : {std::string{"ipc://@stream"}, std::string{"inproc://stream"}}) {
      std::error_code ec;
      socket.bind(endpoint, ec);
      REQUIRE(ec == errc::not_supported);
      socket.connect(endpoint, ec);
      REQUIRE(ec == errc::not_supported);
      REQUIRE_THROWS_WITH(socket.bind(endpoint),
                          endpoint + ": a STREAM is for plain TCP connections; write tcp://address:port");
    }
    co_return;
  });
}

TEST_CASE("HANDSHAKE_IVL a STREAM has no handshake that could take too long, and says nothing unasked")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    static_assert(!option::handshake_timeout::applies_to(stream_socket::type()));
    std::string const endpoint = server.bind(any);
    raw_peer peer{io};
    co_await peer.connect(endpoint);
    std::string const id = co_await next_id(server);
    co_await server.send(id, "first");
    co_await expect(peer, "first");  // no greeting before it
  });
}

TEST_CASE("5.7 a STREAM can play a ZMTP peer octet by octet")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    stream_socket server{ctx};
    cozmq::dealer_socket dealer{ctx};
    dealer.connect(server.bind(any));
    co_await dealer.send("Hello");
    std::string const id = co_await next_id(server);
    std::string const greeting = co_await bytes_from(server, id, 64);
    REQUIRE(greeting.size() >= 64);
    REQUIRE(greeting[0] == '\xff');
    REQUIRE(greeting.substr(10, 2) == std::string{"\3\1"});
    auto const ours = cozmq::wire::encode_greeting("NULL");
    std::string hello{as_text(octets{ours.begin(), ours.end()})};
    hello += std::string{"\x04\x1c\x05READY\x0bSocket-Type\0\0\0\6ROUTER", 30};
    std::string const message{"\0\5World", 7};
    co_await server.send(id, hello);
    co_await server.send(id, message);
    std::string const answer = co_await text_from(dealer);
    REQUIRE(answer == "World");
    std::string heard = greeting.substr(64);
    while (heard.find(std::string{"\0\5Hello", 7}) == std::string::npos)
      heard += (co_await next(server)).at(1);
    REQUIRE(heard.find("Socket-Type") != std::string::npos);
  });
}

TEST_CASE("the strangers of a STREAM do not end it: resets, floods and half-closed peers")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    captured_log quiet;
    stream_socket server{ctx};
    std::string const endpoint = server.bind(any);
    for (int i = 0; i < 20; ++i) {
      raw_peer peer{io};
      co_await peer.connect(endpoint);
      std::string const id = co_await next_id(server);
      co_await server.send(id, "x");
      if (i % 2 == 0)
        peer.stream().set_option(asio::socket_base::linger{true, 0});  // a reset
      else
        peer.stream().shutdown(asio::socket_base::shutdown_send);  // [libzmq] half closed is closed
      if (i % 2 == 0)
        peer.close();
      co_await expect_notice(server, id);
      REQUIRE(send_now(server, {id, "x"}) == errc::host_unreachable);
    }
    REQUIRE(server.connected_peers() == 0);
  });
}
