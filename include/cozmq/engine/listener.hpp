// Accepts connections on one endpoint.
#pragma once

#include <cozmq/core/endpoint.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/engine/admission.hpp>
#include <cozmq/engine/connection.hpp>
#include <cozmq/engine/trouble.hpp>
#include <cozmq/transport/descriptor.hpp>
#include <cozmq/transport/ipc.hpp>
#include <cozmq/transport/opening.hpp>
#include <cozmq/transport/tcp.hpp>

#include <asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace cozmq::engine {

/// One bound endpoint and the connections that came in through it.
class listener final : public connection_owner, public std::enable_shared_from_this<listener> {
 public:
  /// Binds and listens, or goes on with the descriptor of the options; null with `ec` set when that fails.
  static std::shared_ptr<listener> open(host& h, endpoint const& where, std::error_code& ec)
  {
    transport::socket_settings const& system = h.options().system;
    bool const adopts = h.options().use_fd.has_value();
    auto bound = adopts ? transport::adopt_listener(h.executor(), where.transport, *h.options().use_fd, ec)
                 : where.transport == transport_type::ipc
                     ? transport::ipc::listen(h.executor(), where, system, ec)
                     : transport::tcp::listen(h.executor(), where, system, ec);
    if (!bound)
      return nullptr;
    return std::shared_ptr<listener>{new listener{h, where, std::move(*bound), !adopts}};
  }

  std::string const& text() const noexcept override { return bound_.endpoint; }
  bool closed() const noexcept { return closed_; }
  /// How many connections that came in are there now, with those that have gone and left something to receive.
  std::size_t held() const noexcept { return connections_.size() + parting_.size(); }
  transport_type transport() const noexcept { return where_.transport; }
  /// Where it really listens.
  transport::address local() const
  {
    std::error_code ignored;
    return bound_.socket.local_endpoint(ignored);
  }

  void accept()
  {
    std::error_code blocks;
    if (!bound_.socket.non_blocking())
      bound_.socket.non_blocking(true, blocks);
    if (blocks)
      return refused(blocks);
    try {
      bound_.socket.async_wait(transport::acceptor::wait_read,
                               [self = shared_from_this()](std::error_code ec) {
                                 if (self->closed_)
                                   return;
                                 use_scope const inside{self->host_};
                                 if (!ec)
                                   return self->accept_waiting();
                                 self->refused(ec);
                               });
    } catch (std::bad_alloc const&) {
      refused(std::make_error_code(std::errc::not_enough_memory));
    }
  }

  /// Stops listening. With it go the accepted connections; what they have queued for reading stays.
  void close()
  {
    if (closed_)
      return;
    stop_listening();
    // All are parting before the first is cut: this listener stays in its socket's list while one is.
    auto const going = std::exchange(connections_, {});
    parting_.insert(going.begin(), going.end());
    for (auto const& [key, peer] : going)
      if (!peer->idle())
        peer->cut(errc::socket_closed, "the endpoint was unbound");
  }

  /// Stops listening, leaves connections alone.
  void stop_listening() noexcept
  {
    if (closed_)
      return;
    closed_ = true;
    std::error_code ignored;
    bound_.socket.close(ignored);
    resume_.cancel();
    if (where_.transport == transport_type::ipc && made_here_)
      transport::ipc::remove_file(where_, bound_.endpoint);
  }

  void sever() noexcept
  {
    stop_listening();
    host_ = nullptr;
    for (auto* const group : {&connections_, &parting_})
      for (auto const& [key, peer] : *group)
        peer->sever();
    connections_.clear();
    parting_.clear();
  }

  template <class Visit>
  void for_each(Visit&& visit)
  {
    for (auto const* const group : {&connections_, &parting_})
      for (auto const& [key, peer] : *group)
        visit(*peer);
  }

  /// Forgets a connection that has been read empty. False when it is not one of this listener's.
  bool forget(routing::pipe const& p) { return connections_.erase(&p) + parting_.erase(&p) > 0; }

  bool holds(routing::pipe const& p) const { return connections_.contains(&p) || parting_.contains(&p); }
  bool deserted() const noexcept { return closed_ && connections_.empty() && parting_.empty(); }

  void on_open(connection& c) noexcept override { admission_.ended(c.number()); }

  void on_lost(connection& c, std::error_code why, std::string const& reason, bool) override
  {
    --live_;
    admission_.ended(c.number());
    // A scanner, a peer of another kind or a broken one: say it once for each cause, a peer may retry for ever.
    bool const ours = why.category() == error_category() && why != errc::peer_closed;
    bool const told = why == errc::socket_closed || why == errc::too_many_handshakes;
    if ((ours || !c.was_open()) && !told)
      trouble_.report(reason, fmt::format("refused {}: {}", c.peer_address(), reason));
    std::size_t const lost = c.discard_unsent();
    if (host_)
      host_->observed().counters.dropped.undelivered += lost;
    if (lost > 0)
      write_log(log_level::info, "{}: {} messages for {} were not delivered: {}", text(), lost,
                c.peer_address(), reason);
    if (c.unread() == 0 && host_)
      host_->on_drained(c);
  }

 private:
  using connection_map = std::unordered_map<routing::pipe const*, std::shared_ptr<connection>>;
  static constexpr int at_a_time = 32;
  static constexpr std::chrono::milliseconds pause{100};

  listener(host& h, endpoint where, transport::listening bound, bool made_here)
      : connection_owner{h},
        host_{&h},
        where_{std::move(where)},
        made_here_{made_here},
        bound_{std::move(bound)},
        trouble_{bound_.endpoint},
        resume_{h.executor()}
  {
  }

  void accept_waiting();
  bool may_accept(bool one_waits);
  bool finds_descriptor(bool one_waits, admission::clock::time_point now);
  bool accepted(transport::stream stream);
  bool makes_room();
  void turn_away();
  void give_way(routing::pipe const* oldest, pressure cause, std::string const& reason);
  void refused(std::error_code why);
  void run_short(std::string const& reason);
  void failed(std::error_code why, std::string const& reason);
  void tell(pressure cause, std::string_view what);
  void accept_after(std::chrono::steady_clock::duration time);
  admission_limits const& limits() const noexcept { return host_->options().admission; }

  host* host_;
  endpoint where_;
  bool made_here_;  // not a descriptor of somebody else, who also looks after its file
  transport::listening bound_;
  trouble trouble_;
  asio::steady_timer resume_;
  bool closed_ = false;
  admission admission_;
  std::size_t live_ = 0;  // of these two
  connection_map connections_;
  connection_map parting_;  // closed by unbind, not yet read empty
};

}  // namespace cozmq::engine

#ifndef COZMQ_SEPARATE_COMPILATION
#include <cozmq/engine/impl/accepting.hpp>
#endif
