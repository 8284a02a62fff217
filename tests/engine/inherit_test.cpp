// What a program that is started by one with sockets has of them.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;

namespace {

// What each descriptor of this process leads to, such as "socket:[4711]" or "anon_inode:[eventpoll]".
std::multiset<std::string> open_here()
{
  std::multiset<std::string> found;
  for (auto const& each : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;  // that of the directory
    std::string const to = std::filesystem::read_symlink(each.path(), gone).string();
    if (!gone)
      found.insert(to);
  }
  return found;
}

// Of those that are new since `before`, the ones which a program would inherit.
std::vector<std::string> inherited_since(std::multiset<std::string> before)
{
  std::vector<std::string> found;
  for (auto const& each : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;
    std::string const to = std::filesystem::read_symlink(each.path(), gone).string();
    if (gone)
      continue;
    if (auto const known = before.find(to); known != before.end()) {
      before.erase(known);
      continue;
    }
    int const fd = std::stoi(each.path().filename().string());
    int const flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0)
      found.push_back(to);
  }
  return found;
}

// What the descriptors lead to of a program that is started now.
asio::awaitable<std::vector<std::string>> open_in_child(asio::io_context& io)
{
  child_process child{io, {"/bin/sh", "-c", "for f in /proc/self/fd/*; do readlink $f; done; echo end"}};
  std::vector<std::string> found;
  for (;;) {
    std::string line = co_await child.read_line();
    if (line == "end" || line.empty())
      break;
    found.push_back(std::move(line));
  }
  (void)co_await child.wait();
  co_return found;
}

bool has_ipv6()
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pull_socket pull{ctx};
  std::error_code ec;
  pull.bind("tcp://[::1]:*", ec);
  return !ec;
}

bool names_a_socket_or_queue(std::string const& descriptor)
{
  return descriptor.starts_with("socket:") || descriptor.starts_with("anon_inode:");
}

}  // namespace

TEST_CASE("X-20 a program that is started while sockets are connected holds none of their descriptors")
{
  std::multiset<std::string> const before = open_here();
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "tcp://[::1]:*", "ipc://*",
                                   "ipc://@cozmq-inherit-" + std::to_string(::getpid()));
  if (any == "tcp://[::1]:*" && !has_ipv6()) {
    WARN("this machine has no IPv6");
    return;
  }
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    ctx.set_default(cozmq::option::ipv6{true});
    cozmq::pull_socket pull{ctx};
    cozmq::push_socket push{ctx};
    std::string const endpoint = join(pull, push, any);
    // One that finds nobody opens a socket for each attempt; one that binds where somebody is looks who it is.
    cozmq::push_socket seeking{ctx};
    seeking.connect("tcp://127.0.0.1:1");
    std::error_code taken;
    pull.bind(endpoint, taken);
    cozmq::context threads;
    cozmq::blocking<cozmq::pull_socket> waiting{threads};
    waiting.bind("tcp://127.0.0.1:*");
    REQUIRE(waiting.descriptor() >= 0);
    cozmq::poller poller{ctx};
    poller.add(pull, cozmq::poll::in);
    poller.add(STDIN_FILENO, cozmq::poll::in);
    co_await push.send("connected");
    (void)co_await pull.recv();
    std::vector<std::string> const inherited = inherited_since(before);
    CAPTURE(inherited);
    REQUIRE(inherited.empty());
    std::vector<std::string> const theirs = co_await open_in_child(io);
    CAPTURE(theirs);
    REQUIRE(theirs.size() >= 3);
    for (std::string const& each : theirs)
      if (names_a_socket_or_queue(each))
        REQUIRE(before.contains(each));
  });
}

TEST_CASE("X-20 there is no moment at which a descriptor could be inherited")
{
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    std::multiset<std::string> const before = open_here();
    std::atomic<bool> stop = false;
    std::vector<std::string> seen;
    std::thread looking{[&] {
      while (!stop)
        for (std::string& each : inherited_since(before))
          seen.push_back(std::move(each));
    }};
    cozmq::pull_socket pull{ctx};
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    for (int i = 0; i < 200; ++i) {
      cozmq::push_socket push{ctx};
      push.connect(endpoint);
      co_await push.send("connected");
      (void)co_await pull.recv();
    }
    stop = true;
    looking.join();
    CAPTURE(seen);
    REQUIRE(seen.empty());
    co_await turns(io, 1);
  });
}
