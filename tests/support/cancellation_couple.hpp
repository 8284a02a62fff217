// Two sockets and a situation around an operation on one of them, for sweeps of cancellations.
#pragma once

#include "support/cancellation_sweep.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace cozmq::test {

// What is going on around the operation.
enum class when {
  connected,     // it waits, and then something comes
  connecting,    // its socket has begun to connect
  joining,       // the peer connects after it has begun
  dripping,      // something comes byte by byte
  drip_joining,  // and the handshake before it, too
  tired,         // it lets others run before it begins
  contested,     // somebody else is quicker, and another peer leaves
  full,          // every queue is full, and the peer reads one message after the other
};

struct situation {
  when now;
  std::string name;
  std::vector<std::string> endpoints;
};

inline std::vector<situation> const situations{
    {when::connected, "connected", {"inproc://a", "tcp://127.0.0.1:*", "ipc://*"}},
    {when::connecting, "connecting", {"tcp://127.0.0.1:*", "ipc://*"}},
    {when::joining, "joining", {"inproc://a", "tcp://127.0.0.1:*", "ipc://*"}},
    {when::dripping, "byte by byte", {"tcp://127.0.0.1:*"}},
    {when::drip_joining, "joining byte by byte", {"tcp://127.0.0.1:*"}},
    {when::tired, "tired", {"inproc://a", "tcp://127.0.0.1:*"}},
    {when::contested, "contested", {"inproc://a", "tcp://127.0.0.1:*", "ipc://*"}},
    {when::full, "full", {"inproc://a", "tcp://127.0.0.1:*", "ipc://*"}},
};

inline bool drips(when now)
{
  return now == when::dripping || now == when::drip_joining;
}
inline bool joins_later(when now)
{
  return now == when::joining || now == when::drip_joining;
}

template <class Socket>
inline constexpr bool is_pub = std::same_as<Socket, pub_socket> || std::same_as<Socket, xpub_socket>;

template <class Option, class Socket>
void set_if_known(Socket& socket, Option const& value)
{
  if constexpr (Option::applies_to(Socket::type()))
    socket.set_option(value);
}

// Two sockets, and what is between them.
template <class Socket, class Peer>
class couple : public scene {
 public:
  couple(asio::io_context& on, context& ctx, when at, std::string endpoint)
      : scene{on},
        now{at},
        socket{ctx},
        peer{ctx},
        other{ctx},
        guest_{std::in_place, ctx},
        endpoint_{endpoint}
  {
    other.bind("inproc://nobody");
    set_if_known(peer, option::routing_id{"peer"});
    set_if_known(*guest_, option::routing_id{"guest"});
  }

  when const now;
  Socket socket;
  Peer peer;
  pull_socket other;  // nothing ever comes there

 protected:
  // Connects, or begins to, or gets ready for it.
  asio::awaitable<void> bind()
  {
    if (now == when::connecting) {
      socket.connect(peer.bind(endpoint_));
      co_return;
    }
    where_ = socket.bind(endpoint_);
    if (drips(now))
      where_ = relay_.emplace(io, where_, passage).endpoint();
    if (!joins_later(now)) {
      peer.connect(where_);
      co_await socket.wait_connected();
      co_await peer.wait_connected();
    }
    if (relay_)
      relay_->drip();
  }

  // Another peer is there; it leaves when the operation has begun.
  asio::awaitable<void> invite()
  {
    if (std::same_as<Socket, pair_socket>)
      co_return;
    guest_->connect(where_);
    co_await socket.wait_connected(2);
  }

  void join()
  {
    if (joins_later(now))
      peer.connect(where_);
    guest_.reset();
  }

  // Until nothing is lost that `from` sends.
  template <class From, class To>
  static asio::awaitable<void> settle(From& from, To&)
  {
    if constexpr (is_pub<From>)
      co_await from.wait_subscribers("");
    else
      co_await from.wait_connected();
  }

 private:
  std::optional<Peer> guest_;
  std::string endpoint_;
  std::string where_;
  std::optional<dripping_relay> relay_;
};

// ---- tables ---------------------------------------------------------------------------------------------------------

template <class Function>
struct named {
  char const* name;
  Function function;
};
template <class Function>
named(char const*, Function) -> named<Function>;

// Each operation of a table in each of some situations.
template <template <class, class, class> class Scene, class Socket, class Peer, class... Operation>
void add(std::vector<swept_scene>& to, std::tuple<named<Operation>...> const& operations,
         std::string const& pattern, std::initializer_list<when> allowed)
{
  auto const add_one = [&]<class Function>(named<Function> const& operation) {
    for (situation const& each : situations) {
      if (std::find(allowed.begin(), allowed.end(), each.now) == allowed.end())
        continue;
      for (std::string const& endpoint : each.endpoints) {
        to.push_back(
            {fmt::format("{} {}, {}, {}", pattern, operation.name, each.name, endpoint),
             each.now == when::drip_joining ? 23U : 1U,
             [now = each.now, endpoint](asio::io_context& io, context& ctx) -> std::unique_ptr<scene> {
               return std::make_unique<Scene<Socket, Peer, Function>>(io, ctx, now, endpoint);
             }});
      }
    }
  };
  std::apply([&](auto const&... each) { (add_one(each), ...); }, operations);
}

// Cancels in each way. Returns the smallest number of points.
inline std::size_t sweep_all(std::vector<swept_scene> const& scenes)
{
  // Every day each scene is cancelled at some of its points, each time of the three at other ones.
  std::size_t const stride = std::getenv("COZMQ_TEST_ALL") != nullptr ? 1 : 4;
  std::array<std::size_t, 3> points{};
  std::array const kinds{asio::cancellation_type::terminal, asio::cancellation_type::partial,
                         asio::cancellation_type::total};
  for (std::size_t i = 0; i < scenes.size(); ++i)
    for (std::size_t kind = 0; kind < kinds.size(); ++kind)
      points[kind] += sweep(scenes[i], kinds[kind], (i + kind) % stride, stride);
  return *std::min_element(points.begin(), points.end());
}

}  // namespace cozmq::test
