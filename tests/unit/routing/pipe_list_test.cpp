#include <cozmq/routing/pipe_list.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <set>

using namespace cozmq;
using namespace cozmq::test;

namespace {

using list = routing::pipe_list<&routing::pipe::inbound_slot>;

std::set<routing::pipe*> active_of(list const& l)
{
  std::set<routing::pipe*> result;
  for (std::size_t i = 0; i < l.active(); ++i)
    result.insert(&l[i]);
  return result;
}

}  // namespace

TEST_CASE("a pipe is added inactive, and is forgotten when it is removed")
{
  fake_pipe a;
  fake_pipe b;
  list l;
  CHECK_FALSE(list::holds(a));
  l.add(a);
  l.add(b);
  CHECK(list::holds(a));
  CHECK(l.size() == 2);
  CHECK(l.active() == 0);
  l.activate(b);
  l.activate(b);
  CHECK(active_of(l) == std::set<routing::pipe*>{&b});
  l.remove(b);
  CHECK_FALSE(list::holds(b));
  CHECK(l.active() == 0);
  CHECK(l.size() == 1);
  CHECK(a.outbound_slot == routing::pipe::npos);
}

TEST_CASE("the active pipes are in front after any sequence of changes, as in a naive model")
{
  std::mt19937 random{11};
  std::deque<fake_pipe> pipes(12);
  std::set<routing::pipe*> all;
  std::set<routing::pipe*> active;
  list l;
  for (int i = 0; i < 20000; ++i) {
    fake_pipe& p = pipes[random() % pipes.size()];
    if (!all.contains(&p)) {
      l.add(p);
      all.insert(&p);
    } else {
      switch (random() % 5) {
        case 0:
          l.remove(p);
          all.erase(&p);
          active.erase(&p);
          break;
        case 1:
        case 2:
          l.deactivate(p);
          active.erase(&p);
          break;
        default: l.activate(p); active.insert(&p);
      }
    }
    REQUIRE(l.size() == all.size());
    REQUIRE(active_of(l) == active);
    for (std::size_t at = 0; at < l.size(); ++at)
      REQUIRE(l[at].inbound_slot == at);
    for (fake_pipe const& each : pipes)
      REQUIRE(list::holds(each) == all.contains(const_cast<fake_pipe*>(&each)));
  }
}
