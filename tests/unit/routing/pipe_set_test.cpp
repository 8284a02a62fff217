#include <cozmq/routing/pipe_set.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <deque>
#include <random>
#include <set>
#include <utility>

using namespace cozmq;
using namespace cozmq::test;

TEST_CASE("a set holds each pipe once, and is empty after the last one was erased")
{
  fake_pipe a;
  fake_pipe b;
  routing::pipe_set s;
  CHECK(s.empty());
  CHECK(s.begin() == s.end());
  CHECK_FALSE(s.erase(a));
  CHECK(s.insert(a));
  CHECK_FALSE(s.insert(a));
  CHECK_FALSE(s.erase(b));
  CHECK(s.insert(b));
  CHECK_FALSE(s.insert(b));
  CHECK_FALSE(s.insert(a));
  CHECK(s.end() - s.begin() == 2);
  CHECK(s.erase(a));
  CHECK(s.insert(a));
  CHECK(s.erase(b));
  CHECK(s.erase(a));
  CHECK_FALSE(s.erase(a));
  CHECK(s.empty());
  CHECK(s.insert(b));
  CHECK(*s.begin() == &b);
}

namespace {

struct counted_equal {
  static inline std::size_t count = 0;

  bool operator()(routing::pipe const* a, routing::pipe const* b) const noexcept
  {
    ++count;
    return a == b;
  }
};

}  // namespace

TEST_CASE("no pipe of a crowd is found by looking at all others, when it comes and when it leaves")
{
  constexpr std::size_t many = 10'000;
  std::deque<fake_pipe> pipes(many);
  routing::pipe_crowd<counted_equal> crowd{{}};
  counted_equal::count = 0;
  for (fake_pipe& p : pipes) {
    CHECK_FALSE(crowd.contains(p));
    crowd.insert(p);
  }
  CHECK(crowd.list().size() == many);
  for (fake_pipe& p : pipes)
    CHECK(crowd.erase(p));
  CHECK(crowd.list().empty());
  CHECK(counted_equal::count < 40 * many);  // of a list it would be 5000 for each
}

TEST_CASE("a set of very many is as one of few")
{
  std::deque<fake_pipe> pipes(1000);
  routing::pipe_set s;
  for (fake_pipe& p : pipes)
    CHECK(s.insert(p));
  for (fake_pipe& p : pipes)
    CHECK_FALSE(s.insert(p));
  CHECK(std::set<routing::pipe*>(s.begin(), s.end()).size() == 1000);
  routing::pipe_set moved{std::move(s)};
  for (fake_pipe& p : pipes)
    CHECK(moved.erase(p));
  CHECK(moved.empty());
  CHECK(moved.insert(pipes[0]));
  CHECK(*moved.begin() == &pipes[0]);
}

TEST_CASE("a set agrees with a naive model after any sequence of changes")
{
  std::mt19937 random{3};
  std::deque<fake_pipe> pipes(GENERATE(6U, 40U));
  routing::pipe_set s;
  std::set<routing::pipe*> model;
  for (int i = 0; i < 10000; ++i) {
    fake_pipe& p = pipes[random() % pipes.size()];
    if (random() % 2 == 0)
      REQUIRE(s.insert(p) == model.insert(&p).second);
    else
      REQUIRE(s.erase(p) == (model.erase(&p) == 1));
    REQUIRE(std::set<routing::pipe*>(s.begin(), s.end()) == model);
    REQUIRE(static_cast<std::size_t>(s.end() - s.begin()) == model.size());
    REQUIRE(s.empty() == model.empty());
  }
}
