#include <cozmq/routing/upstream.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace cozmq;
using namespace cozmq::test;
using namespace std::string_literals;

namespace {

struct publisher {
  routing::fan_out out;
  routing::upstream<true> in;

  publisher() { in.serve(out); }
  publisher(publisher const&) = delete;

  void attach(fake_pipe& p)
  {
    out.attach(p);
    in.attach(p);
  }
  void detach(fake_pipe& p)
  {
    in.disconnected(p);
    out.detach(p);
    in.detach(p);
  }
  void arrive(fake_pipe& p, texts const& parts)
  {
    p.unread.push_back(message_of(parts));
    in.readable(p);
  }
  texts receive()
  {
    message m;
    return in.receive(m) ? frames_of(m) : texts{};
  }
};

}  // namespace

TEST_CASE("a peer whose requests are not received is held at the limit, and read on when half is received")
{
  publisher pub;
  pub.out.limits.bytes = 1000;
  pub.out.rules.verbose = true;
  fake_pipe p;
  fake_pipe quiet;
  pub.attach(p);
  pub.attach(quiet);
  std::string const topic(86, 't');  // with 14 bytes of the log's own: a tenth of the limit
  int sent = 0;
  for (; !p.held; ++sent)
    REQUIRE_FALSE(pub.in.subscription(p, true, as_bytes(topic)));
  CHECK(sent == 10);
  CHECK_FALSE(quiet.held);
  for (int i = 0; i < 4; ++i)
    CHECK(pub.receive() == texts{"\1" + topic});
  CHECK(p.held);
  CHECK(pub.receive() == texts{"\1" + topic});
  CHECK_FALSE(p.held);
}

TEST_CASE("requests beyond twice the limit, which a held peer had on its way, cost it its connection")
{
  publisher pub;
  pub.out.limits.bytes = 1000;
  pub.out.rules.verbose = true;
  fake_pipe p;
  pub.attach(p);
  for (int i = 0; i < 20; ++i)
    CHECK_FALSE(pub.in.subscription(p, true, as_bytes(std::string(86, 't'))));
  CHECK(pub.in.subscription(p, true, as_bytes("t")) == errc::too_many_subscriptions);
}

TEST_CASE("of a peer's messages as many are taken as the application may have waiting")
{
  publisher pub;
  pub.in.receive_hwm = 3;
  fake_pipe p;
  fake_pipe other;
  pub.attach(p);
  pub.attach(other);
  for (int i = 0; i < 10; ++i)
    pub.arrive(p, {std::to_string(i)});
  CHECK(p.unread.size() == 7);
  pub.arrive(other, {"other"});
  CHECK(other.unread.empty());
  std::vector<texts> received;
  for (texts m = pub.receive(); !m.empty(); m = pub.receive())
    received.push_back(m);
  CHECK(received.size() == 11);
  CHECK(received[3] == texts{"other"});
  CHECK(received[4] == texts{"3"});
  CHECK(p.unread.empty());
}

TEST_CASE(
    "of a peer's messages as many bytes are taken as the application may have waiting, and the one beyond")
{
  publisher pub;
  pub.in.receive_hwm_bytes = 100;
  fake_pipe p;
  fake_pipe other;
  pub.attach(p);
  pub.attach(other);
  std::string const half(30, 'x');
  for (int i = 0; i < 4; ++i)
    pub.arrive(p, {half, half});
  CHECK(p.unread.size() == 2);
  pub.arrive(other, {"other"});
  CHECK(other.unread.empty());
  CHECK(pub.receive() == texts{half, half});
  CHECK(p.unread.size() == 1);
  pub.in.receive_hwm_bytes = 60;
  CHECK(pub.receive() == texts{half, half});
  CHECK(p.unread.size() == 1);
  CHECK(pub.receive() == texts{"other"});
  CHECK(pub.receive() == texts{half, half});
  CHECK(p.unread.empty());
  CHECK(pub.receive() == texts{half, half});
  CHECK(pub.receive().empty());
}

TEST_CASE("a peer that was no longer read is read on when the limit is raised, and when it is lowered")
{
  publisher pub;
  pub.in.receive_hwm = 3;
  fake_pipe p;
  pub.attach(p);
  for (int i = 0; i < 10; ++i)
    pub.arrive(p, {std::to_string(i)});
  pub.arrive(p, {"\1topic"});
  CHECK(p.unread.size() == 8);
  pub.in.receive_hwm = 6;
  CHECK(pub.receive() == texts{"0"});
  CHECK(p.unread.size() == 4);
  pub.in.receive_hwm = 2;
  for (int i = 1; i < 10; ++i) {
    CHECK(pub.receive() == texts{std::to_string(i)});
    CHECK(p.unread.size() == static_cast<std::size_t>(i < 5 ? 4 : i < 8 ? 8 - i : 0));
  }
  CHECK(pub.receive() == texts{"\1topic"});
  CHECK(pub.out.subscribers(as_bytes("topic")) == 1);
}

TEST_CASE("who comes, sends and goes again adds up to the limit of one peer, and nothing is lost")
{
  bool const of_bytes = GENERATE(false, true);
  publisher pub;
  of_bytes ? pub.in.receive_hwm_bytes = 80 : pub.in.receive_hwm = 8;
  fake_pipe stays;
  pub.attach(stays);
  pub.arrive(stays, {"ten octets"});
  for (int i = 0; i < 4; ++i) {
    fake_pipe p;
    pub.attach(p);
    pub.arrive(p, {"and twenty"});
    pub.arrive(p, {"and thirty"});
    CHECK(p.unread.empty());
    pub.detach(p);
  }
  fake_pipe late;
  pub.attach(late);
  for (int i = 0; i < 3; ++i)
    pub.arrive(late, {"is waiting"});
  pub.arrive(stays, {"so do I..."});
  CHECK(late.unread.size() == 3);
  CHECK(stays.unread.size() == 1);
  CHECK(pub.receive() == texts{"ten octets"});
  for (int i = 0; i < 4; ++i) {
    CHECK(late.unread.size() == 3);
    CHECK(stays.unread.size() == 1);
    CHECK(pub.receive() == texts{i % 2 == 0 ? "and twenty" : "and thirty"});
  }
  CHECK(late.unread.empty());  // half of it has been received
  CHECK(stays.unread.empty());
  std::size_t rest = 0;
  while (!pub.receive().empty())
    ++rest;
  CHECK(rest == 4 + 3 + 1);
  pub.arrive(late, {"at once"});
  CHECK(pub.receive() == texts{"at once"});
}

TEST_CASE("a request behind the first frame of an application's message takes effect, and is not reported")
{
  publisher pub;
  fake_pipe p;
  pub.attach(p);
  pub.arrive(p, {"data", "\1A"});
  CHECK(pub.out.subscribers(as_bytes("A")) == 1);
  CHECK(pub.receive() == texts{"data", "\1A"});
  CHECK(pub.receive().empty());
}

TEST_CASE("requests that are read after their sender is gone leave no subscription behind")
{
  publisher pub;
  pub.in.receive_hwm = 1;
  fake_pipe p;
  pub.attach(p);
  pub.arrive(p, {"message"});
  pub.arrive(p, {"\1topic"});
  pub.in.disconnected(p);
  pub.out.detach(p);
  CHECK(pub.receive() == texts{"message"});
  pub.in.detach(p);
  CHECK(pub.out.topics() == 0);
  CHECK(pub.out.subscribers(as_bytes("topic")) == 0);
}

TEST_CASE(
    "2.4 XPUB_MANUAL what a peer asked for is reported when it leaves, what it was given is taken back "
    "silently")
{
  publisher pub;
  pub.out.rules.manual = true;
  std::array<fake_pipe, 2> p;
  for (fake_pipe& each : p) {
    pub.attach(each);
    CHECK_FALSE(pub.in.subscription(each, true, as_bytes("asked")));
    CHECK(pub.receive() == texts{"\1asked"});
    CHECK(pub.in.subscribe(as_bytes("given")) == errc{});
  }
  CHECK(pub.out.subscribers(as_bytes("given")) == 2);
  CHECK(pub.out.subscribers(as_bytes("asked")) == 0);
  pub.detach(p[1]);
  CHECK(pub.out.subscribers(as_bytes("given")) == 1);
  CHECK(pub.receive() == texts{"\0asked"s});
  CHECK(pub.receive().empty());
  CHECK(pub.in.subscribe(as_bytes("nobody asked")) == errc{});
  CHECK(pub.out.topics() == 1);
}

TEST_CASE("2.4 XPUB_MANUAL the limits of a peer hold for what it asks")
{
  publisher pub;
  pub.out.rules.manual = true;
  pub.out.limits = {.topics = 2, .topic_size = 10, .bytes = 100};
  fake_pipe p;
  pub.attach(p);
  CHECK_FALSE(pub.in.subscription(p, true, as_bytes("a")));
  CHECK_FALSE(pub.in.subscription(p, true, as_bytes("b")));
  CHECK(pub.in.subscription(p, true, as_bytes("c")) == errc::too_many_subscriptions);
  pub.arrive(p, {"\1c"});
  CHECK(p.rejections.size() == 1);
}

TEST_CASE(
    "2.4 XPUB_MANUAL what a peer was given is counted, so that it may take it back when manual has ended")
{
  publisher pub;
  pub.out.rules.manual = true;
  fake_pipe p;
  pub.attach(p);
  CHECK_FALSE(pub.in.subscription(p, true, as_bytes("A")));
  CHECK(pub.receive() == texts{"\1A"});
  CHECK(pub.in.subscribe(as_bytes("BBBB")) == errc{});
  CHECK(pub.out.topics_of(p).topics == 1);
  CHECK(pub.out.topics_of(p).bytes == 4);
  pub.out.rules.manual = false;
  CHECK_FALSE(pub.in.subscription(p, false, as_bytes("BBBB")));
  CHECK(pub.out.topics_of(p).topics == 0);
  CHECK(pub.out.topics_of(p).bytes == 0);
  CHECK_FALSE(pub.in.subscription(p, true, as_bytes("C")));
  CHECK(pub.out.subscribers(as_bytes("C")) == 1);
}

TEST_CASE("2.4 XPUB_MANUAL what a peer asked for ends with it, whatever it was given and took back since")
{
  publisher pub;
  auto const come_and_go = [&](std::string const& topic, bool takes_back) {
    pub.out.rules.manual = true;
    auto p = std::make_unique<fake_pipe>();
    pub.attach(*p);
    CHECK_FALSE(pub.in.subscription(*p, true, as_bytes("stays " + topic)));
    CHECK_FALSE(pub.in.subscription(*p, true, as_bytes(topic)));
    CHECK(pub.receive() == texts{"\1stays " + topic});
    CHECK(pub.receive() == texts{"\1" + topic});
    CHECK(pub.in.subscribe(as_bytes(topic)) == errc{});
    pub.out.rules.manual = !takes_back;
    if (takes_back) {
      CHECK_FALSE(pub.in.subscription(*p, false, as_bytes(topic)));
      CHECK(pub.receive() == texts{"\0"s + topic});
    }
    pub.detach(*p);
    return p;  // so that the next one is somewhere else
  };
  auto const first = come_and_go("A", true);
  CHECK(pub.out.topics() == 0);
  CHECK(pub.receive().empty());
  // The same pipe again: nothing of before is known of it.
  pub.out.rules.manual = true;
  pub.attach(*first);
  CHECK_FALSE(pub.in.subscription(*first, true, as_bytes("B")));
  CHECK(pub.receive() == texts{"\1B"});
  pub.detach(*first);
  CHECK(pub.receive() == texts{"\0B"s});
  CHECK(pub.receive().empty());
}

TEST_CASE("2.4 XPUB_MANUAL a request of before is told when it is taken back after manual has ended, once")
{
  publisher pub;
  pub.out.rules.manual = true;
  fake_pipe p;
  pub.attach(p);
  CHECK_FALSE(pub.in.subscription(p, true, as_bytes("A")));
  CHECK(pub.receive() == texts{"\1A"});
  pub.out.rules.manual = false;
  CHECK_FALSE(pub.in.subscription(p, false, as_bytes("A")));
  CHECK(pub.receive() == texts{"\0A"s});
  pub.out.rules.manual = true;
  pub.detach(p);
  CHECK(pub.receive().empty());
}

TEST_CASE("the log of requests and messages keeps their order through any sequence of changes")
{
  routing::request_log log;
  std::deque<std::string> model;
  std::uint32_t random = 1;
  int next = 0;
  for (int step = 0; step < 20'000; ++step) {
    random = random * 1664525U + 1013904223U;
    bool const fill = step / 4000 % 2 == 0;
    std::uint32_t const choice = (random >> 16) % 8;
    if (choice < (fill ? 6U : 2U)) {
      std::string text = std::to_string(next++);
      if (choice % 2 == 0) {
        log.push_request(7, true, as_bytes(text));
        text.insert(0, 1, '\1');
      } else {
        log.push_message(7, message_of({text}));
      }
      model.push_back(text);
    } else if (!model.empty()) {
      message m;
      auto const e = log.pop(m);
      REQUIRE(e.from == 7);
      REQUIRE(e.is_message == (model.front()[0] != '\1'));
      REQUIRE(m[0].view() == model.front());
      model.pop_front();
    }
    REQUIRE(log.empty() == model.empty());
  }
}

TEST_CASE("30 a request tells of its sender what was known when it came, also when that has gone")
{
  auto const who = [](char const* name) {
    properties known;
    known.set("User-Id", name);
    return std::make_shared<properties const>(known);
  };
  publisher pub;
  fake_pipe plain;
  auto ann = std::make_unique<fake_pipe>();
  ann->sender = who("ann");
  fake_pipe bob;
  bob.sender = who("bob");
  pub.attach(plain);
  pub.arrive(plain, {"\1first"});
  pub.attach(*ann);
  pub.attach(bob);
  REQUIRE_FALSE(pub.in.subscription(*ann, true, as_bytes("a")));
  REQUIRE_FALSE(pub.in.subscription(*ann, true, as_bytes("b")));
  ann->sender = who("ann again");  // after a reconnect
  REQUIRE_FALSE(pub.in.subscription(*ann, true, as_bytes("c")));
  pub.arrive(bob, {"\1d", "rest"});
  pub.arrive(bob, {"\1e"});
  REQUIRE_FALSE(pub.in.subscription(plain, true, as_bytes("f")));
  pub.detach(*ann);
  ann.reset();

  std::vector<std::pair<std::string, std::string>> seen;
  for (message m; pub.in.receive(m); m.clear())
    seen.emplace_back(m[0].str(), std::string{m.property("User-Id").value_or("nobody")});
  REQUIRE(seen.size() == 11);
  std::sort(seen.end() - 3, seen.end());  // what is made up for who has left is in no order
  using rows = std::vector<std::pair<std::string, std::string>>;
  CHECK((seen == rows{{"\1first", "nobody"},
                      {"\1a", "ann"},
                      {"\1b", "ann"},
                      {"\1c", "ann again"},
                      {"\1d", "bob"},
                      {"rest", "bob"},
                      {"\1e", "bob"},
                      {"\1f", "nobody"},
                      {"\0a"s, "nobody"},
                      {"\0b"s, "nobody"},
                      {"\0c"s, "nobody"}}));
}
