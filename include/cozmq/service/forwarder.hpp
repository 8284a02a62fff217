// Forwards messages between two sockets, both ways; can be watched, steered and paused.
#pragma once

#include <cozmq/socket/basic_socket.hpp>
#include <cozmq/socket/selection.hpp>

#include <asio/awaitable.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

namespace cozmq {

/// Which way a message goes.
enum class towards : std::uint8_t { back, front };

/// Whole messages, and the bytes in their frames.
struct traffic {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;

  void add(std::size_t size) noexcept
  {
    ++messages;
    bytes += size;
  }
};

/// What a forwarder has moved since it was made.
struct forwarder_statistics {
  traffic front_received;
  traffic front_sent;
  traffic back_received;
  traffic back_sent;
  /// Messages that the other side refused for good, for example a ROUTER that must know its peer and does not.
  std::uint64_t refused = 0;
};

/// Moves messages between a front and a back: ROUTER and DEALER, XSUB and XPUB, PULL and PUSH, or any two sockets of
/// which one sends what the other receives. Messages keep all their frames.
///
/// It has no queue: a message is taken only when the other side takes it at once; when that side is full or has no peer,
/// the message stays with the socket it came to, and its high-water mark holds the senders back. A capture socket gets
/// a copy of each message, as the hook left it; while it takes none, nothing is forwarded (as with libzmq).
///
/// @par Lifetimes
/// The sockets are used while `run` is awaited, and may be closed at any time.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe. All sockets run on one executor.
class forwarder {
 public:
  /// May change the message; returns whether it is to be forwarded.
  using hook = std::function<bool(towards, message&)>;

  template <class Front, class FrontExecutor, class Back, class BackExecutor>
  forwarder(basic_socket<Front, FrontExecutor>& front, basic_socket<Back, BackExecutor>& back);

  template <class Front, class FrontExecutor, class Back, class BackExecutor, class Capture,
            class CaptureExecutor>
  forwarder(basic_socket<Front, FrontExecutor>& front, basic_socket<Back, BackExecutor>& back,
            basic_socket<Capture, CaptureExecutor>& capture);

  /// Sends what comes from a socket back into it.
  template <class Both, class Executor>
  explicit forwarder(basic_socket<Both, Executor>& both) : forwarder{both, both}
  {
  }

  forwarder(forwarder&&) noexcept = default;
  forwarder& operator=(forwarder&&) = delete;
  ~forwarder() = default;

  /// Calls `f` with each message before it is forwarded.
  void on_message(hook f) { state_->on_message = std::move(f); }

  /// Obeys a PAIR, REP or other two-way socket, as zmq_proxy_steerable does: PAUSE, RESUME, TERMINATE; STATISTICS is
  /// answered with eight 64-bit numbers in the machine's byte order, messages then bytes of front received, front sent,
  /// back received, back sent. A REP answers everything else with an empty message.
  template <class Control, class Executor>
  void steered_by(basic_socket<Control, Executor>& control);

  /// Forwards until `terminate`; a later run goes on where this one ended.
  ///
  /// @par Errors
  /// Throws `error`: `errc::terminated`, `socket_closed` when one of the sockets ends, `operation_in_progress` when it
  /// runs already or somebody else receives from one of its sockets.
  ///
  /// @par Cancellation
  /// total, partial and terminal; no message is lost or sent twice, each has been forwarded or is still to be received.
  asio::awaitable<void> run() { return run(state_); }

  /// Takes no more messages until `resume`; they wait in the sockets and their peers.
  void pause() { state_->paused = true; }
  void resume()
  {
    state_->paused = false;
    state_->changed();
  }
  bool paused() const noexcept { return state_->paused; }
  /// Ends `run`, now or as soon as it is called.
  void terminate()
  {
    state_->terminating = true;
    state_->changed();
  }

  forwarder_statistics statistics() const noexcept { return statistics_of(*state_); }

 private:
  // Why a burst ended.
  enum class pace : std::uint8_t {
    idle,         // there is no further message
    blocked,      // the receiver, or the capture, takes none
    out_of_turn,  // a REQ or REP: what goes the other way changes that
    tired,        // it is somebody else's turn
  };

  struct state;

  // One direction; without a burst there is none.
  struct way {
    pace (*burst)(state&, way&) = nullptr;
    std::size_t from;  // 0 is the front
    pace last = pace::idle;
    bool seen = false;  // the hook and the capture have had the message that was given back
    traffic received{};
    traffic sent{};
  };

  struct state {
    std::array<std::shared_ptr<engine::socket_core>, 2> sockets;  // front and back
    std::array<way, 2> ways{way{.from = 0}, way{.from = 1}};
    std::shared_ptr<engine::socket_core> capture;
    std::shared_ptr<engine::socket_core> control;
    hook on_message;
    std::shared_ptr<detail::selection> waiting;  // null when nobody waits
    std::uint64_t refused = 0;
    bool running = false;
    bool paused = false;
    bool terminating = false;

    bool observed() const noexcept { return capture != nullptr || on_message; }
    bool observe(way const& w, message& m);
    bool forward();
    void obey();
    void check() const;
    void changed()
    {
      if (waiting)
        waiting->fire(engine::wake::posted);
    }
  };

  class places;

  template <class From, class To>
  static pace burst(state& s, way& w);
  template <class From>
  static bool passes(state& s, way const& w, From& from, message& m);
  static pace stopped(errc why, pace meanwhile);
  static forwarder_statistics statistics_of(state const& s) noexcept;
  static asio::awaitable<void> run(std::shared_ptr<state> s);

  std::shared_ptr<state> state_ = std::make_shared<state>();
};

}  // namespace cozmq

#include <cozmq/service/impl/forwarder.hpp>
