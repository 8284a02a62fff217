#include <cozmq/routing/inbound.hpp>

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"

using namespace cozmq;
using namespace cozmq::test;

TEST_CASE("a pattern that only sends discards what a peer sends, so that the peer's messages do not pile up")
{
  routing::no_inbound none;
  fake_pipe p;
  none.attach(p);
  p.unread.push_back(message{"1"});
  p.unread.push_back(message{"2"});
  none.readable(p);
  CHECK(p.unread.empty());
  message m;
  CHECK(none.receive(m) == nullptr);
  none.detach(p);
}
