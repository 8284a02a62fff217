// A proxy in one call.
#pragma once

#include <cozmq/service/forwarder.hpp>

#include <asio/awaitable.hpp>

namespace cozmq {

/// Forwards messages between two sockets, both ways if their patterns allow it, until it is cancelled or one of the
/// sockets ends: `co_await proxy(router, dealer)`. What it cannot do in one line is the class `forwarder`, which says
/// more; the order of XSUB and XPUB, and the like, does not matter. The same socket twice sends back what it receives.
///
/// @par Errors
/// Throws `error`: `errc::terminated`, or `socket_closed`.
///
/// @par Cancellation
/// total, partial and terminal; no message is lost.
template <class Front, class FrontExecutor, class Back, class BackExecutor>
asio::awaitable<void> proxy(basic_socket<Front, FrontExecutor>& front, basic_socket<Back, BackExecutor>& back)
{
  return forwarder{front, back}.run();
}

/// As above; `capture`, a socket that sends, gets a copy of each message. While it takes none, nothing is forwarded.
template <class Front, class FrontExecutor, class Back, class BackExecutor, class Capture,
          class CaptureExecutor>
asio::awaitable<void> proxy(basic_socket<Front, FrontExecutor>& front, basic_socket<Back, BackExecutor>& back,
                            basic_socket<Capture, CaptureExecutor>& capture)
{
  return forwarder{front, back, capture}.run();
}

}  // namespace cozmq
