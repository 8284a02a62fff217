// Many pipes, of which each is found without looking at the others.
#pragma once

#include <cozmq/routing/pipe.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// A set of pipes in a list, and a hash table of their places there: 10,000 subscribers of one topic may leave at a time.
/// Addresses are all that is hashed, and no peer chooses them. `Equal` compares two of them.
template <class Equal = std::equal_to<pipe const*>>
class pipe_crowd {
 public:
  explicit pipe_crowd(std::vector<pipe*>&& pipes) : pipes_{std::move(pipes)}
  {
    make_index(pipes_.size() + 1);
  }

  std::vector<pipe*> const& list() const noexcept { return pipes_; }

  bool contains(pipe const& p) const noexcept { return places_[find(p)] != free_slot; }

  /// Adds one that is not in the set.
  void insert(pipe& p)
  {
    if ((pipes_.size() + 1) * 4 > places_.size() * 3)
      make_index(pipes_.size() * 2);
    pipes_.push_back(&p);
    places_[find(p)] = static_cast<std::uint32_t>(pipes_.size());
  }

  /// False when `p` was not in the set.
  bool erase(pipe const& p) noexcept
  {
    std::size_t const gap = find(p);
    if (places_[gap] == free_slot)
      return false;
    std::uint32_t const place = places_[gap];
    places_[find(*pipes_.back())] = place;
    pipes_[place - 1] = pipes_.back();
    pipes_.pop_back();
    close(gap);
    return true;
  }

 private:
  static constexpr std::uint32_t free_slot = 0;

  std::size_t home(pipe const* p) const noexcept
  {
    std::uint64_t const address = reinterpret_cast<std::uintptr_t>(p);
    return static_cast<std::size_t>(address * 0x9E3779B97F4A7C15U >> 32) & (places_.size() - 1);
  }

  // The slot of `p`, or the free one where it would go. There is always a free slot.
  std::size_t find(pipe const& p) const noexcept
  {
    std::size_t slot = home(&p);
    while (places_[slot] != free_slot && !Equal{}(pipes_[places_[slot] - 1], &p))
      slot = (slot + 1) & (places_.size() - 1);
    return slot;
  }

  void make_index(std::size_t room)
  {
    std::vector<std::uint32_t>(std::bit_ceil(room * 4 / 3 + 1)).swap(places_);
    for (std::size_t i = 0; i < pipes_.size(); ++i)
      places_[free_from(home(pipes_[i]))] = static_cast<std::uint32_t>(i + 1);
  }

  std::size_t free_from(std::size_t slot) const noexcept
  {
    while (places_[slot] != free_slot)
      slot = (slot + 1) & (places_.size() - 1);
    return slot;
  }

  // Later entries of the same run move up into the gap.
  void close(std::size_t gap) noexcept
  {
    std::size_t const mask = places_.size() - 1;
    for (std::size_t slot = (gap + 1) & mask; places_[slot] != free_slot; slot = (slot + 1) & mask)
      if (((slot - home(pipes_[places_[slot] - 1])) & mask) >= ((slot - gap) & mask))
        places_[std::exchange(gap, slot)] = places_[slot];
    places_[gap] = free_slot;
  }

  std::vector<pipe*> pipes_;
  std::vector<std::uint32_t> places_;  // from 1 on; a power of two of slots, at most three quarters used
};

}  // namespace cozmq::routing
