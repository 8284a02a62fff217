// Names that the system looks up for longer than anybody wants to wait. Below is the system of this test program: names
// that begin with "slow-" get no answer until the test lets them have one.
#include "support/catch.hpp"
#include "support/watchdog.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <dlfcn.h>
#include <netdb.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using cozmq::close_report;
using cozmq::test::watchdog;

namespace {

class name_server {
 public:
  // Called by the thread that asks: its turn comes when the test says so.
  void asked(std::string const& name)
  {
    std::unique_lock lock{mutex_};
    names_.push_back(name);
    changed_.notify_all();
    changed_.wait(lock, [&] { return answers_; });
    ++answered_;
    changed_.notify_all();
  }

  void forget()
  {
    std::lock_guard const lock{mutex_};
    names_.clear();
    answers_ = false;
    answered_ = 0;
  }

  void wait_asked(std::size_t count)
  {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return names_.size() >= count; });
  }

  // Lets all names be answered, and waits until those asked for are.
  std::vector<std::string> answer()
  {
    std::unique_lock lock{mutex_};
    answers_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return answered_ == names_.size(); });
    return names_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> names_;
  bool answers_ = false;
  std::size_t answered_ = 0;
};

name_server& server()
{
  static auto* const the_only = new name_server;  // threads may use it until the program ends
  return *the_only;
}

}  // namespace

extern "C" int getaddrinfo(char const* host, char const* service, addrinfo const* hints, addrinfo** found)
{
  using function = int (*)(char const*, char const*, addrinfo const*, addrinfo**);
  static auto const of_the_system = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (host == nullptr || !std::string_view{host}.starts_with("slow-"))
    return of_the_system(host, service, hints, found);
  server().asked(host);
  if (std::string_view{host}.starts_with("slow-nowhere"))
    return EAI_NONAME;
  return of_the_system("127.0.0.1", service, hints, found);
}

TEST_CASE("wish 4 B19 the end of a context with threads does not wait for a name server")
{
  watchdog hangs{60s};
  server().forget();
  {
    cozmq::context ctx;
    cozmq::blocking<cozmq::push_socket> push{ctx};
    push.connect("tcp://slow-nowhere:1");
    server().wait_asked(1);
  }
  REQUIRE(server().answer().size() == 1);
}

TEST_CASE("wish 4 an event loop ends with a lookup under way, and what it finds is nobody's")
{
  watchdog hangs{60s};
  server().forget();
  bool const socket_goes_first = GENERATE(true, false);
  auto io = std::make_unique<asio::io_context>();
  cozmq::context ctx{*io};
  std::optional<cozmq::push_socket> push{std::in_place, ctx};
  push->connect("tcp://slow-host:1");
  push->connect("tcp://slow-other:1");
  asio::co_spawn(*io, push->send("never gets there"), asio::detached);
  io->poll();
  server().wait_asked(1);
  if (socket_goes_first)
    push.reset();
  io.reset();
  push.reset();
  // Who waits for its turn behind it is forgotten, too.
  REQUIRE((server().answer() == std::vector<std::string>{"slow-host"}));
}

TEST_CASE("wish 4 close says what is lost while a name is looked up, in the time that it has")
{
  watchdog hangs{60s};
  server().forget();
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::push_socket push{ctx};
  push.connect("tcp://slow-nowhere:1");
  io.poll();
  server().wait_asked(1);
  auto report = asio::co_spawn(
      io,
      [](cozmq::push_socket& s) -> asio::awaitable<close_report> {
        co_await s.send("never gets there");
        co_return co_await s.close(20ms);
      }(push),
      asio::use_future);
  io.restart();
  io.run();  // ends: nothing waits for the name any more
  REQUIRE((report.get() == close_report{0, 1}));
  REQUIRE(server().answer().size() == 1);
}

TEST_CASE("T1 names are looked up in turns, and a message goes to the host that was found")
{
  watchdog hangs{60s};
  server().forget();
  cozmq::context ctx;
  cozmq::blocking<cozmq::pull_socket> pull{ctx};
  std::string const bound = pull.bind("tcp://127.0.0.1:*");
  std::string const port = bound.substr(bound.rfind(':'));
  cozmq::blocking<cozmq::push_socket> lost{ctx};
  cozmq::blocking<cozmq::push_socket> push{ctx};
  lost.connect("tcp://slow-nowhere:1");
  push.connect("tcp://slow-host" + port);
  push.send("found");
  server().wait_asked(1);
  server().answer();
  REQUIRE(pull.recv()[0] == "found");
  std::vector<std::string> const names = server().answer();
  REQUIRE(names.size() >= 2);  // the first is tried again after a while
  REQUIRE(names[0] == "slow-nowhere");
  REQUIRE(names[1] == "slow-host");
}
