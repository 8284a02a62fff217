// Readiness without taking anything: wait_readable, wait_writable, and the poller over sockets and descriptors.
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/use_future.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::errc;
using cozmq::poll;
using cozmq::poller;
using cozmq::pull_socket;
using cozmq::push_socket;
namespace option = cozmq::option;

namespace {

struct outcome {
  bool ended = false;
  std::error_code ec;
};

template <typename Awaitable>
std::shared_ptr<outcome> start(asio::io_context& io, Awaitable operation)
{
  auto result = std::make_shared<outcome>();
  asio::co_spawn(io, std::move(operation), [result](std::exception_ptr failure, auto&&...) {
    try {
      if (failure)
        std::rethrow_exception(failure);
    } catch (std::system_error const& e) {
      result->ec = e.code();
    }
    result->ended = true;
  });
  return result;
}

std::size_t fill(push_socket& push)
{
  std::size_t count = 0;
  for (cozmq::message m{"full"}; push.try_send(m); m = cozmq::message{"full"})
    ++count;
  return count;
}

// Both ends of a pipe of bytes, closed at the end.
struct descriptor_pair {
  std::array<int, 2> ends{-1, -1};
  descriptor_pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0); }
  descriptor_pair(descriptor_pair const&) = delete;
  descriptor_pair& operator=(descriptor_pair const&) = delete;
  ~descriptor_pair()
  {
    for (int const end : ends)
      ::close(end);
  }
};

}  // namespace

TEST_CASE("A37 B40 readable() is true exactly when a whole message can be received, and takes nothing")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    REQUIRE_FALSE(pull.readable());
    co_await push.send("one", "whole", "message");
    co_await pull.wait_readable();
    co_await pull.wait_readable();
    REQUIRE(pull.readable());
    std::optional<cozmq::message> const m = pull.try_recv();
    REQUIRE((m && to_parts(*m) == parts{"one", "whole", "message"}));
    REQUIRE_FALSE(pull.readable());
    auto const later = start(io, pull.wait_readable());
    co_await turns(io);
    REQUIRE_FALSE(later->ended);
    co_await push.send("later");
    co_await until(io, [&] { return later->ended; });
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "later");
  });
}

TEST_CASE("A37 writable() is true exactly when a send is accepted; wait_writable ends with the first room")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    push.set_option(option::send_hwm{2});
    pull.set_option(option::receive_hwm{2});
    REQUIRE_FALSE(push.writable());
    auto const peer = start(io, push.wait_writable());
    co_await turns(io);
    REQUIRE_FALSE(peer->ended);
    join(pull, push, "inproc://room");
    co_await until(io, [&] { return peer->ended; });
    REQUIRE(push.writable());
    REQUIRE(fill(push) == 4);
    REQUIRE_FALSE(push.writable());
    auto const room = start(io, push.wait_writable());
    co_await turns(io);
    REQUIRE_FALSE(room->ended);
    co_await pull.recv();
    co_await until(io, [&] { return room->ended; });
    REQUIRE(fill(push) == 1);
    cozmq::pub_socket pub{ctx};
    REQUIRE(pub.writable());
    push.close();
    pull.close();
    REQUIRE_FALSE(push.writable());
    REQUIRE_FALSE(pull.readable());
  });
}

TEST_CASE("A37 A44 looking ahead does not change whose turn it is at a REQ and a REP")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket rep{ctx};
    cozmq::req_socket req{ctx};
    join(rep, req, "inproc://turns");
    REQUIRE_FALSE(rep.writable());
    REQUIRE(req.writable());
    REQUIRE_FALSE(req.readable());
    co_await req.send("question");
    REQUIRE_FALSE(req.writable());
    co_await rep.wait_readable();
    cozmq::message early{"early"};
    std::error_code ec;
    REQUIRE_FALSE(rep.writable());
    REQUIRE_FALSE(rep.try_send(early, ec));
    REQUIRE(ec == errc::wrong_state);
    co_await rep.recv();
    REQUIRE_FALSE(rep.readable());
    REQUIRE(rep.writable());
    co_await rep.send("answer");
    co_await req.wait_readable();
    REQUIRE_FALSE(req.writable());
    REQUIRE_FALSE(req.try_send(early, ec));
    REQUIRE(ec == errc::wrong_state);
    std::string const text = co_await text_from(req);
    REQUIRE(text == "answer");
    REQUIRE(req.writable());
    try {
      co_await req.wait_readable();
      FAIL("nothing was asked");
    } catch (cozmq::error const& e) {
      REQUIRE(e.code() == errc::wrong_state);
    }
  });
}

TEST_CASE("A37 a cancelled wait for readiness takes nothing, and any completion token will do")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    std::string const endpoint = pull.bind("inproc://tokens");
    asio::cancellation_signal cancel;
    outcome readable;
    outcome writable;
    pull.async_wait_readable(
        asio::bind_cancellation_slot(cancel.slot(), [&](std::error_code ec) { readable = {true, ec}; }));
    push.async_wait_writable([&](std::error_code ec) { writable = {true, ec}; });
    auto const second = start(io, pull.recv());
    co_await turns(io);
    REQUIRE(second->ec == errc::operation_in_progress);
    REQUIRE_FALSE(readable.ended);
    cancel.emit(asio::cancellation_type::total);
    push.connect(endpoint);
    co_await until(io, [&] { return readable.ended && writable.ended; });
    REQUIRE(readable.ec == asio::error::operation_aborted);
    REQUIRE_FALSE(writable.ec);
    bool inside = true;
    pull.async_wait_readable([&](std::error_code ec) {
      REQUIRE_FALSE(inside);
      readable = {true, ec};
    });
    inside = false;
    readable = {};
    co_await push.send("still there");
    co_await until(io, [&] { return readable.ended; });
    REQUIRE_FALSE(readable.ec);
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "still there");
  });
}

TEST_CASE("A36 || and && over readiness, receives and timeouts take nothing that they do not return")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket a{ctx};
    pull_socket b{ctx};
    push_socket full{ctx};
    join(a, push, "inproc://a");
    b.bind("inproc://b");
    auto got = co_await (a.wait_readable() || full.wait_writable() || cozmq::timeout(1ms));
    REQUIRE(got.index() == 2);
    co_await push.send("for a");
    auto const either = co_await (b.recv() || a.wait_readable());
    REQUIRE(either.index() == 1);
    REQUIRE(a.readable());
    auto const both = start(io, a.wait_readable() && b.wait_readable());
    co_await turns(io);
    REQUIRE_FALSE(both->ended);
    push_socket to_b{ctx};
    to_b.connect("inproc://b");
    co_await to_b.send("for b");
    co_await until(io, [&] { return both->ended; });
    REQUIRE_FALSE(both->ec);
    REQUIRE((a.readable() && b.readable()));
    auto const sent = co_await (full.send("not queued") || cozmq::timeout(1ms));
    REQUIRE(sent.index() == 1);
    pull_socket late{ctx};
    join(late, full, "inproc://late");
    co_await full.send("queued");
    std::string const text = co_await text_from(late);
    REQUIRE(text == "queued");
  });
}

TEST_CASE("A36 || ends when a socket in it is cancelled, closed or destroyed")
{
  int const how = GENERATE(0, 1, 2);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::optional<pull_socket> a{ctx};
    pull_socket b{ctx};
    auto const receiving = start(io, a->recv() || b.recv());
    co_await turns(io);
    how == 0 ? a->cancel() : how == 1 ? a->close() : a.reset();
    co_await until(io, [&] { return receiving->ended; });
    REQUIRE(receiving->ec == asio::error::operation_aborted);
  });
}

TEST_CASE("A36 A37 a poller wakes for whichever of several sockets, of different patterns, is ready")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket tasks{ctx};
    join(tasks, push, any);
    cozmq::pub_socket pub{ctx};
    cozmq::sub_socket updates{ctx};
    join(pub, updates, any == "inproc://name" ? "inproc://other" : any);
    updates.subscribe("wanted");
    co_await pub.wait_subscribers("wanted");
    poller items{ctx};
    items.add(tasks, poll::in, &tasks);
    items.add(updates, poll::in, &updates);
    REQUIRE(items.size() == 2);
    for (int i = 0; i < 100; ++i) {
      bool const task = i % 3 == 0;
      co_await pub.send("other", "which is filtered out");
      if (task)
        co_await push.send(std::to_string(i));
      else
        co_await pub.send("wanted", std::to_string(i));
      poller::event const found = co_await items.wait();
      REQUIRE(found.what == poll::in);
      REQUIRE(found.data == (task ? static_cast<void*>(&tasks) : &updates));
      std::optional<cozmq::message> const m = task ? tasks.try_recv() : updates.try_recv();
      REQUIRE((m && (*m)[m->size() - 1] == std::to_string(i)));
      REQUIRE_FALSE((tasks.try_recv() || updates.try_recv()));
    }
    auto const later = start(io, items.wait());
    co_await turns(io);
    REQUIRE_FALSE(later->ended);
    co_await push.send("last");
    co_await until(io, [&] { return later->ended; });
  });
}

TEST_CASE("A38 a poll that times out gives nothing, one of zero does not wait, and both differ from an error")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    push_socket push{ctx};
    join(pull, push, "inproc://poll");
    poller items{ctx};
    auto const begin = std::chrono::steady_clock::now();
    auto found = co_await items.wait(20ms);  // an empty set only sleeps
    REQUIRE_FALSE(found);
    items.add(pull, poll::in, &pull);
    found = co_await items.wait(20ms);
    REQUIRE_FALSE(found);
    REQUIRE(std::chrono::steady_clock::now() - begin >= 40ms);
    found = co_await items.wait(0ms);
    REQUIRE_FALSE(found);
    auto all = co_await items.wait_all(1ms);
    REQUIRE(all.empty());
    co_await push.send("there");
    found = co_await items.wait(0ms);
    REQUIRE((found && found->what == poll::in));
    found = co_await items.wait(10s);
    REQUIRE(found);
    items.remove(pull);
    auto const nothing = start(io, items.wait());
    co_await until(io, [&] { return nothing->ended; });
    REQUIRE(nothing->ec == errc::nothing_to_wait_for);
    REQUIRE(nothing->ec == std::errc::invalid_argument);
  });
}

TEST_CASE("B44 a poller is level-triggered: all that is ready in order, or one source in turn")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    std::array<pull_socket, 3> sockets{pull_socket{ctx}, pull_socket{ctx}, pull_socket{ctx}};
    cozmq::basic_poller<int> items{ctx};
    for (int i = 0; i < 3; ++i) {
      push.connect(sockets[static_cast<std::size_t>(i)].bind("inproc://" + std::to_string(i)));
      items.add(sockets[static_cast<std::size_t>(i)], poll::in, i);
    }
    for (int i = 0; i < 6; ++i)
      co_await push.send(std::to_string(i));
    std::vector<int> turns;
    for (int i = 0; i < 6; ++i)
      turns.push_back((co_await items.wait()).data);
    REQUIRE((turns == std::vector<int>{0, 1, 2, 0, 1, 2}));
    for (int i = 0; i < 2; ++i) {
      auto const all = co_await items.wait_all();
      REQUIRE(all.size() == 3);
      for (int n = 0; n < 3; ++n)
        REQUIRE((all[static_cast<std::size_t>(n)].data == n &&
                 all[static_cast<std::size_t>(n)].what == poll::in));
    }
    REQUIRE(sockets[1].try_recv());
    REQUIRE(sockets[1].try_recv());
    auto const two = co_await items.wait_all();
    REQUIRE((two.size() == 2 && two[0].data == 0 && two[1].data == 2));
  });
}

TEST_CASE("2.7 poller: input and output of one socket, changed and muted by modify, also while it waits")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pair_socket a{ctx};
    cozmq::pair_socket b{ctx};
    join(a, b, "inproc://pair");
    poller items{ctx};
    items.add(a, poll::in | poll::out);
    auto found = co_await items.wait();
    REQUIRE(found.what == poll::out);
    co_await b.send("hello");
    found = co_await items.wait();
    REQUIRE(found.what == (poll::in | poll::out));
    items.modify(a, poll::in);
    found = co_await items.wait();
    REQUIRE(found.what == poll::in);
    items.modify(a, poll::none);
    auto const muted = start(io, items.wait());
    co_await turns(io);
    REQUIRE_FALSE(muted->ended);
    items.modify(a, poll::in);
    co_await until(io, [&] { return muted->ended; });
    REQUIRE_FALSE(muted->ec);
    REQUIRE(a.try_recv());
    auto const other = start(io, items.wait());
    co_await turns(io);
    co_await a.send("to be read");
    items.add(b, poll::in, &b);
    co_await until(io, [&] { return other->ended; });
  });
}

TEST_CASE("2.7 poller errors: added twice, unknown, closed, waited for twice, received from by another")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull_socket other{ctx};
    descriptor_pair bytes;
    poller items{ctx};
    std::error_code ec;
    items.add(pull, poll::in);
    items.add(bytes.ends[0], poll::in);
    items.add(pull, poll::in, nullptr, ec);
    REQUIRE(ec == errc::already_added);
    items.add(bytes.ends[0], poll::out, nullptr, ec);
    REQUIRE(ec == errc::already_added);
    items.modify(other, poll::in, ec);
    REQUIRE(ec == errc::not_added);
    items.remove(bytes.ends[1], ec);
    REQUIRE(ec == errc::not_added);
    REQUIRE_THROWS_AS(items.remove(other), cozmq::error);
    items.add(-1, poll::in, nullptr, ec);
    REQUIRE(ec == std::errc::bad_file_descriptor);
    other.close();
    items.add(other, poll::in, nullptr, ec);
    REQUIRE(ec == errc::socket_closed);
    REQUIRE(items.size() == 2);
    auto const first = start(io, items.wait());
    co_await turns(io);
    auto const second = start(io, items.wait());
    auto const receive = start(io, pull.recv());
    co_await turns(io);
    REQUIRE(second->ec == errc::operation_in_progress);
    REQUIRE(receive->ec == errc::operation_in_progress);
    REQUIRE_FALSE(first->ended);
    items.remove(pull);
    auto const alone = start(io, pull.recv());
    co_await turns(io);
    items.add(pull, poll::in);
    co_await until(io, [&] { return first->ended; });
    REQUIRE(first->ec == errc::operation_in_progress);
    pull.cancel();
    co_await until(io, [&] { return alone->ended; });
  });
}

TEST_CASE(
    "2.7 poller: a destroyed socket is reported once and has left the set; the end of the context ends a "
    "wait")
{
  scenario([](asio::io_context& io, cozmq::context&) -> asio::awaitable<void> {
    std::optional<cozmq::context> ctx{io};
    std::optional<pull_socket> a{*ctx};
    pull_socket b{*ctx};
    poller items{*ctx};
    items.add(*a, poll::in, &a);
    items.add(b, poll::in, &b);
    std::optional<poller::event> found;
    asio::co_spawn(io, [&]() -> asio::awaitable<void> { found = co_await items.wait(); }, asio::detached);
    co_await turns(io);
    a.reset();
    co_await until(io, [&] { return found.has_value(); });
    REQUIRE((found->data == &a && found->what == poll::error));
    REQUIRE(items.size() == 1);
    auto const nothing = co_await items.wait(1ms);
    REQUIRE_FALSE(nothing);
    auto const waiting = start(io, items.wait());
    co_await turns(io);
    b.cancel();  // is for operations on the socket
    co_await turns(io);
    REQUIRE_FALSE(waiting->ended);
    ctx.reset();
    co_await until(io, [&] { return waiting->ended; });
    REQUIRE(waiting->ec == errc::terminated);
    auto const later = start(io, items.wait());
    co_await until(io, [&] { return later->ended; });
    REQUIRE(later->ec == errc::terminated);
  });
}

TEST_CASE("2.7 poller: a cancelled wait, and one whose poller goes, leave everything as it was")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, "inproc://cancelled");
    descriptor_pair bytes;
    std::optional<poller> items{ctx};
    items->add(pull, poll::in, &pull);
    items->add(bytes.ends[0], poll::in);
    for (int i = 0; i < 50; ++i) {
      asio::cancellation_signal cancel;
      outcome waited;
      asio::co_spawn(
          io, items->wait(),
          asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr failure, poller::event) {
            waited = {true, failure ? asio::error::operation_aborted : std::error_code{}};
          }));
      if (i % 2 == 0)
        co_await push.send(std::to_string(i));
      co_await turns(io, i % 5);
      cancel.emit(asio::cancellation_type::terminal);
      co_await until(io, [&] { return waited.ended; });
      if (i % 2 == 0) {
        std::string const text = co_await text_from(pull);
        REQUIRE(text == std::to_string(i));
      }
    }
    auto const waiting = start(io, items->wait());
    co_await turns(io);
    items.reset();
    co_await until(io, [&] { return waiting->ended; });
    REQUIRE(waiting->ec == asio::error::operation_aborted);
    co_await push.send("still works");
    co_await pull.recv();
  });
}

TEST_CASE("2.7 poll_fd a poller watches descriptors beside sockets, and leaves them as they are")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    descriptor_pair bytes;
    auto const [ours, theirs] = bytes.ends;
    int const flags = ::fcntl(ours, F_GETFL);
    asio::posix::stream_descriptor also_asio{io, ::dup(ours)};
    cozmq::basic_poller<std::string> items{ctx};
    items.add(pull, poll::in, "socket");
    items.add(ours, poll::in, "descriptor");
    auto none = co_await items.wait(1ms);
    REQUIRE_FALSE(none);
    for (int i = 0; i < 3; ++i) {
      auto const waiting = start(io, items.wait());
      co_await turns(io);
      REQUIRE_FALSE(waiting->ended);
      REQUIRE(::write(theirs, "x", 1) == 1);
      co_await until(io, [&] { return waiting->ended; });
      auto const again = co_await items.wait();  // level-triggered
      REQUIRE((again.data == "descriptor" && again.what == poll::in));
      char byte = 0;
      REQUIRE(::read(ours, &byte, 1) == 1);
    }
    items.modify(ours, poll::out);
    auto found = co_await items.wait();
    REQUIRE(found.what == poll::out);
    items.modify(ours, poll::in | poll::out);
    REQUIRE(::shutdown(theirs, SHUT_RDWR) == 0);
    found = co_await items.wait();
    REQUIRE(found.what == (poll::in | poll::out | poll::error));
    items.modify(ours, poll::none);
    none = co_await items.wait(1ms);
    REQUIRE_FALSE(none);
    items.modify(ours, poll::in);
    found = co_await items.wait();
    REQUIRE(found.what & poll::error);
    items.remove(ours);
    REQUIRE(::fcntl(ours, F_GETFL) == flags);
  });
}

TEST_CASE("2.7 poll_fd what was ready but not reported yet is looked at anew, not remembered")
{
  bool const by_reading = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    descriptor_pair a;
    descriptor_pair b;
    cozmq::basic_poller<std::string> items{ctx};
    items.add(a.ends[0], poll::in, "a");
    items.add(b.ends[0], poll::in, "b");
    REQUIRE(::write(a.ends[1], "x", 1) == 1);
    REQUIRE(::write(b.ends[1], "x", 1) == 1);
    auto found = co_await items.wait();
    REQUIRE(found.data == "a");
    char byte = 0;
    if (by_reading)
      REQUIRE(::read(b.ends[0], &byte, 1) == 1);
    else
      items.modify(b.ends[0], poll::urgent);
    for (int i = 0; i < 3; ++i) {
      found = co_await items.wait();
      REQUIRE((found.data == "a" && found.what == poll::in));
    }
  });
}

TEST_CASE("2.7 poll_fd a regular file is always ready; a closed descriptor is silent until it is removed")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    int const file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    REQUIRE(file >= 0);
    poller items{ctx};
    items.add(file, poll::in);
    auto found = co_await items.wait();
    REQUIRE(found.what == poll::in);
    items.modify(file, poll::none);
    auto const none = co_await items.wait(1ms);
    REQUIRE_FALSE(none);
    items.remove(file);
    ::close(file);
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    items.add(ends[1], poll::out);
    found = co_await items.wait();
    REQUIRE(found.what == poll::out);
    ::close(ends[1]);
    auto const silent = co_await items.wait(1ms);
    REQUIRE_FALSE(silent);
    items.remove(ends[1]);
    ::close(ends[0]);
  });
}

TEST_CASE("2.7 poller: a loop over a source that is always ready lets others run")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pub_socket always{ctx};
    poller items{ctx};
    items.add(always, poll::out);
    bool other = false;
    asio::post(io, [&] { other = true; });
    while (!other)
      co_await items.wait();
  });
}

TEST_CASE("2.7 poller: what happens while a wait lets others run counts: its end, and another wait")
{
  bool const closes = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pub_socket always{ctx};
    std::optional<poller> items{ctx};
    items->add(always, poll::out);
    auto const loop = [&](bool const& stopped) -> asio::awaitable<void> {
      while (!stopped)
        co_await items->wait();
    };
    bool stopped = false;
    auto const waiting = start(io, loop(stopped));
    std::shared_ptr<outcome> second;
    // It is the loop's pause in which this comes to run: nothing else suspends it.
    asio::post(io, [&] {
      stopped = true;
      items->modify(always, poll::none);
      if (closes)
        items.reset();
      else
        second = start(io, items->wait());
    });
    co_await turns(io);
    if (closes) {
      REQUIRE(waiting->ended);
      REQUIRE(waiting->ec == asio::error::operation_aborted);
    } else {
      REQUIRE_FALSE(waiting->ended);
      REQUIRE(second->ec == errc::operation_in_progress);
      items->modify(always, poll::out);
      co_await turns(io);
      REQUIRE(waiting->ended);
      REQUIRE_FALSE(waiting->ec);
    }
  });
}

TEST_CASE(
    "2.7 poller: an io_context that goes first destroys a wait in silence, and the poller may outlive it")
{
  descriptor_pair bytes;
  std::optional<asio::io_context> io{std::in_place};
  cozmq::context ctx{*io};
  pull_socket pull{ctx};
  poller items{ctx};
  items.add(pull, poll::in);
  items.add(bytes.ends[0], poll::in);
  auto const waiting = start(*io, items.wait());
  io->poll();
  io.reset();
  REQUIRE_FALSE(waiting->ended);
  items.remove(bytes.ends[0]);
}
