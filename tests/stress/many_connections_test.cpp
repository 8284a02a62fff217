// Ten thousand connections at one socket: what each costs while it is idle, and what is left when they are gone.
#include "support/catch.hpp"
#include "support/descriptors.hpp"
#include "support/raw_peer.hpp"
#include "support/scenario.hpp"
#include "support/transports.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace cozmq::test;

namespace {

// So many DEALERs that do nothing, as plain TCP connections in a process of their own: their memory is not ours.
class crowd {
 public:
  crowd(asio::io_context& io, std::uint16_t port, std::size_t count) : orders_{io}, reports_{io}
  {
    octets const hello = hello_octets("DEALER");
    std::array<int, 2> orders{};
    std::array<int, 2> reports{};
    check(::pipe(orders.data()) == 0 && ::pipe(reports.data()) == 0);
    io.notify_fork(asio::io_context::fork_prepare);
    pid_ = ::fork();
    check(pid_ >= 0);
    if (pid_ == 0)
      ::_exit(live(port, count, hello, orders[0], reports[1]) ? 0 : 1);
    io.notify_fork(asio::io_context::fork_parent);
    ::close(orders[0]);
    ::close(reports[1]);
    orders_.assign(orders[1]);
    reports_.assign(reports[0]);
  }

  crowd(crowd const&) = delete;
  crowd& operator=(crowd const&) = delete;
  ~crowd()
  {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  // Until all have shaken hands; throws when they cannot.
  asio::awaitable<void> arrived() { return reported('a'); }

  // Lets all go at once.
  asio::awaitable<void> leave()
  {
    co_await asio::async_write(orders_, asio::buffer("l", 1), asio::use_awaitable);
    co_await reported('l');
  }

 private:
  static void check(bool good)
  {
    if (!good)
      throw std::system_error{errno, std::generic_category(), "cannot start a child process"};
  }

  asio::awaitable<void> reported(char expected)
  {
    char said = 0;
    co_await asio::async_read(reports_, asio::buffer(&said, 1), asio::use_awaitable);
    if (said != expected)
      throw std::runtime_error{"the peers could not connect"};
  }

  // The life of the child. Only system calls: it has the heap of a program that has stopped in the middle.
  static bool live(std::uint16_t port, std::size_t count, octets const& hello, int orders, int reports)
  {
    std::vector<int> peers(count, -1);
    bool good = true;
    for (int& peer : peers)
      good = good && (peer = connect(port)) >= 0 &&
             ::send(peer, hello.data(), hello.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(hello.size());
    for (int const peer : peers)
      good = good && shake_hands(peer);
    char order = good ? 'a' : 'f';
    good = ::write(reports, &order, 1) == 1 && ::read(orders, &order, 1) == 1;
    for (int const peer : peers)
      ::close(peer);
    return ::write(reports, &order, 1) == 1 && good;
  }

  static int connect(std::uint16_t port)
  {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int const s = ::socket(AF_INET, SOCK_STREAM, 0);
    bool const good = s >= 0 && ::connect(s, reinterpret_cast<sockaddr const*>(&to), sizeof to) == 0;
    return good ? s : -1;
  }

  // The greeting and the READY, which is a short command.
  static bool shake_hands(int peer)
  {
    std::array<unsigned char, 64 + 2 + 255> bytes{};
    if (::recv(peer, bytes.data(), 66, MSG_WAITALL) != 66 || bytes[64] != 4)
      return false;
    return ::recv(peer, bytes.data() + 66, bytes[65], MSG_WAITALL) == bytes[65];
  }

  asio::posix::stream_descriptor orders_;
  asio::posix::stream_descriptor reports_;
  pid_t pid_ = -1;
};

// What malloc has given away and has not got back, and what the system counts as ours: in bytes.
std::size_t allocated()
{
  struct mallinfo2 const all = ::mallinfo2();
  return all.uordblks + all.hblkhd;
}

std::size_t resident()
{
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

asio::awaitable<void> serve_one(cozmq::router_socket& router, cozmq::context& ctx, std::string endpoint)
{
  cozmq::dealer_socket client{ctx};
  client.connect(endpoint);
  co_await client.send("hello");
  cozmq::message m = co_await router.recv();
  co_await router.send(m);
  std::string const text = co_await text_from(client);
  REQUIRE(text == "hello");
}

}  // namespace

TEST_CASE("X-19 thousands of idle connections cost 4 KiB each, and what they had comes back when they end")
{
  std::size_t const count = std::getenv("COZMQ_TEST_ALL") != nullptr ? 10'000 : 1'000;
  if (!allow_descriptors(count + 200)) {
    WARN("skipped: this needs " << count + 200 << " descriptors, see ulimit -n");
    return;
  }
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::router_socket router{ctx};
    std::string const endpoint = router.bind("tcp://127.0.0.1:*");
    co_await serve_one(router, ctx, endpoint);  // what only the first client costs
    co_await until(io, [&] { return router.connected_peers() == 0; });

    crowd peers{io, port_of(endpoint), count};
    std::size_t const before = allocated();
    std::size_t const resident_before = resident();
    co_await peers.arrived();
    co_await until(io, [&] { return router.connected_peers() == count; });
    co_await serve_one(router, ctx, endpoint);
    std::size_t const with_all = allocated();
    std::size_t const resident_with_all = resident();

    co_await peers.leave();
    co_await until(io, [&] { return router.connected_peers() == 0; });
    co_await turns(io);
    std::size_t const after = allocated();
    ::malloc_trim(0);
    std::size_t const resident_after = resident();
    co_await serve_one(router, ctx, endpoint);

    CAPTURE(before, with_all, after, resident_before, resident_with_all, resident_after);
    if (with_all < before + count * 100) {
      WARN("memory is not counted: a sanitizer has a malloc of its own");
      co_return;
    }
    std::size_t const each = (with_all - before) / count;
    INFO(each << " bytes for each connection");
    REQUIRE(each <= 4 * 1024);
    // Asio keeps 176 bytes of each descriptor for the next one that is opened.
    REQUIRE((after - before) / count <= 256);
    REQUIRE(after - before <= resident_with_all / 10);
  });
}
