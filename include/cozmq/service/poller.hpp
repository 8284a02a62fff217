// Waits for any of several sockets and file descriptors, as loops around zmq_poll do.
#pragma once

#include <cozmq/service/impl/descriptor_set.hpp>
#include <cozmq/socket/alternatives.hpp>
#include <cozmq/socket/basic_socket.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq {

/// What a poller found: on which source, by the data it was added with, and what.
template <class Data>
struct poll_event {
  Data data;
  poll what;
};

/// A set of sockets of any pattern and of file descriptors, each with a value of the user's. Level-triggered: what is
/// ready is reported by every wait until it is dealt with. New code rather awaits `a.recv() || b.recv()`.
///
/// A socket is ready for `poll::in` when `try_recv` gives a message, for `poll::out` when `try_send` is accepted. A
/// socket that is closed is reported once, as `poll::error`, and leaves the set. A descriptor is not owned, and not
/// changed; remove it before closing it.
///
/// @par Cancellation
/// A wait supports total, partial and terminal cancellation and takes nothing from any source.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe. The sockets run on the poller's executor.
template <class Data = void*>
class basic_poller {
 public:
  using event = poll_event<Data>;
  using duration = std::chrono::steady_clock::duration;
  static constexpr duration forever = duration::max();

  explicit basic_poller(context& ctx) : basic_poller{ctx.get_executor()} {}
  explicit basic_poller(asio::any_io_executor executor) : state_{std::make_shared<state>(std::move(executor))}
  {
  }
  basic_poller(basic_poller&&) noexcept = default;
  basic_poller& operator=(basic_poller&&) = delete;
  /// A wait that is under way ends with `asio::error::operation_aborted`.
  ~basic_poller()
  {
    if (state_)
      state_->close();
  }

  /// Adds a socket. Throws `error` with `errc::already_added` or `socket_closed`.
  template <class Pattern, class Executor>
  void add(basic_socket<Pattern, Executor>& socket, poll wanted, Data data = {})
  {
    throwing([&](std::error_code& ec) { add(socket, wanted, std::move(data), ec); });
  }
  template <class Pattern, class Executor>
  void add(basic_socket<Pattern, Executor>& socket, poll wanted, Data data, std::error_code& ec)
  {
    if (!socket.core())
      ec = errc::socket_closed;
    else
      ec = state_->add({socket.core(), -1, wanted, std::move(data)});
  }

  /// Adds a file descriptor. Throws `error` with `errc::already_added`, or what the system says.
  void add(int descriptor, poll wanted, Data data = {})
  {
    throwing([&](std::error_code& ec) { add(descriptor, wanted, std::move(data), ec); });
  }
  void add(int descriptor, poll wanted, Data data, std::error_code& ec)
  {
    ec = state_->add({nullptr, descriptor, wanted, std::move(data)});
  }

  /// Changes what is looked for; `poll::none` mutes the source. Takes a socket or a descriptor. Throws `error` with
  /// `errc::not_added`.
  template <class Source>
  void modify(Source const& source, poll wanted)
  {
    throwing([&](std::error_code& ec) { modify(source, wanted, ec); });
  }
  template <class Source>
  void modify(Source const& source, poll wanted, std::error_code& ec)
  {
    ec = state_->modify(key{source}, wanted);
  }

  /// Takes a socket or a descriptor out of the set. Throws `error` with `errc::not_added`.
  template <class Source>
  void remove(Source const& source)
  {
    throwing([&](std::error_code& ec) { remove(source, ec); });
  }
  template <class Source>
  void remove(Source const& source, std::error_code& ec)
  {
    ec = state_->remove(key{source});
  }

  std::size_t size() const noexcept { return state_->entries.size(); }

  /// Waits until something is ready and gives one event; sources that are always ready take turns.
  ///
  /// @par Errors
  /// Throws `error`: `errc::terminated` when the context of a socket ends, `nothing_to_wait_for` when the set is empty,
  /// `operation_in_progress` when this poller is waited for already, or somebody else waits for a message of its sockets.
  asio::awaitable<event> wait()
  {
    std::vector<event> found = co_await collect(state_, forever, 1);
    co_return std::move(found.front());
  }

  /// As above, and gives nothing after `timeout`; zero or less does not wait.
  asio::awaitable<std::optional<event>> wait(duration timeout)
  {
    std::vector<event> found = co_await collect(state_, timeout, 1);
    if (found.empty())
      co_return std::nullopt;
    co_return std::move(found.front());
  }

  /// Gives all that is ready, in the order in which the sources were added; nothing after `timeout`.
  asio::awaitable<std::vector<event>> wait_all(duration timeout = forever)
  {
    return collect(state_, timeout, state_->entries.max_size());
  }

 private:
  struct key {
    template <class Pattern, class Executor>
    explicit key(basic_socket<Pattern, Executor> const& s) : socket{s.core().get()}
    {
    }
    explicit key(int descriptor) : fd{descriptor} {}
    key(engine::socket_core const* s, int descriptor) : socket{s}, fd{descriptor} {}

    engine::socket_core const* socket = nullptr;
    int fd = -1;
  };

  struct entry {
    std::shared_ptr<engine::socket_core> socket;  // null for a descriptor
    int fd;
    poll wanted;
    Data data;
    poll found = poll::none;
    std::optional<detail::socket_watch> reading{};
    std::optional<detail::socket_watch> writing{};

    bool is(key const& k) const noexcept { return socket.get() == k.socket && fd == k.fd; }
  };

  struct state {
    explicit state(asio::any_io_executor executor) : descriptors{std::move(executor)} {}

    std::error_code add(entry e);
    std::error_code modify(key const& k, poll wanted);
    std::error_code remove(key const& k);
    void close();
    std::vector<event> scan(std::size_t at_most);
    poll look(entry& e);
    void arm(asio::any_io_executor const& executor);
    void disarm() noexcept;

    auto find(key const& k)
    {
      return std::ranges::find_if(entries, [&k](entry const& e) { return e.is(k); });
    }

    // Looks again with what has changed.
    void changed()
    {
      if (waiting)
        waiting->fire(engine::wake::posted);
    }

    std::vector<entry> entries;
    detail::descriptor_set descriptors;
    std::shared_ptr<detail::selection> waiting;  // null when nobody waits
    engine::inline_budget budget;
    std::size_t next = 0;  // who is looked at first
    bool closed = false;
  };

  // Ends the wait in every way in which its coroutine can end.
  struct waiting_scope {
    std::shared_ptr<state> s;
    explicit waiting_scope(std::shared_ptr<state> of) : s{std::move(of)} {}
    waiting_scope(waiting_scope const&) = delete;
    waiting_scope& operator=(waiting_scope const&) = delete;
    ~waiting_scope()
    {
      s->disarm();
      s->waiting.reset();
    }
  };

  static asio::awaitable<std::vector<event>> collect(std::shared_ptr<state> s, duration timeout,
                                                     std::size_t at_most);

  template <class Call>
  static void throwing(Call&& call)
  {
    std::error_code ec;
    call(ec);
    if (ec)
      throw error{ec};
  }

  std::shared_ptr<state> state_;
};

/// A poller whose user data is a pointer, as with zmq_poller.
using poller = basic_poller<>;

}  // namespace cozmq

#include <cozmq/service/impl/poller.hpp>
