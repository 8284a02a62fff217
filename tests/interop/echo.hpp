// One end asks every sample, the other echoes it: the conversation of most interop tests, for either side.
#pragma once

#include "interop/pairing.hpp"
#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>

#include <cstddef>
#include <stdexcept>
#include <utility>

namespace cozmq::test {

// `envelope` is what a socket shows its application in front of the sample.
inline parts with(parts envelope, parts const& sample)
{
  envelope.insert(envelope.end(), sample.begin(), sample.end());
  return envelope;
}

// We ask, they echo.
template <typename Socket>
asio::awaitable<void> ask(Socket& ours, peer_thread& theirs, parts envelope = {})
{
  for (parts const& sample : samples()) {
    parts const expected = with(envelope, sample);
    co_await ours.send(to_message(expected));
    cozmq::message reply = co_await ours.recv();
    REQUIRE((to_parts(reply) == expected));
  }
  co_await theirs.join();
}

// They ask, we echo.
template <typename Socket>
asio::awaitable<void> echo(Socket& ours, peer_thread& theirs, parts envelope = {})
{
  for (parts const& sample : samples()) {
    cozmq::message request = co_await ours.recv();
    REQUIRE((to_parts(request) == with(envelope, sample)));
    co_await ours.send(std::move(request));
  }
  co_await theirs.join();
}

inline void echo(libzmq_peer& theirs)
{
  for (std::size_t i = 0; i < samples().size(); ++i)
    theirs.send(theirs.receive());
}

inline void ask(libzmq_peer& theirs, parts const& envelope)
{
  for (parts const& sample : samples()) {
    parts const message = with(envelope, sample);
    theirs.send(message);
    if (theirs.receive() != message)
      throw std::runtime_error{"the echo differs from what was sent"};
  }
}

inline void expect(libzmq_peer& theirs, parts const& message)
{
  if (theirs.receive() != message)
    throw std::runtime_error{"not the message that was expected"};
}

}  // namespace cozmq::test
