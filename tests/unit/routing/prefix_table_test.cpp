#include <cozmq/routing/prefix_table.hpp>

#include "support/catch.hpp"

#include <map>
#include <random>
#include <set>
#include <string>

using namespace cozmq;

namespace {

using table = routing::prefix_table<int>;

std::set<int> matches(table& t, std::string const& text)
{
  std::set<int> result;
  t.match(as_bytes(text), [&result](int& value) { REQUIRE(result.insert(value).second); });
  return result;
}

// Every topic in the table and its value.
std::map<std::string, int> contents(table& t)
{
  std::map<std::string, int> result;
  t.for_each([&result](byte_view topic, int& value) {
    REQUIRE(result.emplace(std::string{as_text(topic)}, value).second);
  });
  return result;
}

void check_against(table& t, std::map<std::string, int> const& model, std::string const& text)
{
  std::set<int> expected;
  for (auto const& [topic, value] : model)
    if (text.starts_with(topic))
      expected.insert(value);
  REQUIRE(matches(t, text) == expected);
  REQUIRE(t.matches(as_bytes(text)) == !expected.empty());
}

}  // namespace

TEST_CASE("an empty table matches nothing, and nothing can be found or erased in it")
{
  table t;
  CHECK(t.size() == 0);
  CHECK_FALSE(t.matches(as_bytes("")));
  CHECK(t.find(as_bytes("a")) == nullptr);
  t.erase(as_bytes("a"));
  t.erase_if(t.hash({}), [](byte_view, int&) { return true; });
  CHECK_FALSE(t.any_of(t.hash({}), [](int) { return true; }));
  CHECK(contents(t).empty());
}

TEST_CASE("A12 the topics that a text starts with are found, each once, shortest first")
{
  table t;
  t.insert(as_bytes("8")) = 8;
  t.insert(as_bytes("5")) = 5;
  t.insert(as_bytes("55")) = 55;
  CHECK(matches(t, "8 x") == std::set<int>{8});
  CHECK(matches(t, "55") == std::set<int>{5, 55});
  CHECK(matches(t, "5") == std::set<int>{5});
  CHECK(matches(t, "") == std::set<int>{});
  CHECK(matches(t, "x5") == std::set<int>{});
  std::vector<int> order;
  t.match(as_bytes("555"), [&order](int& value) { order.push_back(value); });
  CHECK(order == std::vector<int>{5, 55});
}

TEST_CASE("A14 the empty topic matches every text, an empty one too")
{
  table t;
  t.insert({}) = 1;
  CHECK(matches(t, "") == std::set<int>{1});
  CHECK(matches(t, "anything") == std::set<int>{1});
  t.erase({});
  CHECK(matches(t, "") == std::set<int>{});
}

TEST_CASE("B6 topics are bytes: zeros and 255 are compared like any other")
{
  using namespace std::string_literals;
  table t;
  t.insert(as_bytes("\0\xff"s)) = 1;
  t.insert(as_bytes("\0"s)) = 2;
  t.insert(as_bytes("\0\0\0\0\0\0\0\0\0"s)) = 3;
  CHECK(matches(t, "\0\xff\0"s) == std::set<int>{1, 2});
  CHECK(matches(t, "\0\0\0\0\0\0\0\0"s) == std::set<int>{2});
  CHECK(matches(t, "\0\0\0\0\0\0\0\0\0"s) == std::set<int>{2, 3});
  CHECK(matches(t, "\xff"s) == std::set<int>{});
}

TEST_CASE("topics that differ in length only by zeros are different topics")
{
  // The hash mixes whole words: a padded tail must not be taken for a longer topic.
  table t;
  for (std::size_t n = 0; n <= 40; ++n)
    t.insert(as_bytes(std::string(n, '\0'))) = static_cast<int>(n);
  CHECK(t.size() == 41);
  for (std::size_t n = 0; n <= 40; ++n)
    CHECK(matches(t, std::string(n, '\0')).size() == n + 1);
}

TEST_CASE("a topic of 64 KiB and ever longer prefixes of one text are found")
{
  std::string text(70000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i)
    text[i] = static_cast<char>(i * 7);
  table t;
  std::set<int> expected;
  for (std::size_t n = 0; n <= 65536; n = n * 2 + 3) {
    t.insert(as_bytes(text.substr(0, n))) = static_cast<int>(n);
    expected.insert(static_cast<int>(n));
  }
  CHECK(matches(t, text) == expected);
  text[65000] = '!';
  CHECK(matches(t, text) == expected);  // the longest here is 49149
  text[20000] = static_cast<char>(text[20000] + 1);
  std::erase_if(expected, [](int n) { return n > 20000; });
  CHECK(matches(t, text) == expected);
}

TEST_CASE("inserting a topic again gives its value back")
{
  table t;
  t.insert(as_bytes("a")) = 7;
  CHECK(t.insert(as_bytes("a")) == 7);
  CHECK(t.size() == 1);
  REQUIRE(t.find(as_bytes("a")) != nullptr);
  CHECK(*t.find(as_bytes("a")) == 7);
  CHECK(t.find(as_bytes("b")) == nullptr);
}

TEST_CASE("a table agrees with a naive model after any inserts and erases")
{
  std::mt19937 random{2718};
  auto const upto = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n}(random);
  };
  // Few letters, so that topics are prefixes of each other; few topics, so that the table is full and wraps.
  auto const word = [&] {
    std::string result;
    for (std::size_t n = upto(3) == 0 ? upto(30) : upto(4); n > 0; --n)
      result += "ab\0"[upto(2)];
    return result;
  };
  for (int round = 0; round < 60; ++round) {
    table t;
    std::map<std::string, int> model;
    std::size_t const most = round % 3 == 0 ? 12 : round % 3 == 1 ? 40 : 300;
    for (int i = 0; i < 600; ++i) {
      std::string const topic = word();
      if (upto(1) == 0 && model.size() < most) {
        t.insert(as_bytes(topic)) = i;
        model[topic] = i;
      } else if (upto(1) == 0 || model.empty()) {
        t.erase(as_bytes(topic));
        model.erase(topic);
      } else {
        auto at = model.begin();
        std::advance(at, upto(model.size() - 1));
        t.erase(as_bytes(at->first));
        model.erase(at);
      }
      REQUIRE(t.size() == model.size());
      check_against(t, model, word() + word());
    }
    REQUIRE(contents(t) == model);
    for (auto const& [topic, value] : model)
      REQUIRE((t.find(as_bytes(topic)) != nullptr && *t.find(as_bytes(topic)) == value));
  }
}

TEST_CASE(
    "erase_if removes the condemned topics of a hash, also when entries wrap around the end of the table")
{
  std::mt19937 random{1618};
  // Each table has its own key, so that over many of them entries wrap in every way.
  for (int round = 0; round < 2000; ++round) {
    table t;
    std::map<std::string, int> model;
    std::size_t const count = 1 + random() % 12;  // of 16 slots
    for (std::size_t i = 0; i < count; ++i) {
      int const value = static_cast<int>(random() % 3);
      std::string const topic = "topic " + std::to_string(i);
      t.insert(as_bytes(topic)) = value;
      model[topic] = value;
    }
    auto const erase = [&](std::string const& topic, bool all) {
      std::uint32_t const hash = t.hash(as_bytes(topic));
      t.erase_if(hash, [&](byte_view asked, int& value) {
        REQUIRE(as_text(asked) == topic);  // nothing else is even looked at
        return all || value == 1;
      });
      REQUIRE(t.any_of(hash, [](int) { return true; }) == model.contains(topic));
      REQUIRE(contents(t) == model);
    };
    std::map<std::string, int> const before = model;
    for (auto const& [topic, value] : before) {
      if (value == 1)
        model.erase(topic);
      erase(topic, false);
    }
    for (auto const& [topic, value] : model)
      REQUIRE(t.find(as_bytes(topic)) != nullptr);
    for (auto const& [topic, value] : before) {
      model.erase(topic);
      erase(topic, true);
    }
    REQUIRE(t.size() == 0);
    REQUIRE_FALSE(t.matches(as_bytes("topic 1")));
  }
}

TEST_CASE("100000 topics are found and erased again")
{
  table t;
  for (int i = 0; i < 100000; ++i)
    t.insert(as_bytes("topic." + std::to_string(i) + ".")) = i;
  CHECK(t.size() == 100000);
  for (int i = 0; i < 100000; i += 997)
    CHECK(matches(t, "topic." + std::to_string(i) + ".rest") == std::set<int>{i});
  for (int i = 0; i < 100000; i += 2)
    t.erase(as_bytes("topic." + std::to_string(i) + "."));
  CHECK(t.size() == 50000);
  for (int i = 0; i < 100000; i += 997)
    CHECK(t.matches(as_bytes("topic." + std::to_string(i) + ".")) == (i % 2 == 1));
}
