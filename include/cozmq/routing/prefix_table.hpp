// A set of topics, each with a value, that finds all topics a message starts with.
#pragma once

#include <cozmq/core/bytes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// Maps topics (any bytes, any length) to values of type `Value`, and visits every topic that is a prefix of a
/// given text.
///
/// One hash table for all topics, and the list of lengths that occur: a match hashes the text once, from front to
/// back, and looks up at each length. Nothing recurses over topic bytes, which a peer chooses; memory is the topic
/// and some 60 bytes. The hash is seeded per table against peers that choose colliding topics.
template <class Value>
class prefix_table {
 public:
  std::size_t size() const noexcept { return size_; }

  /// The value of `topic`; null when it is not in the table.
  Value* find(byte_view topic) noexcept
  {
    if (size_ == 0)
      return nullptr;
    std::size_t const slot = find_slot(topic, hash(topic));
    return hashes_[slot] != free_slot ? &nodes_[slot]->value : nullptr;
  }

  /// The value of `topic`, which is added if it is new.
  Value& insert(byte_view topic)
  {
    if ((size_ + 1) * 4 > hashes_.size() * 3)
      grow();
    std::uint32_t const h = hash(topic);
    std::size_t const slot = find_slot(topic, h);
    if (hashes_[slot] == free_slot) {
      count_length(topic.size(), 1);
      nodes_[slot] = node::make(topic);
      hashes_[slot] = h;
      ++size_;
    }
    return nodes_[slot]->value;
  }

  void erase(byte_view topic) noexcept
  {
    if (size_ == 0)
      return;
    std::size_t const slot = find_slot(topic, hash(topic));
    if (hashes_[slot] != free_slot)
      erase_slot(slot);
  }

  /// Calls `visit(Value&)` for each topic that `text` starts with.
  template <class Visit>
  void match(byte_view text, Visit&& visit)
  {
    hasher state{seed_};
    for (auto const& [length, count] : lengths_) {
      if (length > text.size())
        return;
      std::uint32_t const h = state.advance_to(text, length);
      std::size_t const slot = find_slot(text.first(length), h);
      if (hashes_[slot] != free_slot)
        visit(nodes_[slot]->value);
    }
  }

  /// Is any topic a prefix of `text`?
  bool matches(byte_view text)
  {
    bool found = false;
    match(text, [&found](Value&) { found = true; });
    return found;
  }

  /// Calls `visit(topic, Value&)` for every topic, in no order.
  template <class Visit>
  void for_each(Visit&& visit)
  {
    for (node_ptr& n : nodes_)
      if (n)
        visit(n->topic(), n->value);
  }

  /// Removes every topic for which `condemned(topic, Value&)` says so; it may be asked twice about one that stays.
  template <class Condemned>
  void erase_if(Condemned&& condemned)
  {
    // Removing moves later entries forward, so a slot is looked at until it holds one that stays. What comes from
    // around the end of the table has been looked at before.
    for (std::size_t slot = 0; slot < hashes_.size(); ++slot)
      while (hashes_[slot] != free_slot && condemned(nodes_[slot]->topic(), nodes_[slot]->value))
        erase_slot(slot);
  }

 private:
  struct node;
  struct node_deleter {
    void operator()(node* n) const noexcept
    {
      n->~node();
      ::operator delete(n);
    }
  };
  using node_ptr = std::unique_ptr<node, node_deleter>;

  // The topic's bytes follow the node in the same allocation.
  struct node {
    Value value{};
    std::uint32_t length;

    byte_view topic() const noexcept { return {reinterpret_cast<std::byte const*>(this + 1), length}; }

    static node_ptr make(byte_view topic)
    {
      void* const memory = ::operator new(sizeof(node) + topic.size());
      node_ptr made{new (memory) node{{}, static_cast<std::uint32_t>(topic.size())}};
      if (!topic.empty())
        std::memcpy(static_cast<std::byte*>(memory) + sizeof(node), topic.data(), topic.size());
      return made;
    }
  };

  static constexpr std::uint32_t free_slot = 0;
  static constexpr std::uint32_t used_bit = std::uint32_t{1} << 31;  // in every hash

  // Hashes ever longer prefixes of one text without starting again: whole words are mixed in once, the
  // rest of a prefix is added when its hash is asked for.
  struct hasher {
    std::uint64_t state;
    std::size_t done = 0;

    static std::uint64_t mix(std::uint64_t h, std::uint64_t word) noexcept
    {
      h = (h ^ word) * 0x9E3779B97F4A7C15U;
      return h ^ (h >> 29);
    }

    std::uint32_t advance_to(byte_view text, std::size_t length) noexcept
    {
      for (; done + 8 <= length; done += 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + done, 8);
        state = mix(state, word);
      }
      std::uint64_t rest = 0;
      if (done < length)
        std::memcpy(&rest, text.data() + done, length - done);
      std::uint64_t const h = mix(mix(state, rest), length);
      return static_cast<std::uint32_t>(h >> 32) | used_bit;
    }
  };

  std::uint32_t hash(byte_view topic) const noexcept
  {
    hasher state{seed_};
    return state.advance_to(topic, topic.size());
  }

  // The slot of `topic`, or the free one where it would go. There is always a free slot.
  std::size_t find_slot(byte_view topic, std::uint32_t h) const noexcept
  {
    std::size_t const mask = hashes_.size() - 1;
    std::size_t slot = h & mask;
    for (; hashes_[slot] != free_slot; slot = (slot + 1) & mask)
      if (hashes_[slot] == h && std::ranges::equal(nodes_[slot]->topic(), topic))
        return slot;
    return slot;
  }

  void grow()
  {
    std::size_t const size = std::max<std::size_t>(16, hashes_.size() * 2);
    std::vector<std::uint32_t> hashes(size);
    std::vector<node_ptr> nodes(size);
    for (std::size_t old = 0; old < hashes_.size(); ++old) {
      if (hashes_[old] == free_slot)
        continue;
      std::size_t slot = hashes_[old] & (size - 1);
      while (hashes[slot] != free_slot)
        slot = (slot + 1) & (size - 1);
      hashes[slot] = hashes_[old];
      nodes[slot] = std::move(nodes_[old]);
    }
    hashes_ = std::move(hashes);
    nodes_ = std::move(nodes);
  }

  // Linear probing without tombstones: later entries of the same run move up into the gap.
  void erase_slot(std::size_t gap) noexcept
  {
    count_length(nodes_[gap]->length, -1);
    nodes_[gap].reset();
    --size_;
    std::size_t const mask = hashes_.size() - 1;
    for (std::size_t slot = (gap + 1) & mask; hashes_[slot] != free_slot; slot = (slot + 1) & mask) {
      std::size_t const home = hashes_[slot] & mask;
      if (((slot - home) & mask) >= ((slot - gap) & mask)) {
        hashes_[gap] = hashes_[slot];
        nodes_[gap] = std::move(nodes_[slot]);
        gap = slot;
      }
    }
    hashes_[gap] = free_slot;
  }

  void count_length(std::size_t length, int change)
  {
    auto const at =
        std::ranges::lower_bound(lengths_, length, {}, &std::pair<std::size_t, std::size_t>::first);
    if (change > 0) {
      if (at != lengths_.end() && at->first == length)
        ++at->second;
      else
        lengths_.insert(at, {length, 1});
    } else if (--at->second == 0) {
      lengths_.erase(at);
    }
  }

  // A slot is an index into both: a power of two of them, at most three quarters used. Probing reads hashes only.
  std::vector<std::uint32_t> hashes_;
  std::vector<node_ptr> nodes_;
  std::size_t size_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> lengths_;  // (length, topics of that length), ascending
  std::uint64_t seed_ = std::random_device{}() | (std::uint64_t{std::random_device{}()} << 32);
};

}  // namespace cozmq::routing
