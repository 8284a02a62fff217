// One socket that many threads send through.
#include "support/captured_log.hpp"
#include "support/elsewhere.hpp"
#include "support/parts.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::blocking;
using cozmq::shared_sender;

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

template <typename T>
T get(std::future<T>& f)
{
  REQUIRE(f.wait_for(30s) != std::future_status::timeout);
  return f.get();
}

// Fills the place between with messages "0", "1", ... and says how many there are.
std::size_t fill(shared_sender const& sender)
{
  std::size_t count = 0;
  for (cozmq::message m{std::to_string(count)}; sender.try_send(m); m = cozmq::message{std::to_string(count)})
    ++count;
  return count;
}

// Receives "0", "1", ... up to `count`; says how many came in order.
std::size_t receive_in_order(blocking<cozmq::pull_socket>& pull, std::size_t count)
{
  std::size_t i = 0;
  for (; i < count; ++i) {
    auto const m = pull.recv_for(30s);
    if (!m || (*m)[0] != std::to_string(i))
      break;
  }
  return i;
}

constexpr std::size_t threads_count = 8;

// What thread `t` sends as its `i`-th message: of one to four frames, some of them large.
cozmq::message numbered(std::size_t t, std::size_t i)
{
  cozmq::message m{std::to_string(t), std::to_string(i)};
  for (std::size_t k = 0; k < i % 3; ++k)
    m.push_back(cozmq::frame{std::string(i % 200, static_cast<char>('a' + t))});
  return m;
}

// Each thread's messages arrive once, whole and in order, until `count` of each have.
void check_all_arrive(blocking<cozmq::pull_socket>& pull, std::size_t count)
{
  std::array<std::size_t, threads_count> next{};
  bool right = true;
  for (std::size_t n = 0; right && n < count * threads_count; ++n) {
    auto const m = pull.recv_for(30s);
    REQUIRE(m);
    std::size_t const t = std::stoul((*m)[0].str());
    right = to_parts(*m) == to_parts(numbered(t, next[t]++));
  }
  REQUIRE(right);
  REQUIRE_FALSE(pull.try_recv());
}

void send_from_threads(
    shared_sender const& sender, std::size_t count, std::function<void()> const& meanwhile = [] {})
{
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < threads_count; ++t)
    threads.emplace_back([sender, t, count] {
      for (std::size_t i = 0; i < count; ++i)
        sender.send(numbered(t, i));
    });
  meanwhile();
  for (std::thread& each : threads)
    each.join();
}

}  // namespace

TEST_CASE(
    "B23 wish 6 eight threads send multipart messages through one socket: each arrives once, whole and in "
    "order")
{
  constexpr std::size_t count = 10'000;
  cozmq::context receiving;
  blocking<cozmq::pull_socket> pull{receiving};
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");

  SECTION("on a thread of its context")
  {
    cozmq::context ctx;
    cozmq::push_socket push{ctx};
    push.connect(endpoint);
    send_from_threads(shared_sender{push}, count, [&] { check_all_arrive(pull, count); });
  }
  SECTION("on an event loop of the application")
  {
    elsewhere there;
    cozmq::context ctx{there.executor()};
    auto made = asio::co_spawn(
        there.executor(),
        [&]() -> asio::awaitable<std::pair<std::unique_ptr<cozmq::push_socket>, shared_sender>> {
          auto push = std::make_unique<cozmq::push_socket>(ctx);
          push->connect(endpoint);
          shared_sender sender{*push};
          co_return std::pair{std::move(push), sender};
        },
        asio::use_future);
    auto [push, sender] = made.get();
    send_from_threads(sender, count, [&] { check_all_arrive(pull, count); });
    there.stop();
  }
  SECTION("of a thread that blocks, which sends too")
  {
    cozmq::context ctx;
    blocking<cozmq::push_socket> push{ctx};
    push.connect(endpoint);
    shared_sender const sender{push};
    send_from_threads(sender, count, [&] { check_all_arrive(pull, count); });
    push.send("from the owner");
    REQUIRE(pull.recv()[0] == "from the owner");
  }
}

TEST_CASE("wish 6 every socket type that sends without turns can be shared")
{
  cozmq::context ctx;
  auto const say = [](auto& socket, cozmq::message m) {
    shared_sender const sender{socket};
    std::thread{[&] { sender.send(std::move(m)); }}.join();
  };
  SECTION("PUB and XPUB, subscribed to by an XSUB that is shared")
  {
    blocking<cozmq::xpub_socket> xpub{ctx};
    blocking<cozmq::xsub_socket> xsub{ctx};
    xsub.connect(xpub.bind("tcp://127.0.0.1:*"));
    say(xsub, cozmq::message{"\1topic"});
    REQUIRE(xpub.recv()[0] == "\1topic");
    say(xpub, cozmq::message{"topic", "news"});
    REQUIRE((to_parts(xsub.recv()) == parts{"topic", "news"}));

    blocking<cozmq::pub_socket> pub{ctx};
    xsub.connect(pub.bind("tcp://127.0.0.1:*"));
    REQUIRE(pub.wait_subscribers("topic"));
    say(pub, cozmq::message{"topic", "more"});
    REQUIRE((to_parts(xsub.recv()) == parts{"topic", "more"}));
  }
  SECTION("ROUTER and DEALER")
  {
    blocking<cozmq::router_socket> router{ctx};
    blocking<cozmq::dealer_socket> dealer{ctx};
    dealer.set_option(cozmq::option::routing_id{"worker"});
    dealer.connect(router.bind("tcp://127.0.0.1:*"));
    say(dealer, cozmq::message{"ready"});
    REQUIRE((to_parts(router.recv()) == parts{"worker", "ready"}));
    say(router, cozmq::message{"worker", "work"});
    REQUIRE(dealer.recv()[0] == "work");
  }
  SECTION("PAIR")
  {
    blocking<cozmq::pair_socket> one{ctx};
    blocking<cozmq::pair_socket> other{ctx};
    other.connect(one.bind("inproc://pair"));
    say(one, cozmq::message{"ping"});
    REQUIRE(other.recv()[0] == "ping");
    say(other, cozmq::message{"pong"});
    REQUIRE(one.recv()[0] == "pong");
  }
  SECTION("STREAM")
  {
    blocking<cozmq::stream_socket> server{ctx};
    blocking<cozmq::stream_socket> client{ctx};
    client.connect(server.bind("tcp://127.0.0.1:*"));
    cozmq::message const connected = server.recv();
    client.recv();
    say(server, cozmq::message{connected[0], "hello"});
    REQUIRE(client.recv()[1] == "hello");
  }
}

TEST_CASE("wish 6 a shared ROUTER counts what nobody can get, and goes on")
{
  cozmq::context ctx;
  blocking<cozmq::router_socket> router{ctx};
  blocking<cozmq::dealer_socket> dealer{ctx};
  router.set_option(cozmq::option::router_mandatory{true});
  dealer.set_option(cozmq::option::routing_id{"worker"});
  dealer.connect(router.bind("tcp://127.0.0.1:*"));
  REQUIRE(router.wait_connected());
  shared_sender const sender{router};
  sender.send("nobody", "work");
  sender.send("worker", "work");
  REQUIRE(dealer.recv()[0] == "work");
  REQUIRE(router.stats().dropped.unroutable == 1);
}

TEST_CASE(
    "wish 6 a shared socket takes so many messages; then a send would block, or blocks until there is room")
{
  cozmq::context receiving;
  blocking<cozmq::pull_socket> pull{receiving};
  asio::io_context io;  // which does not run yet
  cozmq::context ctx{io};
  cozmq::push_socket push{ctx};
  shared_sender const sender{push};
  cozmq::message first{"nobody there"};
  REQUIRE_FALSE(sender.try_send(first));  // as the socket itself would say
  push.connect(pull.bind("tcp://127.0.0.1:*"));
  std::size_t const count = fill(sender);
  REQUIRE(count == 512);
  cozmq::message next{std::to_string(count)};
  REQUIRE_FALSE(sender.try_send(next));
  REQUIRE_FALSE(sender.send_for(next, 10ms));
  REQUIRE(next[0] == std::to_string(count));

  auto blocked = std::async(std::launch::async, [&] { return sender.send_for(next, 30s); });
  std::thread running{[&] { io.run(); }};
  REQUIRE(get(blocked));
  REQUIRE(next.empty());
  REQUIRE(receive_in_order(pull, count + 1) == count + 1);
  asio::post(io, [&] { push.close(); });
  running.join();
}

TEST_CASE("wish 6 to wait for the socket on the thread that runs it is an error, on strands too")
{
  captured_log const log;
  asio::io_context io;
  asio::thread_pool pool{2};
  std::array<asio::any_io_executor, 4> const all{io.get_executor(), asio::make_strand(io),
                                                 asio::make_strand(pool),
                                                 asio::make_strand(asio::any_io_executor{io.get_executor()})};
  asio::any_io_executor const executor = all[GENERATE(0U, 1U, 2U, 3U)];
  std::promise<std::vector<std::error_code>> promised;
  cozmq::context ctx{executor};
  std::optional<cozmq::push_socket> push;
  std::optional<shared_sender> sender;
  std::size_t count = 0;
  asio::post(executor, [&] {
    push.emplace(ctx);
    push->set_option(cozmq::option::linger{0ms});
    push->connect("inproc://nobody");
    sender.emplace(*push);
    count = fill(*sender);
    cozmq::message m{"one more"};
    cozmq::message none;
    std::vector<std::error_code> codes{code_of([&] { sender->send("one more"); }),
                                       code_of([&] { (void)sender->try_send(m); }),
                                       code_of([&] { (void)sender->try_send(none); })};
    push.reset();
    promised.set_value(std::move(codes));
  });
  io.run();
  std::future<std::vector<std::error_code>> result = promised.get_future();
  std::vector<std::error_code> const codes = get(result);
  REQUIRE(count == 512);
  REQUIRE(codes[0] == cozmq::errc::wrong_thread);
  REQUIRE_FALSE(codes[1]);
  REQUIRE(codes[2] == cozmq::errc::empty_message);
  pool.join();
}

TEST_CASE("wish 6 coroutines of another event loop send in their order, and are ended one by one")
{
  cozmq::context receiving;
  blocking<cozmq::pull_socket> pull{receiving};
  asio::io_context io;  // which does not run yet
  cozmq::context ctx{io};
  cozmq::push_socket push{ctx};
  push.connect(pull.bind("tcp://127.0.0.1:*"));
  shared_sender const sender{push};
  std::size_t const count = fill(sender);

  asio::io_context other;
  std::array<asio::cancellation_signal, 4> stop;
  std::array<std::optional<std::error_code>, 4> ends;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    auto const completed = [&, i](std::error_code ec) { ends[i] = ec; };
    sender.async_send(cozmq::message{i == 3 ? std::to_string(count + 2) : std::to_string(count + i)},
                      asio::bind_cancellation_slot(stop[i].slot(), asio::bind_executor(other, completed)));
  }
  other.poll();
  REQUIRE_FALSE(ends[0].has_value());
  stop[2].emit(asio::cancellation_type::total);
  other.restart();
  other.poll();
  REQUIRE(ends[2] == asio::error::operation_aborted);
  cozmq::message late{"late"};
  std::thread running{[&] { io.run(); }};
  run_test(other, [&]() -> asio::awaitable<void> {
    co_await sender.async_send(cozmq::message{std::to_string(count + 3)});  // behind those that wait
  }());
  other.restart();
  other.poll();
  for (std::size_t const i : {0U, 1U, 3U})
    REQUIRE(ends[i] == std::error_code{});
  stop[0].emit(asio::cancellation_type::total);  // of one that is complete
  REQUIRE(receive_in_order(pull, count + 4) == count + 4);
  auto empty = sender.async_send(cozmq::message{}, asio::use_future);
  REQUIRE(code_of([&] { get(empty); }) == cozmq::errc::empty_message);
  auto sent = sender.async_send(cozmq::message{"by a future"}, asio::use_future);
  get(sent);
  REQUIRE(pull.recv()[0] == "by a future");
  asio::post(io, [&] { push.close(); });
  running.join();
}

TEST_CASE("wish 6 what was sent through a shared socket goes out when it closes, and who waits is told")
{
  int const what_ends = GENERATE(0, 1, 2);  // the socket, its object, its context
  captured_log const log;
  cozmq::context receiving;
  blocking<cozmq::pull_socket> pull{receiving};
  std::string const endpoint = pull.bind("tcp://127.0.0.1:*");
  auto io = std::make_unique<asio::io_context>();
  std::optional<cozmq::context> ctx{*io};
  std::optional<cozmq::push_socket> push{*ctx};
  push->set_option(cozmq::option::linger{cozmq::option::linger::forever});  // its loop runs only later
  push->connect(endpoint);
  std::optional<shared_sender> sender{*push};
  std::size_t const count = fill(*sender);

  std::atomic<int> begun = 0;
  std::vector<std::future<std::error_code>> blocked;
  for (int i = 0; i < 4; ++i)
    blocked.push_back(std::async(std::launch::async, [&begun, s = *sender] {
      ++begun;
      return code_of([&] { s.send("too late"); });
    }));
  elsewhere there;
  for (int i = 0; i < 4; ++i)
    blocked.push_back(asio::co_spawn(
        there.executor(),
        [](shared_sender s, std::atomic<int>* counted) -> asio::awaitable<std::error_code> {
          ++*counted;
          std::error_code ec;
          co_await s.async_send(cozmq::message{"too late"}, asio::redirect_error(asio::use_awaitable, ec));
          co_return ec;
        }(*sender, &begun),
        asio::use_future));
  while (begun < 8)
    std::this_thread::yield();

  if (what_ends == 0)
    push->close();
  else if (what_ends == 1)
    push.reset();
  else
    ctx->shutdown();
  cozmq::errc const expected = what_ends == 2 ? cozmq::errc::terminated : cozmq::errc::socket_closed;
  for (auto& each : blocked)
    REQUIRE(get(each) == expected);
  cozmq::message m{"too late"};
  REQUIRE(code_of([&] { sender->try_send(m); }) == expected);
  REQUIRE(code_of([&] { sender->send("too late"); }) == expected);
  auto later = sender->async_send(cozmq::message{"too late"}, asio::use_future);
  REQUIRE(code_of([&] { later.get(); }) == expected);
  std::thread running{[&] { io->run(); }};
  REQUIRE(receive_in_order(pull, count) == count);
  running.join();
  push.reset();
  ctx.reset();
  io.reset();
  sender.reset();  // last of all
}

TEST_CASE("wish 6 a socket whose event loop goes ends those who send through it")
{
  for (int round = 0; round < 100; ++round) {
    captured_log const log;
    auto io = std::make_unique<asio::io_context>();
    std::optional<cozmq::context> ctx{*io};
    std::optional<cozmq::push_socket> push{*ctx};
    push->connect("inproc://nobody");
    shared_sender const sender{*push};
    fill(sender);
    auto blocked =
        std::async(std::launch::async, [s = sender] { return code_of([&] { s.send("too late"); }); });
    auto waits = sender.async_send(cozmq::message{"too late"}, asio::use_future);
    io.reset();
    REQUIRE(get(blocked) == cozmq::errc::terminated);
    REQUIRE(code_of([&] { waits.get(); }) == cozmq::errc::terminated);
    REQUIRE(code_of([&] { sender.send("too late"); }) == cozmq::errc::terminated);
  }
}

TEST_CASE("wish 6 an event loop that goes takes its waiting sends with it, and the socket goes on")
{
  for (int round = 0; round < 100; ++round) {
    cozmq::context receiving;
    blocking<cozmq::pull_socket> pull{receiving};
    pull.set_option(cozmq::option::receive_hwm{2'000});
    asio::io_context io;
    cozmq::context ctx{io};
    cozmq::push_socket push{ctx};
    push.connect(pull.bind("tcp://127.0.0.1:*"));
    auto sender = std::make_unique<shared_sender>(push);
    std::size_t const count = fill(*sender);
    std::optional<std::thread> running;
    {
      asio::io_context other;
      for (int i = 0; i < 3; ++i)
        asio::co_spawn(
            other,
            [](shared_sender s) -> asio::awaitable<void> {
              co_await s.async_send(cozmq::message{"a last word"});
            }(*sender),
            asio::detached);
      other.poll();
      sender.reset();  // the coroutines have the last ones
      if (round % 2 == 0)
        running.emplace([&io] { io.run(); });  // some are let in, and do not learn it
    }
    if (!running)
      running.emplace([&io] { io.run(); });
    REQUIRE(receive_in_order(pull, count) == count);
    asio::post(io, [&] { push.close(); });
    running->join();
  }
}

TEST_CASE("wish 6 a socket forgets its shared senders when the last one is gone, and has sent what they took")
{
  cozmq::context receiving;
  blocking<cozmq::pull_socket> pull{receiving};
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::push_socket push{ctx};
  push.connect(pull.bind("tcp://127.0.0.1:*"));
  std::optional<shared_sender> sender{push};
  shared_sender other{push};
  REQUIRE(push.core()->suppliers.size() == 2);
  fill(*sender);
  auto copy = std::make_unique<shared_sender>(*sender);
  sender.reset();
  std::thread{[last = std::move(copy)] {}}.join();
  other = shared_sender{push};
  run_test(io, until(io, [&] { return push.core()->suppliers.size() == 1; }));
  std::thread running{[&] { io.run(); }};
  REQUIRE(receive_in_order(pull, 512) == 512);
  asio::post(io, [&] { push.close(); });
  running.join();
}

TEST_CASE("X-12 wish 6 a shared socket delivers what it has taken, whenever it closes, and no more")
{
  for (int round = 0; round < 40; ++round) {
    cozmq::context receiving;
    blocking<cozmq::pull_socket> pull{receiving};
    pull.set_option(cozmq::option::receive_hwm{cozmq::option::unlimited});
    cozmq::context ctx{cozmq::io_threads{2}};
    cozmq::push_socket push{ctx};
    push.connect(pull.bind("tcp://127.0.0.1:*"));
    shared_sender const sender{push};
    std::array<std::size_t, 4> taken{};
    std::atomic<std::size_t> all = 0;
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < taken.size(); ++t)
      threads.emplace_back([&, t] {
        (void)code_of([&] {
          for (;; ++all, ++taken[t])
            sender.send(std::to_string(t), std::to_string(taken[t]));
        });
      });
    while (all < static_cast<std::size_t>(round) * 50)
      std::this_thread::yield();
    cozmq::close_report const report =
        asio::co_spawn(push.get_executor(), push.close(30s), asio::use_future).get();
    for (std::thread& each : threads)
      each.join();
    CAPTURE(round, report);
    REQUIRE(report.undelivered == 0);
    std::array<std::size_t, 4> next{};
    bool in_order = true;
    for (std::size_t n = 0; in_order && n < all; ++n) {
      auto const m = pull.recv_for(30s);
      REQUIRE(m);
      in_order = (*m)[1] == std::to_string(next[std::stoul((*m)[0].str())]++);
    }
    REQUIRE(in_order);
    REQUIRE(next == taken);
    REQUIRE_FALSE(pull.try_recv());
  }
}
