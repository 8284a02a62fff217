// What recv() returns: an awaitable message that can also be waited for without being taken.
#pragma once

#include <cozmq/socket/operations.hpp>

#include <asio/awaitable.hpp>

namespace cozmq {

/// An `asio::awaitable<message>` that remembers its socket, so that `||` and `&&` can wait until it is ready and take
/// the message only then.
template <class Pattern>
class [[nodiscard]] receive_awaitable : public asio::awaitable<message> {
 public:
  explicit receive_awaitable(detail::core<Pattern>& s) : awaitable{detail::receive(&s)}, socket_{&s} {}

  detail::core<Pattern>& socket() const noexcept { return *socket_; }

 private:
  detail::core<Pattern>* socket_;
};

}  // namespace cozmq
