// DEALER and ROUTER: addresses, who has which, and what happens to messages without a peer.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::dealer_socket;
using cozmq::rep_socket;
using cozmq::req_socket;
using cozmq::router_socket;
namespace option = cozmq::option;

namespace {

template <typename Socket>
asio::awaitable<parts> next(Socket& socket)
{
  cozmq::message const received = co_await socket.recv();
  co_return to_parts(received);
}

template <typename Socket>
void name(Socket& socket, std::string id)
{
  socket.set_option(option::routing_id{std::move(id)});
}

// What sending fails with; zero when it does not.
template <typename Socket>
std::error_code try_send(Socket& socket, parts const& from)
{
  std::error_code ec;
  cozmq::message m = to_message(from);
  bool const sent = socket.try_send(m, ec);
  REQUIRE(sent == !ec);
  REQUIRE((to_parts(m) == (sent ? parts{} : from)));
  return ec;
}

}  // namespace

TEST_CASE("S36 S37 S38 T9 B7 a ROUTER knows its DEALERs by name, on every transport, whichever side binds")
{
  std::string const any = every_transport();
  bool const router_binds = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    dealer_socket dealer{ctx};
    name(dealer, "A");
    router_binds ? join(router, dealer, any) : join(dealer, router, any);
    co_await dealer.send("one");
    co_await dealer.send("", "two");
    parts got = co_await next(router);
    REQUIRE((got == parts{"A", "one"}));
    got = co_await next(router);
    REQUIRE((got == parts{"A", "", "two"}));
    co_await router.send("A", "three");
    co_await router.send("A", "");
    got = co_await next(dealer);
    REQUIRE((got == parts{"three"}));
    got = co_await next(dealer);
    REQUIRE((got == parts{""}));
  });
}

TEST_CASE("A19 a DEALER without a name gets 5 bytes that start with zero, and answers find it")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    router_socket router{ctx};
    dealer_socket a{ctx};
    dealer_socket b{ctx};
    std::string const bound = join(router, a, any);
    b.connect(bound);
    co_await a.send("from a");
    co_await b.send("from b");
    for (int i = 0; i < 2; ++i) {
      cozmq::message m = co_await router.recv();
      REQUIRE(m[0].size() == 5);
      REQUIRE(m[0].view()[0] == '\0');
      co_await router.send(std::move(m));
    }
    std::string text = co_await text_from(a);
    REQUIRE(text == "from a");
    text = co_await text_from(b);
    REQUIRE(text == "from b");
  });
}
