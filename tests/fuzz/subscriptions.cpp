// Subscriptions: any sequence of requests leaves the tables as a naive model has it, and nobody above the limits.
#include "fuzz/targets.hpp"
#include "support/fake_pipe.hpp"
#include <cozmq/routing/prefix_table.hpp>
#include <cozmq/routing/subscription_table.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cozmq::fuzz {

namespace {

constexpr std::size_t most_steps = 100;

// Few different octets, so that topics are prefixes of each other; of any length around the words of a hash.
std::string topic_of(byte_view& input)
{
  std::size_t const shape = take(input);
  std::string topic(shape % 32, static_cast<char>('a' + shape / 128));
  if ((shape & 64U) != 0 && !topic.empty())
    topic[take(input) % topic.size()] = static_cast<char>(take(input));
  if ((shape & 32U) != 0)
    topic += as_text(byte_view{input}.first(std::min<std::size_t>(input.size(), 3)));
  return topic;
}

// ---- one table, against std::map ------------------------------------------------------------------------------

class topics {
 public:
  void step(std::size_t what, byte_view& input)
  {
    std::string const topic = topic_of(input);
    byte_view const key = as_bytes(topic);
    switch (what % 5) {
      case 0:
        expect(table_.insert(key) == model_[topic], "a topic keeps its value, a new one has none");
        table_.insert(key) = model_[topic] = ++serial_;
        break;
      case 1:
        table_.erase(key);
        model_.erase(topic);
        break;
      case 2: {
        int const* const value = table_.find(key);
        auto const at = model_.find(topic);
        expect((value != nullptr) == (at != model_.end()), "what is in the table is found, and nothing else");
        expect(value == nullptr || *value == at->second, "with its value");
        break;
      }
      case 3: check_match(topic); break;
      default: erase_some(2 + what / 64);
    }
    expect(table_.size() == model_.size(), "the table has as many topics as the model");
  }

  void check_contents()
  {
    std::map<std::string, int> seen;
    table_.for_each([&](byte_view topic, int& value) {
      expect(seen.emplace(as_text(topic), value).second, "a topic is visited once");
    });
    expect(seen == model_, "the table holds what the model holds");
  }

 private:
  // By their hashes, of which some are no topic's.
  void erase_some(std::size_t divisor)
  {
    auto const condemned = [divisor](int value) { return static_cast<std::size_t>(value) % divisor == 0; };
    std::vector<std::uint32_t> hashes{0, table_.hash({})};
    for (auto const& [topic, value] : model_)
      hashes.push_back(table_.hash(as_bytes(topic)));
    for (std::uint32_t const hash : hashes) {
      bool const any = table_.any_of(hash, condemned);
      bool gone = false;
      table_.erase_if(hash, [&](byte_view topic, int& value) {
        expect(table_.hash(topic) == hash, "only topics of the hash are asked about");
        gone = gone || condemned(value);
        return condemned(value);
      });
      expect(gone == any && !table_.any_of(hash, condemned), "what is condemned is found, and is gone then");
    }
    std::erase_if(model_, [&](auto const& entry) { return condemned(entry.second); });
  }

  void check_match(std::string const& text)
  {
    std::vector<int> expected;  // the shortest first
    for (std::size_t size = 0; size <= text.size(); ++size)
      if (auto const at = model_.find(text.substr(0, size)); at != model_.end())
        expected.push_back(at->second);
    std::vector<int> seen;
    table_.match(as_bytes(text), [&](int& value) { seen.push_back(value); });
    expect(seen == expected, "a text matches its prefixes, the shortest first");
    expect(table_.matches(as_bytes(text)) == !expected.empty(), "matches() agrees with match()");
  }

  routing::prefix_table<int> table_;
  std::map<std::string, int> model_;
  int serial_ = 0;
};

// ---- who subscribed to what, against a set of pairs -------------------------------------------------------------

class subscribers {
 public:
  explicit subscribers(routing::subscription_limits limits) : limits_{limits} {}

  void step(std::size_t what, byte_view& input)
  {
    std::size_t const p = what / 4 % pipes_.size();
    switch (what % 4) {
      case 0: ask(p, true, topic_of(input)); break;
      case 1: ask(p, false, topic_of(input)); break;
      case 2: check_match(topic_of(input)); break;
      default:
        check_counts();
        if (what >= 192)
          drop(p);
    }
  }

  void check_counts()
  {
    std::array<std::size_t, 4> counts{};
    std::array<std::size_t, 4> bytes{};
    std::size_t topics = 0;
    std::string const* before = nullptr;
    for (auto const& [topic, peer] : model_) {
      topics += before == nullptr || *before != topic ? 1U : 0U;
      before = &topic;
      ++counts[peer];
      bytes[peer] += topic.size();
    }
    for (std::size_t at = 0; at < pipes_.size(); ++at) {
      routing::topic_count const has = table_.count(pipes_[at]);
      expect(has.topics == counts[at] && has.bytes == bytes[at], "what a peer has is counted");
      expect(counts[at] <= limits_.topics && bytes[at] <= limits_.bytes,
             "nobody has more than the limits allow");
    }
    expect(table_.size() == topics, "a topic is in the table as long as somebody wants it");
  }

 private:
  using entry = std::pair<std::string, std::size_t>;  // a topic, and the number of a pipe that wants it

  std::size_t others(std::string const& topic, std::size_t number) const
  {
    std::size_t count = 0;
    for (auto at = model_.lower_bound({topic, 0}); at != model_.end() && at->first == topic; ++at)
      count += at->second != number ? 1U : 0U;
    return count;
  }

  void ask(std::size_t number, bool wanted, std::string const& topic)
  {
    routing::pipe& p = pipes_[number];
    bool const had = model_.contains({topic, number});
    routing::topic_count const has = table_.count(p);
    bool const too_many = wanted && !had &&
                          (topic.size() > limits_.topic_size || has.topics >= limits_.topics ||
                           has.bytes + topic.size() > limits_.bytes);
    std::error_code ec;
    routing::topic_change const change = table_.request(p, wanted, as_bytes(topic), limits_, ec);
    expect(ec == (too_many ? make_error_code(errc::too_many_subscriptions) : std::error_code{}),
           "a new topic beyond the limits is refused, and nothing else");
    using enum routing::topic_change;
    if (too_many || had == wanted)
      return expect(change == none, "what changes nothing is reported as such");
    expect(change == (others(topic, number) == 0 ? edge : shared),
           "the first and the last subscriber are reported");
    if (wanted)
      model_.insert({topic, number});
    else
      model_.erase({topic, number});
  }

  void drop(std::size_t number)
  {
    routing::pipe& p = pipes_[number];
    std::map<std::string, bool> gone;
    table_.drop(p, [&](byte_view topic, bool last) {
      expect(gone.emplace(as_text(topic), last).second, "a topic goes once");
    });
    std::map<std::string, bool> expected;
    for (auto const& [topic, peer] : model_)
      if (peer == number)
        expected.emplace(topic, others(topic, number) == 0);
    std::erase_if(model_, [&](entry const& each) { return each.second == number; });
    expect(gone == expected, "who leaves takes all of its topics along");
  }

  void check_match(std::string const& text)
  {
    std::multiset<routing::pipe const*> expected;
    for (auto const& [topic, peer] : model_)
      if (text.starts_with(topic))
        expected.insert(&pipes_[peer]);
    std::multiset<routing::pipe const*> seen;
    table_.match(as_bytes(text), [&](routing::pipe& p) { seen.insert(&p); });
    expect(seen == expected, "a message goes to those who asked for it");
  }

  routing::subscription_limits limits_;
  std::array<test::fake_pipe, 4> pipes_;
  routing::subscription_table table_;
  std::set<entry> model_;
};

}  // namespace

void subscriptions(byte_view input)
{
  std::size_t const how = take(input);
  std::size_t steps = 0;
  if ((how & 1U) != 0) {
    topics tables;
    for (; !input.empty() && steps < most_steps; ++steps)
      tables.step(take(input), input);
    tables.check_contents();
  } else {
    routing::subscription_limits limits;
    if ((how & 2U) != 0)
      limits = {1 + how / 16, 24, 100};
    subscribers all{limits};
    for (; !input.empty() && steps < most_steps; ++steps)
      all.step(take(input), input);
    all.check_counts();
  }
}

}  // namespace cozmq::fuzz
