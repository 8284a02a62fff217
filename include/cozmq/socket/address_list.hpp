// Who may come by where it comes from: lists of IP addresses.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/engine/authentication.hpp>
#include <cozmq/socket/address_prefix.hpp>
#include <cozmq/socket/options/security.hpp>

#include <asio/any_io_executor.hpp>

#include <bitset>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace cozmq {

/// A list of addresses that alone may come, or that may not, as an authenticator, and in front of one:
///
///     auto const list = cozmq::address_list::allow({"192.0.2.0/24", "2001:db8::/32", "ipc"});
///     socket.set_option(cozmq::option::authenticator{list});
///     socket.set_option(list.then(cozmq::zap_authenticator(ctx)));
///
/// An entry is an address, or an address and the number of its bits that count. IPv4 peers of an IPv6 socket, and entries
/// of the form ::ffff:192.0.2.1, are IPv4; a prefix of IPv6 is for IPv6 only. The entry "ipc" stands for all peers without an
/// IP address, which are those of the same machine; these, like any other peer, come in by a list of `allow` only when they
/// are on it, and by one of `deny` unless they are. A peer whose address is not understood does not come in by either.
///
/// By itself a list looks at nothing else: not at a name, nor a password, nor a key.
///
/// Copies are the same list. Changes count for the next peer; those that are connected stay.
///
/// @par Errors
/// An entry that is malformed throws `error` with `errc::invalid_option`, which says what is wrong with it; the list is then
/// as before.
///
/// @par Thread safety
/// Distinct and shared objects: safe, except for assignment.
class address_list {
 public:
  /// Only these may come.
  static address_list allow(std::initializer_list<std::string_view> entries) { return {true, entries}; }
  static address_list allow(std::span<std::string const> entries) { return {true, entries}; }
  /// All may come but these.
  static address_list deny(std::initializer_list<std::string_view> entries) { return {false, entries}; }
  static address_list deny(std::span<std::string const> entries) { return {false, entries}; }

  /// Adds an entry.
  void add(std::string_view entry)
  {
    parsed const p{entry};
    change([&](table& t) { t.add(p); });
  }

  /// Takes an entry away, as it was added. False when it was not there.
  bool remove(std::string_view entry)
  {
    parsed const p{entry};
    bool was_there = false;
    change([&](table& t) { was_there = t.remove(p); });
    return was_there;
  }

  /// Puts these in the place of all entries, at once: for many, or from a file.
  void assign(std::initializer_list<std::string_view> entries) { replace(entries); }
  void assign(std::span<std::string const> entries) { replace(entries); }

  /// Is this address, or "" for a peer without one, on the list?
  bool contains(std::string_view address) const
  {
    auto const p = without_zone(address);
    return address.empty() ? now()->ipc : p && now()->covers(*p);
  }

  /// How many entries there are.
  std::size_t size() const { return now()->entries.size() + (now()->ipc ? 1U : 0U); }

  /// Lets the peer in, or refuses it for good. For `option::authenticator`.
  auth_reply operator()(auth_request const& peer) const
  {
    if (!peer.address.empty() && !without_zone(peer.address))
      return auth_reply::refuse("its address is not understood");
    if (contains(peer.address) == state_->allows)
      return auth_reply::admit();
    std::string const who = peer.address.empty() ? "a peer without an address" : peer.address;
    return auth_reply::refuse(who + (state_->allows ? " is not on the list of those who may come"
                                                    : " is on the list of those who may not come"));
  }

  /// An authenticator that asks `next`, which is anything that option::authenticator takes, about those whom the list
  /// lets in.
  template <class Next>
    requires std::constructible_from<option::authenticator, Next>
  option::authenticator then(Next next) const
  {
    return option::authenticator{engine::authenticator{
        [list = *this, ask = option::authenticator{std::move(next)}.asks()](
            asio::any_io_executor const& executor, auth_request peer, engine::auth_answer const& answer) {
          auth_reply reply = list(peer);
          if (!reply.admits())
            answer(std::move(reply));
          else if (ask)
            ask(executor, std::move(peer), answer);
          else
            answer(auth_reply::fail("there is nobody to ask about those who are on the list"));
        }}};
  }

 private:
  // An entry; none: "ipc".
  struct parsed {
    explicit parsed(std::string_view entry)
    {
      if (entry == "ipc")
        return;
      std::string wrong;
      prefix = detail::address_prefix::parse(entry, wrong);
      if (!prefix)
        throw error{errc::invalid_option, std::move(wrong)};
    }
    std::optional<detail::address_prefix> prefix;
  };

  struct table {
    bool covers(detail::plain_address const& a) const
    {
      for (std::size_t length = 0; length <= a.bits(); ++length)
        if (lengths.test(length) && entries.contains({length, a.cut(length)}))
          return true;
      return false;
    }

    void add(parsed const& p)
    {
      if (!p.prefix) {
        ipc = true;
      } else {
        entries.insert(*p.prefix);
        lengths.set(p.prefix->length);
      }
    }

    bool remove(parsed const& p)
    {
      return p.prefix ? entries.erase(*p.prefix) > 0 : std::exchange(ipc, false);
    }

    std::set<detail::address_prefix> entries;
    std::bitset<129> lengths;  // that there are, or have been
    bool ipc = false;
  };

  struct state {
    explicit state(bool a) : allows{a} {}
    bool const allows;
    std::mutex mutex;
    std::mutex changing;
    std::shared_ptr<table const> current = std::make_shared<table const>();  // never changed, but replaced
  };

  template <class Entries>
  address_list(bool allows, Entries const& entries) : state_{std::make_shared<state>(allows)}
  {
    replace(entries);
  }

  template <class Entries>
  void replace(Entries const& entries)
  {
    auto next = std::make_shared<table>();
    for (std::string_view const entry : entries)
      next->add(parsed{entry});
    std::lock_guard const lock{state_->changing};
    publish(std::move(next));
  }

  template <class Change>
  void change(Change const& apply)
  {
    std::lock_guard const lock{state_->changing};
    auto next = std::make_shared<table>(*now());
    apply(*next);
    publish(std::move(next));
  }

  void publish(std::shared_ptr<table const> next)
  {
    std::lock_guard const lock{state_->mutex};
    state_->current.swap(next);
  }

  std::shared_ptr<table const> now() const
  {
    std::lock_guard const lock{state_->mutex};
    return state_->current;
  }

  // [RFC 4007] a zone says which network a link-local address is of, not who has it.
  static std::optional<detail::plain_address> without_zone(std::string_view address)
  {
    return detail::plain_address::parse(address.substr(0, address.find('%')));
  }

  std::shared_ptr<state> state_;
};

}  // namespace cozmq
