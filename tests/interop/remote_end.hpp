// The end of a conversation that another program holds: told what to do, and answering, in lines of text.
//
//   open TYPE ID [heartbeats] | plain_server USER PASSWORD | plain_client USER PASSWORD
//   curve_server SECRET CLIENTS_KEY | curve_client PUBLIC SECRET SERVERS_KEY
//   bind ENDPOINT | connect ENDPOINT | subscribe TOPIC | unsubscribe TOPIC
//   send FRAME FRAME ... | receive | attend | close | version
//
// Topics and frames are in hex, each behind an "x", since they may be empty. An answer is "ok" and what was asked for: the
// endpoint, the frames, the version.
#pragma once

#include "interop/end.hpp"
#include "support/child_process.hpp"
#include "support/octets.hpp"
#include "support/parts.hpp"
#include <cozmq/core/bytes.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cozmq::test {

// The other program; it holds one socket at a time.
class remote_program {
 public:
  remote_program(asio::io_context& io, std::vector<std::string> command) : process_{io, std::move(command)} {}

  // Returns what follows "ok ".
  asio::awaitable<std::string> tell(std::string line)
  {
    co_await process_.write_line(line);
    std::string const answer = co_await process_.read_line();
    if (answer.substr(0, 2) != "ok")
      throw std::runtime_error{"the other program answered \"" + answer + "\" to \"" + line.substr(0, 80) +
                               "\""};
    co_return answer.substr(answer.size() > 2 ? 3 : 2);
  }

 private:
  child_process process_;
};

class remote_end final : public end {
 public:
  explicit remote_end(remote_program& program) : program_{program} {}

  asio::awaitable<void> open(std::string type, std::string id, bool heartbeats)
  {
    co_await program_.tell("open " + type + " " + id + (heartbeats ? " heartbeats" : ""));
  }
  asio::awaitable<void> close() { co_await program_.tell("close"); }
  // A line as it is, such as "plain_client admin secret".
  asio::awaitable<void> tell(std::string line) { co_await program_.tell(std::move(line)); }

  asio::awaitable<std::string> bind(std::string endpoint) override
  {
    return program_.tell("bind " + endpoint);
  }
  asio::awaitable<void> connect(std::string endpoint) override
  {
    co_await program_.tell("connect " + endpoint);
  }
  asio::awaitable<void> send(parts message) override
  {
    std::string line = "send";
    for (std::string const& part : message)
      line += hex(part);
    co_await program_.tell(std::move(line));
  }
  asio::awaitable<parts> receive() override
  {
    std::istringstream frames{co_await program_.tell("receive")};
    parts received;
    for (std::string frame; frames >> frame;) {
      octets const bytes = from_hex(frame.substr(1));
      received.emplace_back(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    }
    co_return received;
  }
  asio::awaitable<void> subscribe(std::string topic) override
  {
    co_await program_.tell("subscribe" + hex(topic));
  }
  asio::awaitable<void> unsubscribe(std::string topic) override
  {
    co_await program_.tell("unsubscribe" + hex(topic));
  }
  asio::awaitable<void> attend() override { co_await program_.tell("attend"); }

 private:
  static std::string hex(std::string_view bytes) { return " x" + to_hex(as_bytes(bytes)); }

  remote_program& program_;
};

}  // namespace cozmq::test
