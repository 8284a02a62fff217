// One socket's routing, without I/O: its pattern's outbound, inbound and envelope put together.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/engine/socket_stats.hpp>
#include <cozmq/pattern/policy.hpp>

#include <concepts>
#include <cstdint>
#include <system_error>
#include <type_traits>

namespace cozmq::pattern {

/// Where messages go to and come from. The engine reports what happens to pipes, the socket sends and receives.
template <policy Pattern>
class exchange {
 public:
  using outbound_type = typename Pattern::outbound;
  using inbound_type = typename Pattern::inbound;
  using envelope_type = typename Pattern::envelope;

  exchange()
  {
    if constexpr (requires { inbound_.serve(outbound_); })
      inbound_.serve(outbound_);
  }
  exchange(exchange const&) = delete;
  exchange& operator=(exchange const&) = delete;

  outbound_type& outbound() noexcept { return outbound_; }
  inbound_type& inbound() noexcept { return inbound_; }
  envelope_type& envelope() noexcept { return envelope_; }

  /// Sends `m`, which is empty afterwards, and returns zero; or an error, and `m` is as before.
  ///
  /// @par Errors
  /// `would_block`: no peer, or all are full; `wrong_state`; `host_unreachable`.
  errc send(message& m)
  {
    if (errc const e = envelope_.may_send(); e != errc{})
      return e;
    if constexpr (requires { envelope_.reply(m); }) {
      envelope_.reply(m);
      return {};
    } else if constexpr (requires { envelope_.wrap(m); }) {
      if (!outbound_.ready())
        return errc::would_block;
      // What came unasked is not the answer to what is asked now.
      discard_unasked();
      envelope_.wrap(m);
      routing::send_result const result = outbound_.send(m);
      if (result.outcome == routing::send_result::sent)
        envelope_.sent(result.to);
      else
        envelope_.unwrap(m);
      return code(result);
    } else {
      if constexpr (requires { inbound_.take_subscriptions(m); })
        if (inbound_.take_subscriptions(m))
          return {};
      return code(outbound_.send(m));
    }
  }

  /// Would `send` be accepted now?
  bool can_send()
  {
    if (envelope_.may_send() != errc{})
      return false;
    if constexpr (requires(message& m) { envelope_.reply(m); })
      return true;
    else
      return outbound_.ready();
  }

  /// Takes the next message for the application; false when there is none.
  bool receive(message& m)
  {
    if constexpr (std::same_as<envelope_type, routing::no_envelope>) {
      return static_cast<bool>(inbound_.receive(m));
    } else {
      for (;;) {
        routing::pipe* const from = inbound_.receive(m);
        if (from == nullptr)
          return false;
        switch (envelope_.received(*from, m)) {
          case routing::verdict::deliver: return true;
          case routing::verdict::discard: break;
          case routing::verdict::reject: from->reject(errc::unexpected_command); break;
        }
        ++rejected_;
        m.clear();
      }
    }
  }

  errc may_receive() const noexcept { return envelope_.may_receive(); }

  /// Messages may be written to `p` from now on; it may not be connected yet.
  void attach_outbound(routing::pipe& p) { outbound_.attach(p); }
  void detach_outbound(routing::pipe& p)
  {
    disconnected(p);
    outbound_.detach(p);
  }
  void attach_inbound(routing::pipe& p) { inbound_.attach(p); }

  /// `p` will never be readable again, and everything in it has been read or given up.
  void detach_inbound(routing::pipe& p)
  {
    inbound_.detach(p);
    if constexpr (requires { envelope_.gone(p); })
      envelope_.gone(p);
  }

  /// May `p`, whose handshake is about to end, become a peer?
  bool admits(routing::pipe const& p) const
  {
    if constexpr (requires { outbound_.admits(p); })
      return outbound_.admits(p);
    else
      return true;
  }

  /// Is `id` the routing id of a peer?
  bool knows(byte_view id) const
  {
    if constexpr (requires { outbound_.find(id); })
      return outbound_.find(id) != nullptr;
    else
      return false;
  }

  /// The handshake with `p` has ended well, for the first time or again.
  void connected(routing::pipe& p)
  {
    if constexpr (requires { outbound_.connected(p); })
      outbound_.connected(p);
    if constexpr (requires { inbound_.connected(p); })
      inbound_.connected(p);
  }

  /// The connection of `p` is lost; it may come back.
  void disconnected(routing::pipe& p)
  {
    // A connection's subscriptions end with it; the peer repeats them when it is back.
    if constexpr (requires { inbound_.disconnected(p); })
      inbound_.disconnected(p);
    if constexpr (requires { envelope_.disconnected(p); })
      envelope_.disconnected(p);
  }

  void writable(routing::pipe& p) { outbound_.writable(p); }

  /// `p` has a message. Says whether the application may have one.
  bool readable(routing::pipe& p)
  {
    inbound_.readable(p);
    if constexpr (requires { inbound_.pending(); }) {
      return inbound_.pending();
    } else {
      if constexpr (requires(message& m) { envelope_.wrap(m); }) {
        if (envelope_.may_receive() != errc{}) {
          discard_unasked();
          return false;
        }
      }
      return true;
    }
  }

  /// The messages that were lost here so far.
  drop_counts dropped() const
  {
    drop_counts result;
    result.rejected = rejected_;
    add_drops(outbound_, result);
    add_drops(envelope_, result);
    return result;
  }

  /// `p` sent a SUBSCRIBE or CANCEL command. Patterns that do not publish ignore it.
  std::error_code subscription(routing::pipe& p, bool wanted, byte_view topic)
  {
    if constexpr (requires { inbound_.subscription(p, wanted, topic); })
      return inbound_.subscription(p, wanted, topic);
    else
      return {};
  }

 private:
  static errc code(routing::send_result const& result) noexcept
  {
    switch (result.outcome) {
      case routing::send_result::sent: return {};
      case routing::send_result::full: return errc::would_block;
      case routing::send_result::unreachable: return errc::host_unreachable;
    }
    return {};
  }

  void discard_unasked()
  {
    message m;
    while (routing::pipe* const from = inbound_.receive(m)) {
      ++rejected_;
      if (envelope_.received(*from, m) == routing::verdict::reject)
        from->reject(errc::unexpected_command);
    }
  }

  // A strategy that loses messages says how many.
  template <class Strategy>
  static void add_drops(Strategy const& from, drop_counts& to)
  {
    if constexpr (requires { from.dropped(); })
      to.full += from.dropped();
    if constexpr (requires { from.unroutable(); })
      to.unroutable += from.unroutable();
  }

  std::uint64_t rejected_ = 0;
  outbound_type outbound_;
  inbound_type inbound_;
  envelope_type envelope_;
};

}  // namespace cozmq::pattern
