// Inbound of publishers: applies what subscribers ask for, and lets the application of an XPUB know.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/routing/fan_out.hpp>
#include <cozmq/routing/inbound.hpp>
#include <cozmq/routing/request_log.hpp>
#include <cozmq/wire/subscription.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// [RFC 29] Requests come as commands, or as messages that begin with 0 or 1, and take effect as they arrive. A PUB
/// (`Reports` false) discards all else. An XPUB receives them in the order of arrival, each topic's first SUBSCRIBE and
/// last CANCEL only unless `subscription_rules` says more, and whatever other messages its subscribers send.
///
/// What the application does not receive is bounded: requests by `subscription_limits::bytes` in all, where those who
/// send more are no longer read, and messages by `receive_hwm` and `receive_hwm_bytes` for each peer and
/// for all that are gone: while there is more of these, nobody is read.
template <bool Reports>
class upstream {
 public:
  /// Where subscriptions take effect; to be called first, and `out` must stay.
  void serve(fan_out& out) noexcept { out_ = &out; }

  void attach(pipe& p)
  {
    if constexpr (Reports) {
      p.inbound_slot = ++last_id_;
      peers_.emplace(p.inbound_slot, peer{&p});
    }
  }

  void detach(pipe& p)
  {
    disconnected(p);  // what was read since then asked for nothing that can still be had
    if constexpr (Reports) {
      if (auto const at = peers_.find(p.inbound_slot); at != peers_.end()) {
        left_.messages += at->second.unread.messages;
        left_.bytes += at->second.unread.bytes;
        peers_.erase(at);
        crowded_ = crowded_ || is_enough(left_);
      }
      p.inbound_slot = pipe::npos;
    }
  }

  void readable(pipe& p)
  {
    message m;
    while (may_read(p) && p.read(m)) {
      take(p, m);
      m.clear();
    }
    if constexpr (Reports)
      peers_.at(p.inbound_slot).stopped = !may_read(p);
  }

  /// Is there anything for the application?
  bool pending() const noexcept { return !log_.empty(); }

  bool receive(message& m)
  {
    if (log_.empty())
      return false;
    request_log::entry const e = log_.pop(m);
    auto const at = peers_.find(e.from);
    pipe* const from = at == peers_.end() ? nullptr : at->second.who;
    if (e.is_message) {
      if (from != nullptr) {
        at->second.unread.take(m);
        if (at->second.stopped && may_read(*from))
          readable(*from);
      } else {
        left_.take(m);
        if (crowded_ && left_.messages <= receive_hwm / 2 && left_.bytes <= receive_hwm_bytes / 2)
          read_on();
      }
    } else {
      asked_ = from;
      if (out_->rules.last_value && m[0].bytes()[0] == std::byte{1})
        out_->only = from;
    }
    if (holding_ && log_.bytes() <= out_->limits.bytes / 2)
      release();
    return true;
  }

  /// `p` sent a SUBSCRIBE or CANCEL command.
  std::error_code subscription(pipe& p, bool wanted, byte_view topic)
  {
    return request(p, wanted, topic, true);
  }

  /// [RFC 29, XPUB] SHALL, if the subscriber peer disconnects prematurely, generate a suitable unsubscribe request.
  void disconnected(pipe& p)
  {
    if constexpr (Reports) {
      bool const manual = out_->rules.manual;
      if (asked_ == &p)
        asked_ = nullptr;
      requested_.drop(p, [&](byte_view topic, bool) {
        if (manual)
          log_.push_request(nobody, false, topic);
      });
      out_->drop(p, [&](byte_view topic, bool last) {
        if (!manual && (last || out_->rules.verboser))
          log_.push_request(nobody, false, topic);
      });
    } else {
      out_->drop(p, [](byte_view, bool) {});
    }
  }

  /// Manual: gives the peer whose request was received last a topic, or nothing if it is gone.
  ///
  /// @par Errors
  /// `not_supported` unless `subscription_rules::manual` is set.
  errc subscribe(byte_view topic)
    requires Reports
  {
    if (!out_->rules.manual)
      return errc::not_supported;
    if (asked_ != nullptr)
      out_->answer(*asked_, true, topic);
    return {};
  }

  /// Manual: takes the topic away again; false when that peer did not have it.
  bool unsubscribe(byte_view topic)
    requires Reports
  {
    return out_->rules.manual && asked_ != nullptr && out_->answer(*asked_, false, topic);
  }

  std::size_t receive_hwm = 1000;
  std::size_t receive_hwm_bytes = std::numeric_limits<std::size_t>::max();

 private:
  // How much there is in the log.
  struct amount {
    std::size_t messages = 0;
    std::size_t bytes = 0;

    void put(message const& m)
    {
      ++messages;
      bytes += m.byte_size();
    }
    void take(message const& m)
    {
      --messages;
      bytes -= m.byte_size();
    }
  };
  struct peer {
    pipe* who;
    amount unread{};       // its messages
    bool stopped = false;  // there may be more that was not read for the high-water marks
    bool held = false;
  };
  static constexpr std::uint64_t nobody = 0;

  bool is_enough(amount const& a) const noexcept
  {
    return a.messages >= receive_hwm || a.bytes >= receive_hwm_bytes;
  }

  bool may_read(pipe const& p) const
  {
    if constexpr (Reports)
      return !crowded_ && !is_enough(peers_.at(p.inbound_slot).unread);
    else
      return true;
  }

  // Enough has been received of those who are gone.
  void read_on()
  {
    crowded_ = false;
    std::vector<std::uint64_t> waiting;
    for (auto const& [id, each] : peers_)
      if (each.stopped)
        waiting.push_back(id);
    for (std::uint64_t const id : waiting)
      if (auto const at = peers_.find(id); at != peers_.end())
        readable(*at->second.who);
  }

  // [libzmq] every frame that begins with 0 or 1 is a request, unless only_first says that those of an application's
  // message are its own.
  void take(pipe& p, message& m)
  {
    bool const requests = wire::parse_subscription_message(m[0].bytes()).has_value();
    if (requests || !(out_->rules.only_first || out_->rules.manual))
      for (frame const& part : m)
        if (auto const change = wire::parse_subscription_message(part.bytes()))
          if (std::error_code ec = request(p, change->subscribe, change->topic, requests); ec)
            return p.reject(ec);
    if constexpr (Reports) {
      message rest;
      if (requests) {
        for (frame& part : m)
          if (!wire::parse_subscription_message(part.bytes()))
            rest.push_back(std::move(part));
        if (rest.empty())
          return;
        rest.set_metadata(p.sender);
      } else {
        rest = std::move(m);
      }
      peers_.at(p.inbound_slot).unread.put(rest);
      log_.push_message(p.inbound_slot, std::move(rest));
    }
  }

  // `report`: the application has not got it in another way.
  std::error_code request(pipe& p, bool wanted, byte_view topic, bool report)
  {
    std::error_code ec;
    subscription_rules const& rules = out_->rules;
    if constexpr (Reports) {
      if (log_.bytes() >= 2 * out_->limits.bytes)
        return errc::too_many_subscriptions;
      bool tell = report;
      if (rules.manual)
        requested_.request(p, wanted, topic, out_->limits, ec);
      else
        tell = apply(p, wanted, topic, ec) && report;
      if (tell && !ec) {
        log_.push_request(p.inbound_slot, wanted, topic, p.sender);
        if (log_.bytes() >= out_->limits.bytes)
          hold(p);
      }
    } else {
      out_->subscription(p, wanted, topic, ec);
    }
    return ec;
  }

  // Is the application to know of it?
  bool apply(pipe& p, bool wanted, byte_view topic, std::error_code& ec)
  {
    subscription_rules const& rules = out_->rules;
    topic_change const change = out_->subscription(p, wanted, topic, ec);
    // What was asked for while the application decided is told when it is taken back, as it would be then.
    bool const withdrawn = !wanted && requested_.set(p, false, topic) != topic_change::none;
    return withdrawn || change == topic_change::edge || rules.verboser || (rules.verbose && wanted);
  }

  void hold(pipe& p)
  {
    peers_.at(p.inbound_slot).held = holding_ = true;
    p.hold(true);
  }

  void release()
  {
    holding_ = false;
    for (auto& [id, each] : peers_)
      if (std::exchange(each.held, false))
        each.who->hold(false);
  }

  fan_out* out_ = nullptr;
  request_log log_;
  std::unordered_map<std::uint64_t, peer> peers_;
  std::uint64_t last_id_ = nobody;
  pipe* asked_ = nullptr;         // whose request was received last
  subscription_table requested_;  // manual: what peers asked for, whatever they got
  bool holding_ = false;
  amount left_;           // messages of peers that are gone
  bool crowded_ = false;  // so many that nobody is read
};

static_assert(inbound<upstream<true>> && inbound<upstream<false>>);

}  // namespace cozmq::routing
