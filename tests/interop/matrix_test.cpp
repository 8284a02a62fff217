// Every socket type with every type it is for, whichever side binds: libzmq, pyzmq and JeroMQ on the other end.
// (STREAM has no ZMTP peer: see stream_test.cpp.)
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

// ---- the table --------------------------------------------------------------------------------------------------

struct cell {
  std::string_view ours;
  std::string_view theirs;
};

constexpr cell cells[] = {
    {"PAIR", "PAIR"},     {"PUSH", "PULL"},     {"PULL", "PUSH"},     {"PUB", "SUB"},    {"PUB", "XSUB"},
    {"SUB", "PUB"},       {"SUB", "XPUB"},      {"XPUB", "SUB"},      {"XPUB", "XSUB"},  {"XSUB", "PUB"},
    {"XSUB", "XPUB"},     {"REQ", "REP"},       {"REQ", "ROUTER"},    {"REP", "REQ"},    {"REP", "DEALER"},
    {"DEALER", "REP"},    {"DEALER", "DEALER"}, {"DEALER", "ROUTER"}, {"ROUTER", "REQ"}, {"ROUTER", "DEALER"},
    {"ROUTER", "ROUTER"},
};

std::string const our_id = "ours";
std::string const their_id = "theirs";

bool publishes(std::string_view type)
{
  return type == "PUB" || type == "XPUB";
}

bool subscribes(std::string_view type)
{
  return type == "SUB" || type == "XSUB";
}

// What a program sends and receives around the body: a ROUTER its peer's id, and who talks to a REQ or REP without
// being one the empty delimiter.
parts envelope(std::string_view mine, std::string_view other, std::string const& id_of_other)
{
  parts result;
  if (mine == "ROUTER")
    result.push_back(id_of_other);
  if ((other == "REQ" || other == "REP") && (mine == "ROUTER" || mine == "DEALER"))
    result.emplace_back();
  return result;
}

parts enveloped(parts message, parts const& body)
{
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

// ---- what two ends say to each other ----------------------------------------------------------------------------

// Raises nothing by itself: a line for each part is what a failure needs to show of messages of a mebibyte.
std::string outline(parts const& message)
{
  std::string text;
  for (std::string const& part : message)
    text += fmt::format(" [{} bytes: {}]", part.size(), cozmq::frame{part.substr(0, 20)});
  return text;
}

asio::awaitable<void> expect(end& at, parts expected)
{
  parts const received = co_await at.receive();
  INFO("received" << outline(received) << ", expected" << outline(expected));
  REQUIRE((received == expected));
}

asio::awaitable<void> stream(end& from, end& to, std::vector<parts> const& samples)
{
  for (parts const& sample : samples)
    co_await from.send(sample);
  for (parts const& sample : samples)
    co_await expect(to, sample);
}

asio::awaitable<void> subscribe(end& at, std::string_view type, bool on)
{
  if (type == "XSUB") {
    parts const command{std::string(1, on ? '\1' : '\0')};
    co_await at.send(command);
  } else if (on) {
    co_await at.subscribe("");
  } else {
    co_await at.unsubscribe("");
  }
}

// A PUB does not know who has subscribed, and ours knows more than theirs: theirs repeats "sync" until we have it.
asio::awaitable<void> listen_to_pub(our_end& ours, end& theirs, std::vector<parts> const& samples)
{
  parts const sync{"sync"};
  while (!ours.readable())
    co_await theirs.send(sync);
  for (parts const& sample : samples)
    co_await theirs.send(sample);
  parts received = sync;
  while (received == sync)
    received = co_await ours.receive();
  REQUIRE((received == samples.front()));
  for (std::size_t i = 1; i < samples.size(); ++i)
    co_await expect(ours, samples[i]);
}

asio::awaitable<void> publish(cell types, our_end& ours, end& theirs, std::vector<parts> const& samples)
{
  bool const we_publish = publishes(types.ours);
  end& publisher = we_publish ? ours : theirs;
  end& subscriber = we_publish ? theirs : ours;
  std::string_view const publisher_type = we_publish ? types.ours : types.theirs;
  std::string_view const subscriber_type = we_publish ? types.theirs : types.ours;

  co_await subscribe(subscriber, subscriber_type, true);
  if (types.theirs == "PUB") {
    co_await listen_to_pub(ours, theirs, samples);
    co_return;
  }
  while (we_publish && !ours.has_subscribers())
    co_await theirs.attend();
  if (publisher_type == "XPUB") {
    parts const subscription{std::string(1, '\1')};
    co_await expect(publisher, subscription);
  }
  co_await stream(publisher, subscriber, samples);
  if (publisher_type == "XPUB") {
    co_await subscribe(subscriber, subscriber_type, false);
    parts const cancellation{std::string(1, '\0')};
    co_await expect(publisher, cancellation);
  }
  if (publisher_type == "XPUB" && subscriber_type == "XSUB") {
    parts const upstream{"what an XSUB sends"};
    co_await subscriber.send(upstream);
    co_await expect(publisher, upstream);
  }
}

// Each sample there and back. A ROUTER, unless it knows its peer's id already, and a REP wait to be spoken to.
asio::awaitable<void> talk(cell types, our_end& ours, end& theirs, std::vector<parts> const& samples)
{
  parts const around_ours = envelope(types.ours, types.theirs, their_id);
  parts const around_theirs = envelope(types.theirs, types.ours, our_id);
  bool const they_begin = types.theirs == "REQ" || types.theirs == "DEALER";
  if (!they_begin)
    co_await ours.wait_connected();
  for (parts const& sample : samples) {
    end& first = they_begin ? theirs : ours;
    end& second = they_begin ? ours : theirs;
    parts const at_first = enveloped(they_begin ? around_theirs : around_ours, sample);
    parts const at_second = enveloped(they_begin ? around_ours : around_theirs, sample);
    co_await first.send(at_first);
    co_await expect(second, at_second);
    co_await second.send(at_second);
    co_await expect(first, at_first);
  }
}

asio::awaitable<void> converse(cell types, our_end& ours, end& theirs, std::vector<parts> const& samples)
{
  if (publishes(types.ours) || subscribes(types.ours))
    co_await publish(types, ours, theirs, samples);
  else if (types.ours == "PUSH")
    co_await stream(ours, theirs, samples);
  else if (types.ours == "PULL")
    co_await stream(theirs, ours, samples);
  else
    co_await talk(types, ours, theirs, samples);
}

asio::awaitable<void> join_ends(our_end& ours, end& theirs, std::string any_address, bool we_bind)
{
  if (we_bind) {
    std::string const endpoint = co_await ours.bind(any_address);
    co_await theirs.connect(endpoint);
  } else {
    std::string const endpoint = co_await theirs.bind(any_address);
    co_await ours.connect(endpoint);
  }
}

std::string title(cell types, std::string const& any_address, bool we_bind)
{
  return fmt::format("our {} {} their {} at {}", types.ours, we_bind ? "bound, " : "connected to",
                     types.theirs, any_address);
}

// ---- other programs ---------------------------------------------------------------------------------------------

// Messages whose hex is no burden to either side.
std::vector<parts> modest_samples()
{
  std::vector<parts> result;
  for (parts const& sample : samples()) {
    std::size_t size = 0;
    for (std::string const& part : sample)
      size += part.size();
    if (size <= 70'000)
      result.push_back(sample);
  }
  return result;
}

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
