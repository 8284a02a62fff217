// A set of pipes in the size of a pointer, which costs no allocation while it holds one.
#pragma once

#include <cozmq/routing/pipe.hpp>
#include <cozmq/routing/pipe_crowd.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// The subscribers of one topic. Most topics have one subscriber, so a second one is what allocates; some have all, so that
/// nothing takes longer with many.
class pipe_set {
 public:
  pipe_set() = default;
  pipe_set(pipe_set&& other) noexcept : held_{std::exchange(other.held_, nullptr)} {}
  pipe_set& operator=(pipe_set&& other) noexcept
  {
    std::swap(held_, other.held_);
    return *this;
  }
  ~pipe_set() { clear(); }

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
    if (kind() == one)
      held_ = marked(new list_type(1, held_), some);
    if (kind() == some && list().size() == few)
      become_crowd();
    if (kind() == some)
      list().push_back(&p);
    else
      crowd().insert(p);
    return true;
  }

  /// False when `p` was not in the set.
  bool erase(pipe& p) noexcept
  {
    if (kind() == one)
      return held_ == &p && std::exchange(held_, nullptr) != nullptr;
    if (!(kind() == some ? erase_from(list(), p) : crowd().erase(p)))
      return false;
    if (begin() == end())
      clear();
    return true;
  }

  bool contains(pipe const& p) const noexcept
  {
    return kind() == crowded ? crowd().contains(p) : std::find(begin(), end(), &p) != end();
  }

  pipe* const* begin() const noexcept { return kind() == one ? &held_ : members().data(); }
  pipe* const* end() const noexcept
  {
    return kind() == one ? &held_ + (held_ != nullptr ? 1 : 0) : members().data() + members().size();
  }

 private:
  using list_type = std::vector<pipe*>;
  static constexpr std::size_t few = 16;

  // All that is pointed to is aligned, so the lowest bits of an address are free: they say what `held_` really is.
  static constexpr std::uintptr_t one = 0;
  static constexpr std::uintptr_t some = 1;
  static constexpr std::uintptr_t crowded = 2;
  static constexpr std::uintptr_t mark = 3;

  std::uintptr_t kind() const noexcept { return reinterpret_cast<std::uintptr_t>(held_) & mark; }

  template <class Many>
  static pipe* marked(Many* all, std::uintptr_t kind) noexcept
  {
    return reinterpret_cast<pipe*>(reinterpret_cast<std::uintptr_t>(all) | kind);
  }
  template <class Many>
  Many* unmarked() const noexcept
  {
    return reinterpret_cast<Many*>(reinterpret_cast<std::uintptr_t>(held_) & ~mark);
  }
  list_type& list() const noexcept { return *unmarked<list_type>(); }
  pipe_crowd<>& crowd() const noexcept { return *unmarked<pipe_crowd<>>(); }
  list_type const& members() const noexcept { return kind() == some ? list() : crowd().list(); }

  void become_crowd()
  {
    auto made = std::make_unique<pipe_crowd<>>(list_type{list()});
    delete &list();
    held_ = marked(made.release(), crowded);
  }

  static bool erase_from(list_type& all, pipe& p) noexcept
  {
    auto const at = std::find(all.begin(), all.end(), &p);
    if (at == all.end())
      return false;
    *at = all.back();
    all.pop_back();
    return true;
  }

  void clear() noexcept
  {
    if (kind() == some)
      delete &list();
    else if (kind() == crowded)
      delete &crowd();
    held_ = nullptr;
  }

  pipe* held_ = nullptr;
};

static_assert(sizeof(pipe_set) == sizeof(void*));

}  // namespace cozmq::routing
