// Connections through a SOCKS5 proxy: RFC 1928 and RFC 1929 word by word, and proxies that do not keep to them.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::push_socket;
using cozmq::transport::socks5_client;
namespace option = cozmq::option;

namespace {

option::reconnect_interval const soon{2ms};

cozmq::transport::socks_proxy proxy(std::string user = {}, std::string secret = {})
{
  return {"proxy", 1080, std::move(user), std::move(secret)};
}

// What the client has sent so far and its last word, fed with `answers` octet by octet as it wants them.
struct conversation {
  conversation(socks5_client client, std::string_view answers)
  {
    sent = to_hex(client.output());
    octets const input = from_hex(answers);
    std::size_t at = 0;
    while (last == socks5_client::status::needs_input && at + client.wanted() <= input.size()) {
      std::size_t const wanted = client.wanted();
      last = client.feed(cozmq::byte_view{input}.subspan(at, wanted));
      at += wanted;
      if (last == socks5_client::status::needs_input && !client.output().empty())
        sent += " " + to_hex(client.output());
    }
    unread = input.size() - at;
    error = client.error();
    reason = client.reason();
  }

  bool done() const { return last == socks5_client::status::done; }
  bool failed() const { return last == socks5_client::status::failed; }

  std::string sent;
  socks5_client::status last = socks5_client::status::needs_input;
  std::size_t unread = 0;
  std::error_code error;
  std::string reason;
};

octets const v4 = from_hex("c0000201");
octets const v6 = from_hex("20010db8000000000000000000000001");

// Lets a client in without a name, and reads its request to the end.
asio::awaitable<octets> let_in(raw_peer& client)
{
  octets const hello = co_await client.read(3);
  REQUIRE(to_hex(hello) == "050100");
  co_await client.write(from_hex("0500"));
  octets request = co_await client.read(5);
  std::size_t const rest = request[3] == std::byte{3} ? std::to_integer<std::size_t>(request[4]) + 2 : 5;
  octets const more = co_await client.read(rest);
  co_return request + more;
}

}  // namespace

TEST_CASE(
    "2.4 SOCKS_PROXY a target by name or address is asked for, and what follows the last answer is left "
    "alone")
{
  conversation const name{{proxy(), "host", {}, 5555}, "0500 05000001 00000000 0000 ff0000"};
  REQUIRE(name.done());
  REQUIRE(name.sent == "050100 0501000304" + to_hex(from_text("host")) + "15b3");
  REQUIRE(name.unread == 3);
  conversation const four{{proxy(), "192.0.2.1", v4, 80},
                          "0500 05000004 " + std::string(32, '0') + " 0000 ff"};
  REQUIRE(four.done());
  REQUIRE(four.sent == "050100 05010001c00002010050");
  REQUIRE(four.unread == 1);
  conversation const six{{proxy(), "2001:db8::1", v6, 80}, "0500 05000003 02 6162 0000 ff"};
  REQUIRE(six.done());
  REQUIRE(six.sent == "050100 05010004" + to_hex(v6) + "0050");
  REQUIRE(six.unread == 1);
}

TEST_CASE("2.4 SOCKS_USERNAME SOCKS_PASSWORD are told to a proxy that asks, and only to that")
{
  conversation const asked{{proxy("me", "pw"), "192.0.2.1", v4, 80}, "0502 0100 05000001000000000000"};
  REQUIRE(asked.done());
  REQUIRE(asked.sent == "05020002 01026d65027077 05010001c00002010050");
  conversation const not_asked{{proxy("me", "pw"), "192.0.2.1", v4, 80}, "0500 05000001000000000000"};
  REQUIRE(not_asked.done());
  REQUIRE(not_asked.sent == "05020002 05010001c00002010050");
  conversation const no_password{{proxy("me"), "192.0.2.1", v4, 80}, "0502 0100 05000001000000000000"};
  REQUIRE(no_password.sent == "05020002 01026d6500 05010001c00002010050");
  std::string const longest(255, 'x');
  conversation const large{{proxy(longest, longest), longest, {}, 80}, "0502 0100 05000001000000000000"};
  REQUIRE(large.done());
}

TEST_CASE("2.4 SOCKS_PROXY every answer but a good one ends it with a reason")
{
  struct bad {
    char const* answers;
    char const* reason;
    bool with_name = false;
  };
  for (bad const each : {bad{"0400", "does not speak SOCKS5"},
                         bad{"4854", "does not speak SOCKS5"},
                         bad{"05ff", "give socks_proxy a user name"},
                         bad{"0502", "give socks_proxy a user name"},
                         bad{"05ff", "no way to log in that we know", true},
                         bad{"0501", "no way to log in that we know", true},
                         bad{"0502 0101", "refused the user name and password", true},
                         bad{"0502 01ff", "refused the user name and password", true},
                         bad{"0500 04000001", "does not speak SOCKS5"},
                         bad{"0500 05010001", "it failed"},
                         bad{"0500 05020001", "its rules do not allow"},
                         bad{"0500 05030001", "network is unreachable"},
                         bad{"0500 05040001", "host is unreachable"},
                         bad{"0500 05050001", "refused the connection"},
                         bad{"0500 05060001", "time to live"},
                         bad{"0500 05070001", "cannot connect to others"},
                         bad{"0500 05080001", "kind of address"},
                         bad{"0500 05090001", "no known reason"},
                         bad{"0500 05ff0001", "no known reason"},
                         bad{"0500 05000002", "malformed"},
                         bad{"0500 05000000", "malformed"}}) {
    conversation const c{{each.with_name ? proxy("me", "pw") : proxy(), "host", {}, 1}, each.answers};
    CAPTURE(each.answers, c.reason);
    REQUIRE(c.failed());
    REQUIRE(c.reason.find("SOCKS proxy proxy: ") == 0);
    REQUIRE(c.reason.find(each.reason) != std::string::npos);
    REQUIRE((c.error == cozmq::errc::proxy_refused || c.error == std::errc::connection_refused));
  }
}

TEST_CASE(
    "2.4 SOCKS_PROXY a peer is reached through a proxy, which resolves its name and may send more at once")
{
  captured_log log;
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    push.set_option(option::socks_proxy{address.endpoint().substr(std::string_view{"tcp://"}.size())});
    push.connect("tcp://no-such-host.invalid:5555");
    co_await push.send("waits for the proxy");  // [libzmq, test_socks] delay
    for (int i = 0; i < 3; ++i) {
      raw_peer way = co_await address.accept();
      octets const request = co_await let_in(way);
      REQUIRE(to_hex(request) == "0501000314" + to_hex(from_text("no-such-host.invalid")) + "15b3");
      auto const greeting = cozmq::wire::encode_greeting("NULL");
      co_await way.write(from_hex("05000001 00000000 0000") + octets{greeting.begin(), greeting.end()});
      octets ready;
      octets type;
      cozmq::wire::append_property(type, "Socket-Type", "PULL");
      cozmq::wire::append_command(ready, "READY", type);
      co_await way.write(std::move(ready));
      co_await way.read(64);
      co_await way.read_frame();
      auto const [flags, body] = co_await way.read_frame();
      REQUIRE(cozmq::as_text(body) == (i == 0 ? "waits for the proxy" : "after a reconnect"));
      way.close();
      co_await until(io, [&] { return push.connected_peers() == 0; });
      co_await push.send("after a reconnect");
    }
  });
}

TEST_CASE("2.4 SOCKS_PROXY ipc knows no proxy")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    cozmq::pull_socket pull{ctx};
    push.set_option(option::socks_proxy{"127.0.0.1:1"});
    join(pull, push, "ipc://*");
    co_await push.send("direct");
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "direct");
  });
}

TEST_CASE("2.4 SOCKS_PROXY what a proxy does wrong is logged with its reason, and tried again")
{
  struct wrong {
    char const* answer;  // to the first words; nothing: it closes
    char const* reason;
  };
  wrong const each =
      GENERATE(wrong{"05ff", "give socks_proxy a user name"}, wrong{"48545450", "does not speak SOCKS5"},
               wrong{"", "it closed the connection"}, wrong{"05", "it closed the connection"});
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    push.set_option(option::socks_proxy{address.endpoint().substr(std::string_view{"tcp://"}.size())});
    push.connect("tcp://192.0.2.1:5555");
    for (int i = 0; i < 3; ++i) {
      raw_peer way = co_await address.accept();
      co_await way.read(3);
      octets answer = from_hex(each.answer);
      co_await way.write(std::move(answer));
      way.stream().shutdown(asio::ip::tcp::socket::shutdown_send);
      co_await way.wait_closed();
    }
    REQUIRE(log.count(each.reason) == 1);
    REQUIRE(log.lines.size() == 1);
  });
}

TEST_CASE(
    "2.4 SOCKS_PROXY a proxy that does not answer is left in time, with the limit for connecting or else for "
    "handshakes")
{
  bool const connecting = GENERATE(true, false);
  bool const half_way = GENERATE(true, false);
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    connecting ? push.set_option(option::connect_timeout{20ms})
               : push.set_option(option::handshake_timeout{20ms});
    push.set_option(option::socks_proxy{address.endpoint().substr(std::string_view{"tcp://"}.size())});
    push.connect("tcp://192.0.2.1:5555");
    for (int i = 0; i < 3; ++i) {
      raw_peer way = co_await address.accept();
      if (half_way)
        co_await let_in(way);
      co_await way.wait_closed();
    }
    REQUIRE(log.count("it did not answer in time") == 1);
    REQUIRE(log.lines.size() == 1);
  });
}

TEST_CASE("2.4 SOCKS_PROXY RECONNECT_STOP a target that refuses the proxy counts as refused")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    push_socket push{ctx};
    push.set_option(soon);
    push.set_option(option::reconnect_stop{{.refused = true}});
    push.set_option(option::socks_proxy{address.endpoint().substr(std::string_view{"tcp://"}.size())});
    push.connect("tcp://192.0.2.1:5555");
    raw_peer way = co_await address.accept();
    co_await let_in(way);
    co_await way.write(from_hex("05050001 00000000 0000"));
    co_await until(io, [&] { return log.count("not trying again, as reconnect_stop asks") == 1; });
    REQUIRE(log.count("the peer refused the connection") == 1);
  });
}

TEST_CASE("2.4 SOCKS_PROXY a socket that is closed while it talks to a proxy ends at once")
{
  asio::io_context io;
  cozmq::context ctx{io};
  raw_listener address{io};
  auto push = std::make_unique<push_socket>(ctx);
  push->set_option(option::socks_proxy{address.endpoint().substr(std::string_view{"tcp://"}.size())});
  push->connect("tcp://192.0.2.1:5555");
  run_test(io, [](raw_listener& at, std::unique_ptr<push_socket>& going) -> asio::awaitable<void> {
    raw_peer way = co_await at.accept();
    co_await way.read(3);
    going.reset();
    co_await way.wait_closed();
  }(address, push));
  io.restart();
  io.run();  // returns: nothing is left
}
