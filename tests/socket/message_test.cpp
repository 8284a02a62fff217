// Messages on their way: whole, unchanged, of every size, and what a call does to them.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <array>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace cozmq::test;
using cozmq::pull_socket;
using cozmq::push_socket;
namespace option = cozmq::option;

TEST_CASE("A20 a raw buffer may be used again as soon as the send has returned")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    std::vector<std::byte> buffer(100, std::byte{'a'});
    co_await push.send(cozmq::frame{cozmq::byte_view{buffer}});
    buffer.assign(100, std::byte{'b'});
    co_await push.send(cozmq::frame{cozmq::byte_view{buffer}});
    buffer.assign(100, std::byte{'c'});
    for (char c : {'a', 'b'}) {
      std::string const text = co_await text_from(pull);
      REQUIRE(text == std::string(100, c));
    }
  });
}

TEST_CASE("A21 A28 a received frame copied into a smaller buffer fills it and tells the true size")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, "tcp://127.0.0.1:*");
    co_await push.send("0123456789");
    cozmq::message const m = co_await pull.recv();
    std::array<std::byte, 4> four{};
    REQUIRE(m[0].copy_to(four) == 10);
    REQUIRE(cozmq::as_text(four) == "0123");
  });
}

TEST_CASE("A22 A41 receiving without waiting from an empty socket says would block and changes nothing")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    for (int i = 0; i < 3; ++i) {
      std::error_code ec;
      REQUIRE_FALSE(pull.try_recv(ec));
      REQUIRE(ec == cozmq::errc::would_block);
      REQUIRE(ec == std::errc::resource_unavailable_try_again);
      REQUIRE_FALSE(pull.try_recv());
    }
    co_await push.send("now");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "now");
    REQUIRE_FALSE(pull.try_recv());
  });
}

TEST_CASE("A23 A16 several frames travel as one message, and each tells whether more follow")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    co_await push.send("first", std::string(100'000, 'x'), "", "last");
    cozmq::message const m = co_await pull.recv();
    REQUIRE(m.size() == 4);
    REQUIRE(m.more_after(0));
    REQUIRE(m.more_after(2));
    REQUIRE_FALSE(m.more_after(3));
    REQUIRE(m[0] == "first");
    REQUIRE(m[1].size() == 100'000);
    REQUIRE(m[3] == "last");
    REQUIRE_FALSE(pull.try_recv());
  });
}

TEST_CASE("A27 B37 a sent message is empty and can be filled again, one that was not sent is unchanged")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    cozmq::message m{"to send", "twice"};
    cozmq::message const copy{m};
    REQUIRE_FALSE(push.try_send(m));
    REQUIRE((m == copy));
    pull_socket pull{ctx};
    join(pull, push, any);
    for (int i = 0; i < 2; ++i) {
      REQUIRE(push.try_send(m));
      REQUIRE(m.empty());
      std::error_code ec;
      REQUIRE_FALSE(push.try_send(m, ec));
      REQUIRE(ec == cozmq::errc::empty_message);
      m = copy;
    }
    for (int i = 0; i < 2; ++i) {
      cozmq::message const received = co_await pull.recv();
      REQUIRE((received == copy));
    }
  });
}

TEST_CASE("A46 B4 a text goes over with its bytes, and no NUL is added")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    co_await push.send("Hello");
    cozmq::message const m = co_await pull.recv();
    REQUIRE(m[0].size() == 5);
    REQUIRE(m[0].view() == "Hello");
  });
}

TEST_CASE("B29 B30 messages of any size and any bytes arrive as they were")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    std::mt19937 random{17};
    for (std::size_t size :
         {0U, 1U, 55U, 56U, 254U, 255U, 256U, 8'191U, 8'192U, 32'768U, 65'535U, 65'536U, 3'000'000U}) {
      std::string sent(size, '\0');
      for (char& c : sent)
        c = static_cast<char>(random());
      co_await push.send("before", sent, sent);
      cozmq::message const m = co_await pull.recv();
      REQUIRE(m.size() == 3);
      REQUIRE((m[1].view() == sent && m[2].view() == sent));
    }
  });
}

TEST_CASE("B29 a message of 1 GiB arrives whole")
{
  if (std::getenv("COZMQ_TEST_ALL") == nullptr)
    return;
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    std::size_t const size = std::size_t{1} << 30;
    REQUIRE(pull.get_option<option::max_message_size>().value == size - 1);
    pull.set_option(option::max_message_size{size});
    join(pull, push, "tcp://127.0.0.1:*");
    {
      cozmq::frame large = cozmq::frame::uninitialized(size);
      large.writable().front() = std::byte{1};
      large.writable().back() = std::byte{2};
      co_await push.send(std::move(large));
    }
    cozmq::message const m = co_await pull.recv();
    REQUIRE(m.byte_size() == size);
    REQUIRE(m[0].bytes().front() == std::byte{1});
    REQUIRE(m[0].bytes().back() == std::byte{2});
  });
}

TEST_CASE("B42 a message of three empty frames arrives as three empty frames")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    co_await push.send("", "", "");
    cozmq::message const m = co_await pull.recv();
    REQUIRE((to_parts(m) == parts{"", "", ""}));
  });
}

TEST_CASE("B38 a sender that dies anywhere in a message leaves nothing of it behind")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    octets const whole = frame_octets("one", true) + frame_octets("two", true) + frame_octets("three");
    for (std::size_t cut = 1; cut <= whole.size(); ++cut) {
      raw_peer push{io};
      co_await push.connect(endpoint);
      co_await push.handshake("PUSH");
      co_await push.write(octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)));
      co_await pull.wait_connected();
      push.close();
      co_await until(io, [&] { return pull.connected_peers() == 0; });
      REQUIRE(pull.try_recv().has_value() == (cut == whole.size()));
    }
  });
}

TEST_CASE("B39 B40 B41 of a message nothing can be seen before its last frame is there, and then all of it")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    raw_peer push{io};
    co_await push.connect(pull.bind("tcp://127.0.0.1:*"));
    co_await push.handshake("PUSH");
    for (std::string part : {"one", "two"}) {
      co_await push.write(frame_octets(part, true));
      co_await push.ping();  // it has been read
      REQUIRE_FALSE(pull.try_recv());
    }
    co_await push.write(frame_octets("three"));
    cozmq::message const m = co_await pull.recv();
    REQUIRE((to_parts(m) == parts{"one", "two", "three"}));
  });
}

TEST_CASE("B43 a peer that sends more than max_message_size loses its connection, which is logged")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::max_message_size{1'000});
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    push_socket honest{ctx};
    honest.connect(endpoint);
    raw_peer greedy{io};
    co_await greedy.connect(endpoint);
    co_await greedy.handshake("PUSH");
    co_await pull.wait_connected(2);
    co_await greedy.write(from_hex("02 00 00 00 00 40 00 00 00"));  // 1 GiB, it claims
    co_await greedy.wait_closed();
    REQUIRE(pull.connected_peers() == 1);
    co_await honest.send(blob(1'000));
    cozmq::message const m = co_await pull.recv();
    REQUIRE(m.byte_size() == 1'000);
    REQUIRE(log.count("max_message_size") == 1);
  });
}

TEST_CASE("A40 every error has a text of its own and one category")
{
  std::set<std::string> texts;
  for (cozmq::error_row const& row : cozmq::error_table) {
    std::error_code const ec = row.code;
    REQUIRE(ec.category().name() == std::string{"cozmq"});
    REQUIRE(ec.message().size() > 10);
    texts.insert(ec.message());
  }
  REQUIRE(texts.size() == std::size(cozmq::error_table));
}

TEST_CASE("B52 bind, connect, options and their opposites throw, or fill an error_code")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket s{ctx};
    std::error_code ec;
    s.bind("nonsense", ec);
    REQUIRE(ec == cozmq::errc::invalid_endpoint);
    REQUIRE_THROWS_AS(s.bind("nonsense"), std::system_error);
    s.connect("tcp://*:5555", ec);
    REQUIRE(ec == cozmq::errc::no_bind_wildcard);
    REQUIRE_THROWS_AS(s.connect("tcp://*:5555"), std::system_error);
    s.unbind("tcp://127.0.0.1:1", ec);
    REQUIRE(ec == cozmq::errc::no_such_endpoint);
    REQUIRE_THROWS_AS(s.unbind("tcp://127.0.0.1:1"), std::system_error);
    s.disconnect("tcp://127.0.0.1:1", ec);
    REQUIRE(ec == cozmq::errc::no_such_endpoint);
    REQUIRE_THROWS_AS(s.disconnect("tcp://127.0.0.1:1"), std::system_error);
    std::string const bound = s.bind("tcp://127.0.0.1:*", ec);
    REQUIRE_FALSE(ec);
    s.unbind(bound, ec);
    REQUIRE_FALSE(ec);
    s.close();
    s.bind("tcp://127.0.0.1:*", ec);
    REQUIRE(ec == cozmq::errc::socket_closed);
    s.set_option(option::receive_hwm{1}, ec);
    REQUIRE(ec == cozmq::errc::socket_closed);
    co_return;
  });
}
