// The address part of REQ, REP and ROUTER messages, and whose turn it is.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/random_bits.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/routing/pipe.hpp>

#include <cstdint>
#include <cstring>
#include <vector>

namespace cozmq::routing {

// Whether it is this side's turn is asked for each message: zero is yes, without the cost of an error_code.

/// What to do with a message that a peer sent.
enum class verdict {
  deliver,
  discard,
  reject,  // the peer broke the pattern: end its connection
};

/// For patterns that carry application frames only, in any order.
struct no_envelope {
  errc may_send() const noexcept { return {}; }
  errc may_receive() const noexcept { return {}; }
  verdict received(pipe&, message&) const noexcept { return verdict::deliver; }
};

/// ROUTER: every message starts with the id of the peer it came from. [RFC 28, ROUTER]
struct identity_envelope : no_envelope {
  verdict received(pipe& from, message& m) const
  {
    m.push_front(from.id);
    return verdict::deliver;
  }
};

/// REQ: puts the empty delimiter in front of a request, and takes only the answer of the peer it asked.
///
/// [RFC 28, REQ] SHALL accept an incoming message only from the last peer that it sent a request to.
class request_envelope {
 public:
  errc may_send() const noexcept { return awaiting_ && !relaxed && !retrying ? errc::wrong_state : errc{}; }
  errc may_receive() const noexcept { return awaiting_ ? errc{} : errc::wrong_state; }

  /// A second request may be sent before the reply to the first; that reply is then discarded.
  bool relaxed = false;
  /// Requests carry a number, so that a late reply to an earlier request is not taken for the awaited one.
  bool correlate = false;
  /// Requests are repeated until one is answered: both of the above, for as long as this is set.
  bool retrying = false;
  /// A request and its reply are one operation that is under way: there can be no other.
  bool busy = false;

  void wrap(message& request)
  {
    request.push_front(frame{});
    if (!numbers())
      return;
    ++number_;
    numbered_before_ = true;
    request.push_front(frame{byte_view{reinterpret_cast<std::byte const*>(&number_), sizeof number_}});
  }

  /// Takes the envelope off again: the request was not accepted.
  void unwrap(message& request)
  {
    if (numbers())
      request.pop_front();
    request.pop_front();
  }

  void sent(pipe* to) noexcept
  {
    peer_ = to;
    awaiting_ = true;
    awaits_number_ = numbers();
  }

  /// The request is about to be repeated or given up: a copy that waits for a connection need not leave any more.
  void retract()
  {
    if (peer_ != nullptr)
      peer_->retract();
  }

  /// Gives the awaited reply up: the next request may be sent. Should the reply come all the same, only a number tells
  /// it from the next one.
  void abandon()
  {
    retract();
    late_reply_ = late_reply_ || (awaiting_ && !awaits_number_);
    awaiting_ = false;
    peer_ = nullptr;
  }

  verdict received(pipe& from, message& reply)
  {
    // A reply is [number] delimiter body...; without them it must never reach the application.
    bool const numbered = reply.size() > 2 && reply[0].size() == sizeof number_ && reply[1].empty();
    bool const plain = reply.size() > 1 && reply[0].empty();
    if (!plain && !(numbered && numbered_before_))
      return verdict::reject;
    if (!awaiting_ || &from != peer_ || plain == awaits_number_)
      return verdict::discard;
    if (awaits_number_) {
      if (std::memcmp(reply[0].data(), &number_, sizeof number_) != 0)
        return verdict::discard;
      reply.pop_front();
    }
    reply.pop_front();
    awaiting_ = false;
    return verdict::deliver;
  }

  /// The pipe no longer exists: its reply cannot come.
  void gone(pipe& p) noexcept
  {
    if (peer_ == &p)
      peer_ = nullptr;
  }

 private:
  bool numbers() const noexcept { return correlate || retrying || late_reply_; }

  pipe* peer_ = nullptr;
  bool awaiting_ = false;
  bool late_reply_ = false;  // one without a number may still come
  bool awaits_number_ = false;
  bool numbered_before_ = false;
  std::uint32_t number_ = random_bits();
};

/// REP: keeps the frames up to and including the empty delimiter, and puts them in front of the reply.
///
/// [RFC 28, REP] SHALL store the envelope of a request and SHALL send the reply to the peer it came from.
class reply_envelope {
 public:
  errc may_send() const noexcept { return replying_ ? errc{} : errc::wrong_state; }
  errc may_receive() const noexcept { return replying_ ? errc::wrong_state : errc{}; }

  verdict received(pipe& from, message& request)
  {
    std::size_t delimiter = 0;
    while (delimiter < request.size() && !request[delimiter].empty())
      ++delimiter;
    if (delimiter + 1 >= request.size())
      return verdict::discard;  // no delimiter, or nothing behind it
    addresses_.clear();
    for (std::size_t i = 0; i < delimiter; ++i)
      addresses_.push_back(std::move(request[i]));
    // Each frame moves once, however many addresses a peer sends, and the message keeps its metadata.
    for (std::size_t i = delimiter + 1; i < request.size(); ++i)
      request[i - delimiter - 1] = std::move(request[i]);
    for (std::size_t i = 0; i <= delimiter; ++i)
      request.pop_back();
    peer_ = &from;
    replying_ = true;
    return verdict::deliver;
  }

  /// Sends `reply` to where the request came from; it is dropped when that peer is gone or full.
  void reply(message& body)
  {
    if (peer_ == nullptr) {
      ++unroutable_;
    } else if (!write(body)) {
      ++dropped_;
      ++peer_->missed;
    }
    body.clear();
    addresses_.clear();
    peer_ = nullptr;
    replying_ = false;
  }

  void gone(pipe& p) noexcept
  {
    if (peer_ == &p)
      peer_ = nullptr;
  }

  /// The next peer at this place may be another one, which is not to get this one's reply.
  /// [RFC 28, REP] SHALL silently discard the reply if the originating peer is no longer connected.
  void disconnected(pipe& p) noexcept { gone(p); }

  /// Replies whose peer was full, and those whose peer was gone.
  std::uint64_t dropped() const noexcept { return dropped_; }
  std::uint64_t unroutable() const noexcept { return unroutable_; }

 private:
  bool write(message& body)
  {
    if (addresses_.empty()) {
      body.push_front(frame{});
      return peer_->write(body);
    }
    message whole;
    for (frame& address : addresses_)
      whole.push_back(std::move(address));
    whole.push_back(frame{});
    for (frame& part : body)
      whole.push_back(std::move(part));
    return peer_->write(whole);
  }

  pipe* peer_ = nullptr;
  bool replying_ = false;
  std::uint64_t dropped_ = 0;
  std::uint64_t unroutable_ = 0;
  std::vector<frame> addresses_;
};

}  // namespace cozmq::routing
