#include <cozmq/routing/fan_out.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"
#include "support/wire_frames.hpp"
#include <cozmq/wire/chunk.hpp>

#include <array>

using namespace cozmq;
using namespace cozmq::test;

namespace {

// A publisher with its peers; `ask` answers whether anything changed and checks that there is no error.
struct publisher {
  routing::fan_out out;

  bool ask(fake_pipe& p, bool wanted, std::string const& topic)
  {
    std::error_code ec;
    bool const changed = out.subscription(p, wanted, as_bytes(topic), ec) != routing::topic_change::none;
    CHECK_FALSE(ec);
    return changed;
  }

  bool over_the_limit(fake_pipe& p, std::string const& topic)
  {
    std::error_code ec;
    bool const changed = out.subscription(p, true, as_bytes(topic), ec) != routing::topic_change::none;
    CHECK_FALSE(changed);
    return ec == errc::too_many_subscriptions;
  }

  void send(texts const& parts)
  {
    message m = message_of(parts);
    CHECK(out.send(m).outcome == routing::send_result::sent);
    CHECK(m.empty());
  }
};

}  // namespace

TEST_CASE("S4 every peer with a matching subscription gets a message once, others get nothing")
{
  std::array<fake_pipe, 4> p;
  publisher pub;
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(pub.ask(p[i], true, "a"));
  CHECK(pub.ask(p[3], true, "b"));
  pub.send({"abc", "body"});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(p[i].next() == texts{"abc", "body"});
    CHECK(p[i].written.empty());
  }
  CHECK(p[3].written.empty());
}

TEST_CASE("B5 a message that matches several subscriptions of a peer is sent to it once")
{
  fake_pipe p;
  publisher pub;
  for (char const* topic : {"", "a", "ab", "abc", "abcd"})
    pub.ask(p, true, topic);
  pub.send({"abc"});
  CHECK(p.written.size() == 1);
  CHECK(pub.out.subscribers(as_bytes("abc")) == 1);
  pub.send({"abc"});
  CHECK(p.written.size() == 2);
}

TEST_CASE("B6 a topic is any bytes, and is compared with the first frame only")
{
  using namespace std::string_literals;
  fake_pipe p;
  publisher pub;
  pub.ask(p, true, "\0\xff"s);
  pub.send({"\0\xff\0"s});
  pub.send({"x", "\0\xff"s});
  pub.send({"\0"s, "\xff"s});
  CHECK(p.written.size() == 1);
}

TEST_CASE("a subscription counts once however often a peer repeats it, and ends with one cancellation")
{
  fake_pipe p;
  publisher pub;
  CHECK(pub.ask(p, true, "a"));
  CHECK_FALSE(pub.ask(p, true, "a"));
  CHECK_FALSE(pub.ask(p, true, "a"));
  CHECK(pub.out.topics_of(p).topics == 1);
  CHECK(pub.ask(p, false, "a"));
  CHECK_FALSE(pub.ask(p, false, "a"));
  CHECK(pub.out.topics_of(p).topics == 0);
  CHECK(pub.out.topics_of(p).bytes == 0);
  pub.send({"a"});
  CHECK(p.written.empty());
}

TEST_CASE("a cancellation ends the subscription of its sender only")
{
  fake_pipe a;
  fake_pipe b;
  publisher pub;
  pub.ask(a, true, "x");
  pub.ask(b, true, "x");
  CHECK_FALSE(pub.ask(a, false, "y"));
  CHECK(pub.ask(a, false, "x"));
  pub.send({"x"});
  CHECK(a.written.empty());
  CHECK(b.written.size() == 1);
}

TEST_CASE("detach() ends all subscriptions of a peer, and the peer may come back")
{
  std::array<fake_pipe, 2> p;
  publisher pub;
  for (fake_pipe& each : p)
    for (int i = 0; i < 100; ++i)
      pub.ask(each, true, std::to_string(i));
  pub.ask(p[0], true, "only the first");
  pub.out.detach(p[0]);
  CHECK(pub.out.topics_of(p[0]).topics == 0);
  CHECK(pub.out.topics_of(p[0]).bytes == 0);
  CHECK(pub.out.subscribers(as_bytes("only the first")) == 0);
  CHECK(pub.out.subscribers(as_bytes("42")) == 1);
  pub.send({"7"});
  CHECK(p[0].written.empty());
  CHECK(p[1].written.size() == 1);
  CHECK(pub.ask(p[0], true, "7"));
  pub.send({"7"});
  CHECK(p[0].written.size() == 1);
}

TEST_CASE("S5 a full peer loses the message, the others get it, and the loss is counted")
{
  fake_pipe stalled{2};
  fake_pipe quick;
  publisher pub;
  pub.ask(stalled, true, "");
  pub.ask(quick, true, "");
  for (int i = 0; i < 5; ++i)
    pub.send({std::to_string(i)});
  CHECK(stalled.written.size() == 2);
  CHECK(quick.written.size() == 5);
  CHECK(pub.out.dropped() == 3);
  CHECK(stalled.missed == 3);
  stalled.room = 1;
  pub.send({"again"});
  CHECK(stalled.written.size() == 3);
}

TEST_CASE("S6 a send is always possible")
{
  publisher pub;
  CHECK(pub.out.ready());
  fake_pipe full{0};
  pub.ask(full, true, "");
  CHECK(pub.out.ready());
  pub.send({"lost"});
}

TEST_CASE("nodrop refuses a message for all when one matching peer is full")
{
  fake_pipe full{0};
  fake_pipe quick;
  publisher pub;
  pub.out.rules.nodrop = true;
  pub.ask(full, true, "a");
  pub.ask(quick, true, "");
  message m{"abc"};
  CHECK(pub.out.send(m).outcome == routing::send_result::full);
  CHECK(frames_of(m) == texts{"abc"});
  CHECK(quick.written.empty());
  pub.send({"b: not for the full one"});
  CHECK(quick.written.size() == 1);
  full.room = 1;
  CHECK(pub.out.send(m).outcome == routing::send_result::sent);
  CHECK(full.written.size() == 1);
  CHECK(quick.written.size() == 2);
  CHECK(pub.out.dropped() == 0);
}

TEST_CASE("the limits of a peer hold for the topics that it has, and cost it only the one beyond")
{
  fake_pipe p;
  fake_pipe other;
  publisher pub;
  pub.out.limits = {.topics = 3, .topic_size = 10, .bytes = 20};
  CHECK(pub.over_the_limit(p, std::string(11, 'x')));
  CHECK(pub.ask(p, true, std::string(10, 'x')));
  CHECK(pub.ask(p, true, std::string(9, 'x')));
  CHECK(pub.over_the_limit(p, "ab"));
  CHECK(pub.ask(p, true, "a"));
  CHECK(pub.over_the_limit(p, ""));
  CHECK(pub.ask(p, false, "a"));
  CHECK(pub.ask(p, true, ""));
  CHECK(pub.ask(other, true, "ab"));
  CHECK(pub.out.subscribers(as_bytes("abc")) == 2);
  CHECK(pub.out.topics_of(p).topics == 3);
  CHECK(pub.out.topics_of(p).bytes == 19);
}

TEST_CASE("a peer at its limit may repeat the topics that it has")
{
  fake_pipe p;
  publisher pub;
  pub.out.limits = {.topics = 2, .topic_size = 10, .bytes = 4};
  CHECK(pub.ask(p, true, "a"));
  CHECK(pub.ask(p, true, "bcd"));
  CHECK_FALSE(pub.ask(p, true, "a"));
  CHECK_FALSE(pub.ask(p, true, "bcd"));
  CHECK(pub.over_the_limit(p, "c"));
}

TEST_CASE("a refused topic leaves nothing behind")
{
  fake_pipe p;
  publisher pub;
  pub.out.limits = {.topics = 0, .topic_size = 10, .bytes = 4};
  CHECK(pub.over_the_limit(p, "a"));
  CHECK(pub.out.subscribers(as_bytes("a")) == 0);
  CHECK_FALSE(pub.ask(p, false, "a"));
  CHECK(pub.out.topics_of(p).topics == 0);
}

TEST_CASE("small messages are encoded once for all peers, large ones are shared")
{
  std::array<fake_pipe, 2> p;
  publisher pub;
  for (fake_pipe& each : p)
    pub.ask(each, true, "");
  pub.send({"Hi", "there"});
  CHECK(p[0].encoded[0] == message_octets({"Hi", "there"}));
  CHECK(p[1].encoded[0] == p[0].encoded[0]);
  std::string const large = pattern_text(10000);
  pub.send({large});
  CHECK(p[0].encoded[1].empty());
  CHECK(p[0].written[1][0].data() == p[1].written[1][0].data());
  CHECK(p[0].written[1] == message{large});
  pub.send({"small again"});
  CHECK(p[0].encoded[2] == message_octets({"small again"}));
}

TEST_CASE("a message of very many frames is not encoded beyond what a buffer takes")
{
  fake_pipe p;
  publisher pub;
  pub.ask(p, true, "");
  for (std::size_t frames : {1U, 100U, 4000U, 32000U, 33000U, 65536U}) {
    pub.send(texts(frames));
    CHECK(p.encoded.back().size() <= wire::chunk::capacity);
    CHECK(p.written.back().size() == frames);
  }
}
