// Signals that arrive everywhere all the time, and SIGPIPE with its default action.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/octets.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <future>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::blocking;

namespace {

std::atomic<int> alarms_so_far = 0;

extern "C" void count_alarm(int)
{
  int const before = errno;
  alarms_so_far.fetch_add(1, std::memory_order_relaxed);
  errno = before;
}

// SIGALRM every millisecond, to each thread; system calls that it interrupts are not restarted.
class alarms {
 public:
  alarms()
  {
    struct sigaction action{};
    action.sa_handler = &count_alarm;
    ::sigaction(SIGALRM, &action, &before_);
    alarms_so_far = 0;
  }
  alarms(alarms const&) = delete;
  alarms& operator=(alarms const&) = delete;
  ~alarms()
  {
    for (auto const& [thread, timer] : timers_)
      ::timer_delete(timer);
    // One that is on its way to a thread which has it blocked does no harm any more.
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGALRM, &ignore, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }

  // Begins with the threads that there are by now.
  void to_every_thread()
  {
    for (auto const& each : std::filesystem::directory_iterator{"/proc/self/task"}) {
      pid_t const thread = std::stoi(each.path().filename().string());
      if (timers_.contains(thread))
        continue;
      sigevent event{};
      event.sigev_notify = SIGEV_THREAD_ID;
      event.sigev_signo = SIGALRM;
      event._sigev_un._tid = thread;
      timer_t timer{};
      if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        continue;  // the thread has ended
      itimerspec const millisecond{{0, 1'000'000}, {0, 1'000'000}};
      ::timer_settime(timer, 0, &millisecond, nullptr);
      timers_.emplace(thread, timer);
    }
  }

  // How often threads were interrupted; there are at least so many in a test.
  static int count() { return alarms_so_far.load(std::memory_order_relaxed); }
  static constexpr int enough = 500;

 private:
  std::map<pid_t, timer_t> timers_;
  struct sigaction before_{};
};

// Every tenth is large, so that it does not fit into the kernel's buffers.
cozmq::message numbered(int i)
{
  return cozmq::message{std::to_string(i), std::string(i % 10 == 0 ? 300'000 : 10, 'x')};
}

bool is_numbered(cozmq::message const& m, int i)
{
  return m.size() == 2 && m[0].view() == std::to_string(i) &&
         m[1].size() == (i % 10 == 0 ? std::size_t{300'000} : std::size_t{10});
}

constexpr auto last = "last";

asio::awaitable<int> send_until_enough(cozmq::push_socket& push)
{
  int sent = 0;
  for (; alarms::count() < alarms::enough; ++sent)
    co_await push.send(numbered(sent));
  co_await push.send(last);
  co_return sent;
}

// How many came in their turn, up to the last; what is out of turn ends it.
asio::awaitable<int> receive_all(cozmq::pull_socket& pull)
{
  for (int i = 0;; ++i)
    if (cozmq::message const m = co_await pull.recv(); !is_numbered(m, i))
      co_return m[0] == last ? i : -1;
}

// Generous: it is there to end a hanging test, not to measure.
template <typename T>
T result_of(std::future<T> future)
{
  if (future.wait_for(60s) != std::future_status::ready)
    throw std::runtime_error{"it did not end in time"};
  return future.get();
}

}  // namespace

TEST_CASE("X-14 coroutines lose nothing when a signal interrupts every thread each millisecond")
{
  std::string const any = every_transport();
  captured_log log;
  cozmq::context ctx{cozmq::io_threads{2}};
  cozmq::pull_socket pull{ctx, ctx.get_executor(0)};
  cozmq::push_socket push{ctx, ctx.get_executor(1)};
  push.connect(pull.bind(any));
  alarms signals;
  signals.to_every_thread();
  auto received = asio::co_spawn(pull.get_executor(), receive_all(pull), asio::use_future);
  auto sent = asio::co_spawn(push.get_executor(), send_until_enough(push), asio::use_future);
  int const count = result_of(std::move(sent));
  REQUIRE(result_of(std::move(received)) == count);
  REQUIRE(log.lines.empty());
}

TEST_CASE("X-14 blocking sockets lose nothing when a signal interrupts every thread each millisecond")
{
  std::string const any = every_transport();
  captured_log log;
  cozmq::context ctx;
  blocking<cozmq::pull_socket> pull{ctx};
  blocking<cozmq::push_socket> push{ctx};
  push.connect(pull.bind(any));
  alarms signals;
  std::promise<void> begun;
  std::promise<void> interrupted;
  std::future<int> sending = std::async(std::launch::async, [&] {
    begun.set_value();
    interrupted.get_future().wait();
    int sent = 0;
    for (; alarms::count() < alarms::enough; ++sent)
      push.send(numbered(sent));
    push.send(last);
    return sent;
  });
  begun.get_future().wait();
  signals.to_every_thread();
  interrupted.set_value();
  int received = 0;
  for (;; ++received) {
    // Both ways to wait.
    std::optional<cozmq::message> m = received % 2 == 0 ? pull.recv_for(30s) : std::optional{pull.recv()};
    REQUIRE(m);
    if (!is_numbered(*m, received)) {
      REQUIRE((*m)[0] == last);
      break;
    }
  }
  REQUIRE(result_of(std::move(sending)) == received);
  REQUIRE(log.lines.empty());
}

TEST_CASE(
    "X-14 connections are made, asked through and ended while a signal interrupts every thread each "
    "millisecond")
{
  std::string const any = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "tcp://localhost", "ipc://*");
  captured_log log;
  cozmq::context ctx{cozmq::io_threads{2}};
  blocking<cozmq::rep_socket> server{ctx};
  std::string endpoint = server.bind(any == "tcp://localhost" ? "tcp://127.0.0.1:*" : any);
  if (any == "tcp://localhost")  // a name, which a thread of its own looks up
    endpoint = "tcp://localhost" + endpoint.substr(endpoint.rfind(':'));
  alarms signals;
  std::atomic<bool> stop = false;
  std::future<int> serving = std::async(std::launch::async, [&] {
    int served = 0;
    while (!stop) {
      if (auto const request = server.recv_for(10ms)) {
        server.send((*request)[0]);
        ++served;
      }
    }
    return served;
  });
  struct at_the_end {  // whatever fails, or the future would wait for ever
    std::atomic<bool>& stop;
    ~at_the_end() { stop = true; }
  } const guard{stop};
  int asked = 0;
  for (; alarms::count() < alarms::enough; ++asked) {
    blocking<cozmq::req_socket> client{ctx};
    client.connect(endpoint);
    REQUIRE(client.wait_connected(1, 30s));
    signals.to_every_thread();
    cozmq::message const reply = client.request(std::to_string(asked), {.timeout = 30s});
    REQUIRE(reply[0] == std::to_string(asked));
  }
  stop = true;
  REQUIRE(result_of(std::move(serving)) == asked);
  REQUIRE(ctx.shutdown_and_wait(30s).undelivered == 0);
  REQUIRE(log.lines.empty());
}

// ---- SIGPIPE: tests that are hidden run in a child, which the signal would end ----

namespace {

// A connection of plain system calls, so that it can vanish from one statement to the next.
class abrupt_peer {
 public:
  explicit abrupt_peer(std::string const& endpoint)
  {
    if (endpoint.starts_with("ipc://")) {
      sockaddr_un to{};
      to.sun_family = AF_UNIX;
      std::strncpy(to.sun_path, endpoint.c_str() + 6, sizeof to.sun_path - 1);
      join(AF_UNIX, to);
    } else {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      to.sin_port = htons(static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1))));
      join(AF_INET, to);
    }
  }
  abrupt_peer(abrupt_peer const&) = delete;
  abrupt_peer& operator=(abrupt_peer const&) = delete;
  ~abrupt_peer() { ::close(socket_); }

  int descriptor() const { return socket_; }

  void greet_as_pull() const
  {
    auto const greeting = cozmq::wire::encode_greeting("NULL");
    octets hello{greeting.begin(), greeting.end()};
    cozmq::wire::append_command(hello, "READY",
                                cozmq::as_bytes(std::string_view{"\x0bSocket-Type\0\0\0\x04PULL", 20}));
    if (::send(socket_, hello.data(), hello.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(hello.size()))
      throw std::runtime_error{"cannot greet"};
  }

  // With something unread the connection would be reset, which is another error than the one that is wanted.
  void read_all() const
  {
    std::array<char, 4096> ignored;
    while (::recv(socket_, ignored.data(), ignored.size(), MSG_DONTWAIT) > 0) {
    }
  }

 private:
  template <typename Address>
  void join(int family, Address const& to)
  {
    socket_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket_, reinterpret_cast<sockaddr const*>(&to), sizeof to) != 0)
      throw std::system_error{errno, std::generic_category(), "cannot connect"};
  }

  int socket_ = -1;
};

void let_sigpipe_kill()
{
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
}

asio::awaitable<int> status_of_child(asio::io_context& io, std::string hidden_test)
{
  child_process child{io, {"/proc/self/exe", std::move(hidden_test)}};
  co_return co_await child.wait();
}

}  // namespace

TEST_CASE("sending to peers that have vanished", "[.child]")
{
  let_sigpipe_kill();
  captured_log log;
  for (std::string const any : {"tcp://127.0.0.1:*", "ipc://*"}) {
    int broken = 0;
    for (int round = 0; round < 20; ++round) {
      scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
        cozmq::push_socket push{ctx};
        cozmq::event_reader const events = push.events();
        std::optional<abrupt_peer> peer{std::in_place, push.bind(any)};
        peer->greet_as_pull();
        co_await push.wait_connected();
        co_await turns(io, 10);
        peer->read_all();
        peer.reset();
        // Each goes to the system in the call; the first one over tcp is taken, and answered with a reset.
        for (int i = 0; i < 3; ++i) {
          cozmq::message m{std::string(100'000, 'x')};
          (void)push.try_send(m);
        }
        for (;;) {
          cozmq::event const e = co_await events.next();
          if (e.kind != cozmq::event_kind::disconnected)
            continue;
          broken += e.error == std::errc::broken_pipe ? 1 : 0;
          break;
        }
      });
    }
    CAPTURE(any);
    REQUIRE(broken > 0);
  }
}

TEST_CASE("writing to a peer that has vanished without the library", "[.child]")
{
  let_sigpipe_kill();
  asio::io_context io;
  cozmq::context ctx{io};
  std::optional<cozmq::push_socket> push{ctx};
  abrupt_peer const peer{push->bind("ipc://*")};
  push.reset();
  ctx.shutdown();
  char const octet = 'x';
  (void)!::write(peer.descriptor(), &octet, 1);
}

TEST_CASE("X-14 a process in which SIGPIPE has its default action lives on when a peer vanishes")
{
  asio::io_context io;
  int with_library = -1;
  int without = 0;
  auto const both = [&]() -> asio::awaitable<void> {
    with_library = co_await status_of_child(io, "sending to peers that have vanished");
    without = co_await status_of_child(io, "writing to a peer that has vanished without the library");
  };
  run_test(io, both());
  REQUIRE(with_library == 0);
  REQUIRE(without == -SIGPIPE);  // so the default action does show
}
