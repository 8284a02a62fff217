// Outbound: each message to the peer that its first frame names.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/random_bits.hpp>
#include <cozmq/routing/outbound.hpp>
#include <cozmq/routing/prefix_table.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace cozmq::routing {

/// [RFC 28, ROUTER] SHALL identify each double queue using a unique "identity" binary string, SHALL remove the first
/// frame from each outgoing message and use this as the identity.
class identity_table {
 public:
  /// Messages that have no peer, or a full one, are refused instead of dropped.
  bool mandatory = false;
  /// A newcomer takes the id of the peer that announced it before, instead of being refused.
  bool handover = false;

  // A peer whose id was chosen before it connects can be written to at once, the others when they have one.
  void attach(pipe& p)
  {
    if (!p.id.empty())
      peers_.insert(p.id.bytes()) = &p;
  }

  void detach(pipe& p)
  {
    if (find(p.id.bytes()) == &p)
      peers_.erase(p.id.bytes());
  }

  void writable(pipe&) {}

  /// Is there no other peer of that id, or one that gives way?
  bool admits(pipe const& newcomer) const
  {
    byte_view const wanted = newcomer.id.empty() ? newcomer.identity() : newcomer.id.bytes();
    pipe const* const holder = find(wanted);
    return holder == nullptr || holder == &newcomer || (handover && claimed(*holder));
  }

  /// An admitted peer is connected, for the first time or again: it gets its id, or keeps the one it has.
  void connected(pipe& p)
  {
    if (p.id.empty())
      p.id = p.identity().empty() ? automatic_id() : frame{p.identity()};
    if (pipe* const old = find(p.id.bytes()); old != nullptr && old != &p) {
      peers_.erase(old->id.bytes());
      // What it sent and nobody has read yet must not look as if it came from its successor.
      old->id = automatic_id();
      attach(*old);
      old->reject(errc::duplicate_routing_id);
    }
    attach(p);
  }

  /// The peer of that id; null when there is none.
  pipe* find(byte_view id) const
  {
    pipe* const* const at = peers_.find(id);
    return at == nullptr ? nullptr : *at;
  }

  bool ready()
  {
    bool any = !mandatory;
    peers_.for_each([&any](byte_view, pipe* p) { any = any || p->writable(); });
    return any;
  }

  send_result send(message& m)
  {
    if (m.size() == 1)  // [libzmq] an address without a message is no message
      return drop(m, unroutable_);
    pipe* const to = find(m[0].bytes());
    if (to == nullptr)
      return mandatory ? send_result{send_result::unreachable, nullptr} : drop(m, unroutable_);
    frame id = m.pop_front();
    if (to->write(m))
      return {send_result::sent, to};
    if (!mandatory) {
      ++to->missed;
      return drop(m, dropped_);
    }
    m.push_front(std::move(id));
    return {send_result::full, to};
  }

  /// Messages whose peer was full, and those that had none.
  std::uint64_t dropped() const noexcept { return dropped_; }
  std::uint64_t unroutable() const noexcept { return unroutable_; }

 private:
  static send_result drop(message& m, std::uint64_t& count)
  {
    m.clear();
    ++count;
    return {send_result::sent, nullptr};
  }

  // Only what a peer chose itself can be claimed by another; an id of ours never can.
  static bool claimed(pipe const& p)
  {
    byte_view const own = p.identity();
    return as_text(own) == p.id.view();
  }

  // [RFC 37, Identity] a peer's own id SHALL NOT start with a zero, but random ones do and are accepted. So ours are
  // looked up before they are given away.
  frame automatic_id()
  {
    std::array<std::byte, 5> id{};
    do {
      std::uint32_t const number = random_bits();
      std::memcpy(id.data() + 1, &number, sizeof number);
    } while (find(id) != nullptr);
    return frame{byte_view{id}};
  }

  mutable prefix_table<pipe*> peers_;
  std::uint64_t dropped_ = 0;
  std::uint64_t unroutable_ = 0;
};

static_assert(outbound<identity_table>);

}  // namespace cozmq::routing
