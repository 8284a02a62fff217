// A set of pipes that costs no allocation while it holds one.
#pragma once

#include <cozmq/routing/pipe.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace cozmq::routing {

/// The subscribers of one topic. Most topics have one subscriber, so a second one is what allocates.
class pipe_set {
 public:
  bool empty() const noexcept { return one_ == nullptr && !many_; }

  /// False when `p` was in the set already.
  bool insert(pipe& p)
  {
    if (empty()) {
      one_ = &p;
      return true;
    }
    if (std::find(begin(), end(), &p) != end())
      return false;
    if (!many_) {
      many_ = std::make_unique<std::vector<pipe*>>(1, one_);
      one_ = nullptr;
    }
    many_->push_back(&p);
    return true;
  }

  /// False when `p` was not in the set.
  bool erase(pipe& p) noexcept
  {
    if (one_ == &p) {
      one_ = nullptr;
      return true;
    }
    if (!many_)
      return false;
    auto const at = std::find(many_->begin(), many_->end(), &p);
    if (at == many_->end())
      return false;
    *at = many_->back();
    many_->pop_back();
    if (many_->empty())
      many_.reset();
    return true;
  }

  pipe* const* begin() const noexcept { return many_ ? many_->data() : &one_; }
  pipe* const* end() const noexcept { return many_ ? many_->data() + many_->size() : &one_ + (one_ ? 1 : 0); }

 private:
  pipe* one_ = nullptr;
  std::unique_ptr<std::vector<pipe*>> many_;
};

}  // namespace cozmq::routing
