// A socket's routing with fake pipes as its peers: what the engine and a user do with it, in one line each.
#pragma once

#include "support/catch.hpp"
#include "support/fake_pipe.hpp"
#include <cozmq/pattern/exchange.hpp>

namespace cozmq::test {

template <class Pattern>
void attach(pattern::exchange<Pattern>& x, fake_pipe& p)
{
  x.attach_outbound(p);
  x.attach_inbound(p);
  x.connected(p);
}

// A message from `p` arrives; says whether the application is to look.
template <class Pattern>
bool arrive(pattern::exchange<Pattern>& x, fake_pipe& p, texts const& parts)
{
  p.unread.push_back(message_of(parts));
  return x.readable(p);
}

template <class Pattern>
texts receive(pattern::exchange<Pattern>& x)
{
  message m;
  return x.receive(m) ? frames_of(m) : texts{};
}

template <class Pattern>
errc send(pattern::exchange<Pattern>& x, texts const& parts)
{
  message m = message_of(parts);
  errc const result = x.send(m);
  // A27 after a successful send the message is empty, after a failed one it is unchanged.
  CHECK(frames_of(m) == (result == errc{} ? texts{} : parts));
  return result;
}

}  // namespace cozmq::test
