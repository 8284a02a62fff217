#include <cozmq/routing/pipe_set.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <deque>
#include <random>
#include <set>

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

TEST_CASE("a set agrees with a naive model after any sequence of changes")
{
  std::mt19937 random{3};
  std::deque<fake_pipe> pipes(6);
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
