// Sockets on strands of executors that several threads run.
#include <asio/strand.hpp>

#include "support/catch.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

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

namespace {

constexpr int threads = 4;

// Four threads, of a pool or around an io_context: what a program may have.
class crew {
 public:
  explicit crew(bool has_pool)
  {
    if (has_pool) {
      pool_.emplace(static_cast<std::size_t>(threads));
      return;
    }
    io_.emplace();
    work_.emplace(io_->get_executor());
    for (int i = 0; i < threads; ++i)
      running_.emplace_back([this] { io_->run(); });
  }
  crew(crew const&) = delete;
  crew& operator=(crew const&) = delete;
  ~crew() { stop(); }

  asio::any_io_executor executor()
  {
    return pool_ ? asio::any_io_executor{pool_->get_executor()} : asio::any_io_executor{io_->get_executor()};
  }

  asio::any_io_executor strand()
  {
    if (pool_)
      return asio::make_strand(*pool_);
    return asio::make_strand(*io_);
  }

  // Ends the threads, whatever waits.
  void stop()
  {
    if (pool_) {
      pool_->stop();
      pool_->join();
      return;
    }
    io_->stop();
    for (std::thread& each : running_)
      if (each.joinable())
        each.join();
  }

 private:
  std::optional<asio::thread_pool> pool_;
  std::optional<asio::io_context> io_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::vector<std::thread> running_;
};

bool either_crew()
{
  return GENERATE(false, true);
}

// Generous: it is there to end a hanging test, not to measure.
template <typename T>
T result_of(std::future<T> future)
{
  if (future.wait_for(30s) != std::future_status::ready)
    throw std::runtime_error{"it did not end in time"};
  return future.get();
}

template <typename Function>
auto run_on(asio::any_io_executor const& executor, Function function)
{
  return result_of(asio::post(executor, asio::use_future(std::move(function))));
}

// A socket on a strand of its own, where it is made, used and destroyed.
template <typename Socket>
class stranded {
 public:
  stranded(cozmq::context& ctx, asio::any_io_executor strand) : strand_{std::move(strand)}
  {
    run_on(strand_, [&] { socket_.emplace(ctx, strand_); });
  }
  stranded(stranded const&) = delete;
  stranded& operator=(stranded const&) = delete;
  ~stranded()
  {
    run_on(strand_, [&] { socket_.reset(); });
  }

  asio::any_io_executor const& strand() const { return strand_; }
  Socket& socket() { return *socket_; }

  template <typename Function>
  auto run(Function function)
  {
    return run_on(strand_, [&] { return function(*socket_); });
  }

  template <typename Coroutine>
  auto spawn(Coroutine coroutine)
  {
    return asio::co_spawn(strand_, std::move(coroutine), asio::use_future);
  }

 private:
  asio::any_io_executor strand_;
  std::optional<Socket> socket_;
};

template <typename Binding, typename Connecting>
void join_stranded(stranded<Binding>& binding, stranded<Connecting>& connecting, std::string const& any)
{
  std::string const endpoint = binding.run([&](auto& s) { return s.bind(any); });
  connecting.run([&](auto& s) { s.connect(endpoint); });
}

constexpr int count = 200;

template <typename Socket>
asio::awaitable<void> send_numbers(Socket& socket, int many)
{
  if constexpr (requires { socket.wait_subscribers(""); })
    co_await socket.wait_subscribers("");
  for (int i = 0; i < many; ++i)
    co_await socket.send(std::to_string(i));
}

// The first number that came out of turn, or the number after the last.
template <typename Socket>
asio::awaitable<int> receive_numbers(Socket& socket, int many)
{
  for (int i = 0; i < many; ++i)
    if (cozmq::message const m = co_await socket.recv(); m[0].view() != std::to_string(i))
      co_return i;
  co_return many;
}

template <typename Sending, typename Receiving>
int one_way(crew& four, cozmq::context& ctx, std::string const& any)
{
  stranded<Sending> sending{ctx, four.strand()};
  stranded<Receiving> receiving{ctx, four.strand()};
  if constexpr (requires(Receiving s) { s.subscribe(""); })
    receiving.run([](Receiving& s) { s.subscribe(""); });
  join_stranded(sending, receiving, any);
  auto sent = sending.spawn(send_numbers(sending.socket(), count));
  int const received = result_of(receiving.spawn(receive_numbers(receiving.socket(), count)));
  result_of(std::move(sent));
  return received;
}

template <typename Socket>
asio::awaitable<void> echo(Socket& socket, int many)
{
  for (int i = 0; i < many; ++i) {
    cozmq::message m = co_await socket.recv();
    co_await socket.send(std::move(m));
  }
}

// What stands before the text, as one frame each.
using front = std::vector<std::string>;

template <typename Socket>
asio::awaitable<int> ask(Socket& socket, front const& before, int many)
{
  co_await socket.wait_connected();
  for (int i = 0; i < many; ++i) {
    cozmq::message question;
    for (std::string const& each : before)
      question.push_back(cozmq::frame{each});
    question.push_back(cozmq::frame{std::to_string(i)});
    co_await socket.send(std::move(question));
    cozmq::message const answer = co_await socket.recv();
    if (answer.size() != before.size() + 1 || answer.back().view() != std::to_string(i))
      co_return i;
  }
  co_return many;
}

template <typename Asking, typename Answering>
int echoed(crew& four, cozmq::context& ctx, std::string const& any, front const& before = {})
{
  stranded<Asking> asking{ctx, four.strand()};
  stranded<Answering> answering{ctx, four.strand()};
  if constexpr (Answering::type() == cozmq::socket_type::router)
    answering.run([](Answering& s) { s.set_option(cozmq::option::routing_id{"answering"}); });
  join_stranded(answering, asking, any);
  auto answered = answering.spawn(echo(answering.socket(), count));
  int const heard = result_of(asking.spawn(ask(asking.socket(), before, count)));
  result_of(std::move(answered));
  return heard;
}

}  // namespace

TEST_CASE("K6 every pair of socket types exchanges messages on strands of four threads, over every transport")
{
  bool const has_pool = either_crew();
  std::string const any = every_transport();
  CAPTURE(has_pool, any);
  crew four{has_pool};
  cozmq::context ctx{four.executor()};
  using namespace cozmq;
  REQUIRE(one_way<push_socket, pull_socket>(four, ctx, any) == count);
  REQUIRE(one_way<pub_socket, sub_socket>(four, ctx, any) == count);
  REQUIRE(one_way<pub_socket, xsub_socket>(four, ctx, any) == count);
  REQUIRE(echoed<req_socket, rep_socket>(four, ctx, any) == count);
  REQUIRE(echoed<req_socket, router_socket>(four, ctx, any) == count);
  REQUIRE(echoed<dealer_socket, rep_socket>(four, ctx, any, {""}) == count);
  REQUIRE(echoed<dealer_socket, router_socket>(four, ctx, any) == count);
  REQUIRE(echoed<dealer_socket, dealer_socket>(four, ctx, any) == count);
  REQUIRE(echoed<router_socket, router_socket>(four, ctx, any, {"answering"}) == count);
  REQUIRE(echoed<pair_socket, pair_socket>(four, ctx, any) == count);
}

namespace {

// An XPUB that answers subscriptions: they are messages of its application.
asio::awaitable<int> publish(cozmq::xpub_socket& socket, int many)
{
  cozmq::message const request = co_await socket.recv();
  if (request[0].size() != 1)
    co_return -1;
  for (int i = 0; i < many; ++i)
    co_await socket.send(std::to_string(i));
  co_return many;
}

asio::awaitable<int> echo_bytes(cozmq::stream_socket& socket, int many)
{
  for (int i = 0; i < many;) {
    cozmq::message m = co_await socket.recv();
    if (m[1].empty())
      continue;
    ++i;
    co_await socket.send(std::move(m));
  }
  co_return many;
}

asio::awaitable<int> ask_bytes(cozmq::stream_socket& socket, int many)
{
  cozmq::message const connected = co_await socket.recv();
  for (int i = 0; i < many; ++i) {
    co_await socket.send(connected[0], std::to_string(i));
    cozmq::message const answer = co_await socket.recv();
    if (answer[1].view() != std::to_string(i))
      co_return i;
  }
  co_return many;
}

}  // namespace

TEST_CASE("K6 an XPUB, XSUBs and STREAMs work on strands of four threads")
{
  bool const has_pool = either_crew();
  CAPTURE(has_pool);
  crew four{has_pool};
  cozmq::context ctx{four.executor()};
  for (std::string const any : {"tcp://127.0.0.1:*", "ipc://*", "inproc://xpub"}) {
    stranded<cozmq::xpub_socket> xpub{ctx, four.strand()};
    stranded<cozmq::xsub_socket> xsub{ctx, four.strand()};
    join_stranded(xpub, xsub, any);
    xsub.run([](cozmq::xsub_socket& s) { s.subscribe(""); });
    auto published = xpub.spawn(publish(xpub.socket(), count));
    REQUIRE(result_of(xsub.spawn(receive_numbers(xsub.socket(), count))) == count);
    REQUIRE(result_of(std::move(published)) == count);
  }
  stranded<cozmq::stream_socket> asking{ctx, four.strand()};
  stranded<cozmq::stream_socket> answering{ctx, four.strand()};
  join_stranded(answering, asking, "tcp://127.0.0.1:*");
  auto answered = answering.spawn(echo_bytes(answering.socket(), count));
  REQUIRE(result_of(asking.spawn(ask_bytes(asking.socket(), count))) == count);
  REQUIRE(result_of(std::move(answered)) == count);
}

TEST_CASE("K6 both ends on one strand exchange messages, and on the strand only")
{
  bool const has_pool = either_crew();
  std::string const any = every_transport();
  crew four{has_pool};
  cozmq::context ctx{four.executor()};
  asio::any_io_executor const strand = four.strand();
  auto const exchange = [&]() -> asio::awaitable<int> {
    cozmq::pull_socket pull{ctx, strand};
    cozmq::push_socket push{ctx, strand};
    join(pull, push, any);
    for (int i = 0; i < 2'000; ++i) {
      co_await push.send(std::to_string(i));
      cozmq::message const m = co_await pull.recv();
      if (m[0].view() != std::to_string(i))
        co_return i;
    }
    co_return 2'000;
  };
  REQUIRE(result_of(asio::co_spawn(strand, exchange, asio::use_future)) == 2'000);
}

namespace {

// Receives and sends with handlers on an executor that has nothing to do with the socket's.
template <typename Strand>
struct relay : std::enable_shared_from_this<relay<Strand>> {
  stranded<cozmq::pull_socket>& from;
  stranded<cozmq::push_socket>& to;
  Strand handlers;
  int left;
  std::atomic<int> elsewhere{0};
  std::promise<std::error_code> over{};

  relay(stranded<cozmq::pull_socket>& f, stranded<cozmq::push_socket>& t, Strand s, int many)
      : from{f}, to{t}, handlers{std::move(s)}, left{many}
  {
  }

  void receive()
  {
    asio::post(from.strand(), [self = this->shared_from_this()] {
      self->from.socket().async_recv(asio::bind_executor(
          self->handlers,
          [self](std::error_code ec, cozmq::message m) { self->received(ec, std::move(m)); }));
    });
  }

  void received(std::error_code ec, cozmq::message m)
  {
    elsewhere += handlers.running_in_this_thread() ? 0 : 1;
    if (ec)
      return over.set_value(ec);
    asio::post(to.strand(), [self = this->shared_from_this(), kept = std::move(m)]() mutable {
      self->to.socket().async_send(
          std::move(kept), asio::bind_executor(self->handlers, [self](std::error_code e) { self->sent(e); }));
    });
  }

  void sent(std::error_code ec)
  {
    elsewhere += handlers.running_in_this_thread() ? 0 : 1;
    if (ec || --left == 0)
      return over.set_value(ec);
    receive();
  }
};

}  // namespace

TEST_CASE("K6 handlers of async operations run on their own executor, the operations on the socket's strand")
{
  std::string const any = every_transport();
  asio::thread_pool pool{4};
  asio::thread_pool other{2};
  cozmq::context ctx{pool};
  stranded<cozmq::push_socket> source{ctx, asio::make_strand(pool)};
  stranded<cozmq::pull_socket> in{ctx, asio::make_strand(pool)};
  stranded<cozmq::push_socket> out{ctx, asio::make_strand(pool)};
  stranded<cozmq::pull_socket> sink{ctx, asio::make_strand(pool)};
  join_stranded(in, source, any);
  join_stranded(sink, out, any == "inproc://name" ? "inproc://other" : any);
  auto handlers = asio::make_strand(other);
  auto const between = std::make_shared<relay<decltype(handlers)>>(in, out, handlers, count);
  between->receive();
  auto sent = source.spawn(send_numbers(source.socket(), count));
  REQUIRE(result_of(sink.spawn(receive_numbers(sink.socket(), count))) == count);
  result_of(std::move(sent));
  REQUIRE_FALSE(result_of(between->over.get_future()));
  REQUIRE(between->elsewhere == 0);

  // use_future completes on an executor of its own.
  std::future<cozmq::message> last =
      sink.run([](cozmq::pull_socket& s) { return s.async_recv(asio::use_future); });
  out.run([](cozmq::push_socket& s) { s.async_send(cozmq::message{"last"}, asio::use_future); });
  cozmq::message const received = result_of(std::move(last));
  REQUIRE(received[0] == "last");
}

namespace {

asio::awaitable<std::error_code> ended_with(cozmq::pull_socket& socket)
{
  try {
    (void)co_await socket.recv();
  } catch (cozmq::error const& e) {
    co_return e.code();
  }
  co_return std::error_code{};
}

asio::awaitable<void> wait_for_fd_and_socket(cozmq::context& ctx, cozmq::pull_socket& pull, int bell,
                                             int many)
{
  cozmq::poller poller{ctx};  // on the pool: the strand is that of the coroutine
  poller.add(pull, cozmq::poll::in, &pull);
  poller.add(bell, cozmq::poll::in);
  for (int rung = 0, received = 0; rung + received < many;) {
    auto const found = co_await poller.wait();
    if (found.data == nullptr) {
      std::uint64_t times = 0;
      (void)!::read(bell, &times, sizeof times);
      rung += static_cast<int>(times);
    } else {
      while (pull.try_recv())
        ++received;
    }
  }
}

}  // namespace

TEST_CASE(
    "K6 on a strand timeouts, cancellation, closing and a poller with descriptors work as on one thread")
{
  bool const has_pool = either_crew();
  std::string const any = every_transport();
  crew four{has_pool};
  cozmq::context ctx{four.executor()};
  stranded<cozmq::pull_socket> pull{ctx, four.strand()};
  stranded<cozmq::push_socket> push{ctx, four.strand()};
  join_stranded(pull, push, any);

  auto const tired = [&]() -> asio::awaitable<int> {
    int late = 0;
    for (int i = 0; i < 20; ++i) {
      auto const got = co_await (pull.socket().recv() || cozmq::timeout(1ms));
      late += got.index() == 1 ? 1 : 0;
    }
    co_return late;
  };
  REQUIRE(result_of(pull.spawn(tired())) == 20);

  auto waiting = pull.spawn(ended_with(pull.socket()));
  while (waiting.wait_for(0s) != std::future_status::ready)
    pull.run([](cozmq::pull_socket& s) { s.cancel(); });
  REQUIRE(result_of(std::move(waiting)) == asio::error::operation_aborted);

  int const bell = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  auto polled = pull.spawn(wait_for_fd_and_socket(ctx, pull.socket(), bell, 2 * count));
  auto sent = push.spawn(send_numbers(push.socket(), count));
  for (int i = 0; i < count; ++i) {
    std::uint64_t const one = 1;
    (void)!::write(bell, &one, sizeof one);
  }
  result_of(std::move(sent));
  result_of(std::move(polled));
  ::close(bell);

  auto closed = pull.spawn(ended_with(pull.socket()));
  pull.run([](cozmq::pull_socket& s) { s.close(); });
  std::error_code const why = result_of(std::move(closed));
  REQUIRE((why == asio::error::operation_aborted || why == cozmq::errc::socket_closed));
}

TEST_CASE("K6 on a strand names are looked up while other operations go on")
{
  bool const has_pool = either_crew();
  crew four{has_pool};
  cozmq::context ctx{four.executor()};
  stranded<cozmq::pull_socket> pull{ctx, four.strand()};
  stranded<cozmq::push_socket> push{ctx, four.strand()};
  std::string endpoint = pull.run([](cozmq::pull_socket& s) { return s.bind("tcp://127.0.0.1:*"); });
  endpoint = "tcp://localhost" + endpoint.substr(endpoint.rfind(':'));
  auto const look_up = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      push.socket().connect(endpoint);
      co_await push.socket().send(std::to_string(i));
      co_await push.socket().wait_connected();
      push.socket().connect("tcp://localhost:1");
      push.socket().disconnect("tcp://localhost:1");  // before it is known where that is
      push.socket().disconnect(endpoint);
    }
  };
  auto asked = push.spawn(look_up());
  int received = 0;
  auto const count_them = [&]() -> asio::awaitable<void> {
    for (; received < 20; ++received)
      (void)co_await pull.socket().recv();
  };
  auto counted = pull.spawn(count_them());
  for (int i = 0; i < 200; ++i)
    push.run([](cozmq::push_socket& s) { (void)s.stats(); });
  result_of(std::move(asked));
  result_of(std::move(counted));
  REQUIRE(received == 20);
}

namespace {

template <typename Socket>
asio::awaitable<std::error_code> flood(std::shared_ptr<Socket> socket)
{
  try {
    for (;;)
      co_await socket->send("flood");
  } catch (cozmq::error const& e) {
    co_return e.code();
  }
}

template <typename Socket>
asio::awaitable<std::error_code> drink(std::shared_ptr<Socket> socket, std::atomic<int>* count_of)
{
  try {
    for (;;) {
      (void)co_await socket->recv();
      ++*count_of;
    }
  } catch (cozmq::error const& e) {
    co_return e.code();
  }
}

}  // namespace

TEST_CASE("K6 B20 the context may be shut down from any thread while its sockets work on strands")
{
  bool const has_pool = either_crew();
  bool const on_strand = GENERATE(false, true);
  std::string const any = every_transport();
  CAPTURE(has_pool, on_strand, any);
  for (int round = 0; round < 20; ++round) {
    crew four{has_pool};
    // Of a context on a strand the sockets are there, too; otherwise each has a strand of its own.
    asio::any_io_executor const common = on_strand ? four.strand() : four.executor();
    cozmq::context ctx{common};
    asio::any_io_executor const there = on_strand ? common : four.strand();
    asio::any_io_executor const here = on_strand ? common : four.strand();
    auto pull = run_on(there, [&] { return std::make_shared<cozmq::pull_socket>(ctx, there); });
    auto push = run_on(here, [&] { return std::make_shared<cozmq::push_socket>(ctx, here); });
    std::string const endpoint = run_on(there, [&] { return pull->bind(any); });
    run_on(here, [&] { push->connect(endpoint); });
    std::atomic<int> received = 0;
    auto drunk = asio::co_spawn(there, drink(std::move(pull), &received), asio::use_future);
    auto flooded = asio::co_spawn(here, flood(std::move(push)), asio::use_future);
    while (received < 50)
      std::this_thread::yield();
    if (round % 2 == 0)
      ctx.shutdown();
    else
      std::exchange(ctx, cozmq::context{}).shutdown();
    REQUIRE(result_of(std::move(drunk)) == cozmq::errc::terminated);
    REQUIRE(result_of(std::move(flooded)) == cozmq::errc::terminated);
  }
}

TEST_CASE("K6 B19 threads that stop while sockets on strands work leave nothing behind, whatever goes first")
{
  bool const has_pool = either_crew();
  std::string const any = every_transport();
  for (int round = 0; round < 20; ++round) {
    std::optional<crew> four{std::in_place, has_pool};
    std::optional<cozmq::context> ctx{std::in_place, four->executor()};
    asio::any_io_executor there = four->strand();
    asio::any_io_executor here = four->strand();
    auto pull = run_on(there, [&] { return std::make_shared<cozmq::pull_socket>(*ctx, there); });
    auto push = run_on(here, [&] { return std::make_shared<cozmq::push_socket>(*ctx, here); });
    std::string const endpoint = run_on(there, [&] { return pull->bind(any); });
    run_on(here, [&] { push->connect(endpoint); });
    std::atomic<int> received = 0;
    auto drunk = asio::co_spawn(there, drink(std::move(pull), &received), asio::use_future);
    auto flooded = asio::co_spawn(here, flood(std::move(push)), asio::use_future);
    while (received < 50)
      std::this_thread::yield();
    four->stop();
    if (round % 2 == 0)
      ctx.reset();
    here = {};
    there = {};
    four.reset();
    ctx.reset();
    REQUIRE_THROWS_AS(drunk.get(), std::future_error);
    REQUIRE_THROWS_AS(flooded.get(), std::future_error);
  }
}
