// A list of pipes with its active ones in front: adding, removing and (de)activating take constant time.
#pragma once

#include <cozmq/routing/pipe.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace cozmq::routing {

/// Pipes [0, active()) can be used now, the others are waited for. Each pipe knows its place through `Slot`, so that
/// a socket with thousands of peers never searches.
template <std::size_t pipe::* Slot>
class pipe_list {
 public:
  std::size_t size() const noexcept { return pipes_.size(); }
  std::size_t active() const noexcept { return active_; }
  pipe& operator[](std::size_t i) const noexcept { return *pipes_[i]; }
  static bool holds(pipe const& p) noexcept { return p.*Slot != pipe::npos; }

  /// Adds `p`, inactive.
  void add(pipe& p)
  {
    pipes_.push_back(&p);
    p.*Slot = pipes_.size() - 1;
  }

  /// Does nothing with one that could not be added.
  void remove(pipe& p)
  {
    if (!holds(p))
      return;
    deactivate(p);
    swap(p.*Slot, pipes_.size() - 1);
    pipes_.pop_back();
    p.*Slot = pipe::npos;
  }

  void activate(pipe& p)
  {
    if (p.*Slot >= active_)
      swap(p.*Slot, active_++);
  }

  void deactivate(pipe& p)
  {
    if (p.*Slot < active_)
      swap(p.*Slot, --active_);
  }

 private:
  void swap(std::size_t a, std::size_t b)
  {
    std::swap(pipes_[a], pipes_[b]);
    pipes_[a]->*Slot = a;
    pipes_[b]->*Slot = b;
  }

  std::vector<pipe*> pipes_;
  std::size_t active_ = 0;
};

}  // namespace cozmq::routing
