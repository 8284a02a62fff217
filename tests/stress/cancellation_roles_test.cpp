// The sweep of cancellations for what is more than a send or a receive: requests, proxies, events, closing, octets on the wire.
#include "support/cancellation_couple.hpp"
#include "support/cancellation_sweep.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/wire_frames.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::message;
namespace option = cozmq::option;

namespace {

using asio::awaitable;
using texts = std::vector<std::string>;

// ---- REQ ------------------------------------------------------------------------------------------------------------

// A REQ asks a REP that answers.
template <class Socket, class Peer, class Operation>
class asking final : public couple<Socket, Peer> {
 public:
  using couple<Socket, Peer>::couple;
  using couple<Socket, Peer>::socket;
  using couple<Socket, Peer>::peer;
  using couple<Socket, Peer>::now;

  awaitable<void> prepare() override
  {
    co_await this->bind();
    if (now == when::tired)
      socket.core()->budget().exhaust();
  }

  void begin(asio::cancellation_slot slot, scene::callback done) override
  {
    scene::start<Operation>(*this, slot, std::move(done));
  }

  awaitable<void> meanwhile() override
  {
    co_await this->passage.pass();
    this->join();
    while (asked_.empty() || asked_.back() != "end") {
      message const request = co_await peer.recv();
      asked_.push_back(request[0].str());
      if (asked_.back() != "end")
        co_await this->passage.pass();
      co_await peer.send("re:" + asked_.back());
    }
  }

  awaitable<void> account(std::error_code) override
  {
    if (owed) {
      message const reply = co_await socket.recv();
      REQUIRE(reply[0] == "re:op");
    }
    message const reply = co_await socket.request("end");
    REQUIRE(reply[0] == "re:end");
    co_await this->others();
    auto const times = std::count(asked_.begin(), asked_.end(), "op");
    REQUIRE(times >= (asked ? 1 : 0));
    REQUIRE(times <= (asked || perhaps ? 1 : 0));
    REQUIRE(asked_.size() == static_cast<std::size_t>(times) + 1);
  }

  bool asked = false;    // the request has been sent,
  bool perhaps = false;  // or may have been
  bool owed = false;     // its reply is still to be received

 private:
  texts asked_;
};

std::tuple const requests{
    named{"request",
          [](auto& s) -> awaitable<void> {
            s.perhaps = true;
            message const reply = co_await s.socket.request("op");
            s.asked = true;
            REQUIRE(reply[0] == "re:op");
          }},
    named{"request with attempts",
          [](auto& s) -> awaitable<void> {
            s.perhaps = true;
            message const reply = co_await s.socket.request("op", {.timeout = 20s, .retries = 2});
            s.asked = true;
            REQUIRE(reply[0] == "re:op");
          }},
    named{"timeout || request",
          [](auto& s) -> awaitable<void> {
            s.perhaps = true;
            auto const got = co_await (cozmq::timeout(20s) || s.socket.request("op"));
            s.asked = true;
            REQUIRE(std::get<1>(got)[0] == "re:op");
          }},
    named{"send",
          [](auto& s) -> awaitable<void> {
            co_await s.socket.send("op");
            s.asked = s.owed = true;
          }},
    named{"async_send",
          [](auto& s, asio::cancellation_slot slot, scene::callback done) {
            s.socket.async_send(message{"op"},
                                asio::bind_cancellation_slot(slot, [&s, done](std::error_code ec) {
                                  s.asked = s.owed = !ec;
                                  done(ec);
                                }));
          }},
};

// ---- REP ------------------------------------------------------------------------------------------------------------

// A REP answers a REQ that asks twice.
template <class Socket, class Peer, class Operation>
class answering final : public couple<Socket, Peer> {
 public:
  using couple<Socket, Peer>::couple;
  using couple<Socket, Peer>::socket;
  using couple<Socket, Peer>::peer;
  using couple<Socket, Peer>::now;

  awaitable<void> prepare() override
  {
    co_await this->bind();
    if (now != when::tired)
      co_return;
    co_await peer.send("1");
    received = co_await socket.recv();
    socket.core()->budget().exhaust();
  }

  void begin(asio::cancellation_slot slot, scene::callback done) override
  {
    scene::start<Operation>(*this, slot, std::move(done));
  }

  awaitable<void> meanwhile() override
  {
    co_await this->passage.pass();
    this->join();
    for (std::string const text : {"1", "end"}) {
      if (now != when::tired || text == "end") {
        co_await this->passage.pass();
        co_await peer.send(text);
      }
      message const reply = co_await peer.recv();
      REQUIRE(reply[0] == "re:" + text);
    }
  }

  awaitable<void> account(std::error_code) override
  {
    if (received.empty())
      received = co_await socket.recv();
    REQUIRE(received[0] == "1");
    if (!answered)
      co_await socket.send("re:1");
    message const last = co_await socket.recv();
    REQUIRE(last[0] == "end");
    co_await socket.send("re:end");
    co_await this->others();
  }

  message received;
  bool answered = false;
};

std::tuple const listens{
    named{"recv", [](auto& s) -> awaitable<void> { s.received = co_await s.socket.recv(); }},
    named{"recv || timeout",
          [](auto& s) -> awaitable<void> {
            auto got = co_await (s.socket.recv() || cozmq::timeout(20s));
            s.received = std::move(std::get<0>(got));
          }},
    named{"wait_readable", [](auto& s) -> awaitable<void> { return s.socket.wait_readable(); }},
    named{"async_recv",
          [](auto& s, asio::cancellation_slot slot, scene::callback done) {
            s.socket.async_recv(asio::bind_cancellation_slot(slot, [&s, done](std::error_code ec, message m) {
              s.received = std::move(m);
              done(ec);
            }));
          }},
};
std::tuple const answers{
    named{"send",
          [](auto& s) -> awaitable<void> {
            co_await s.socket.send("re:1");
            s.answered = true;
          }},
    named{"async_send",
          [](auto& s, asio::cancellation_slot slot, scene::callback done) {
            s.socket.async_send(message{"re:1"},
                                asio::bind_cancellation_slot(slot, [&s, done](std::error_code ec) {
                                  s.answered = !ec;
                                  done(ec);
                                }));
          }},
};

// ---- forwarding, closing --------------------------------------------------------------------------------------------

// A proxy between PUSH and PULL at both sides, and little room behind it.
template <class Socket, class Peer, class Operation>
class forwarding final : public couple<Socket, Peer> {
 public:
  forwarding(asio::io_context& on, cozmq::context& ctx, when at, std::string endpoint)
      : couple<Socket, Peer>{on, ctx, at, std::move(endpoint)}, back{ctx}, capture{ctx}, sink_{ctx}
  {
    if (at == when::contested)
      back.set_option(option::send_hwm{1});
    sink_.set_option(option::receive_hwm{1});
    sink_.connect(back.bind("inproc://back"));
    capture.bind("inproc://capture");
  }

  awaitable<void> prepare() override
  {
    co_await this->bind();
    if (this->now == when::tired)
      back.core()->budget().exhaust();
  }

  void begin(asio::cancellation_slot slot, scene::callback done) override
  {
    scene::start<Operation>(*this, slot, std::move(done));
  }

  awaitable<void> meanwhile() override
  {
    co_await this->passage.pass();
    this->join();
    for (std::string const text : {"1", "2", "3", "4", "5"}) {
      co_await this->passage.pass();
      co_await this->peer.send(text);
    }
    for (int i = 0; i < 100 && got_.size() < 5; ++i) {
      co_await this->passage.pass();
      take();
    }
  }

  awaitable<void> account(std::error_code) override
  {
    co_await this->others();
    asio::co_spawn(this->io, cozmq::proxy(this->socket, back), asio::detached);
    co_await this->peer.send("end");
    while (got_.empty() || got_.back() != "end") {
      co_await this->passage.pass();
      take();
    }
    REQUIRE(got_ == texts{"1", "2", "3", "4", "5", "end"});
  }

  cozmq::push_socket back;
  cozmq::pub_socket capture;

 private:
  void take()
  {
    if (auto const m = sink_.try_recv())
      got_.push_back((*m)[0].str());
  }

  cozmq::pull_socket sink_;
  texts got_;
};

std::tuple const proxies{
    named{"proxy", [](auto& s) -> awaitable<void> { return cozmq::proxy(s.socket, s.back); }},
    named{"proxy with capture",
          [](auto& s) -> awaitable<void> { return cozmq::proxy(s.socket, s.back, s.capture); }},
};

// A PUSH is closed, and what it has queued is delivered all the same.
template <class Socket, class Peer, class Operation>
class closing final : public couple<Socket, Peer> {
 public:
  using couple<Socket, Peer>::couple;
  using couple<Socket, Peer>::socket;
  using couple<Socket, Peer>::peer;

  awaitable<void> prepare() override
  {
    socket.set_option(option::send_buffer{8192});
    peer.set_option(option::receive_buffer{8192});
    peer.set_option(option::receive_hwm{1});
    co_await this->bind();
    for (int i = 0; i < 10; ++i)
      co_await socket.send(std::to_string(i), std::string(20'000, '.'));
  }

  void begin(asio::cancellation_slot slot, scene::callback done) override
  {
    scene::start<Operation>(*this, slot, std::move(done));
  }

  awaitable<void> meanwhile() override
  {
    for (int i = 0; i < 10; ++i) {
      co_await this->passage.pass();
      message const m = co_await peer.recv();
      REQUIRE(m.size() == 2);
      REQUIRE(m[0] == std::to_string(i));
    }
  }

  awaitable<void> account(std::error_code) override { co_await this->others(); }
};

std::tuple const closes{
    named{"close",
          [](auto& s) -> awaitable<void> {
            cozmq::close_report const report = co_await s.socket.close(20s);
            REQUIRE(report.undelivered == 0);
          }},
};

// ---- subscriptions, events ------------------------------------------------------------------------------------------

// Either side waits until the subscription of a SUB is known.
template <class Socket, class Peer, class Operation>
class subscribing final : public couple<Socket, Peer> {
 public:
  using couple<Socket, Peer>::couple;
  using couple<Socket, Peer>::socket;
  using couple<Socket, Peer>::peer;

  awaitable<void> prepare() override
  {
    if constexpr (!is_pub<Socket>)
      socket.subscribe("topic");
    co_await this->bind();
  }

  void begin(asio::cancellation_slot slot, scene::callback done) override
  {
    scene::start<Operation>(*this, slot, std::move(done));
  }

  awaitable<void> meanwhile() override
  {
    co_await this->passage.pass();
    this->join();
    co_await this->passage.pass();
    if constexpr (is_pub<Socket>)
      peer.subscribe("topic");
  }

  awaitable<void> account(std::error_code) override
  {
    co_await this->others();
    if constexpr (is_pub<Socket>)
      co_await tell(socket, peer);
    else
      co_await tell(peer, socket);
  }

 private:
  template <class Pub, class Sub>
  static awaitable<void> tell(Pub& pub, Sub& sub)
  {
    co_await sub.wait_subscribed();
    co_await pub.wait_subscribers("topic");
    co_await pub.send("topic");
    message const m = co_await sub.recv();
    REQUIRE(m[0] == "topic");
  }
};

std::tuple const subscriber_waits{
    named{"wait_subscribers", [](auto& s) -> awaitable<void> { return s.socket.wait_subscribers("topic"); }}};
std::tuple const subscription_waits{
    named{"wait_subscribed", [](auto& s) -> awaitable<void> { return s.socket.wait_subscribed(); }}};

// Reads the socket's events while its peer comes and goes.
template <class Socket, class Peer, class Operation>
class observing final : public couple<Socket, Peer> {
 public:
  observing(asio::io_context& on, cozmq::context& ctx, when at, std::string endpoint)
      : couple<Socket, Peer>{on, ctx, at, std::move(endpoint)}, events{this->socket.events()}
  {
  }

  awaitable<void> prepare() override
  {
    co_await this->bind();
    read();
  }

  void begin(asio::cancellation_slot slot, scene::callback done) override
  {
    scene::start<Operation>(*this, slot, std::move(done));
  }

  awaitable<void> meanwhile() override
  {
    co_await this->passage.pass();
    this->join();
    co_await this->socket.wait_connected();
    co_await this->passage.pass();
    this->peer.close();
  }

  void disturb() override
  {
    if (this->now == when::contested)
      read();
  }

  awaitable<void> account(std::error_code) override
  {
    co_await this->others();
    while (this->socket.connected_peers() > 0)
      co_await this->passage.pass();
    read();
    for (auto const kind : {cozmq::event_kind::handshake_succeeded, cozmq::event_kind::disconnected})
      REQUIRE(std::count(took.begin(), took.end(), kind) == 1);
    REQUIRE(std::count(took.begin(), took.end(), cozmq::event_kind::dropped) == 0);
  }

  cozmq::event_reader events;
  std::vector<cozmq::event_kind> took;

 private:
  void read()
  {
    while (auto const e = events.try_next())
      took.push_back(e->kind);
  }
};

std::tuple const observations{
    named{"next",
          [](auto& s) -> awaitable<void> {
            auto const e = co_await s.events.next();
            s.took.push_back(e.kind);
          }},
    named{"next || coroutine",
          [](auto& s) -> awaitable<void> {
            auto const got = co_await (s.events.next() || s.other.wait_connected());
            s.took.push_back(std::get<0>(got).kind);
          }},
    named{"async_next",
          [](auto& s, asio::cancellation_slot slot, scene::callback done) {
            s.events.async_next(
                asio::bind_cancellation_slot(slot, [&s, done](std::error_code ec, cozmq::event e) {
                  if (!ec)
                    s.took.push_back(e.kind);
                  done(ec);
                }));
          }},
};

// ---- octets on the wire ---------------------------------------------------------------------------------------------

// A PUSH whose peer reads a few octets at a time: our writes end anywhere in a frame.
template <class Socket, class Peer, class Operation>
class writing final : public couple<Socket, Peer> {
 public:
  using couple<Socket, Peer>::couple;
  using couple<Socket, Peer>::socket;

  awaitable<void> prepare() override
  {
    socket.set_option(option::send_hwm{1});
    socket.set_option(option::send_buffer{8192});
    raw_.stream().open(asio::ip::tcp::v4());
    raw_.stream().set_option(asio::socket_base::receive_buffer_size{8192});
    co_await raw_.connect(socket.bind("tcp://127.0.0.1:*"));
    co_await raw_.handshake("PULL");
    co_await socket.wait_connected();
    for (message m = compose(sent.size()); socket.try_send(m); m = compose(sent.size()))
      sent.push_back(std::to_string(sent.size()));
  }

  void begin(asio::cancellation_slot slot, scene::callback done) override
  {
    scene::start<Operation>(*this, slot, std::move(done));
  }

  awaitable<void> meanwhile() override
  {
    octets bytes(1'999);
    while (!this->passage.over()) {
      co_await this->passage.pass();
      std::size_t const size =
          co_await raw_.stream().async_read_some(asio::buffer(bytes), asio::use_awaitable);
      read_.insert(read_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    }
  }

  awaitable<void> account(std::error_code ec) override
  {
    if (!ec)
      sent.push_back("op");
    asio::co_spawn(this->io, socket.send("end"), asio::detached);
    octets expected;
    for (std::string const& text : sent)
      append_message(expected, {text, padding_});
    append_message(expected, {"end"});
    co_await this->others();
    octets const rest = co_await raw_.read(expected.size() - read_.size());
    REQUIRE((read_ + rest) == expected);
  }

  message compose(std::size_t) const { return message{std::to_string(sent.size()), padding_}; }

  texts sent;
  std::string const padding_ = pattern_text(20'000);

 private:
  raw_peer raw_{this->io};
  octets read_;
};

std::tuple const writes{
    named{"send", [](auto& s) -> awaitable<void> { return s.socket.send("op", s.padding_); }},
    named{"async_send",
          [](auto& s, asio::cancellation_slot slot, scene::callback done) {
            s.socket.async_send(message{"op", s.padding_}, asio::bind_cancellation_slot(slot, done));
          }},
};

}  // namespace

TEST_CASE("X-13 K2 what is more than a send or a receive can be cancelled anywhere, and its sockets go on")
{
  using namespace cozmq;
  captured_log log;
  std::vector<swept_scene> scenes;
  std::initializer_list<when> const any{when::connected, when::connecting,   when::joining,
                                        when::dripping,  when::drip_joining, when::tired};
  std::initializer_list<when> const comes{when::connecting, when::joining, when::drip_joining};
  add<asking, req_socket, rep_socket>(scenes, requests, "REQ", any);
  add<answering, rep_socket, req_socket>(
      scenes, listens, "REP",
      {when::connected, when::connecting, when::joining, when::dripping, when::drip_joining});
  add<answering, rep_socket, req_socket>(scenes, answers, "REP", {when::tired});
  add<forwarding, pull_socket, push_socket>(scenes, proxies, "PULL",
                                            {when::connected, when::connecting, when::joining, when::dripping,
                                             when::drip_joining, when::tired, when::contested});
  add<closing, push_socket, pull_socket>(scenes, closes, "PUSH", {when::connected});
  add<subscribing, pub_socket, sub_socket>(scenes, subscriber_waits, "PUB", comes);
  add<subscribing, xpub_socket, xsub_socket>(scenes, subscriber_waits, "XPUB", comes);
  add<subscribing, sub_socket, pub_socket>(scenes, subscription_waits, "SUB", comes);
  add<subscribing, xsub_socket, xpub_socket>(scenes, subscription_waits, "XSUB", comes);
  add<observing, pull_socket, push_socket>(
      scenes, observations, "events of PULL",
      {when::connected, when::joining, when::drip_joining, when::contested});
  REQUIRE(sweep_all(scenes) >= 500);
}

TEST_CASE("K3 a send that is cancelled while frames are half written leaves the stream of octets whole")
{
  std::vector<swept_scene> scenes;
  add<writing, cozmq::push_socket, cozmq::pull_socket>(scenes, writes, "PUSH", {when::dripping});
  REQUIRE(sweep_all(scenes) >= 2);
}

TEST_CASE("K4 a receive that is cancelled when its message comes, before it and after it, loses none")
{
  int const rounds = std::getenv("COZMQ_TEST_ALL") != nullptr ? 100'000 : 10'000;
  int const form = GENERATE(0, 1, 2);
  CAPTURE(form);
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::push_socket push{ctx};
  cozmq::pull_socket pull{ctx};
  push.connect(pull.bind("inproc://exactly"));
  io.poll();
  int received = 0;
  int ended = 0;
  int aborted = 0;
  bool in_order = true;
  auto const take = [&](message const& m) { in_order = m[0] == std::to_string(received++) && in_order; };
  for (int round = 0; round < rounds; ++round) {
    io.restart();
    asio::cancellation_signal cancel;
    auto const done = [&](std::error_code ec) {
      ++ended;
      aborted += ec == asio::error::operation_aborted;
    };
    if (form == 0) {
      pull.async_recv(asio::bind_cancellation_slot(cancel.slot(), [&](std::error_code ec, message m) {
        if (!ec)
          take(m);
        done(ec);
      }));
    } else {
      auto const receive = [](cozmq::pull_socket& from, bool beside) -> awaitable<message> {
        if (!beside)
          co_return co_await from.recv();
        auto got = co_await (from.recv() || cozmq::timeout(20s));
        co_return std::move(std::get<0>(got));
      };
      asio::co_spawn(io, receive(pull, form == 2),
                     asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr failure, message m) {
                       if (!failure)
                         take(m);
                       done(failure ? asio::error::operation_aborted : std::error_code{});
                     }));
    }
    for (int i = round % 5; i > 0; --i)
      io.poll_one();
    message m{std::to_string(round)};
    bool const message_first = round / 5 % 2 == 0;
    if (!message_first)
      cancel.emit(asio::cancellation_type::terminal);
    push.try_send(m);
    for (int i = round / 10 % 6; i > 0; --i)
      io.poll_one();
    if (message_first)
      cancel.emit(asio::cancellation_type::terminal);
    io.poll();
    if (ended != round + 1)
      break;
    if (auto const left = pull.try_recv())
      take(*left);
  }
  REQUIRE(ended == rounds);
  REQUIRE_FALSE(pull.try_recv());
  REQUIRE(in_order);
  REQUIRE(received == rounds);
  REQUIRE(aborted > rounds / 10);
  REQUIRE(aborted < rounds);
}
