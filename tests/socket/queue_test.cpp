// Queues: high-water marks, what waits in them, and how long a closed socket goes on delivering them.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::pull_socket;
using cozmq::push_socket;
namespace option = cozmq::option;

namespace {

// How many messages of three frames `push` takes without waiting.
std::size_t fill(push_socket& push, std::size_t at_most = 100'000)
{
  for (std::size_t count = 0; count < at_most; ++count) {
    cozmq::message m{"one", "message", "only"};
    if (!push.try_send(m))
      return count;
  }
  return at_most;
}

// Runs the loop until nothing is left to do, and returns how long that took.
std::chrono::steady_clock::duration run_out(asio::io_context& io)
{
  auto const begin = std::chrono::steady_clock::now();
  io.restart();
  io.run();
  return std::chrono::steady_clock::now() - begin;
}

}  // namespace

TEST_CASE(
    "A18 over inproc exactly the sum of both marks is accepted, in whole messages, whichever side was first")
{
  bool const bind_first = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    push.set_option(option::send_hwm{7});
    pull.set_option(option::receive_hwm{5});
    if (bind_first)
      pull.bind("inproc://marks");
    push.connect("inproc://marks");
    std::size_t const early = bind_first ? 0 : fill(push);
    REQUIRE(early == (bind_first ? 0U : 7U));  // its own mark, while it is alone
    if (!bind_first)
      pull.bind("inproc://marks");
    REQUIRE(early + fill(push) == 12);
    REQUIRE(pull.try_recv());
    REQUIRE(fill(push) == 1);
    co_return;
  });
}

TEST_CASE("either side unlimited makes an inproc queue unlimited")
{
  bool const sender = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    push.set_option(option::send_hwm{sender ? option::unlimited : 1});
    pull.set_option(option::receive_hwm{sender ? 1 : option::unlimited});
    join(pull, push, "inproc://marks");
    REQUIRE(fill(push, 5'000) == 5'000);
    co_return;
  });
}

TEST_CASE("A18 S44 B27 a full PUSH makes the next send wait, and a receive lets it go on")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    push.set_option(option::send_hwm{2});
    pull.set_option(option::receive_hwm{2});
    join(pull, push, any);
    std::string const large(1'000'000, 'x');
    int sent = 0;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          for (; sent < 100; ++sent)
            co_await push.send(large);
        },
        asio::detached);
    co_await turns(io, 2'000);
    REQUIRE(sent < 50);
    for (int i = 0; i < 100; ++i) {
      cozmq::message const m = co_await pull.recv();
      REQUIRE(m.byte_size() == large.size());
    }
    co_await until(io, [&] { return sent == 100; });
  });
}

TEST_CASE("B34 B26 a hundred messages sent before the peer exists arrive in order; sending only queues")
{
  std::string const kind = GENERATE(as<std::string>{}, "tcp", "inproc");
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const endpoint = kind == "tcp" ? raw_listener{io}.endpoint() : "inproc://later";
    push_socket push{ctx};
    push.set_option(option::reconnect_interval{5ms});
    push.connect(endpoint);
    for (int i = 0; i < 100; ++i)
      co_await push.send(std::to_string(i));
    pull_socket pull{ctx};
    pull.bind(endpoint);
    for (int i = 0; i < 100; ++i) {
      std::string const text = co_await text_from(pull);
      REQUIRE(text == std::to_string(i));
    }
  });
}

TEST_CASE("a connecting endpoint counts as a peer unless the socket is immediate")
{
  captured_log log;
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::string const nobody = raw_listener{io}.endpoint();
    push_socket queues{ctx};
    queues.set_option(option::linger{0ms});
    queues.connect(nobody);
    REQUIRE(fill(queues) == 1000);
    push_socket waits{ctx};
    waits.set_option(option::immediate{true});
    waits.connect(nobody);
    REQUIRE(fill(waits) == 0);
    push_socket bound{ctx};
    bound.bind("tcp://127.0.0.1:*");
    REQUIRE(fill(bound) == 0);
    co_return;
  });
}

TEST_CASE("a full receive queue stops reading, and nothing is dropped")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::receive_hwm{10});
    raw_peer push{io};
    co_await push.connect(pull.bind("tcp://127.0.0.1:*"));
    co_await push.handshake("PUSH");
    octets const one = frame_octets(std::string(250, 'x'));
    push.stream().non_blocking(true);
    std::size_t written = 0;
    int refused_in_a_row = 0;
    while (refused_in_a_row < 1'000 && written < 200'000'000) {
      std::error_code ec;
      std::size_t const rest = written % one.size();
      written += push.stream().write_some(asio::buffer(one.data() + rest, one.size() - rest), ec);
      refused_in_a_row = ec ? refused_in_a_row + 1 : 0;
      if (ec)
        co_await turns(io, 1);
    }
    REQUIRE(written < 100'000'000);
    std::size_t const whole = written / one.size();
    for (std::size_t i = 0; i < whole; ++i) {
      cozmq::message const m = co_await pull.recv();
      REQUIRE(m.byte_size() == 250);
    }
  });
}

TEST_CASE("what was received stays readable after its peer has left")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    {
      push_socket push{ctx};
      push.connect(pull.bind(any));
      for (int i = 0; i < 10; ++i)
        co_await push.send(std::to_string(i));
      co_await pull.wait_connected();
    }
    co_await until(io, [&] { return pull.connected_peers() == 0; });
    for (int i = 0; i < 10; ++i) {
      std::optional<cozmq::message> const m = pull.try_recv();
      REQUIRE(m);
      REQUIRE((*m)[0] == std::to_string(i));
    }
    REQUIRE_FALSE(pull.try_recv());
  });
}

TEST_CASE("S46 what a PAIR received from a peer that has left comes before what the next one sends")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pair_socket pair{ctx};
    std::string const endpoint = pair.bind(any);
    for (std::string name : {"first", "second", "third"}) {
      cozmq::pair_socket peer{ctx};
      peer.connect(endpoint);
      co_await peer.wait_connected();
      co_await peer.send(name);
      co_await peer.send(name + " again");
      peer.close();
      co_await until(io, [&] { return pair.connected_peers() == 0; });
    }
    cozmq::pair_socket last{ctx};
    last.connect(endpoint);
    co_await last.send("last");
    co_await pair.wait_connected();
    REQUIRE(pair.stats().unread >= 6);
    for (std::string name : {"first", "second", "third"}) {
      std::string text = co_await text_from(pair);
      REQUIRE(text == name);
      text = co_await text_from(pair);
      REQUIRE(text == name + " again");
    }
    std::string text = co_await text_from(pair);
    REQUIRE(text == "last");
    co_await pair.send("answer");
    text = co_await text_from(last);
    REQUIRE(text == "answer");
    REQUIRE(pair.stats().unread == 0);
  });
}

TEST_CASE("A15 B19 with linger zero, closing over a full queue for an absent peer ends at once and is logged")
{
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  push_socket push{ctx};
  push.set_option(option::linger{0ms});
  push.connect(raw_listener{io}.endpoint());
  REQUIRE(fill(push) == 1000);
  push.close();
  REQUIRE(run_out(io) < 50ms);
  REQUIRE(log.count("1000 messages undelivered") == 1);
}

TEST_CASE("A15 B19 linger bounds how long a closed socket waits for an absent peer or a dead one")
{
  captured_log log;
  bool const absent = GENERATE(true, false);
  asio::io_context io;
  raw_listener dead{io};  // accepts in its backlog, and never says a word
  cozmq::context ctx{io};
  push_socket push{ctx};
  push.set_option(option::linger{200ms});
  push.connect(absent ? raw_listener{io}.endpoint() : dead.endpoint());
  REQUIRE(fill(push) == 1000);
  auto const begin = std::chrono::steady_clock::now();
  push.close();
  run_out(io);
  auto const took = std::chrono::steady_clock::now() - begin;
  REQUIRE(took >= 200ms);
  REQUIRE(took < 2s);
  REQUIRE(log.count("1000 messages undelivered") == 1);
}

TEST_CASE("A15 B19 a closed socket ends as soon as a live peer, which may be slow to appear, has its queue")
{
  std::string const kind = GENERATE(as<std::string>{}, "bound", "late");
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  pull_socket pull{ctx};
  std::string const endpoint = kind == "bound" ? pull.bind("tcp://127.0.0.1:*") : raw_listener{io}.endpoint();
  push_socket push{ctx};
  push.set_option(option::linger{option::linger::forever});
  push.set_option(option::reconnect_interval{5ms});
  push.connect(endpoint);
  REQUIRE(fill(push) == 1000);
  push.close();
  run_test(io, [&]() -> asio::awaitable<void> {
    if (kind == "late") {
      co_await until(io, [&] { return log.count("retrying") == 1; });
      pull.bind(endpoint);
    }
    for (int i = 0; i < 1000; ++i) {
      cozmq::message const m = co_await pull.recv();
      REQUIRE(m.size() == 3);
    }
    REQUIRE_FALSE(pull.try_recv());
    pull.close();
  }());
  REQUIRE(run_out(io) < 500ms);
}

TEST_CASE("A15 B19 a closed socket does not wait for peers that left, though nobody has read what they sent")
{
  std::string const left = GENERATE(as<std::string>{}, "before", "at unbind", "after");
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::dealer_socket dealer{ctx};
  raw_peer peer{io};
  dealer.set_option(option::linger{option::linger::forever});
  run_test(io, [&]() -> asio::awaitable<void> {
    std::string const endpoint = dealer.bind("tcp://127.0.0.1:*");
    co_await peer.connect(endpoint);
    co_await peer.handshake("DEALER");
    co_await peer.write(frame_octets("unread"));
    co_await peer.ping();
    if (left == "at unbind") {
      dealer.unbind(endpoint);
    } else if (left == "before") {
      peer.close();
      co_await until(io, [&] { return dealer.connected_peers() == 0; });
    } else {
      // More than the kernel takes: it is still on its way when the socket is closed.
      cozmq::message large{std::string(100'000'000, 'x')};
      co_await dealer.send(std::move(large));
      dealer.close();
      peer.close();
    }
  }());
  dealer.close();
  io.restart();
  io.run_for(default_bound);
  REQUIRE(io.stopped());
}

TEST_CASE("after a disconnect that is over a socket that has bound too does nothing unasked")
{
  asio::io_context io;
  cozmq::context ctx{io};
  pull_socket pull{ctx};
  push_socket push{ctx};
  push.set_option(option::linger{option::linger::forever});
  push.bind("tcp://127.0.0.1:*");
  std::string const endpoint = join(pull, push, "tcp://127.0.0.1:*");
  run_test(io, [&]() -> asio::awaitable<void> {
    co_await push.send("last");
    push.disconnect(endpoint);
    std::string const text = co_await text_from(pull);
    REQUIRE(text == "last");
    co_await until(io, [&] { return pull.connected_peers() == 0; });
    // What looked after the delivery may look once more, but not for ever.
    asio::steady_timer marker{io, 150ms};
    co_await marker.async_wait(asio::use_awaitable);
  }());
  REQUIRE(io.run_for(150ms) == 0);
}

TEST_CASE("A15 a socket closed during the handshake delivers its queue and then ends the connection")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    raw_listener address{io};
    std::optional<push_socket> push{ctx};
    push->set_option(option::linger{60s});
    push->connect(address.endpoint());
    co_await push->send("Hello");
    raw_peer pull = co_await address.accept();
    push.reset();
    co_await pull.handshake("PULL");
    auto const [flags, body] = co_await pull.read_frame();
    REQUIRE(cozmq::as_text(body) == "Hello");
    co_await pull.wait_closed();
  });
}

TEST_CASE("disconnecting from a peer in its handshake ends the connection when that is complete")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  pull_socket pull{ctx};
  push_socket push{ctx};
  push.set_option(option::linger{60s});
  std::string const endpoint = join(pull, push, any);
  push.disconnect(endpoint);
  run_test(io, turns(io));
  REQUIRE(pull.connected_peers() == 0);
  pull.close();
  REQUIRE(run_out(io) < 1s);
}

TEST_CASE("a reader that is paused at its mark is not mistaken for a dead one, and goes on sending PING")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    pull.set_option(option::receive_hwm{1});
    pull.set_option(option::heartbeat_interval{5ms});
    pull.set_option(option::heartbeat_timeout{20ms});
    raw_peer push{io};
    co_await push.connect(pull.bind("tcp://127.0.0.1:*"));
    co_await push.handshake("PUSH");
    co_await push.write(frame_octets("1") + frame_octets("2"));
    for (int i = 0; i < 20; ++i) {  // 100 ms of silence from us
      auto const [flags, body] = co_await push.read_frame();
      REQUIRE(cozmq::as_text(body).substr(0, 5) == "\x04PING");
    }
    REQUIRE(pull.connected_peers() == 1);
    for (std::string expected : {"1", "2"}) {
      std::string const text = co_await text_from(pull);
      REQUIRE(text == expected);
    }
    co_await push.wait_closed();  // now our silence counts
  });
}

TEST_CASE("2.4 CONFLATE of the messages that wait to be received only the last is kept, whole")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    pull_socket pull{ctx};
    REQUIRE_FALSE(pull.get_option<option::conflate>().value);
    pull.set_option(option::conflate{true});
    pull.set_option(option::receive_hwm{1});
    raw_peer peer{io};
    co_await peer.connect(pull.bind("tcp://127.0.0.1:*"));
    co_await peer.handshake("PUSH");
    for (int round = 0; round < 3; ++round) {
      octets burst;
      for (int i = 0; i < 20; ++i)
        burst = burst + frame_octets(std::to_string(i), true) + frame_octets("end");
      co_await peer.write(std::move(burst));
      co_await peer.ping();  // the mark does not stop the reading
      cozmq::message const m = co_await pull.recv();
      REQUIRE(m.size() == 2);
      REQUIRE(m[0] == "19");
      REQUIRE_FALSE(pull.try_recv());
    }
  });
}

TEST_CASE("2.4 CONFLATE of the messages that wait for a peer only the last is kept, and a send never waits")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    push.set_option(option::conflate{true});
    raw_listener listener{io};
    push.connect(listener.endpoint());
    raw_peer peer = co_await listener.accept();
    for (int i = 0; i < 20; ++i)
      co_await push.send(std::to_string(i));
    co_await push.send("the last");
    co_await peer.handshake("PULL");
    auto const first = co_await peer.read_frame();
    REQUIRE(cozmq::as_text(first.second) == "the last");

    // A peer that reads nothing: what has begun to leave is completed, and the last follows.
    std::string const filling(1'000'000, 'x');
    for (int i = 0; i < 100; ++i) {
      cozmq::message m{std::to_string(i), filling};
      REQUIRE(push.try_send(m));
    }
    co_await push.send("end");
    int received = 0;
    for (;; ++received) {
      auto const head = co_await peer.read_frame();
      if (cozmq::as_text(head.second) == "end")
        break;
      auto const body = co_await peer.read_frame();
      REQUIRE(body.second.size() == filling.size());
    }
    REQUIRE(received < 100);
  });
}

TEST_CASE(
    "2.4 CONFLATE either end of an inproc connection keeps the last message only, and every subscription")
{
  bool const at_sender = GENERATE(true, false);
  bool const connects_first = GENERATE(true, false);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pub_socket pub{ctx};
    cozmq::sub_socket sub{ctx};
    if (at_sender)
      pub.set_option(option::conflate{true});
    else
      sub.set_option(option::conflate{true});
    if (!connects_first)
      pub.bind("inproc://name");
    sub.connect("inproc://name");
    for (std::string_view topic : {"A", "B", "C"})
      sub.subscribe(topic);
    if (connects_first)
      pub.bind("inproc://name");
    co_await sub.wait_subscribed();
    REQUIRE(pub.topics_count() == 3);
    for (std::string_view text : {"A1", "B1", "C1", "A2", "B2"})
      co_await pub.send(text);
    auto const last = co_await text_from(sub);
    REQUIRE(last == "B2");
    REQUIRE_FALSE(sub.try_recv());
    co_await pub.send("C3");
    auto const next = co_await text_from(sub);
    REQUIRE(next == "C3");
  });
}

namespace {

// Messages of one frame each, counted from `first` on.
std::vector<cozmq::message> numbered(int count, int first = 0)
{
  std::vector<cozmq::message> result;
  for (int i = 0; i < count; ++i)
    result.emplace_back(std::to_string(first + i));
  return result;
}

// What a batch came to: a count, or an error.
template <typename Batch>
asio::awaitable<void> run_batch(Batch batch, std::optional<std::size_t>* count, std::error_code* ec)
{
  try {
    *count = co_await std::move(batch);
  } catch (std::system_error const& e) {
    *ec = e.code();
  }
}

}  // namespace

TEST_CASE("2.6 batch recv_some waits for one message, then takes what else is there, in order")
{
  std::string const any = every_transport();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, any);
    co_await pull.wait_connected();
    std::vector<cozmq::message> got(4);
    std::optional<std::size_t> first;
    std::error_code ec;
    asio::co_spawn(io, run_batch(pull.recv_some(got), &first, &ec), asio::detached);
    co_await turns(io, 10);
    REQUIRE_FALSE(first);
    co_await push.send("0");
    co_await until(io, [&] { return first.has_value(); });
    REQUIRE(*first == 1);
    REQUIRE(got[0] == cozmq::message{"0"});

    std::vector<cozmq::message> const sent = numbered(10, 1);
    for (cozmq::message const& each : sent)
      co_await push.send(each);
    for (std::size_t total = 0; total < sent.size();) {
      std::size_t const count = co_await pull.recv_some(got);
      REQUIRE(count > 0);
      REQUIRE(count <= got.size());
      for (std::size_t i = 0; i < count; ++i)
        REQUIRE(got[i] == sent[total + i]);
      total += count;
    }
    std::size_t const none = co_await pull.recv_some({});
    REQUIRE(none == 0);
    REQUIRE_FALSE(pull.try_recv());
  });
}

TEST_CASE("2.6 batch send_some takes as many as there is room for and leaves the others as they were")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    push.set_option(option::send_hwm{3});
    pull_socket pull{ctx};
    pull.set_option(option::receive_hwm{4});
    join(pull, push, "inproc://name");
    std::vector<cozmq::message> batch = numbered(10);
    std::size_t const count = co_await push.send_some(batch);
    REQUIRE(count == 7);
    for (std::size_t i = 0; i < batch.size(); ++i)
      REQUIRE(batch[i] == (i < count ? cozmq::message{} : cozmq::message{std::to_string(i)}));

    // The next call waits for room.
    std::optional<std::size_t> more;
    std::error_code ec;
    asio::co_spawn(io, run_batch(push.send_some(std::span{batch}.subspan(count)), &more, &ec),
                   asio::detached);
    co_await turns(io, 10);
    REQUIRE_FALSE(more);
    for (int i = 0; i < 10; ++i) {
      auto const text = co_await text_from(pull);
      REQUIRE(text == std::to_string(i));
      if (i == 0) {
        co_await until(io, [&] { return more.has_value(); });
        REQUIRE(*more > 0);
        for (std::size_t sent = count + *more; sent < batch.size(); ++sent) {
          asio::co_spawn(io, push.send(std::move(batch[sent])), asio::detached);
        }
      }
    }
    std::size_t const none = co_await push.send_some({});
    REQUIRE(none == 0);
  });
}

TEST_CASE("2.6 batch cancelling one loses nothing and sends nothing")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    push_socket push{ctx};
    pull_socket pull{ctx};
    std::vector<cozmq::message> batch = numbered(5);
    std::vector<cozmq::message> got(5);
    std::optional<std::size_t> sent, received;
    std::error_code send_error, receive_error;
    asio::co_spawn(io, run_batch(push.send_some(batch), &sent, &send_error), asio::detached);
    asio::co_spawn(io, run_batch(pull.recv_some(got), &received, &receive_error), asio::detached);
    co_await turns(io, 10);
    push.cancel();
    pull.cancel();
    co_await until(io, [&] { return send_error && receive_error; });
    REQUIRE(send_error == asio::error::operation_aborted);
    REQUIRE(receive_error == asio::error::operation_aborted);
    REQUIRE((!sent && !received));
    REQUIRE(batch == numbered(5));

    join(pull, push, "inproc://name");
    std::size_t const count = co_await push.send_some(batch);
    REQUIRE(count == 5);
    for (std::size_t total = 0; total < 5;)
      total += co_await pull.recv_some(std::span{got}.subspan(total));
    REQUIRE(got == numbered(5));
  });
}

TEST_CASE("2.6 batch neither form keeps others from running, however much there is to do")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    constexpr int all = 200'000;
    push_socket push{ctx};
    push.set_option(option::send_hwm{option::unlimited});
    pull_socket pull{ctx};
    join(pull, push, "inproc://name");
    std::vector<cozmq::message> batch(all);
    for (cozmq::message& each : batch)
      each.push_back("x");
    std::vector<cozmq::message> got(all);
    bool done = false;
    std::size_t turns_of_others = 0;
    std::size_t calls = 0;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          while (!done) {
            co_await asio::post(io, asio::use_awaitable);
            ++turns_of_others;
          }
        },
        asio::detached);
    for (std::size_t total = 0; total < all; ++calls)
      total += co_await push.send_some(std::span{batch}.subspan(total));
    REQUIRE(calls > 1);
    REQUIRE(turns_of_others >= calls - 1);
    calls = turns_of_others = 0;
    for (std::size_t total = 0; total < all; ++calls)
      total += co_await pull.recv_some(std::span{got}.subspan(total));
    REQUIRE(calls > 1);
    REQUIRE(turns_of_others >= calls - 1);
    done = true;
    co_await turns(io, 2);
  });
}

TEST_CASE("2.6 batch an error is that of the first message, and a later one ends the batch before it")
{
  scenario([](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::req_socket req{ctx};
    cozmq::rep_socket rep{ctx};
    join(rep, req, "inproc://name");
    std::vector<cozmq::message> batch = numbered(3);
    std::size_t count = co_await req.send_some(batch);
    REQUIRE(count == 1);
    REQUIRE(batch[1] == cozmq::message{"1"});
    std::error_code ec;
    std::optional<std::size_t> sent;
    co_await run_batch(req.send_some(std::span{batch}.subspan(1)), &sent, &ec);
    REQUIRE(ec == cozmq::errc::wrong_state);
    std::vector<cozmq::message> got(3);
    count = co_await rep.recv_some(got);
    REQUIRE(count == 1);
    REQUIRE(got[0] == cozmq::message{"0"});

    push_socket push{ctx};
    pull_socket pull{ctx};
    join(pull, push, "inproc://other");
    batch = numbered(3);
    batch[1].clear();
    count = co_await push.send_some(batch);
    REQUIRE(count == 1);
    co_await run_batch(push.send_some(std::span{batch}.subspan(1)), &sent, &ec);
    REQUIRE(ec == cozmq::errc::empty_message);
    REQUIRE_FALSE(sent);
  });
}
