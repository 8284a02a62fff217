// A socket of any pattern, and everything that can be under way on it.
#pragma once

#include "support/dice.hpp"
#include "support/witness.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace cozmq::test {

// How an operation may end early, and what its handler does when it runs.
struct course {
  asio::cancellation_slot slot;
  std::function<void()> then;
};

// To be used on its executor, but for what the threads of a context allow.
class party {
 public:
  party() = default;
  party(party const&) = delete;
  party& operator=(party const&) = delete;
  virtual ~party() = default;

  virtual asio::any_io_executor executor() const = 0;
  // The endpoint, empty if it did not work.
  virtual std::string bind(std::string const& endpoint) = 0;
  virtual void connect(std::string const& endpoint) = 0;
  virtual void set_linger(std::chrono::milliseconds time) = 0;
  // One operation, of a random kind.
  virtual void begin(dice& d, tally& t, course c) = 0;
  virtual void cancel() = 0;
  virtual void close() = 0;
  // The same socket, moved elsewhere; this is what remains of it.
  virtual std::shared_ptr<party> move() = 0;
  // The socket of `other`, if that has the same type, takes the place of this one.
  virtual void take(party& other) = 0;
};

// Uses a socket of its own until that ends.
template <typename Socket>
asio::awaitable<void> live(Socket s, tally& t)
{
  using namespace std::chrono_literals;
  using pattern = typename Socket::pattern_type;
  witness const frame{t};
  for (;;) {
    if constexpr (std::same_as<Socket, req_socket>) {
      (void)co_await s.request("question", {.timeout = 2ms, .retries = 3});
    } else if constexpr (std::same_as<Socket, rep_socket>) {
      message m = co_await s.recv();
      co_await s.send(std::move(m));
    } else {
      if constexpr (can_receive<pattern>)
        (void)co_await (s.recv() || timeout(1ms));
      if constexpr (can_send<pattern>)
        co_await s.send("to", "whom it may concern");
    }
  }
}

// Each handler owns the socket, and starts the next receive; the last one lets the socket go.
template <typename Socket>
void receive_on(std::shared_ptr<Socket> s, tally& t)
{
  if constexpr (can_receive<typename Socket::pattern_type>) {
    Socket& socket = *s;
    socket.async_recv([s = std::move(s), &t, w = witness{t}](std::error_code ec, message) mutable {
      w.runs();
      if (ec)
        s.reset();
      else
        receive_on(std::move(s), t);
    });
  }
}

template <typename Socket>
class party_of final : public party, public std::enable_shared_from_this<party_of<Socket>> {
  using pattern = typename Socket::pattern_type;

 public:
  explicit party_of(Socket s) : socket_{std::move(s)} {}

  asio::any_io_executor executor() const override { return socket_.get_executor(); }

  std::string bind(std::string const& endpoint) override
  {
    std::error_code ec;
    return socket_.bind(endpoint, ec);
  }

  void connect(std::string const& endpoint) override
  {
    std::error_code ignored;
    socket_.connect(endpoint, ignored);
  }

  void set_linger(std::chrono::milliseconds time) override
  {
    std::error_code ignored;
    socket_.set_option(option::linger{time}, ignored);
  }

  void begin(dice& d, tally& t, course c) override
  {
    asio::cancellation_slot const slot = c.slot;
    auto handler =
        asio::bind_cancellation_slot(slot, [w = witness{t}, then = std::move(c.then)](auto&&...) mutable {
          w.runs();
          if (then)
            then();
        });
    try {
      switch (std::size_t const what = d.below(20); what) {
        case 0:
        case 1:
          if constexpr (can_receive<pattern>)
            socket_.async_recv(std::move(handler));
          break;
        case 2:
          if constexpr (can_send<pattern>)
            socket_.async_send(message{"an operation"}, std::move(handler));
          break;
        case 3:
          if constexpr (can_receive<pattern>)
            socket_.async_wait_readable(std::move(handler));
          break;
        case 4:
          if constexpr (can_send<pattern>)
            socket_.async_wait_writable(std::move(handler));
          break;
        case 5: socket_.events().async_next(std::move(handler)); break;
        default:
          asio::co_spawn(socket_.get_executor(), perform(this->weak_from_this(), what, d.below(70'000), t),
                         std::move(handler));
      }
    } catch (error const&) {
      // It is closed, and says so at once.
    }
  }

  void cancel() override { socket_.cancel(); }
  void close() override { socket_.close(); }
  std::shared_ptr<party> move() override { return std::make_shared<party_of>(std::move(socket_)); }
  void take(party& other) override
  {
    if (auto* const same = dynamic_cast<party_of*>(&other))
      socket_ = std::move(same->socket_);
  }

  Socket release() { return std::move(socket_); }

 private:
  // The socket may go as soon as the operation waits.
  static asio::awaitable<void> perform(std::weak_ptr<party_of> whose, std::size_t what, std::size_t size,
                                       tally& t)
  {
    using namespace std::chrono_literals;
    witness const frame{t};
    if (whose.expired())
      co_return;
    Socket& s = whose.lock()->socket_;
    std::array<message, 3> several;
    if constexpr (can_receive<pattern>) {
      switch (what) {
        case 6: co_await s.recv(); break;
        case 7: (void)co_await (s.recv() || timeout(1ms)); break;
        case 8: co_await s.recv_some(several); break;
        case 9: co_await s.wait_readable(); break;
        default: break;
      }
    }
    if constexpr (can_send<pattern>) {
      switch (what) {
        case 10:
        case 11: co_await s.send(std::string(size, 'x')); break;
        case 12:
          several.fill(message{"one of several"});
          co_await s.send_some(several);
          break;
        case 13: co_await s.wait_writable(); break;
        default: break;
      }
    }
    switch (what) {
      case 14: co_await s.wait_connected(2); break;
      case 15: co_await s.events().next(); break;
      case 16: {
        poller all{s.get_executor()};
        all.add(s, poll::in | poll::out);
        co_await all.wait_all();
        break;
      }
      case 17: co_await s.close(2ms); break;
      case 18:
        if constexpr (can_receive<pattern> && can_send<pattern>)
          co_await proxy(s, s);
        break;
      case 19:
        if constexpr (requires { s.wait_subscribed(); })
          co_await s.wait_subscribed(3);
        else if constexpr (requires { s.wait_subscribers(""); })
          co_await s.wait_subscribers("nothing");
        else if constexpr (requires { s.request(message{}); })
          co_await s.request("anybody?", {.timeout = 1ms, .retries = 1});
        break;
      default: break;
    }
  }

  Socket socket_;
};

}  // namespace cozmq::test
