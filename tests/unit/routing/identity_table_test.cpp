#include <cozmq/routing/identity_table.hpp>

#include "support/catch.hpp"
#include "support/exchange.hpp"
#include "support/fake_pipe.hpp"
#include <cozmq/pattern/router.hpp>

#include <array>
#include <set>
#include <string>

using namespace cozmq;
using namespace cozmq::test;
using routing::identity_table;
using routing::send_result;

namespace {

send_result::kind send(identity_table& table, texts const& parts, texts* left = nullptr)
{
  message m = message_of(parts);
  send_result const result = table.send(m);
  if (left != nullptr)
    *left = frames_of(m);
  return result.outcome;
}

// As the engine does it for an accepted peer.
void join(identity_table& table, fake_pipe& p, std::string id = {})
{
  p.announced = std::move(id);
  REQUIRE(table.admits(p));
  table.connected(p);
  table.attach(p);
}

}  // namespace

TEST_CASE("S38 A17 a message goes to the peer that its first frame names, without that frame")
{
  identity_table table;
  fake_pipe a;
  fake_pipe b;
  join(table, a, "A");
  join(table, b, "B");
  CHECK(send(table, {"B", "", "body"}) == send_result::sent);
  CHECK(send(table, {"A", ""}) == send_result::sent);
  CHECK(b.next() == texts{"", "body"});
  CHECK(a.next() == texts{""});
  CHECK(a.written.empty());
  CHECK(table.dropped() == 0);
  CHECK(table.unroutable() == 0);
}

TEST_CASE("S39 S40 what has no peer, or a full one, is dropped")
{
  identity_table table;
  fake_pipe full{0};
  join(table, full, "F");
  texts left{"?"};
  CHECK(table.ready());
  CHECK(send(table, {"nobody", "x"}, &left) == send_result::sent);
  CHECK(left.empty());
  CHECK(send(table, {"F", "x"}, &left) == send_result::sent);
  CHECK(left.empty());
  CHECK(table.dropped() == 1);
  CHECK(table.unroutable() == 1);
}

TEST_CASE("S39 S40 S41 A17 with mandatory it is refused, and is as before")
{
  identity_table table;
  table.mandatory = true;
  CHECK_FALSE(table.ready());
  fake_pipe full{0};
  join(table, full, "F");
  CHECK_FALSE(table.ready());
  texts left;
  CHECK(send(table, {"nobody", "x"}, &left) == send_result::unreachable);
  CHECK(left == texts{"nobody", "x"});
  CHECK(send(table, {"F", "", "x"}, &left) == send_result::full);
  CHECK(left == texts{"F", "", "x"});
  fake_pipe open;
  join(table, open, "O");
  CHECK(table.ready());
  table.detach(open);
  CHECK(send(table, {"O", "x"}) == send_result::unreachable);
}

TEST_CASE("an address without a message is no message, also with mandatory")
{
  identity_table table;
  table.mandatory = GENERATE(true, false);
  fake_pipe a;
  join(table, a, "A");
  CHECK(send(table, {"A"}) == send_result::sent);
  CHECK(send(table, {"nobody"}) == send_result::sent);
  CHECK(a.written.empty());
}

TEST_CASE("A19 a peer without an id gets one of 5 bytes that starts with zero, different from all others")
{
  identity_table table;
  std::array<fake_pipe, 1000> peers;
  std::set<std::string> ids;
  for (fake_pipe& p : peers) {
    join(table, p);
    CHECK(p.id.size() == 5);
    CHECK(p.id.view()[0] == '\0');
    ids.insert(p.id.str());
  }
  CHECK(ids.size() == peers.size());
}

TEST_CASE("an id that starts with zero may be claimed, but not one that we gave away, whatever the option")
{
  identity_table table;
  table.handover = GENERATE(true, false);
  fake_pipe claiming;
  join(table, claiming, std::string{"\0abcd", 5});
  CHECK(send(table, {std::string{"\0abcd", 5}, "x"}) == send_result::sent);
  CHECK(claiming.next() == texts{"x"});

  fake_pipe automatic;
  join(table, automatic);
  fake_pipe thief;
  thief.announced = automatic.id.str();
  CHECK_FALSE(table.admits(thief));
  CHECK(automatic.rejections.empty());
}

TEST_CASE("a second peer of the same id is not admitted, until the first is gone")
{
  identity_table table;
  fake_pipe first;
  fake_pipe second;
  join(table, first, "A");
  second.announced = "A";
  CHECK_FALSE(table.admits(second));
  CHECK(table.admits(first));
  table.detach(first);
  join(table, second, "A");
  send(table, {"A", "x"});
  CHECK(second.next() == texts{"x"});
  table.detach(first);
  CHECK(table.find(as_bytes("A")) == &second);
}

TEST_CASE("with handover the newcomer has the id, and what the old one sent comes from another")
{
  pattern::exchange<pattern::router> x;
  x.outbound().handover = true;
  fake_pipe first;
  fake_pipe second;
  first.announced = second.announced = "A";
  attach(x, first);
  arrive(x, first, {"1"});
  REQUIRE(x.admits(second));
  attach(x, second);
  arrive(x, second, {"2"});
  REQUIRE(first.rejections.size() == 1);
  CHECK(first.rejections[0] == errc::duplicate_routing_id);
  texts const late = receive(x);
  CHECK(late.back() == "1");
  CHECK(late.front().size() == 5);
  CHECK(receive(x) == texts{"A", "2"});
  send(x, {"A", "x"});
  CHECK(second.next() == texts{"x"});
  x.detach_outbound(first);
  CHECK(x.knows(as_bytes("A")));
}

TEST_CASE("an id chosen before the peer connects is usable at once, and is not what the peer says")
{
  identity_table table;
  fake_pipe p;
  p.id = frame{"chosen"};
  table.attach(p);
  CHECK(send(table, {"chosen", "1"}) == send_result::sent);
  p.announced = "own";
  CHECK(table.admits(p));
  table.connected(p);
  CHECK(send(table, {"chosen", "2"}) == send_result::sent);
  CHECK(p.written.size() == 2);
  CHECK(table.find(as_bytes("own")) == nullptr);
  fake_pipe other;
  other.announced = "chosen";
  table.handover = true;
  CHECK_FALSE(table.admits(other));
}

TEST_CASE("a peer that comes back keeps its id")
{
  identity_table table;
  fake_pipe p;
  join(table, p);
  std::string const id = p.id.str();
  table.connected(p);
  CHECK(p.id.str() == id);
  table.detach(p);  // as with immediate
  join(table, p);
  CHECK(p.id.str() == id);
}

TEST_CASE("S37 every message starts with the id of its peer, also when that has left")
{
  pattern::exchange<pattern::router> x;
  fake_pipe a;
  a.announced = "A";
  fake_pipe b;
  attach(x, a);
  attach(x, b);
  arrive(x, a, {"", "q"});
  x.detach_outbound(a);
  CHECK(receive(x) == texts{"A", "", "q"});
  arrive(x, b, {""});
  CHECK(receive(x) == texts{b.id.str(), ""});
}
