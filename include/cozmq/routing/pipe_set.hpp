// A set of pipes in the size of a pointer, which costs no allocation while it holds one.
#pragma once

#include <cozmq/routing/pipe.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// The subscribers of one topic. Most topics have one subscriber, so a second one is what allocates.
class pipe_set {
 public:
  pipe_set() = default;
  pipe_set(pipe_set&& other) noexcept : held_{std::exchange(other.held_, nullptr)} {}
  pipe_set& operator=(pipe_set&& other) noexcept
  {
    std::swap(held_, other.held_);
    return *this;
  }
  ~pipe_set()
  {
    if (many())
      delete list();
  }

  bool empty() const noexcept { return held_ == nullptr; }

  /// False when `p` was in the set already.
  bool insert(pipe& p)
  {
    if (empty()) {
      held_ = &p;
      return true;
    }
    if (contains(p))
      return false;
    if (!many())
      held_ = marked(new std::vector<pipe*>(1, held_));
    list()->push_back(&p);
    return true;
  }

  /// False when `p` was not in the set.
  bool erase(pipe& p) noexcept
  {
    if (!many())
      return held_ == &p && std::exchange(held_, nullptr) != nullptr;
    std::vector<pipe*>* const all = list();
    auto const at = std::find(all->begin(), all->end(), &p);
    if (at == all->end())
      return false;
    *at = all->back();
    all->pop_back();
    if (all->empty()) {
      delete all;
      held_ = nullptr;
    }
    return true;
  }

  bool contains(pipe const& p) const noexcept { return std::find(begin(), end(), &p) != end(); }

  pipe* const* begin() const noexcept { return many() ? list()->data() : &held_; }
  pipe* const* end() const noexcept
  {
    return many() ? list()->data() + list()->size() : &held_ + (held_ != nullptr ? 1 : 0);
  }

 private:
  // Both are aligned, so the lowest bit of an address is free: it says that `held_` is really a list.
  static constexpr std::uintptr_t mark = 1;

  static pipe* marked(std::vector<pipe*>* all) noexcept
  {
    return reinterpret_cast<pipe*>(reinterpret_cast<std::uintptr_t>(all) | mark);
  }
  bool many() const noexcept { return (reinterpret_cast<std::uintptr_t>(held_) & mark) != 0; }
  std::vector<pipe*>* list() const noexcept
  {
    return reinterpret_cast<std::vector<pipe*>*>(reinterpret_cast<std::uintptr_t>(held_) & ~mark);
  }

  pipe* held_ = nullptr;
};

static_assert(sizeof(pipe_set) == sizeof(void*));

}  // namespace cozmq::routing
