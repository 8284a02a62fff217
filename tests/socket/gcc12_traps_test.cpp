// What g++ 12 gets wrong inside a co_await expression, and how the API stays clear of it: run under ASan.
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::pull_socket;
using cozmq::push_socket;

namespace {

// Too long to be stored in place: a second destruction is a second free.
std::string text_of(int number)
{
  return "a text that is longer than what a string or a frame keeps in place, number " +
         std::to_string(number);
}

cozmq::message message_of(int number)
{
  return {text_of(number), text_of(number + 1)};
}

asio::awaitable<void> echo(cozmq::rep_socket& server)
{
  for (;;) {
    cozmq::message request = co_await server.recv();
    co_await server.send(std::move(request));
  }
}

}  // namespace

TEST_CASE("braces for request_options inside co_await are safe: nothing in them needs a destructor")
{
  STATIC_REQUIRE(std::is_trivially_destructible_v<cozmq::request_options>);
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket server{ctx};
    cozmq::req_socket client{ctx};
    join(server, client, any);
    asio::co_spawn(io, echo(server), asio::detached);
    cozmq::message reply = co_await client.request("Hello", {.timeout = 2500ms, .retries = 3});
    REQUIRE(reply[0] == "Hello");
    reply = co_await client.request(text_of(1), {.timeout = 2500ms});
    REQUIRE(reply[0] == text_of(1));
    reply = co_await client.request(message_of(1), {.retries = 3});
    REQUIRE((reply == message_of(1)));
    reply = co_await client.request({text_of(1), "several frames"}, {});
    REQUIRE(reply.size() == 2);
    auto const got = co_await (client.request(text_of(2), {.timeout = 2500ms}) || cozmq::timeout(10s));
    REQUIRE(std::get<0>(got)[0] == text_of(2));
    server.close();
    co_await turns(io, 10);
  });
}

TEST_CASE("temporaries as frames of a send inside co_await are destroyed once")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    co_await push.send("a", text_of(1), cozmq::frame{text_of(2)}, std::string_view{"b"}, text_of(3) + "!");
    cozmq::message const m = co_await pull.recv();
    REQUIRE((to_parts(m) == parts{"a", text_of(1), text_of(2), "b", text_of(3) + "!"}));
  });
}

TEST_CASE("a named message moved into a send inside co_await is destroyed once and empty afterwards")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    cozmq::message named = message_of(1);
    co_await push.send(std::move(named));
    REQUIRE(named.empty());
    std::string text = text_of(5);
    cozmq::frame part{text_of(6)};
    co_await push.send(std::move(text), std::move(part));
    cozmq::message m = co_await pull.recv();
    REQUIRE((m == message_of(1)));
    m = co_await pull.recv();
    REQUIRE((m == message_of(5)));
  });
}

TEST_CASE("a message that a function returns is sent inside co_await and destroyed once")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    co_await push.send(message_of(1));
    co_await push.send(cozmq::message{text_of(1), text_of(2)});
    for (int i = 0; i < 2; ++i) {
      auto [first, second] = (co_await pull.recv()).parts<2>();
      REQUIRE(first == text_of(1));
      REQUIRE(second == text_of(2));
    }
    co_await push.send(text_of(7));
    std::string const whole = (co_await pull.recv())[0].str();
    REQUIRE(whole == text_of(7));
  });
}

TEST_CASE("the receives and timeouts of a || expression are destroyed once")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket a{ctx};
    pull_socket b{ctx};
    join(a, push, any);
    for (int i = 0; i < 10; ++i) {
      co_await push.send(text_of(i));
      auto const got = co_await (a.recv() || b.recv() || cozmq::timeout(10s));
      REQUIRE(std::get<0>(got)[0] == text_of(i));
      auto const none = co_await (b.recv() || cozmq::timeout(1ms));
      REQUIRE(none.index() == 1);
    }
    co_await push.send(text_of(1));
    cozmq::message const both = co_await (a.recv() && cozmq::timeout(1ms));
    REQUIRE(both[0] == text_of(1));
  });
}
