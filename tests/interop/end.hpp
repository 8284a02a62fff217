// One end of a conversation between two implementations: a socket of a type known only at run time.
#pragma once

#include "support/parts.hpp"

#include <asio/awaitable.hpp>

#include <string>

namespace cozmq::test {

class end {
 public:
  end() = default;
  end(end const&) = delete;
  end& operator=(end const&) = delete;
  virtual ~end() = default;

  // Returns the endpoint with what `*` stood for.
  virtual asio::awaitable<std::string> bind(std::string endpoint) = 0;
  virtual asio::awaitable<void> connect(std::string endpoint) = 0;
  virtual asio::awaitable<void> send(parts message) = 0;
  virtual asio::awaitable<parts> receive() = 0;
  virtual asio::awaitable<void> subscribe(std::string topic) = 0;
  virtual asio::awaitable<void> unsubscribe(std::string topic) = 0;
  // A call that does nothing: libzmq and its like notice what their I/O threads did only in calls.
  virtual asio::awaitable<void> attend() = 0;
};

}  // namespace cozmq::test
