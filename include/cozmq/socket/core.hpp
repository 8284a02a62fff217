// A socket's engine joined to the routing of its pattern.
#pragma once

#include <cozmq/engine/socket_core.hpp>
#include <cozmq/pattern/exchange.hpp>

#include <memory>
#include <optional>
#include <system_error>

namespace cozmq::detail {

/// What a basic_socket<Pattern> holds: everything but the user's interface.
template <pattern::policy Pattern>
class core final : public engine::socket_core {
 public:
  using engine::socket_core::socket_core;
  ~core() { sever_all(); }

  pattern::exchange<Pattern>& exchange() noexcept { return exchange_; }

  socket_type type() const noexcept override { return Pattern::type; }
  socket_type_set peers() const noexcept override { return Pattern::peers; }

  /// Passes on what options say about routing.
  void options_changed()
  {
    if constexpr (requires { exchange_.outbound().wait_when_full; })
      exchange_.outbound().wait_when_full = options().xpub_nodrop;
    if constexpr (requires { exchange_.outbound().mandatory; }) {
      exchange_.outbound().mandatory = options().router_mandatory;
      exchange_.outbound().handover = options().router_handover;
    }
  }

  /// Sends without waiting: zero, and `m` is taken; or why not, and `m` is as before.
  errc try_send(message& m)
  {
    if (ended() != errc{})
      return ended();
    if (m.empty())
      return errc::empty_message;
    return exchange_.send(m);
  }

  /// Receives without waiting: zero, and `m` is the message; or why not.
  errc try_receive(message& m)
  {
    if (ahead_ || ended() != errc{}) [[unlikely]]
      return receive_ahead(m);
    if (errc const e = exchange_.may_receive(); e != errc{})
      return e;
    return exchange_.receive(m) ? errc{} : errc::would_block;
  }

  /// Is there a message for the application, or an error? Looks at the patterns' rules by taking the message ahead.
  errc look_ahead()
  {
    if (ahead_)
      return {};
    message m;
    errc const e = try_receive(m);
    if (e == errc{})
      ahead_.emplace(std::move(m));
    return e;
  }

 private:
  // What was taken ahead belongs to the application even when the socket has ended.
  [[gnu::noinline]] errc receive_ahead(message& m)
  {
    if (!ahead_)
      return ended();
    m = std::move(*ahead_);
    ahead_.reset();
    return {};
  }

  void route_outbound(routing::pipe& p) override { exchange_.attach_outbound(p); }
  void route_inbound(routing::pipe& p) override { exchange_.attach_inbound(p); }
  void unroute_outbound(routing::pipe& p) override { exchange_.detach_outbound(p); }
  void unroute_inbound(routing::pipe& p) override { exchange_.detach_inbound(p); }
  bool route_admits(routing::pipe const& p) const override { return exchange_.admits(p); }
  bool route_knows(byte_view routing_id) const override { return exchange_.knows(routing_id); }
  void route_connected(routing::pipe& p) override { exchange_.connected(p); }
  void route_disconnected(routing::pipe& p) override { exchange_.disconnected(p); }
  bool route_readable(routing::pipe& p) override { return exchange_.readable(p); }
  void route_writable(routing::pipe& p) override { exchange_.writable(p); }
  std::error_code route_subscription(routing::pipe& p, bool wanted, byte_view topic) override
  {
    return exchange_.subscription(p, wanted, topic);
  }
  bool is_exclusive() const noexcept override { return Pattern::exclusive; }
  bool connects_twice() const noexcept override { return Pattern::connects_twice; }

  pattern::exchange<Pattern> exchange_;
  std::optional<message> ahead_;
};

}  // namespace cozmq::detail
