// One operation, cancelled after each handler of its event loop in turn: between two handlers is where it is suspended.
#pragma once

#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace cozmq::test {

// Where everybody but the operation stops when it is cancelled, so that nobody else helps it to its end.
class gate {
 public:
  explicit gate(asio::io_context& io) : opened_{io, asio::steady_timer::time_point::max()} {}

  asio::awaitable<void> pass()
  {
    co_await asio::post(opened_.get_executor(), asio::use_awaitable);
    std::error_code ignored;
    while (closed_)
      co_await opened_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  void close() { closed_ = true; }
  void open()
  {
    closed_ = false;
    over_ = true;
    opened_.cancel();
  }
  // It was closed and is open again: what follows need not be slow.
  bool over() const noexcept { return over_; }

 private:
  asio::steady_timer opened_;
  bool closed_ = false;
  bool over_ = false;
};

// A TCP relay that passes on one byte at a time: each is a handler, and a cancellation may come between any two.
class dripping_relay {
 public:
  dripping_relay(asio::io_context& io, std::string const& target, gate& passage)
      : acceptor_{io, {asio::ip::address_v4::loopback(), 0}},
        accepted_{io},
        connected_{io},
        target_{asio::ip::address_v4::loopback(),
                static_cast<std::uint16_t>(std::stoul(target.substr(target.rfind(':') + 1)))},
        passage_{&passage}
  {
    asio::co_spawn(io, relay(), asio::detached);
  }

  std::string endpoint() const
  {
    return "tcp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  // From now on, until the operation has been cancelled.
  void drip() { drop_ = 1; }

 private:
  asio::awaitable<void> relay()
  {
    accepted_ = co_await acceptor_.async_accept(asio::use_awaitable);
    co_await connected_.async_connect(target_, asio::use_awaitable);
    accepted_.set_option(asio::ip::tcp::no_delay{true});
    connected_.set_option(asio::ip::tcp::no_delay{true});
    asio::co_spawn(acceptor_.get_executor(), pump(accepted_, connected_), asio::detached);
    asio::co_spawn(acceptor_.get_executor(), pump(connected_, accepted_), asio::detached);
  }

  asio::awaitable<void> pump(asio::ip::tcp::socket& from, asio::ip::tcp::socket& to)
  {
    std::array<char, 4096> bytes{};
    std::error_code ec;
    while (!ec) {
      std::size_t const drop = passage_->over() ? bytes.size() : drop_;
      std::size_t const size = co_await from.async_read_some(asio::buffer(bytes, drop),
                                                             asio::redirect_error(asio::use_awaitable, ec));
      co_await passage_->pass();
      if (!ec)
        co_await asio::async_write(to, asio::buffer(bytes, size),
                                   asio::redirect_error(asio::use_awaitable, ec));
    }
    std::error_code ignored;
    to.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  asio::ip::tcp::acceptor acceptor_;
  asio::ip::tcp::socket accepted_;
  asio::ip::tcp::socket connected_;
  asio::ip::tcp::endpoint target_;
  gate* passage_;
  std::size_t drop_ = 4096;
};

// An operation in a situation; made anew for each point.
class scene {
 public:
  using callback = std::function<void(std::error_code)>;

  explicit scene(asio::io_context& on) : io{on}, passage{on} {}
  scene(scene const&) = delete;
  scene& operator=(scene const&) = delete;
  virtual ~scene() = default;

  // Up to the moment before the operation.
  virtual asio::awaitable<void> prepare() = 0;
  // Starts the operation.
  virtual void begin(asio::cancellation_slot slot, callback done) = 0;
  // What others do then. Stops at the gate.
  virtual asio::awaitable<void> meanwhile() = 0;
  // What somebody else does between two handlers.
  virtual void disturb() {}
  // Uses the sockets again, and looks whether anything is missing, or there twice.
  virtual asio::awaitable<void> account(std::error_code ec) = 0;

  asio::io_context& io;
  gate passage;
  bool started = false;
  bool others_ended = false;

 protected:
  // Waits for the end of `meanwhile`.
  asio::awaitable<void> others()
  {
    while (!others_ended)
      co_await asio::post(io, asio::use_awaitable);
  }

  // Starts an operation of the scene: a coroutine, or a call that takes a handler.
  template <class Operation, class Scene>
  static void start(Scene& self, asio::cancellation_slot slot, callback done)
  {
    if constexpr (std::invocable<Operation, Scene&>) {
      asio::co_spawn(
          self.io, ending<Operation>(&self),
          asio::bind_cancellation_slot(slot, [done](std::exception_ptr failure, std::error_code ec) {
            if (failure)
              std::rethrow_exception(failure);
            done(ec);
          }));
    } else {
      self.started = true;
      Operation{}(self, slot, std::move(done));
    }
  }

 private:
  template <class Operation, class Scene>
  static asio::awaitable<std::error_code> ending(Scene* self)
  {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    self->started = true;
    std::error_code ec;
    try {
      co_await Operation{}(*self);
    } catch (std::system_error const& e) {
      ec = e.code();
    }
    co_return ec;
  }
};

struct swept_scene {
  std::string name;
  std::size_t stride;  // 1: every point
  std::function<std::unique_ptr<scene>(asio::io_context&, context&)> make;
};

// Cancels after `handlers` handlers and does the accounting. True: the operation was under way, and there may be a point
// after this one.
inline bool cancel_after(swept_scene const& what, std::size_t handlers, asio::cancellation_type kind)
{
  CAPTURE(what.name, handlers, static_cast<int>(kind));
  int ends = 0;
  std::error_code ec;
  asio::cancellation_signal cancel;
  asio::io_context io;
  context ctx{io};
  auto const played = what.make(io, ctx);
  run_test(io, played->prepare());

  played->begin(cancel.slot(), [&](std::error_code result) {
    ++ends;
    ec = result;
  });
  io.restart();
  while (!played->started)
    io.poll_one();
  asio::co_spawn(io, played->meanwhile(), [&](std::exception_ptr failure) {
    played->others_ended = true;
    if (failure)
      std::rethrow_exception(failure);
  });
  bool idle = false;
  for (std::size_t i = 0; i < handlers && ends == 0 && !idle; ++i) {
    played->disturb();
    if (io.poll_one() == 0 && !(idle = played->others_ended))
      REQUIRE(io.run_one_for(default_bound) == 1);
  }

  bool const under_way = ends == 0;
  played->passage.close();
  cancel.emit(kind);
  for (int i = 0; i < 1'000 && ends == 0 && io.poll_one() != 0; ++i)
    played->disturb();
  REQUIRE(ends == 1);
  if (ec)
    REQUIRE(ec == asio::error::operation_aborted);
  REQUIRE((under_way || !ec));
  played->passage.open();
  run_test(io, played->account(ec));
  REQUIRE(ends == 1);
  return under_way && !idle;
}

// Cancels after each `stride`th handler in turn, until the operation ends before. Returns how many points there were.
inline std::size_t sweep(swept_scene const& what, asio::cancellation_type kind, std::size_t first = 0,
                         std::size_t stride = 1)
{
  std::size_t points = 0;
  while (cancel_after(what, (first + points * stride) * what.stride, kind))
    ++points;
  return points;
}

}  // namespace cozmq::test
