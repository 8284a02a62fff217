#include <cozmq/routing/subscription_table.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

using namespace cozmq;
using namespace cozmq::test;

namespace {

// How often the subscribers of any topic were looked at for one that leaves.
struct counted_set : routing::pipe_set {
  static inline std::size_t looked_at = 0;

  bool erase(routing::pipe& p) noexcept
  {
    ++looked_at;
    return pipe_set::erase(p);
  }
  bool contains(routing::pipe const& p) const noexcept
  {
    ++looked_at;
    return pipe_set::contains(p);
  }
};

using table = routing::basic_subscription_table<counted_set>;

std::map<std::string, bool> drop(table& t, routing::pipe& p)
{
  std::map<std::string, bool> gone;
  t.drop(p, [&gone](byte_view topic, bool last) {
    CHECK(gone.emplace(std::string{as_text(topic)}, last).second);
  });
  return gone;
}

std::size_t wanting(table& t, std::string const& text)
{
  std::size_t count = 0;
  t.match(as_bytes(text), [&count](routing::pipe&) { ++count; });
  return count;
}

}  // namespace

TEST_CASE("who leaves costs what its own topics cost, however many others have")
{
  table t;
  fake_pipe many;
  fake_pipe few;
  for (int i = 0; i < 20'000; ++i)
    t.set(many, true, as_bytes("topic " + std::to_string(i)));
  t.set(few, true, as_bytes("topic 7"));
  t.set(few, true, as_bytes("its own"));
  counted_set::looked_at = 0;
  CHECK(drop(t, few) == std::map<std::string, bool>{{"topic 7", false}, {"its own", true}});
  CHECK(counted_set::looked_at < 10);  // 2, and topics whose hash is the same by chance
  CHECK(t.size() == 20'000);
  CHECK(wanting(t, "topic 7") == 1);
  counted_set::looked_at = 0;
  CHECK(drop(t, few).empty());
  CHECK(counted_set::looked_at == 0);
  CHECK(drop(t, many).size() == 20'000);
  CHECK(t.size() == 0);
}

TEST_CASE("what a peer no longer has is forgotten, so that topics that come and go do not add up")
{
  table t;
  fake_pipe p;
  fake_pipe other;
  t.set(p, true, as_bytes("stays"));
  t.set(other, true, as_bytes("stays"));
  for (int i = 0; i < 20'000; ++i) {
    std::string const topic = std::to_string(i % 100);
    t.set(other, true, as_bytes(topic));
    t.set(p, true, as_bytes(topic));
    t.set(p, false, as_bytes(topic));
  }
  for (int i = 0; i < 1000; ++i)
    t.set(p, true, as_bytes("stays"));
  CHECK(t.count(p).topics == 1);
  CHECK(t.count(p).bytes == 5);
  counted_set::looked_at = 0;
  CHECK(drop(t, p) == std::map<std::string, bool>{{"stays", false}});
  CHECK(counted_set::looked_at < 50);
  CHECK(t.size() == 101);
}

TEST_CASE("a table agrees with a set of pairs after any sequence of changes")
{
  std::mt19937 random{577};
  std::deque<fake_pipe> pipes(24);  // more than a set keeps as a mere list
  table t;
  std::set<std::pair<std::string, fake_pipe*>> model;
  for (int i = 0; i < 30'000; ++i) {
    fake_pipe& p = pipes[random() % pipes.size()];
    std::string const topic = std::to_string(random() % 60);
    std::size_t const others = static_cast<std::size_t>(std::count_if(
        model.begin(), model.end(), [&](auto const& e) { return e.first == topic && e.second != &p; }));
    bool const had = model.contains({topic, &p});
    if (std::size_t const what = random() % 64; what > 0) {
      bool const wanted = what % 5 < (i / 3000 % 2 == 0 ? 3U : 2U);
      auto const expected = had == wanted ? routing::topic_change::none
                            : others == 0 ? routing::topic_change::edge
                                          : routing::topic_change::shared;
      REQUIRE(t.set(p, wanted, as_bytes(topic)) == expected);
      if (wanted)
        model.emplace(topic, &p);
      else
        model.erase({topic, &p});
    } else {
      auto const gone = drop(t, p);
      auto const mine = std::erase_if(model, [&](auto const& entry) { return entry.second == &p; });
      REQUIRE(gone.size() == mine);
      REQUIRE((!had || gone.at(topic) == (others == 0)));
    }
    std::size_t bytes = 0;
    std::size_t topics = 0;
    for (auto const& [text, who] : model)
      if (who == &p) {
        ++topics;
        bytes += text.size();
      }
    REQUIRE(t.count(p).topics == topics);
    REQUIRE(t.count(p).bytes == bytes);
  }
}
