// A set of topics, each with a value, that finds all topics a message starts with.
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/routing/keyed_hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// Maps topics (any bytes, any length) to values of type `Value`, and visits every topic that is a prefix of a
/// given text.
///
/// One hash table for all topics, and the list of lengths that occur: a match hashes the text once, from front to
/// back, and looks up at each length. Nothing recurses over topic bytes, which a peer chooses; memory is the topic
/// and some 60 bytes. Each table's hash has a key of its own, so that no peer can choose topics that collide.
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
    return tags_[slot] != free_slot ? &nodes_[slot]->value : nullptr;
  }

  /// The value of `topic`, which is added if it is new.
  Value& insert(byte_view topic)
  {
    if ((size_ + 1) * 4 > tags_.size() * 3)
      grow();
    std::uint32_t const h = hash(topic);
    std::size_t const slot = find_slot(topic, h);
    if (tags_[slot] == free_slot) {
      count_length(topic.size(), 1);
      nodes_[slot] = node::make(topic, h);
      tags_[slot] = tag(h);
      ++size_;
    }
    return nodes_[slot]->value;
  }

  void erase(byte_view topic) noexcept
  {
    if (size_ == 0)
      return;
    std::size_t const slot = find_slot(topic, hash(topic));
    if (tags_[slot] != free_slot)
      erase_slot(slot);
  }

  /// Calls `visit(Value&)` for each topic that `text` starts with.
  template <class Visit>
  void match(byte_view text, Visit&& visit)
  {
    (void)find_prefix(text, [&visit](Value& value) {
      visit(value);
      return false;
    });
  }

  /// Is any topic a prefix of `text`?
  bool matches(byte_view text)
  {
    return find_prefix(text, [](Value&) { return true; });
  }

  /// Calls `visit(topic, Value&)` for every topic, in no order.
  template <class Visit>
  void for_each(Visit&& visit)
  {
    for (node_ptr& n : nodes_)
      if (n)
        visit(n->topic(), n->value);
  }

  /// The hash of `topic`, by which topics can be found again later. Some others may have the same.
  std::uint32_t hash(byte_view topic) const noexcept
  {
    return narrow(prefix_hasher{key_}.advance_to(topic, topic.size()));
  }

  /// Removes every topic of that hash for which `condemned(topic, Value&)` says so.
  template <class Condemned>
  void erase_if(std::uint32_t h, Condemned&& condemned)
  {
    if (size_ == 0)
      return;
    // Removing moves later entries forward, so a slot is looked at until it holds one that stays.
    std::size_t const mask = tags_.size() - 1;
    for (std::size_t slot = h & mask; tags_[slot] != free_slot; slot = (slot + 1) & mask)
      while (has(slot, h) && condemned(nodes_[slot]->topic(), nodes_[slot]->value))
        erase_slot(slot);
  }

  /// Does `is(Value const&)` hold for a topic of that hash?
  template <class Is>
  bool any_of(std::uint32_t h, Is&& is) const
  {
    if (size_ == 0)
      return false;
    std::size_t const mask = tags_.size() - 1;
    for (std::size_t slot = h & mask; tags_[slot] != free_slot; slot = (slot + 1) & mask)
      if (has(slot, h) && is(std::as_const(nodes_[slot]->value)))
        return true;
    return false;
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
    std::uint32_t hash;

    byte_view topic() const noexcept { return {reinterpret_cast<std::byte const*>(this + 1), length}; }
    bool is(byte_view other, std::uint32_t h) const noexcept
    {
      return hash == h && length == other.size() &&
             (length == 0 || std::memcmp(this + 1, other.data(), length) == 0);
    }

    static node_ptr make(byte_view topic, std::uint32_t h)
    {
      void* const memory = ::operator new(sizeof(node) + topic.size());
      node_ptr made{new (memory) node{{}, static_cast<std::uint32_t>(topic.size()), h}};
      if (!topic.empty())
        std::memcpy(static_cast<std::byte*>(memory) + sizeof(node), topic.data(), topic.size());
      return made;
    }
  };

  static constexpr std::uint8_t free_slot = 0;

  // What is looked at before a node is, in a byte so that the tags of many topics stay in a cache.
  static std::uint8_t tag(std::uint32_t h) noexcept { return static_cast<std::uint8_t>(h >> 24 | 0x80); }

  template <class Visit>
  bool find_prefix(byte_view text, Visit&& visit)
  {
    prefix_hasher hasher{key_};
    for (auto const& [length, count] : lengths_) {
      if (length > text.size())
        return false;
      std::size_t const slot = find_slot(text.first(length), narrow(hasher.advance_to(text, length)));
      if (tags_[slot] != free_slot && visit(nodes_[slot]->value))
        return true;
    }
    return false;
  }

  static std::uint32_t narrow(std::uint64_t h) noexcept { return static_cast<std::uint32_t>(h); }

  bool has(std::size_t slot, std::uint32_t h) const noexcept
  {
    return tags_[slot] == tag(h) && nodes_[slot]->hash == h;
  }

  // The slot of `topic`, or the free one where it would go. There is always a free slot.
  std::size_t find_slot(byte_view topic, std::uint32_t h) const noexcept
  {
    std::size_t const mask = tags_.size() - 1;
    std::size_t slot = h & mask;
    for (; tags_[slot] != free_slot; slot = (slot + 1) & mask)
      if (tags_[slot] == tag(h) && nodes_[slot]->is(topic, h))
        return slot;
    return slot;
  }

  void grow()
  {
    std::size_t const size = std::max<std::size_t>(16, tags_.size() * 2);
    std::vector<std::uint8_t> tags(size);
    std::vector<node_ptr> nodes(size);
    for (node_ptr& n : nodes_) {
      if (!n)
        continue;
      std::size_t slot = n->hash & (size - 1);
      while (tags[slot] != free_slot)
        slot = (slot + 1) & (size - 1);
      tags[slot] = tag(n->hash);
      nodes[slot] = std::move(n);
    }
    tags_ = std::move(tags);
    nodes_ = std::move(nodes);
  }

  // Linear probing without tombstones: later entries of the same run move up into the gap.
  void erase_slot(std::size_t gap) noexcept
  {
    count_length(nodes_[gap]->length, -1);
    nodes_[gap].reset();
    --size_;
    std::size_t const mask = tags_.size() - 1;
    for (std::size_t slot = (gap + 1) & mask; tags_[slot] != free_slot; slot = (slot + 1) & mask) {
      std::size_t const home = nodes_[slot]->hash & mask;
      if (((slot - home) & mask) >= ((slot - gap) & mask)) {
        tags_[gap] = tags_[slot];
        nodes_[gap] = std::move(nodes_[slot]);
        gap = slot;
      }
    }
    tags_[gap] = free_slot;
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

  // A slot is an index into both: a power of two of them, at most three quarters used. Most probing reads tags only.
  std::vector<std::uint8_t> tags_;
  std::vector<node_ptr> nodes_;
  std::size_t size_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> lengths_;  // (length, topics of that length), ascending
  hash_key key_ = hash_key::unique();
};

}  // namespace cozmq::routing
