// A socket's engine joined to the routing of its pattern.
#pragma once

#include <cozmq/engine/socket_core.hpp>
#include <cozmq/engine/use_check.hpp>
#include <cozmq/pattern/exchange.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::detail {

/// Calls on the thread of the context where the socket lives, if it has such a one and this is another: waits for it.
template <class Call>
auto there(engine::socket_core& s, Call& call)
{
  if (!s.is_elsewhere()) {
    engine::use_scope const inside{&s};
    if (inside.refused() != errc{})
      throw error{inside.refused()};
    return call();
  }
  if (s.on_some_thread())
    throw error{errc::wrong_thread};  // that one may be waiting for this one
  return s.way()->call(call);
}

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
    socket_core::options_changed();
    if constexpr (requires { exchange_.outbound().rules; })
      exchange_.outbound().rules = options().subscriptions;
    if constexpr (requires { exchange_.outbound().limits; })
      exchange_.outbound().limits = options().subscription_limits;
    if constexpr (requires { exchange_.inbound().receive_hwm; }) {
      exchange_.inbound().receive_hwm = options().receive_hwm;
      exchange_.inbound().receive_hwm_bytes = options().receive_hwm_bytes;
    }
    if constexpr (requires { exchange_.inbound().invert; })
      exchange_.inbound().invert = options().subscriptions.invert;
    if constexpr (requires { exchange_.inbound().verbose_unsubscribe; })
      exchange_.inbound().verbose_unsubscribe = options().xsub_verbose_unsubscribe;
    if constexpr (requires { exchange_.outbound().mandatory; }) {
      exchange_.outbound().mandatory = options().router_mandatory;
      exchange_.outbound().handover = options().router_handover;
    }
    if constexpr (requires { exchange_.envelope().correlate; }) {
      exchange_.envelope().relaxed = options().req_relaxed;
      exchange_.envelope().correlate = options().req_correlate;
    }
  }

  errc try_send(message& m) override
  {
    engine::use_scope const inside{this};
    if (inside.refused() != errc{})
      return inside.refused();
    if (ended() != errc{})
      return ended();
    if (m.empty())
      return errc::empty_message;
    if constexpr (in_turns) {
      if (ahead_) [[unlikely]]
        return send_before_receiving(m);
    }
    return exchange_.send(m);
  }

  errc try_receive(message& m) override
  {
    engine::use_scope const inside{this};
    if (inside.refused() != errc{})
      return inside.refused();
    if (ahead_ || ended() != errc{}) [[unlikely]]
      return receive_ahead(m);
    if (errc const e = exchange_.may_receive(); e != errc{})
      return e;
    return exchange_.receive(m) ? errc{} : errc::would_block;
  }

  errc look_ahead() override
  {
    engine::use_scope const inside{this};
    if (inside.refused() != errc{})
      return inside.refused();
    if (ahead_)
      return {};
    message m;
    errc const e = try_receive(m);
    if (e == errc{})
      ahead_.emplace(std::move(m));
    return e;
  }

  void put_back(message&& m) override
  {
    if (ahead_)  // somebody has looked at the next one meanwhile
      behind_.push_back(std::move(*ahead_));
    ahead_ = std::move(m);
  }

  errc room() override
  {
    engine::use_scope const inside{this};
    if (inside.refused() != errc{})
      return inside.refused();
    if (ended() != errc{})
      return ended();
    if constexpr (in_turns) {
      if (ahead_ && !sends_before_receiving())
        return errc::wrong_state;
    }
    if (errc const e = exchange_.envelope().may_send(); e != errc{})
      return e;
    return exchange_.can_send() ? errc{} : errc::would_block;
  }

 private:
  static constexpr bool in_turns = sends_in_turns<Pattern>;

  // The application has not received what was taken ahead, so it is not its turn; a relaxed REQ gives the reply up.
  bool sends_before_receiving()
  {
    if constexpr (requires { exchange_.envelope().relaxed; })
      return exchange_.envelope().relaxed;
    else
      return false;
  }

  [[gnu::noinline]] errc send_before_receiving(message& m)
  {
    if (!sends_before_receiving())
      return errc::wrong_state;
    errc const e = exchange_.send(m);
    if (e == errc{})
      ahead_.reset();
    return e;
  }

  // What was taken ahead belongs to the application even when the socket has ended.
  [[gnu::noinline]] errc receive_ahead(message& m)
  {
    if (!ahead_)
      return ended();
    m = std::move(*ahead_);
    ahead_.reset();
    if (!behind_.empty()) {
      ahead_ = std::move(behind_.back());
      behind_.pop_back();
    }
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
  drop_counts route_drops() const override { return exchange_.dropped(); }
  bool is_exclusive() const noexcept override { return Pattern::exclusive; }
  bool connects_twice() const noexcept override { return Pattern::connects_twice; }
  bool replies() const noexcept override
  {
    return std::same_as<typename Pattern::envelope, routing::reply_envelope>;
  }

  pattern::exchange<Pattern> exchange_;
  std::optional<message> ahead_;
  std::vector<message> behind_;  // the next after that, the last first
};

}  // namespace cozmq::detail
