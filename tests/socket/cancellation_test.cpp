// Every way in which a waiting operation can end early, and that no message is lost by it.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::pull_socket;
using cozmq::push_socket;
namespace option = cozmq::option;

namespace {

// What an operation that is under way has come to.
struct outcome {
  bool ended = false;
  std::error_code ec;
};

template <typename Result>
asio::awaitable<void> watch(asio::awaitable<Result> operation, std::shared_ptr<outcome> result)
{
  try {
    co_await std::move(operation);
  } catch (std::system_error const& e) {
    result->ec = e.code();
  }
  result->ended = true;
}

// Starts an operation and lets it wait.
template <typename Awaitable>
std::shared_ptr<outcome> start(asio::io_context& io, Awaitable operation)
{
  auto result = std::make_shared<outcome>();
  asio::co_spawn(io, watch(std::move(operation), result), asio::detached);
  return result;
}

}  // namespace

TEST_CASE("a receive cancelled by its slot leaves the message queued, for each kind of cancellation")
{
  std::string const any = every_transport();
  auto const kind = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                             asio::cancellation_type::total);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    for (int i = 0; i < 100; ++i) {
      asio::cancellation_signal cancel;
      outcome got;
      pull.async_recv(asio::bind_cancellation_slot(
          cancel.slot(), [&](std::error_code ec, cozmq::message) { got = {true, ec}; }));
      bool const message_first = i % 2 == 0;
      if (message_first)
        co_await push.send(std::to_string(i));
      co_await turns(io, i % 7);
      cancel.emit(kind);
      co_await until(io, [&] { return got.ended; });
      if (!message_first)
        co_await push.send(std::to_string(i));
      if (got.ec) {
        REQUIRE(got.ec == asio::error::operation_aborted);
        std::string const text = co_await text_from(pull);
        REQUIRE(text == std::to_string(i));
      } else {
        REQUIRE(message_first);
      }
    }
    REQUIRE_FALSE(pull.try_recv());
  });
}

TEST_CASE("a cancelled send has queued nothing, and the socket goes on")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    push.set_option(option::send_hwm{1});
    pull.set_option(option::receive_hwm{1});
    join(pull, push, "inproc://small");
    co_await push.send("1");
    co_await push.send("2");
    asio::cancellation_signal cancel;
    outcome got;
    push.async_send(
        cozmq::message{"cancelled"},
        asio::bind_cancellation_slot(cancel.slot(), [&](std::error_code ec) { got = {true, ec}; }));
    co_await turns(io);
    REQUIRE_FALSE(got.ended);
    cancel.emit(asio::cancellation_type::total);
    co_await until(io, [&] { return got.ended; });
    REQUIRE(got.ec == asio::error::operation_aborted);
    auto const third = start(io, push.send("3"));
    for (std::string expected : {"1", "2", "3"}) {
      std::string const text = co_await text_from(pull);
      REQUIRE(text == expected);
    }
    co_await until(io, [&] { return third->ended; });
    REQUIRE_FALSE(third->ec);
  });
}

TEST_CASE("A36 A37 || over two full queues takes a thousand messages of each and loses none")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket tasks{ctx};
    join(tasks, push, any);
    cozmq::pub_socket pub{ctx};
    cozmq::sub_socket updates{ctx};
    join(pub, updates, any == "inproc://name" ? "inproc://other" : any);
    updates.subscribe("");
    co_await pub.wait_subscribers("");
    for (int i = 0; i < 1'000; ++i) {
      co_await push.send(std::to_string(i));
      co_await pub.send(std::to_string(i));
    }
    int task = 0;
    int update = 0;
    while (task < 1'000 || update < 1'000) {
      auto const got = co_await (tasks.recv() || updates.recv());
      int& expected = got.index() == 0 ? task : update;
      cozmq::message const& m = got.index() == 0 ? std::get<0>(got) : std::get<1>(got);
      REQUIRE(m[0] == std::to_string(expected));
      ++expected;
    }
    REQUIRE_FALSE(tasks.try_recv());
    REQUIRE_FALSE(updates.try_recv());
  });
}

TEST_CASE("A36 || over two empty sockets wakes for whichever gets something")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket to_a{ctx};
    push_socket to_b{ctx};
    pull_socket a{ctx};
    pull_socket b{ctx};
    join(a, to_a, any);
    join(b, to_b, any == "inproc://name" ? "inproc://other" : any);
    for (int i = 0; i < 100; ++i) {
      push_socket& sender = i % 3 == 0 ? to_a : to_b;
      asio::co_spawn(io, sender.send(std::to_string(i)), asio::detached);
      auto const got = co_await (a.recv() || b.recv());
      REQUIRE(got.index() == (i % 3 == 0 ? 0U : 1U));
    }
  });
}

TEST_CASE("A38 a wait that times out is told from an error and from a message, and loses nothing")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    auto nothing = co_await (pull.recv() || cozmq::timeout(5ms));
    REQUIRE(nothing.index() == 1);
    nothing = co_await (pull.recv() || cozmq::timeout(0ms));
    REQUIRE(nothing.index() == 1);
    int received = 0;
    for (int i = 0; i < 200; ++i) {
      co_await push.send("a message");
      auto const got = co_await (pull.recv() || cozmq::timeout(i % 2 * 1us));
      received += got.index() == 0;
    }
    for (; received < 200; ++received)
      co_await pull.recv();
    REQUIRE_FALSE(pull.try_recv());
  });
}

TEST_CASE("cancel() ends every waiting operation, and the socket goes on")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pair_socket s{ctx};
    std::string const endpoint = s.bind("tcp://127.0.0.1:*");
    auto const receiving = start(io, s.recv());
    auto const sending = start(io, s.send("waits"));
    auto const connecting = start(io, s.wait_connected());
    co_await turns(io);
    s.cancel();
    co_await turns(io);
    for (auto const& each : {receiving, sending, connecting}) {
      REQUIRE(each->ended);
      REQUIRE(each->ec == asio::error::operation_aborted);
    }
    cozmq::pair_socket peer{ctx};
    peer.connect(endpoint);
    co_await s.send("there");
    std::string text = co_await text_from(peer);
    REQUIRE(text == "there");
    co_await peer.send("and back");
    text = co_await text_from(s);
    REQUIRE(text == "and back");
  });
}

TEST_CASE("an operation that lets others run before it begins ends with cancel(), close() and the context")
{
  int const how = GENERATE(0, 1, 2);
  int const which = GENERATE(0, 1, 2, 3, 4);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pair_socket s{ctx};
    std::vector<cozmq::message> several(3, cozmq::message{"waits"});
    auto const operation = [&]() -> asio::awaitable<void> {
      s.core()->budget().exhaust();
      // Runs in the pause: that is entered first, and left by what is posted later.
      asio::post(io, [&] { how == 0 ? s.cancel() : how == 1 ? s.close() : ctx.shutdown(); });
      switch (which) {
        case 0: co_await s.recv(); break;
        case 1: co_await s.recv_some(several); break;
        case 2: co_await s.send_some(several); break;
        case 3: co_await s.wait_readable(); break;
        default: co_await s.wait_writable(); break;
      }
    };
    auto const paused = start(io, operation());
    co_await turns(io);
    REQUIRE(paused->ended);
    if (how == 2)
      REQUIRE(paused->ec == cozmq::errc::terminated);
    else
      REQUIRE(paused->ec == asio::error::operation_aborted);
  });
}

TEST_CASE(
    "X-12 K5 an operation on a socket that has ended does not wait for its turn: the socket may go at once")
{
  int const which = GENERATE(0, 1, 2, 3, 4);
  scenario([&](asio::io_context& io, cozmq::context&) -> asio::awaitable<void> {
    std::optional<cozmq::context> ctx{io};
    std::optional<cozmq::pair_socket> s{*ctx};
    ctx.reset();
    co_await turns(io);  // nothing keeps it but its handle
    std::vector<cozmq::message> several(3, cozmq::message{"waits"});
    auto const operation = [&]() -> asio::awaitable<void> {
      s->core()->budget().exhaust();
      switch (which) {
        case 0: co_await s->recv(); break;
        case 1: co_await s->recv_some(several); break;
        case 2: co_await s->send_some(several); break;
        case 3: co_await s->wait_readable(); break;
        default: co_await s->wait_writable(); break;
      }
    };
    auto const ended = start(io, operation());
    s.reset();
    co_await turns(io);
    REQUIRE(ended->ec == cozmq::errc::terminated);
  });
}

TEST_CASE("a request that is cancelled while it lets others run, after its send, ends too")
{
  std::chrono::milliseconds const timeout = GENERATE(0ms, 20000ms);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::req_socket req{ctx};
    cozmq::rep_socket rep{ctx};
    join(rep, req, "inproc://asked");
    cozmq::request_options const options{.timeout = timeout};
    auto const asking = [&]() -> asio::awaitable<void> {
      req.core()->budget().exhaust();
      asio::post(io, [&] { req.cancel(); });
      co_await req.request("anybody?", options);
    };
    auto const asked = start(io, asking());
    co_await turns(io);
    REQUIRE(asked->ended);
    REQUIRE(asked->ec == asio::error::operation_aborted);
    std::string const text = co_await text_from(rep);
    REQUIRE(text == "anybody?");
  });
}

TEST_CASE("cancel() while others run loses no message: what was sent is sent, what was there is still there")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, "inproc://pause");
    auto const sending = [&]() -> asio::awaitable<void> {
      push.core()->budget().exhaust();
      asio::post(io, [&] { push.cancel(); });
      co_await push.send("sent");
    };
    auto const sent = start(io, sending());
    co_await turns(io);
    REQUIRE(sent->ended);
    REQUIRE_FALSE(sent->ec);
    auto const receiving = [&]() -> asio::awaitable<void> {
      pull.core()->budget().exhaust();
      asio::post(io, [&] { pull.cancel(); });
      co_await pull.recv();
    };
    auto const received = start(io, receiving());
    co_await turns(io);
    REQUIRE(received->ended);
    REQUIRE(received->ec == asio::error::operation_aborted);
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "sent");
  });
}

TEST_CASE("B22 closing and destroying end waiting operations; doing it again does nothing")
{
  bool const destroy = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::optional<cozmq::pair_socket> s{ctx};
    s->bind("tcp://127.0.0.1:*");
    auto const receiving = start(io, s->recv());
    auto const sending = start(io, s->send("waits"));
    auto const connecting = start(io, s->wait_connected());
    co_await turns(io);
    if (destroy) {
      s.reset();
    } else {
      s->close();
      s->close();
      REQUIRE_FALSE(s->is_open());
      std::error_code ec;
      REQUIRE_FALSE(s->try_recv(ec));
      REQUIRE(ec == cozmq::errc::socket_closed);
      REQUIRE_THROWS_AS(s->recv(), cozmq::error);
    }
    co_await turns(io);
    for (auto const& each : {receiving, sending, connecting}) {
      REQUIRE(each->ended);
      REQUIRE(each->ec == asio::error::operation_aborted);
    }
    cozmq::context moved{std::move(ctx)};
    ctx = std::move(moved);
    ctx.shutdown();
    ctx.shutdown();
  });
}

TEST_CASE("A42 B20 the end of the context ends every operation with terminated, now and later")
{
  scenario([](asio::io_context& io, cozmq::context&) -> asio::awaitable<void> {
    std::optional<cozmq::context> ctx{io};
    cozmq::pair_socket pair{*ctx};
    cozmq::pub_socket pub{*ctx};
    cozmq::req_socket req{*ctx};
    pull_socket a{*ctx};
    pull_socket b{*ctx};
    std::vector<std::shared_ptr<outcome>> waiting;
    waiting.push_back(start(io, pair.recv()));
    waiting.push_back(start(io, pair.send("waits")));
    waiting.push_back(start(io, pair.wait_connected()));
    waiting.push_back(start(io, pub.wait_subscribers("topic")));
    waiting.push_back(start(io, req.request("anybody?", {.timeout = 10s, .retries = 5})));
    waiting.push_back(start(io, a.recv() || b.recv()));
    co_await turns(io);
    ctx.reset();
    co_await turns(io);
    for (auto const& each : waiting) {
      REQUIRE(each->ended);
      REQUIRE(each->ec == cozmq::errc::terminated);
    }
    auto const later = start(io, pair.recv());
    co_await turns(io);
    REQUIRE(later->ec == cozmq::errc::terminated);
    REQUIRE_THROWS_AS(pair.bind("tcp://127.0.0.1:*"), cozmq::error);
  });
}

TEST_CASE("a second receive on a socket fails with operation_in_progress, the first goes on")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    auto const first = start(io, pull.recv());
    co_await turns(io);
    auto const second = start(io, pull.recv());
    outcome third;
    pull.async_recv([&](std::error_code ec, cozmq::message) { third = {true, ec}; });
    auto const fourth = start(io, pull.recv() || cozmq::timeout(10s));
    co_await turns(io);
    for (outcome const& each : {*second, third, *fourth}) {
      REQUIRE(each.ended);
      REQUIRE(each.ec == cozmq::errc::operation_in_progress);
    }
    REQUIRE_FALSE(first->ended);
    co_await push.send("for the first");
    co_await until(io, [&] { return first->ended; });
    REQUIRE_FALSE(first->ec);
  });
}

TEST_CASE("B21 an exception in the middle leaks nothing and hangs nothing")
{
  captured_log log;
  auto const fails = [](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    std::string const endpoint = join(pull, push, "tcp://127.0.0.1:*");
    cozmq::req_socket nobody{ctx};
    nobody.connect(raw_listener{io}.endpoint());
    for (int i = 0; i < 10; ++i)
      co_await push.send(std::string(100'000, 'x'));
    auto const waiting = start(io, nobody.wait_connected());
    co_await pull.recv();
    throw std::runtime_error{"in the middle"};
  };
  asio::io_context io;
  cozmq::context ctx{io};
  REQUIRE_THROWS_WITH(run_test(io, fails(io, ctx)), "in the middle");
  io.restart();
  REQUIRE(io.run_for(10s) > 0);
  REQUIRE(io.stopped());  // nothing was left to wait for
}

TEST_CASE("an io_context that goes first destroys what waits, in silence")
{
  std::optional<asio::io_context> io{std::in_place};
  cozmq::context ctx{*io};
  pull_socket pull{ctx};
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  push_socket push{ctx};
  push.connect(endpoint);
  bool called = false;
  auto const watched = std::make_shared<int>(1);
  pull.async_recv([&called, watched](std::error_code, cozmq::message) { called = true; });
  asio::co_spawn(
      *io, [](pull_socket inner) -> asio::awaitable<void> { co_await inner.recv(); }(pull_socket{ctx}),
      asio::detached);
  io->poll();
  io.reset();
  REQUIRE_FALSE(called);
  REQUIRE(watched.use_count() == 1);
}

TEST_CASE("X-12 K12 a request that goes with its io_context, after its socket, touches nothing that is gone")
{
  std::optional<asio::io_context> io{std::in_place};
  {
    asio::any_io_executor const strand = asio::make_strand(*io);  // which destroys first what was posted last
    cozmq::context ctx{strand};
    cozmq::req_socket req{ctx};
    req.connect("inproc://nobody");
    asio::co_spawn(strand, req.request("question"), asio::detached);
    io->poll();
  }
  io.reset();
}

TEST_CASE("a coroutine that loses || is cancelled, and its cancellation is not the result")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pull_socket pull{ctx};
  pull.bind("inproc://nobody");
  cozmq::test::run_test(io, [&]() -> asio::awaitable<void> {
    auto got = co_await (pull.wait_connected() || cozmq::timeout(std::chrono::milliseconds{1}));
    REQUIRE(got.index() == 1);
    auto both = co_await ((pull.recv() && cozmq::timeout(std::chrono::seconds{20})) ||
                          cozmq::timeout(std::chrono::milliseconds{1}));
    REQUIRE(both.index() == 1);
  }());
}

TEST_CASE("a REQ whose request was cancelled asks again, and does not take the late reply for the new one")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::rep_socket rep{ctx};
  cozmq::req_socket req{ctx};
  req.connect(rep.bind("tcp://127.0.0.1:*"));
  cozmq::test::run_test(io, [&]() -> asio::awaitable<void> {
    auto got = co_await (req.request("first") || rep.recv());
    REQUIRE(got.index() == 1);
    auto ask = [&]() -> asio::awaitable<cozmq::message> { co_return co_await req.request("second"); };
    auto serve = [&]() -> asio::awaitable<void> {
      co_await rep.send("reply to first");
      cozmq::message const second = co_await rep.recv();
      REQUIRE(second[0] == "second");
      co_await rep.send("reply to second");
    };
    cozmq::spawn(ctx, serve);
    cozmq::message const reply = co_await ask();
    REQUIRE(reply[0] == "reply to second");
  }());
}
