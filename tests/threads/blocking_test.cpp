// Sockets for threads without an event loop.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/post.hpp>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::blocking;

namespace {

template <typename Call>
std::error_code code_of(Call call)
{
  try {
    call();
  } catch (std::system_error const& e) {
    return e.code();
  }
  return {};
}

bool is_readable(int descriptor, int milliseconds)
{
  pollfd waited{descriptor, POLLIN, 0};
  return ::poll(&waited, 1, milliseconds) == 1;
}

}  // namespace

TEST_CASE("a blocking REQ and a blocking REP say hello, from two threads")
{
  cozmq::context ctx;
  blocking<cozmq::rep_socket> server{ctx};
  blocking<cozmq::req_socket> client{ctx};
  client.connect(server.bind("tcp://127.0.0.1:*"));
  std::thread serving{[&] {
    for (int i = 0; i < 100; ++i) {
      cozmq::message const request = server.recv();
      server.send("World", request[0]);
    }
  }};
  for (int i = 0; i < 99; ++i) {
    client.send("Hello", std::to_string(i));
    REQUIRE((to_parts(client.recv()) == parts{"World", "Hello"}));
  }
  cozmq::message const reply = client.request("Bye");
  serving.join();
  REQUIRE((to_parts(reply) == parts{"World", "Bye"}));
}

TEST_CASE(
    "blocking sockets stream messages in order, on every transport, however slow the receiver is at first")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*", "inproc://name");
  constexpr int count = 100'000;
  cozmq::context ctx{cozmq::io_threads{2}};
  blocking<cozmq::pull_socket> pull{ctx};
  blocking<cozmq::push_socket> push{ctx};
  push.connect(pull.bind(any));
  std::thread sending{[&] {
    for (int i = 0; i < count; ++i)
      push.send(std::to_string(i));
  }};
  int in_order = 0;
  for (; in_order < count; ++in_order)
    if (pull.recv()[0] != std::to_string(in_order))
      break;
  sending.join();
  REQUIRE(in_order == count);
  REQUIRE_FALSE(pull.try_recv());
}

TEST_CASE(
    "a blocking send would block without a peer, and a receive without a message: now, for a while, or by "
    "default")
{
  cozmq::context ctx;
  blocking<cozmq::push_socket> push{ctx};
  cozmq::message m{"nobody there"};
  REQUIRE_FALSE(push.try_send(m));
  REQUIRE_FALSE(push.send_for(m, 10ms));
  REQUIRE(m[0] == "nobody there");
  push.set_send_timeout(10ms);
  REQUIRE(code_of([&] { push.send("nobody there"); }) == cozmq::errc::timed_out);

  blocking<cozmq::pull_socket> pull{ctx};
  REQUIRE_FALSE(pull.try_recv());
  REQUIRE_FALSE(pull.recv_for(10ms));
  pull.set_receive_timeout(10ms);
  REQUIRE(code_of([&] { pull.recv(); }) == cozmq::errc::timed_out);

  blocking<cozmq::req_socket> req{ctx};
  REQUIRE_FALSE(req.try_send(m));
  REQUIRE(code_of([&] { req.try_recv(); }) == cozmq::errc::wrong_state);
  req.connect(std::string{"inproc://later"});
  REQUIRE(req.try_send(m));
  REQUIRE_FALSE(req.recv_for(10ms));
  REQUIRE(code_of([&] { req.send("twice"); }) == cozmq::errc::wrong_state);
  cozmq::message none;
  REQUIRE(code_of([&] { push.try_send(none); }) == cozmq::errc::empty_message);
}

TEST_CASE("what a blocking socket sends right after connect is queued, whether anybody listens there or not")
{
  captured_log const log;
  cozmq::context ctx;
  for (int round = 0; round < 100; ++round) {
    blocking<cozmq::push_socket> push{ctx};
    push.set_option(cozmq::option::linger{0ms});
    cozmq::message m{"queued"};
    REQUIRE_FALSE(push.try_send(m));
    push.connect(round % 2 == 0 ? "tcp://127.0.0.1:1" : "inproc://nobody" + std::to_string(round));
    REQUIRE(push.try_send(m));
  }
}

TEST_CASE("a blocking send that waits goes on when a peer comes")
{
  cozmq::context ctx;
  blocking<cozmq::push_socket> push{ctx};
  std::string const endpoint = push.bind("tcp://127.0.0.1:*");
  std::promise<void> sent;
  std::thread sending{[&] {
    push.send("patience");
    sent.set_value();
  }};
  blocking<cozmq::pull_socket> pull{ctx};
  pull.connect(endpoint);
  REQUIRE(pull.recv()[0] == "patience");
  sending.join();
  REQUIRE(sent.get_future().wait_for(0s) == std::future_status::ready);
}

TEST_CASE("a blocking PUB reaches blocking SUBs from the time when wait_subscribers says so")
{
  cozmq::context ctx;
  blocking<cozmq::pub_socket> pub{ctx};
  blocking<cozmq::sub_socket> sub{ctx};
  sub.subscribe("weather");
  REQUIRE_FALSE(pub.wait_subscribers("weather", 1, 1ms));
  sub.connect(pub.bind("tcp://127.0.0.1:*"));
  REQUIRE(pub.wait_subscribers("weather"));
  REQUIRE(sub.wait_connected());
  pub.send("news", "nobody asked");
  pub.send("weather", "sunny");
  REQUIRE((to_parts(sub.recv()) == parts{"weather", "sunny"}));
}

TEST_CASE("a blocking ROUTER answers by routing id and says when nobody has it")
{
  cozmq::context ctx;
  blocking<cozmq::router_socket> router{ctx};
  blocking<cozmq::dealer_socket> dealer{ctx};
  router.set_option(cozmq::option::router_mandatory{true});
  dealer.set_option(cozmq::option::routing_id{"worker"});
  dealer.connect(router.bind("tcp://127.0.0.1:*"));
  dealer.send("ready");
  REQUIRE((to_parts(router.recv()) == parts{"worker", "ready"}));
  router.send("worker", "work");
  REQUIRE(dealer.recv()[0] == "work");
  REQUIRE(code_of([&] { router.send("nobody", "work"); }) == std::errc::host_unreachable);
}

TEST_CASE("the descriptor of a blocking socket is readable as long as there is a message, for any event loop")
{
  cozmq::context ctx;
  blocking<cozmq::pull_socket> pull{ctx};
  blocking<cozmq::push_socket> push{ctx};
  push.connect(pull.bind("tcp://127.0.0.1:*"));
  int const descriptor = pull.descriptor();
  REQUIRE_FALSE(pull.try_recv());
  REQUIRE_FALSE(is_readable(descriptor, 0));
  for (int round = 0; round < 100; ++round) {
    push.send("one");
    push.send("two");
    REQUIRE(is_readable(descriptor, 30'000));
    REQUIRE(is_readable(descriptor, 30'000));  // level-triggered
    REQUIRE(pull.recv()[0] == "one");
    REQUIRE(is_readable(descriptor, 30'000));
    REQUIRE(pull.recv()[0] == "two");
    // Who rang for "two" may be late, and is heard once more.
    for (int rings = 0; rings < 10 && (rings == 0 || is_readable(descriptor, 0)); ++rings)
      REQUIRE_FALSE(pull.try_recv());
    REQUIRE_FALSE(is_readable(descriptor, 0));
  }
}

TEST_CASE("A42 B20 blocked calls in eight threads end with terminated when the context does")
{
  for (int round = 0; round < 100; ++round) {
    std::optional<cozmq::context> ctx{cozmq::io_threads{2}};
    std::atomic<int> begun = 0;
    std::vector<std::future<std::error_code>> ends;
    for (int i = 0; i < 8; ++i) {
      ends.push_back(std::async(std::launch::async, [&, i]() -> std::error_code {
        if (i % 4 == 0) {
          blocking<cozmq::pull_socket> pull{*ctx};
          ++begun;
          return code_of([&] { pull.recv(); });
        }
        if (i % 4 == 1) {
          blocking<cozmq::push_socket> push{*ctx};
          ++begun;
          return code_of([&] { push.send("nobody"); });
        }
        if (i % 4 == 2) {
          blocking<cozmq::rep_socket> rep{*ctx};
          ++begun;
          return code_of([&] { rep.recv_for(1h); });
        }
        blocking<cozmq::req_socket> req{*ctx};
        ++begun;
        return code_of([&] { req.request("nobody", {.timeout = 1h}); });
      }));
    }
    while (begun < 8)
      std::this_thread::yield();
    ctx.reset();
    for (auto& each : ends)
      REQUIRE(each.get() == cozmq::errc::terminated);
  }
}

TEST_CASE(
    "what a blocking socket has sent is delivered after it is closed, and its context ends when that is done")
{
  for (int round = 0; round < 20; ++round) {
    cozmq::context receiving;
    blocking<cozmq::pull_socket> pull{receiving};
    pull.set_option(cozmq::option::receive_hwm{2'000});  // it reads on until it sees the end
    std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
    {
      cozmq::context ctx;
      blocking<cozmq::push_socket> push{ctx};
      push.set_option(cozmq::option::linger{cozmq::option::linger::forever});
      push.connect(endpoint);
      for (int i = 0; i < 1'500; ++i)
        push.send(std::to_string(i));
    }
    int in_order = 0;
    for (; in_order < 1'500; ++in_order)
      if (pull.recv()[0] != std::to_string(in_order))
        break;
    REQUIRE(in_order == 1'500);
  }
}

TEST_CASE(
    "a blocking socket on an I/O thread of its context is an error, and not a thread that waits for itself")
{
  cozmq::context ctx;
  std::promise<std::error_code> ended;
  ctx.spawn([&]() -> asio::awaitable<void> {
    ended.set_value(code_of([&] { blocking<cozmq::pull_socket>{ctx}; }));
    co_return;
  });
  REQUIRE(ended.get_future().get() == cozmq::errc::wrong_thread);
}

TEST_CASE("a blocking socket may be let go on another thread of its context, and what it has sent arrives")
{
  cozmq::context ctx{cozmq::io_threads{2}};
  blocking<cozmq::pull_socket> pull{ctx};
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  for (int i = 0; i < 20; ++i) {
    auto push = std::make_shared<blocking<cozmq::push_socket>>(ctx);
    push->connect(endpoint);
    for (int k = 0; k < 100; ++k)
      push->send(std::to_string(k));
    asio::post(ctx.get_executor(static_cast<std::size_t>(i % 2)), [last = std::move(push)] {});
  }
  for (int i = 0; i < 2'000; ++i)
    pull.recv();
}

TEST_CASE("a blocking socket needs a context with threads")
{
  asio::io_context io;
  cozmq::context ctx{io};
  REQUIRE(code_of([&] { blocking<cozmq::pull_socket>{ctx}; }) == cozmq::errc::no_io_threads);
  cozmq::context own;
  blocking<cozmq::pull_socket> pull{own};
  pull.close();
  pull.close();
  REQUIRE(code_of([&] { pull.recv(); }) == cozmq::errc::socket_closed);
}

TEST_CASE("A36 a blocking poller wakes for whichever socket has input, and what it says is so")
{
  cozmq::context ctx{cozmq::io_threads{2}};
  blocking<cozmq::pull_socket> pull{ctx};
  blocking<cozmq::sub_socket> sub{ctx};
  blocking<cozmq::rep_socket> rep{ctx};
  blocking<cozmq::push_socket> push{ctx};
  blocking<cozmq::pub_socket> pub{ctx};
  blocking<cozmq::req_socket> req{ctx};
  push.connect(pull.bind("tcp://127.0.0.1:*"));
  sub.subscribe("");
  sub.connect(pub.bind("tcp://127.0.0.1:*"));
  REQUIRE(pub.wait_subscribers(""));
  req.connect(rep.bind("tcp://127.0.0.1:*"));

  cozmq::basic_blocking_poller<int> poller;
  poller.add(pull, cozmq::poll::in, 0);
  poller.add(sub, cozmq::poll::in, 1);
  poller.add(rep, cozmq::poll::in, 2);
  REQUIRE(poller.size() == 3);
  REQUIRE(code_of([&] { poller.add(sub, cozmq::poll::in, 3); }) == cozmq::errc::already_added);
  REQUIRE(poller.wait_all(0ms).empty());
  REQUIRE(poller.wait_all(5ms).empty());

  constexpr int each = 300;
  std::thread sending{[&] {
    for (int i = 0; i < each; ++i) {
      push.send(std::to_string(i));
      pub.send(std::to_string(i));
      req.send(std::to_string(i));
      req.recv();
    }
  }};
  std::array<int, 3> next{};
  int wrong = 0;
  auto const take = [&](auto& socket, int which) {
    auto const m = socket.try_recv();
    if (!m || (*m)[0] != std::to_string(next.at(static_cast<std::size_t>(which))++))
      ++wrong;
  };
  while (wrong == 0 && next != std::array{each, each, each}) {
    for (auto const& found : poller.wait_all(30s)) {
      if (found.what != cozmq::poll::in)
        ++wrong;
      if (found.data == 0)
        take(pull, 0);
      else if (found.data == 1)
        take(sub, 1);
      else {
        take(rep, 2);
        rep.send("done");
      }
    }
  }
  sending.join();
  REQUIRE(wrong == 0);
  REQUIRE(poller.wait_all(0ms).empty());

  push.send("level-triggered");
  for (int i = 0; i < 3; ++i) {
    auto const found = poller.wait();
    REQUIRE(found);
    REQUIRE(found->data == 0);
  }
  poller.modify(pull, cozmq::poll::none);
  REQUIRE_FALSE(poller.wait(0ms));
  poller.modify(pull, cozmq::poll::in);
  REQUIRE(poller.wait(0ms));
  poller.remove(pull);
  REQUIRE_FALSE(poller.wait(0ms));
  REQUIRE(code_of([&] { poller.remove(pull); }) == cozmq::errc::not_added);
}

TEST_CASE("A36 a blocking poller waits for room, for descriptors, and for sockets that close")
{
  captured_log const log;
  cozmq::context ctx;
  blocking<cozmq::push_socket> push{ctx};
  blocking<cozmq::req_socket> req{ctx};
  blocking<cozmq::router_socket> router{ctx};
  router.set_option(cozmq::option::router_mandatory{true});
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  cozmq::basic_blocking_poller<char> poller;
  REQUIRE(code_of([&] { poller.wait(); }) == cozmq::errc::nothing_to_wait_for);
  poller.add(push, cozmq::poll::out, 'p');
  poller.add(req, cozmq::poll::in | cozmq::poll::out, 'q');
  poller.add(router, cozmq::poll::in | cozmq::poll::out, 'r');
  poller.add(ends[0], cozmq::poll::in, 'd');
  REQUIRE_FALSE(poller.wait(5ms));

  std::string const endpoint = push.bind("tcp://127.0.0.1:*");
  std::optional<blocking<cozmq::pull_socket>> pull;
  std::thread connecting{[&] {
    pull.emplace(ctx);
    pull->connect(endpoint);
  }};
  auto found = poller.wait_all(30s);
  connecting.join();
  REQUIRE(found.size() == 1);
  REQUIRE((found[0].data == 'p' && found[0].what == cozmq::poll::out));
  cozmq::message m{"room"};
  REQUIRE(push.try_send(m));
  poller.modify(push, cozmq::poll::in);  // which it never is

  req.connect("tcp://127.0.0.1:1");
  found = poller.wait_all(30s);
  REQUIRE(found.size() == 1);
  REQUIRE((found[0].data == 'q' && found[0].what == cozmq::poll::out));
  m = cozmq::message{"question"};
  REQUIRE(req.try_send(m));

  REQUIRE_FALSE(poller.wait(5ms));
  std::thread writing{[&] { (void)!::write(ends[1], "x", 1); }};
  auto one = poller.wait(30s);
  writing.join();
  REQUIRE((one && one->data == 'd' && one->what == cozmq::poll::in));
  poller.remove(ends[0]);
  ::close(ends[0]);
  ::close(ends[1]);

  blocking<cozmq::dealer_socket> dealer{ctx};
  dealer.connect(router.bind("tcp://127.0.0.1:*"));
  one = poller.wait(30s);
  REQUIRE((one && one->data == 'r' && one->what == cozmq::poll::out));
  poller.modify(router, cozmq::poll::in);
  dealer.send("hello");
  one = poller.wait(30s);
  REQUIRE((one && one->data == 'r' && one->what == cozmq::poll::in));
  REQUIRE(router.try_recv());

  router.close();
  req.close();
  push.close();
  found = poller.wait_all(30s);
  REQUIRE(found.size() == 3);
  for (auto const& each : found)
    REQUIRE(each.what == cozmq::poll::error);
  REQUIRE(poller.size() == 0);
}

TEST_CASE("one by one, a blocking poller tells of every socket that was closed")
{
  cozmq::context ctx;
  blocking<cozmq::pull_socket> first{ctx};
  blocking<cozmq::pull_socket> second{ctx};
  cozmq::basic_blocking_poller<char> poller;
  poller.add(first, cozmq::poll::in, '1');
  poller.add(second, cozmq::poll::in, '2');
  first.close();
  second.close();
  std::string told;
  while (poller.size() > 0) {
    auto const e = poller.wait(30s);
    REQUIRE(e);
    REQUIRE(e->what == cozmq::poll::error);
    told += e->data;
  }
  REQUIRE((told == "12" || told == "21"));
}

TEST_CASE("a blocking poller sleeps though a socket is ready for what is not asked for")
{
  cozmq::context ctx;
  blocking<cozmq::push_socket> push{ctx};
  blocking<cozmq::pull_socket> pull{ctx};
  pull.connect(push.bind("tcp://127.0.0.1:*"));
  blocking<cozmq::router_socket> router{ctx};
  router.set_option(cozmq::option::router_mandatory{true});
  cozmq::blocking_poller poller;
  poller.add(push, cozmq::poll::out);
  REQUIRE(poller.wait(30s));  // ready, and its descriptor has been told so
  poller.modify(push, cozmq::poll::in);
  poller.add(router, cozmq::poll::out);
  auto const cpu_time = [] {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
  };
  long long const before = cpu_time();
  REQUIRE_FALSE(poller.wait(300ms));
  REQUIRE(cpu_time() - before < 150'000'000);  // else it and the I/O thread would be at work all the time
}

TEST_CASE("A36 A42 a blocking poller goes on after a signal, and ends with the context of a socket")
{
  struct sigaction nothing = {};
  struct sigaction before = {};
  nothing.sa_handler = [](int) {};
  REQUIRE(::sigaction(SIGUSR1, &nothing, &before) == 0);
  for (int round = 0; round < 50; ++round) {
    std::optional<cozmq::context> ctx{cozmq::io_threads{1}};
    std::atomic<bool> begun = false;
    std::optional<blocking<cozmq::pull_socket>> pull;
    std::optional<blocking<cozmq::rep_socket>> rep;
    if (round % 3 != 1)
      pull.emplace(*ctx);
    if (round % 3 != 0)
      rep.emplace(*ctx);
    std::error_code ended;
    std::thread waiting{[&] {
      cozmq::blocking_poller poller;
      if (pull)
        poller.add(*pull, cozmq::poll::in);
      if (rep)
        poller.add(*rep, cozmq::poll::in);
      begun = true;
      ended = code_of([&] { poller.wait(); });
    }};
    while (!begun)
      std::this_thread::yield();
    for (int i = 0; i < 20; ++i) {
      ::pthread_kill(waiting.native_handle(), SIGUSR1);
      std::this_thread::yield();
    }
    ctx->shutdown();
    waiting.join();
    REQUIRE(ended == cozmq::errc::terminated);
  }
  ::sigaction(SIGUSR1, &before, nullptr);
}
