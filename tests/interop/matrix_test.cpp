// Every socket type with every type it is for, whichever side binds: libzmq, pyzmq and JeroMQ on the other end.
// (STREAM has no ZMTP peer: see stream_test.cpp.)
#include "interop/conversation.hpp"
#include "interop/libzmq_end.hpp"
#include "interop/our_end.hpp"
#include "interop/pairing.hpp"
#include "interop/remote_end.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include "support/run_test.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace cozmq::test;

namespace {

// ---- other programs ---------------------------------------------------------------------------------------------

enum class heartbeats { none, ours, both };

// How often a handshake may fail to come about: JeroMQ now and then takes no part in one, with libzmq as with us.
struct patience {
  int tries;
  std::chrono::seconds each{3};
};

asio::awaitable<void> converse_with_remote(asio::io_context& io, cell types, remote_program& program,
                                           bool we_bind, heartbeats who, patience handshake)
{
  std::vector<parts> const samples = modest_samples();
  for (int i = 1;; ++i) {
    captured_log log;
    cozmq::context ctx{io};
    auto const ours = make_our_end(types.ours, ctx, our_id, who != heartbeats::none);
    remote_end theirs{program};
    co_await theirs.open(std::string{types.theirs}, their_id, who == heartbeats::both);
    co_await join_ends(*ours, theirs, "tcp://127.0.0.1:*", we_bind);
    auto const given_up = std::chrono::steady_clock::now() + handshake.each;
    co_await until(io, [&] {
      return ours->connected_peers() == 1 ||
             (i < handshake.tries && std::chrono::steady_clock::now() > given_up);
    });
    if (ours->connected_peers() == 1) {
      co_await converse(types, *ours, theirs, samples);
      REQUIRE(ours->connected_peers() == 1);
      REQUIRE((log.lines == std::vector<std::string>{}));  // nobody gave the other up and came back
      co_return co_await theirs.close();
    }
    co_await theirs.close();
  }
}

void whole_matrix_with(asio::io_context& io, remote_program& program, heartbeats who, patience handshake)
{
  for (bool we_bind : {true, false})
    for (cell const& types : cells) {
      INFO(title(types, "tcp", we_bind));
      run_test(io, converse_with_remote(io, types, program, we_bind, who, handshake));
    }
}

std::vector<std::string> java(std::string const& class_path)
{
  return {"/usr/bin/env", "java", "-cp", class_path, COZMQ_TEST_SOURCE_DIR "/interop/jeromq/Peer.java"};
}

bool in_path(std::string const& program)
{
  char const* const path = std::getenv("PATH");
  std::istringstream folders{path != nullptr ? path : ""};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::filesystem::exists(folder + "/" + program))
      return true;
  return false;
}

}  // namespace

TEST_CASE(
    "B56 every socket type talks with every libzmq type it is for, over tcp and ipc, whichever side binds")
{
  for (std::string const any_address : {"tcp://127.0.0.1:*", "ipc://*"})
    for (bool we_bind : {true, false})
      for (cell const& types : cells) {
        INFO(title(types, any_address, we_bind));
        asio::io_context io;
        cozmq::context ctx{io};
        auto const ours = make_our_end(types.ours, ctx, our_id, false);
        libzmq_end theirs{io, types.theirs, their_id};
        auto test = [&]() -> asio::awaitable<void> {
          co_await join_ends(*ours, theirs, any_address, we_bind);
          co_await converse(types, *ours, theirs, samples());
        };
        run_test(io, test());
      }
}

TEST_CASE("B4 B56 every socket type talks with every pyzmq type it is for, whichever side binds")
{
  asio::io_context io;
  remote_program program{io, {COZMQ_TEST_PYTHON, COZMQ_TEST_SOURCE_DIR "/interop/pyzmq_peer.py"}};
  whole_matrix_with(io, program, heartbeats::none, {.tries = 1});
}

// JeroMQ speaks ZMTP 3.0 from its release 0.4 on, and knows PING; COZMQ_JEROMQ is the class path of such a one.
TEST_CASE(
    "B56 every socket type talks with every JeroMQ type it is for, whichever side binds, with heartbeats")
{
  char const* const class_path = std::getenv("COZMQ_JEROMQ");
  if (class_path == nullptr || !in_path("javac")) {
    WARN("skipped: needs a JDK, and COZMQ_JEROMQ to be the class path of JeroMQ 0.4 or later");
    return;
  }
  asio::io_context io;
  remote_program program{io, java(class_path)};
  whole_matrix_with(io, program, heartbeats::ours, {.tries = 5});
  whole_matrix_with(io, program, heartbeats::both, {.tries = 5});
}

// It reads our greeting, sends nothing of its own and closes.
TEST_CASE("Debian's JeroMQ, which speaks ZMTP 2.0, is refused with a line that says so, whichever side binds")
{
  std::string const jar = "/usr/share/java/jeromq.jar";
  if (!std::filesystem::exists(jar) || !in_path("javac")) {
    WARN("skipped: needs Debian's libjeromq-java and default-jdk-headless");
    return;
  }
  asio::io_context io;
  remote_program program{io, java(jar)};
  auto test = [&](bool we_bind) -> asio::awaitable<void> {
    captured_log log;
    cozmq::context ctx{io};
    auto const ours = make_our_end("PAIR", ctx, our_id, false);
    remote_end theirs{program};
    co_await theirs.open("PAIR", their_id, false);
    co_await join_ends(*ours, theirs, "tcp://127.0.0.1:*", we_bind);
    co_await until(io, [&] { return !log.lines.empty(); });
    REQUIRE(log.count("the peer closed during the handshake") == 1);
    co_await theirs.close();
  };
  run_test(io, test(true));
  run_test(io, test(false));
}
