// Every operation, cancelled at each of its suspension points, in each way; afterwards no message is missing or there twice.
#include "support/cancellation_sweep.hpp"

#include "support/cancellation_couple.hpp"
#include "support/catch.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
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

// ---- operations that receive, or wait -------------------------------------------------------------------------------

// The peer sends "1" and "2".
template <class Socket, class Peer, class Operation>
class receiving final : public couple<Socket, Peer> {
 public:
  using couple<Socket, Peer>::couple;
  using couple<Socket, Peer>::socket;
  using couple<Socket, Peer>::peer;
  using couple<Socket, Peer>::now;

  awaitable<void> prepare() override
  {
    if constexpr (is_pub<Peer>)
      socket.subscribe("");
    co_await this->bind();
    if (!joins_later(now) && now != when::connecting)
      co_await this->settle(peer, socket);
    if (now == when::contested)
      co_await this->invite();
    if (now == when::tired) {
      co_await peer.send("1");
      socket.core()->budget().exhaust();
    }
  }

  void begin(asio::cancellation_slot slot, scene::callback done) override
  {
    scene::start<Operation>(*this, slot, std::move(done));
  }

  awaitable<void> meanwhile() override
  {
    co_await this->passage.pass();
    this->join();
    co_await this->settle(peer, socket);
    for (std::string const text : {"1", "2"}) {
      co_await this->passage.pass();
      if (now != when::tired || text != "1")
        co_await peer.send(text);
    }
  }

  void disturb() override
  {
    if (now == when::contested)
      if (auto const m = socket.try_recv())
        take(*m);
  }

  awaitable<void> account(std::error_code) override
  {
    co_await this->others();
    co_await peer.send("end");
    while (took_.empty() || took_.back() != "end") {
      message const m = co_await socket.recv();
      take(m);
    }
    if (now == when::contested)  // who took it first need not be first to say so
      std::sort(took_.begin(), took_.end());
    REQUIRE(took_ == texts{"1", "2", "end"});
  }

  void take(message const& m) { took_.push_back(m[m.size() - 1].str()); }

 private:
  texts took_;
};

// ---- operations that send -------------------------------------------------------------------------------------------

// The peer reads all there is.
template <class Socket, class Peer, class Operation>
class sending final : public couple<Socket, Peer> {
 public:
  using couple<Socket, Peer>::couple;
  using couple<Socket, Peer>::socket;
  using couple<Socket, Peer>::peer;
  using couple<Socket, Peer>::now;

  awaitable<void> prepare() override
  {
    if constexpr (is_pub<Socket>)
      peer.subscribe("");
    set_if_known(socket, option::router_mandatory{true});
    set_if_known(socket, option::xpub_nodrop{true});
    if (now == when::full || now == when::contested) {
      socket.set_option(option::send_hwm{1});
      peer.set_option(option::receive_hwm{1});
      socket.set_option(option::send_buffer{8192});
      peer.set_option(option::receive_buffer{8192});
    }
    co_await this->bind();
    if (!joins_later(now))
      co_await this->settle(socket, peer);
    if (now == when::full || now == when::contested) {
      padding = std::string(20'000, '.');
      try_to_send(1'000);
    }
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
    while (got_.empty() || got_.back() != "end") {
      co_await this->passage.pass();
      message const m = co_await peer.recv();
      REQUIRE(m.size() == 2);
      REQUIRE(m[1] == padding);
      got_.push_back(m[0].str());
    }
  }

  void disturb() override
  {
    if (now == when::contested && sent.size() < 20)
      try_to_send(1);
  }

  awaitable<void> account(std::error_code) override
  {
    co_await socket.send(compose("end"));
    co_await this->others();
    sent.push_back("end");
    if (now == when::contested) {  // others have sent as well
      std::sort(sent.begin(), sent.end());
      std::sort(got_.begin(), got_.end());
    }
    REQUIRE(got_ == sent);
  }

  message compose(std::string const& text) const
  {
    if constexpr (std::same_as<Socket, cozmq::router_socket>)
      return message{"peer", text, padding};
    else
      return message{text, padding};
  }

  texts sent;
  std::string padding;

 private:
  void try_to_send(int count)
  {
    for (; count > 0; --count) {
      message m = compose(std::to_string(sent.size()));
      if (!socket.try_send(m))
        return;
      sent.push_back(std::to_string(sent.size()));
    }
  }

  texts got_;
};

// ---- the tables -----------------------------------------------------------------------------------------------------

std::tuple const receives{
    named{"recv",
          [](auto& s) -> awaitable<void> {
            message const m = co_await s.socket.recv();
            s.take(m);
          }},
    named{"recv_some",
          [](auto& s) -> awaitable<void> {
            std::array<message, 3> several;
            std::size_t const count = co_await s.socket.recv_some(several);
            for (std::size_t i = 0; i < count; ++i)
              s.take(several[i]);
          }},
    named{"async_recv",
          [](auto& s, asio::cancellation_slot slot, scene::callback done) {
            s.socket.async_recv(asio::bind_cancellation_slot(slot, [&s, done](std::error_code ec, message m) {
              if (!ec)
                s.take(m);
              done(ec);
            }));
          }},
    named{"wait_readable", [](auto& s) -> awaitable<void> { return s.socket.wait_readable(); }},
    named{"async_wait_readable",
          [](auto& s, asio::cancellation_slot slot, scene::callback done) {
            s.socket.async_wait_readable(asio::bind_cancellation_slot(slot, done));
          }},
    named{"recv || timeout",
          [](auto& s) -> awaitable<void> {
            auto const got = co_await (s.socket.recv() || cozmq::timeout(20s));
            s.take(std::get<0>(got));
          }},
    named{"other.recv || recv",
          [](auto& s) -> awaitable<void> {
            auto const got = co_await (s.other.recv() || s.socket.recv());
            s.take(std::get<1>(got));
          }},
    named{"coroutine || recv",
          [](auto& s) -> awaitable<void> {
            auto const got = co_await (s.other.wait_connected() || s.socket.recv());
            s.take(std::get<1>(got));
          }},
    named{"recv && timeout",
          [](auto& s) -> awaitable<void> {
            message const m = co_await (s.socket.recv() && cozmq::timeout(0s));
            s.take(m);
          }},
    named{"poller wait",
          [](auto& s) -> awaitable<void> {
            cozmq::poller poller{s.io.get_executor()};
            poller.add(s.socket, cozmq::poll::in);
            poller.add(s.other, cozmq::poll::in);
            co_await poller.wait();
          }},
    named{"poller wait_all",
          [](auto& s) -> awaitable<void> {
            cozmq::poller poller{s.io.get_executor()};
            poller.add(s.socket, cozmq::poll::in);
            co_await poller.wait_all(20s);
          }},
    named{"wait_connected", [](auto& s) -> awaitable<void> { return s.socket.wait_connected(); }},
};

std::tuple const sends{
    named{"send",
          [](auto& s) -> awaitable<void> {
            co_await s.socket.send(s.compose("op"));
            s.sent.push_back("op");
          }},
    named{"send_some",
          [](auto& s) -> awaitable<void> {
            std::array<message, 3> several{s.compose("op 0"), s.compose("op 1"), s.compose("op 2")};
            std::size_t const count = co_await s.socket.send_some(several);
            for (std::size_t i = 0; i < count; ++i)
              s.sent.push_back("op " + std::to_string(i));
          }},
    named{"async_send",
          [](auto& s, asio::cancellation_slot slot, scene::callback done) {
            s.socket.async_send(s.compose("op"),
                                asio::bind_cancellation_slot(slot, [&s, done](std::error_code ec) {
                                  if (!ec)
                                    s.sent.push_back("op");
                                  done(ec);
                                }));
          }},
    named{"wait_writable", [](auto& s) -> awaitable<void> { return s.socket.wait_writable(); }},
    named{"async_wait_writable",
          [](auto& s, asio::cancellation_slot slot, scene::callback done) {
            s.socket.async_wait_writable(asio::bind_cancellation_slot(slot, done));
          }},
    named{"poller wait",
          [](auto& s) -> awaitable<void> {
            cozmq::poller poller{s.io.get_executor()};
            poller.add(s.socket, cozmq::poll::out);
            co_await poller.wait();
          }},
};

template <class Socket, class Peer>
void add_receiving(std::vector<swept_scene>& to, std::string const& pattern)
{
  add<receiving, Socket, Peer>(to, receives, pattern,
                               {when::connected, when::connecting, when::joining, when::dripping,
                                when::drip_joining, when::tired, when::contested});
}

// Patterns that wait for a peer.
template <class Socket, class Peer>
void add_sending(std::vector<swept_scene>& to, std::string const& pattern)
{
  add<sending, Socket, Peer>(to, sends, pattern,
                             {when::joining, when::drip_joining, when::tired, when::contested, when::full});
}

// Patterns that do not.
template <class Socket, class Peer>
void add_dropping(std::vector<swept_scene>& to, std::string const& pattern)
{
  add<sending, Socket, Peer>(to, sends, pattern, {when::tired, when::contested, when::full});
}

}  // namespace

TEST_CASE("X-13 K2 K4 a receive, or a wait for one, that is cancelled anywhere leaves all messages, in order")
{
  std::vector<swept_scene> scenes;
  add_receiving<cozmq::pull_socket, cozmq::push_socket>(scenes, "PULL");
  add_receiving<cozmq::sub_socket, cozmq::pub_socket>(scenes, "SUB");
  add_receiving<cozmq::pair_socket, cozmq::pair_socket>(scenes, "PAIR");
  add_receiving<cozmq::router_socket, cozmq::dealer_socket>(scenes, "ROUTER");
  add_receiving<cozmq::dealer_socket, cozmq::dealer_socket>(scenes, "DEALER");
  add_receiving<cozmq::xsub_socket, cozmq::pub_socket>(scenes, "XSUB");
  add_receiving<cozmq::xpub_socket, cozmq::xsub_socket>(scenes, "XPUB");
  REQUIRE(sweep_all(scenes) >= 2'000);
}

TEST_CASE("X-13 K2 K3 a send that is cancelled anywhere has sent its message whole, and once, or not at all")
{
  std::vector<swept_scene> scenes;
  add_sending<cozmq::push_socket, cozmq::pull_socket>(scenes, "PUSH");
  add_sending<cozmq::pair_socket, cozmq::pair_socket>(scenes, "PAIR");
  add_sending<cozmq::dealer_socket, cozmq::dealer_socket>(scenes, "DEALER");
  add_dropping<cozmq::router_socket, cozmq::dealer_socket>(scenes, "ROUTER");
  add_dropping<cozmq::pub_socket, cozmq::sub_socket>(scenes, "PUB");
  add_dropping<cozmq::xpub_socket, cozmq::sub_socket>(scenes, "XPUB");
  REQUIRE(sweep_all(scenes) >= 1'000);
}
