// Waits for any of several blocking sockets and file descriptors, as zmq_poll does.
#pragma once

#include <cozmq/service/blocking.hpp>
#include <cozmq/service/handover.hpp>
#include <cozmq/service/poller.hpp>
#include <cozmq/service/remote_watch.hpp>

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq {

/// A `basic_poller` for a thread that blocks: a set of `blocking` sockets of any pattern and of file descriptors, each with
/// a value of the user's. Level-triggered: what is ready is reported by every wait until it is dealt with.
///
/// A socket is ready for `poll::in` when `try_recv` gives a message, for `poll::out` when `try_send` is accepted (of a
/// ROUTER or STREAM, by some peer). A socket that is closed is reported once, as `poll::error`, and leaves the set. A
/// descriptor is not owned; remove it before closing it. A REQ, a REP and an XPUB, and `poll::out` of a ROUTER or STREAM,
/// cost each wait a question to the socket's thread. `blocking::descriptor` is not to be waited for elsewhere meanwhile.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe. While it waits the sockets are in use.
template <class Data = void*>
class basic_blocking_poller {
  using clock = std::chrono::steady_clock;

 public:
  using event = poll_event<Data>;
  using duration = std::chrono::milliseconds;
  static constexpr duration forever = duration::max();

  /// Adds a socket. Throws `error` with `errc::already_added` or `socket_closed`.
  template <class Socket>
  void add(blocking<Socket>& socket, poll wanted, Data data = {})
  {
    using kind = blocking<Socket>;
    if (!socket.core())
      throw error{errc::socket_closed};
    entry e{socket.core(), -1, wanted, std::move(data)};
    if (socket.handover_)
      e.queues = socket.handover_->lend();
    e.queued = (kind::queues_in ? poll::in : poll::none) | (kind::queues_out ? poll::out : poll::none);
    if (!(kind::queues_in && kind::queues_out))
      e.direct = std::make_unique<detail::remote_watch>(socket.core());
    insert(std::move(e));
  }

  /// Adds a file descriptor. Throws `error` with `errc::already_added`.
  void add(int descriptor, poll wanted, Data data = {})
  {
    insert({nullptr, descriptor, wanted, std::move(data)});
  }

  /// Changes what is looked for; `poll::none` mutes the source. Takes a socket or a descriptor. Throws `error` with
  /// `errc::not_added`.
  template <class Source>
  void modify(Source const& source, poll wanted)
  {
    find(source)->wanted = wanted;
  }

  /// Takes a socket or a descriptor out of the set. Throws `error` with `errc::not_added`.
  template <class Source>
  void remove(Source const& source)
  {
    entries_.erase(find(source));
  }

  std::size_t size() const noexcept { return entries_.size(); }

  /// Waits until something is ready and gives all that is, in the order in which the sources were added; nothing after
  /// `timeout`, which may be zero. A signal that the thread handles does not end it.
  ///
  /// @par Errors
  /// Throws `error`: `errc::terminated` when the context of a socket ends, `nothing_to_wait_for` when the set is empty and
  /// there is no timeout, `wrong_thread` on a thread of a socket's context.
  std::vector<event> wait_all(duration timeout = forever)
  {
    check(timeout);
    return some(timeout, entries_.size());
  }

  /// As above, and gives one event; sources that are always ready take turns.
  std::optional<event> wait(duration timeout = forever)
  {
    check(timeout);
    std::vector<event> found = some(timeout, 1);
    if (found.empty())
      return std::nullopt;
    return std::move(found.front());
  }

 private:
  void check(duration timeout) const
  {
    if (entries_.empty() && timeout == forever)
      throw error{errc::nothing_to_wait_for};
    for (entry const& e : entries_)
      if (e.socket && e.socket->on_some_thread())
        throw error{errc::wrong_thread};
  }

  std::vector<event> some(duration timeout, std::size_t at_most)
  {
    clock::time_point const end = timeout == forever ? clock::time_point::max() : clock::now() + timeout;
    for (;;) {
      watches const armed{*this};
      bool any = false;
      for (entry& e : entries_)
        any = look(e) || any;
      int const left = any ? 0 : until(end);
      wait_for_descriptors(left);
      std::vector<event> found = collect(at_most);
      if (!found.empty() || (left == 0 && clock::now() >= end))
        return found;
    }
  }

  struct entry {
    std::shared_ptr<engine::socket_core> socket;  // null for a descriptor
    int fd;
    poll wanted;
    Data data;
    poll queued = poll::none;  // what goes through the queues; all else is asked for directly
    std::shared_ptr<detail::handover> queues{};
    std::unique_ptr<detail::remote_watch> direct{};
    poll found = poll::none;
    bool asked_queues = false;  // to ring; one that was not may have rung for something else
    bool asked_direct = false;
    bool told_closed = false;

    bool is(entry const& other) const noexcept { return socket == other.socket && fd == other.fd; }
    template <class Socket>
    bool is(blocking<Socket> const& s) const noexcept
    {
      return socket && socket == s.core();
    }
    bool is(int descriptor) const noexcept { return !socket && fd == descriptor; }
  };

  // Between two waits nothing of ours is in the sockets' lists.
  struct watches {
    explicit watches(basic_blocking_poller& p) : of{p} {}
    watches(watches const&) = delete;
    watches& operator=(watches const&) = delete;
    ~watches()
    {
      for (entry& e : of.entries_)
        if (e.direct)
          e.direct->disarm();
    }
    basic_blocking_poller& of;
  };

  void insert(entry e)
  {
    if (std::ranges::any_of(entries_, [&e](entry const& other) { return other.is(e); }))
      throw error{errc::already_added};
    entries_.push_back(std::move(e));
  }

  template <class Source>
  auto find(Source const& source)
  {
    auto const at = std::ranges::find_if(entries_, [&source](entry const& e) { return e.is(source); });
    if (at == entries_.end())
      throw error{errc::not_added};
    return at;
  }

  // What the socket is ready for; if for nothing, it is asked to ring.
  bool look(entry& e)
  {
    e.found = poll::none;
    e.asked_queues = e.asked_direct = false;
    if (!e.socket || e.wanted == poll::none)
      return false;
    poll const queued = common(e.wanted, e.queued);
    poll const direct = without(e.wanted, e.queued);
    e.asked_queues = e.queues && (queued != poll::none || direct == poll::none);
    e.asked_direct = e.direct && (direct != poll::none || !e.queues);
    if (e.asked_queues)
      e.found |= e.queues->look(queued);
    if (e.asked_direct)
      e.found |= e.direct->look(direct);
    return e.found != poll::none;
  }

  void wait_for_descriptors(int milliseconds)
  {
    waited_.clear();
    for (entry const& e : entries_)
      if (!e.socket)
        waited_.push_back({e.wanted == poll::none ? -1 : e.fd, to_system(e.wanted), 0});
    for (entry const& e : entries_) {
      if (!e.socket || e.wanted == poll::none || e.found != poll::none)
        continue;
      if (e.asked_queues)
        waited_.push_back({e.queues->descriptor(), POLLIN, 0});
      if (e.asked_direct)
        waited_.push_back({e.direct->descriptor(), POLLIN, 0});
    }
    int const count = ::poll(waited_.data(), static_cast<nfds_t>(waited_.size()), milliseconds);
    if (count < 0 && errno != EINTR)
      throw error{std::error_code{errno, std::system_category()}};
    auto next = waited_.begin();
    for (entry& e : entries_)
      if (!e.socket)
        e.found = count > 0 ? from_system((next++)->revents) : poll::none;
  }

  // All in their order, or fewer, beginning behind the last one given. A socket that is closed has been told of, and goes.
  std::vector<event> collect(std::size_t at_most)
  {
    std::vector<event> found;
    std::size_t const count = entries_.size();
    std::size_t const start = at_most < count ? turn_ : 0;
    bool any_closed = false;
    for (std::size_t i = 0; i < count && found.size() < at_most; ++i) {
      entry& e = entries_[(start + i) % count];
      if (e.found == poll::none)
        continue;
      found.push_back({e.data, e.found});
      e.told_closed = e.socket && e.found & poll::error;
      any_closed = any_closed || e.told_closed;
      turn_ = start + i + 1;
    }
    if (any_closed)
      std::erase_if(entries_, [](entry const& e) { return e.told_closed; });
    return found;
  }

  // For poll(2): so many milliseconds, at least one unless the time is over; -1 without an end.
  static int until(clock::time_point end)
  {
    if (end == clock::time_point::max())
      return -1;
    auto const left = std::chrono::ceil<duration>(end - clock::now()).count();
    return static_cast<int>(std::clamp<duration::rep>(left, 0, std::numeric_limits<int>::max()));
  }

  static short to_system(poll wanted) noexcept
  {
    return static_cast<short>((wanted & poll::in ? POLLIN : 0) | (wanted & poll::out ? POLLOUT : 0) |
                              (wanted & poll::urgent ? POLLPRI : 0));
  }

  static poll from_system(short events) noexcept
  {
    return (events & POLLIN ? poll::in : poll::none) | (events & POLLOUT ? poll::out : poll::none) |
           (events & POLLPRI ? poll::urgent : poll::none) |
           (events & (POLLERR | POLLHUP | POLLNVAL) ? poll::error : poll::none);
  }

  static poll common(poll a, poll b) noexcept
  {
    return (a & poll::in && b & poll::in ? poll::in : poll::none) |
           (a & poll::out && b & poll::out ? poll::out : poll::none);
  }
  static poll without(poll a, poll b) noexcept
  {
    return (a & poll::in && !(b & poll::in) ? poll::in : poll::none) |
           (a & poll::out && !(b & poll::out) ? poll::out : poll::none);
  }

  std::vector<entry> entries_;
  std::vector<pollfd> waited_;
  std::size_t turn_ = 0;
};

/// A blocking poller whose user data is a pointer, as with zmq_poll.
using blocking_poller = basic_blocking_poller<>;

}  // namespace cozmq
