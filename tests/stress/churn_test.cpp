// Endpoints that come and go at random while messages flow through them.
#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
namespace option = cozmq::option;

namespace {

// ---- messages that tell when something is wrong with them ----------------------------------------------------

std::size_t size_of(std::size_t number)
{
  return number % 20 == 0 ? 40'000 : number % 37;
}

cozmq::message numbered(std::size_t sender, std::size_t number)
{
  // A port that was let go of may by now be bound by another process, another run of this test for example.
  std::string const text = fmt::format("{} {} {}", ::getpid(), sender, number);
  return {text, std::string(size_of(number), 'x'), text};
}

struct arrival {
  int process = 0;
  std::size_t sender = 0;
  std::size_t number = 0;
};

// What has arrived anywhere.
class receipts {
 public:
  // Nothing in pieces, nothing twice; in order on each connection, which the metadata name.
  void add(cozmq::message const& m)
  {
    arrival a;
    if (m.size() == 3)
      std::istringstream{m[0].str()} >> a.process >> a.sender >> a.number;
    if (m.size() == 3 && a.process != ::getpid())
      return;
    whole_ = whole_ && m.size() == 3 && m[0].view() == m[2].view() && m[1].size() == size_of(a.number);
    once_ = once_ && seen_.insert({a.sender, a.number}).second;
    if (cozmq::properties const* const connection = m.metadata()) {
      auto const [at, fresh] = last_.try_emplace(connection, a.number);
      if (fresh)
        kept_.push_back(m);  // so that no other connection gets the same address
      in_order_ = in_order_ && (fresh || at->second < a.number);
      at->second = a.number;
    }
  }

  bool whole() const noexcept { return whole_; }
  bool once() const noexcept { return once_; }
  bool in_order() const noexcept { return in_order_; }
  std::size_t count() const noexcept { return seen_.size(); }
  std::size_t connections() const noexcept { return last_.size(); }
  bool has(std::size_t sender, std::size_t number) const { return seen_.contains({sender, number}); }

 private:
  std::set<std::pair<std::size_t, std::size_t>> seen_;
  std::map<cozmq::properties const*, std::size_t> last_;
  std::vector<cozmq::message> kept_;
  bool whole_ = true;
  bool once_ = true;
  bool in_order_ = true;
};

// ---- the sockets ---------------------------------------------------------------------------------------------

struct sender {
  explicit sender(cozmq::context& ctx) : socket{ctx} {}
  cozmq::push_socket socket;
  std::vector<std::string> connected;
  std::vector<std::string> bound;
  std::size_t sent = 0;
};

struct receiver {
  explicit receiver(cozmq::context& ctx) : socket{ctx} {}
  cozmq::pull_socket socket;
  std::vector<std::string> connected;
  std::vector<std::string> bound;
};

asio::awaitable<void> send_for_ever(sender& from, std::size_t id)
{
  for (;;) {
    co_await from.socket.send(numbered(id, from.sent + 1));
    ++from.sent;
  }
}

asio::awaitable<void> receive_for_ever(receiver& to, receipts& all)
{
  for (;;)
    all.add(co_await to.socket.recv());
}

std::string next_endpoint(dice& d, std::size_t& names)
{
  switch (d.below(4)) {
    case 0: return "ipc://*";
    case 1: return fmt::format("inproc://churn-{}", ++names);
    default: return "tcp://127.0.0.1:*";
  }
}

// Takes one of `from` away; empty when there is none.
std::string take_one(dice& d, std::vector<std::string>& from)
{
  if (from.empty())
    return {};
  std::swap(d.pick(from), from.back());
  std::string taken = std::move(from.back());
  from.pop_back();
  return taken;
}

// Binds, unbinds, connects or disconnects `one`; `others` are on the other side.
template <typename One, typename Other>
void change(dice& d, std::size_t& names, One& one, std::vector<std::unique_ptr<Other>>& others)
{
  switch (d.below(5)) {
    case 0:
      if (one.bound.size() < 3)
        one.bound.push_back(one.socket.bind(next_endpoint(d, names)));
      break;
    case 1:
      if (std::string const old = take_one(d, one.bound); !old.empty())
        one.socket.unbind(old);
      break;
    case 2:
      if (std::string const old = take_one(d, one.connected); !old.empty()) {
        CAPTURE(old);
        std::error_code ec;
        one.socket.disconnect(old, ec);
        REQUIRE((!ec || old.starts_with("inproc:")));  // that one goes with who has bound it
      }
      break;
    case 3: {
      auto const peers = one.socket.peers();
      if (!peers.empty())
        one.socket.disconnect(peers[d.below(peers.size())].id);
      break;
    }
    default: {
      std::vector<std::string> const& there = d.pick(others)->bound;
      if (one.connected.size() >= 4 || there.empty())
        break;
      std::string const endpoint = there[d.below(there.size())];
      if (std::ranges::find(one.connected, endpoint) == one.connected.end())
        one.connected.push_back(one.socket.connect(endpoint));
    }
  }
}

}  // namespace

TEST_CASE(
    "X-18 while endpoints come and go messages flow: none twice, none in pieces, none overtaken on its "
    "connection")
{
  std::uint32_t const seed = first_seed(18);
  CAPTURE(seed);
  std::size_t const changes = rounds(300, 2'000);
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    ctx.set_default(option::reconnect_interval{1ms});
    ctx.set_default(option::send_hwm{50});
    ctx.set_default(option::receive_hwm{50});
    ctx.set_default(option::receive_metadata{true});
    dice d{seed};
    std::size_t names = 0;
    receipts all;
    std::vector<std::unique_ptr<sender>> senders;
    std::vector<std::unique_ptr<receiver>> receivers;
    for (std::size_t i = 0; i < 3; ++i) {
      senders.push_back(std::make_unique<sender>(ctx));
      receivers.push_back(std::make_unique<receiver>(ctx));
    }
    for (std::size_t i = 0; i < senders.size(); ++i) {
      asio::co_spawn(io, send_for_ever(*senders[i], i), asio::detached);
      asio::co_spawn(io, receive_for_ever(*receivers[i], all), asio::detached);
    }

    for (std::size_t i = 0; i < changes; ++i) {
      CAPTURE(i);
      if (d.one_in(2))
        change(d, names, *d.pick(senders), receivers);
      else
        change(d, names, *d.pick(receivers), senders);
      if (d.one_in(20)) {
        // A whole socket goes as well, and is replaced; what it had to send is delivered or lost.
        std::size_t const which = d.below(receivers.size());
        receivers[which]->socket = cozmq::pull_socket{ctx};
        receivers[which]->bound.clear();
        receivers[which]->connected.clear();
        co_await turns(io, 1);
        asio::co_spawn(io, receive_for_ever(*receivers[which], all), asio::detached);
      }
      co_await turns(io, static_cast<int>(d.below(30)));
      REQUIRE(all.whole());
      REQUIRE(all.once());
      REQUIRE(all.in_order());
    }
    REQUIRE(all.count() > changes);
    REQUIRE(all.connections() >= 5);  // over tcp or ipc, with messages

    // Through a way that stays, each sender is heard again: none of them is stuck.
    std::string const last = receivers[0]->socket.bind("tcp://127.0.0.1:*");
    for (auto const& s : senders) {
      s->socket.connect(last);
      std::size_t const before = s->sent;
      co_await until(io, [&] { return s->sent > before + 100; });
    }
    SUCCEED(fmt::format("{} messages over {} connections", all.count(), all.connections()));
    ctx.shutdown();
    co_await turns(io);
    REQUIRE((all.whole() && all.once() && all.in_order()));
  });
  cozmq::set_log(cozmq::log_level::warn);
}
