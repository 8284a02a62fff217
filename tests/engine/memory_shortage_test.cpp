// Memory that is not to be had while the library works for a peer: that peer is lost, at most, and nobody else notices.
// operator new of this test program fails once when it is told to.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/few_descriptors.hpp"
#include "support/octets.hpp"
#include "support/raw_peer.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace cozmq::test;

namespace {

constexpr std::size_t never = SIZE_MAX;
thread_local std::size_t until_failure = never;

// In its life the allocation with this number fails, counted from 0.
class shortage {
 public:
  explicit shortage(std::size_t number) { until_failure = number; }
  shortage(shortage const&) = delete;
  shortage& operator=(shortage const&) = delete;
  ~shortage() { until_failure = never; }

  bool came() const { return until_failure == never; }
  std::size_t left() const { return until_failure; }
};

}  // namespace

// All forms: a sanitizer's own would not call the first.
void* operator new(std::size_t size)
{
  if (until_failure != never && until_failure-- == 0)
    throw std::bad_alloc{};
  if (void* const memory = std::malloc(size == 0 ? 1 : size); memory != nullptr)
    return memory;
  throw std::bad_alloc{};
}

void* operator new[](std::size_t size)
{
  return operator new(size);
}

// Asio's.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept
{
  if (until_failure != never && until_failure-- == 0)
    return nullptr;
  void* memory = nullptr;
  return ::posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

void* operator new(std::size_t size, std::nothrow_t const&) noexcept
{
  return std::malloc(size == 0 ? 1 : size);
}

void* operator new[](std::size_t size, std::nothrow_t const&) noexcept
{
  return std::malloc(size == 0 ? 1 : size);
}

void operator delete(void* memory) noexcept
{
  std::free(memory);
}

void operator delete[](void* memory) noexcept
{
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept
{
  std::free(memory);
}

void operator delete[](void* memory, std::size_t) noexcept
{
  std::free(memory);
}

namespace {

// Writes what fits into the system's buffers, and does not read.
class writer {
 public:
  explicit writer(std::string const& endpoint, bool says_hello = true)
  {
    stream_.connect({asio::ip::address_v4::loopback(), port_of(endpoint)});
    if (says_hello)
      write(hello_octets("PUSH"));
  }

  void write(octets const& bytes) { asio::write(stream_, asio::buffer(bytes)); }

 private:
  asio::io_context unused_;
  asio::ip::tcp::socket stream_{unused_};
};

octets large_frame(std::size_t size)
{
  octets result{std::byte{2}};
  for (int shift = 56; shift >= 0; shift -= 8)
    result.push_back(static_cast<std::byte>(size >> shift));
  result.resize(result.size() + size, std::byte{'x'});
  return result;
}

// All kinds of frames, more than one of the decoder's chunks.
octets much()
{
  octets result;
  for (int round = 0; round < 3; ++round) {
    result = result + frame_octets("first", true) + frame_octets("second");
    for (int i = 0; i < 200; ++i)
      result = result + frame_octets("small");
    result = result + frame_octets("before", true) + large_frame(20'000) + large_frame(40'000);
  }
  return result;
}
constexpr std::size_t messages_in_much = 3 * 203;

template <typename Condition>
void run_until(asio::io_context& io, Condition condition)
{
  auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error{"it did not happen in time"};
    io.restart();
    io.run_one_for(std::chrono::milliseconds{10});
  }
}

// Lets the event loop work until the allocation with this number has failed, or all is `done()` without it: then false.
template <typename Condition>
bool runs_short(asio::io_context& io, std::size_t number, Condition done)
{
  bool came = false;
  run_until(io, [&] {
    shortage const one{number};
    io.restart();
    io.poll();
    number = one.left();
    came = one.came();
    return came || done();
  });
  return came;
}

struct receiver {
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pull_socket pull{ctx};
  std::string bound = pull.bind("tcp://127.0.0.1:*");
};

}  // namespace

TEST_CASE("K7 a peer whose messages find no memory is lost; the other connections go on")
{
  captured_log const log;
  std::size_t lost = 0;
  std::size_t number = 0;
  for (bool came = true; came; ++number) {
    CAPTURE(number);
    receiver here;
    writer victim{here.bound};
    writer other{here.bound};
    run_until(here.io, [&] { return here.pull.stats().peers == 2; });
    victim.write(much());
    came = runs_short(here.io, number, [&] { return here.pull.stats().unread == messages_in_much; });
    other.write(frame_octets("still here"));
    std::size_t of_victim = 0;
    std::optional<cozmq::message> of_other;
    run_until(here.io, [&] {
      while (std::optional<cozmq::message> m = here.pull.try_recv())
        if ((*m)[0] == "still here")
          of_other = std::move(m);
        else
          ++of_victim;
      return of_other && (here.pull.stats().peers == 1 || of_victim == messages_in_much);
    });
    if (here.pull.stats().peers == 1)
      ++lost;
  }
  REQUIRE(number > 1);  // much of the memory is what earlier messages have left
  REQUIRE(lost > 0);
}

TEST_CASE("K7 a peer that comes when there is no memory is refused; the next one is served")
{
  captured_log const log;
  std::size_t number = 0;
  for (bool came = true; came; ++number) {
    CAPTURE(number);
    receiver here;
    here.io.poll();
    writer victim{here.bound};
    came = runs_short(here.io, number, [&] { return here.pull.stats().peers == 1; });
    std::size_t const before = here.pull.stats().peers;
    writer next{here.bound};
    run_until(here.io, [&] { return here.pull.stats().peers > before; });
    next.write(frame_octets("served"));
    std::optional<cozmq::message> m;
    run_until(here.io, [&] { return (m = here.pull.try_recv()).has_value(); });
    REQUIRE((*m)[0] == "served");
  }
  REQUIRE(number > 5);
}

TEST_CASE("K7 a listener that finds neither a descriptor nor memory goes on when there is a descriptor again")
{
  captured_log const log;
  bool const silent = GENERATE(true, false);  // one that is there already, and may give way
  std::size_t number = 0;
  for (bool came = true; came; ++number) {
    CAPTURE(number);
    receiver here;
    few_descriptors scarce{200, 185};
    writer first{here.bound, !silent};
    run_until(here.io, [&] { return here.pull.stats().accepted == 1; });
    run_until(here.io, [&] { return silent || here.pull.stats().peers == 1; });
    writer second{here.bound};
    std::size_t const lines = log.lines.size();
    came = runs_short(here.io, number, [&] { return log.lines.size() > lines; });
    scarce.give_back();
    std::uint64_t const before = here.pull.stats().accepted;
    writer next{here.bound};
    run_until(here.io, [&] { return here.pull.stats().accepted > before; });
  }
  REQUIRE(number > 5);
}

namespace {

// Receives for ever, and only ever because it is woken.
template <typename Socket>
void keep_receiving(Socket& socket, std::vector<std::string>& texts)
{
  socket.async_recv([&](std::error_code ec, cozmq::message m) {
    if (ec)
      return;
    texts.push_back(std::string{m[0].view()});
    keep_receiving(socket, texts);
  });
}

// `send` sends from outside of the event loops of `there`, once with each allocation failing in turn; nothing that it took is
// lost, and the next message wakes whoever slept.
template <typename Send>
void send_without_memory(asio::io_context& here, asio::io_context& there, cozmq::pull_socket& pull, Send send)
{
  std::vector<std::string> texts;
  keep_receiving(pull, texts);
  auto const arrives = [&](std::string const& text) {
    run_until(there, [&] {
      here.restart();
      here.poll();
      return !texts.empty() && texts.back() == text;
    });
  };
  REQUIRE(send("0"));
  arrives("0");
  std::size_t failures = 0;
  for (bool came = true; came; ++failures) {
    CAPTURE(failures);
    bool taken = false;
    try {
      shortage const one{failures};
      taken = send("meanwhile");
      came = one.came();
    } catch (std::bad_alloc const&) {
    }
    std::size_t const before = texts.size();
    std::string const next = std::to_string(failures + 1);
    REQUIRE(send(cozmq::message{next}));
    arrives(next);
    REQUIRE(texts.size() == before + (taken ? 2 : 1));
  }
  REQUIRE(failures > 1);
}

}  // namespace

TEST_CASE("K7 a message between executors for whose wake there is no memory arrives with the next one")
{
  asio::io_context here;
  asio::io_context there;
  cozmq::context ctx{here};
  cozmq::pull_socket pull{ctx, there.get_executor()};
  cozmq::push_socket push{ctx};
  push.connect(pull.bind("inproc://shortage"));
  send_without_memory(here, there, pull, [&](cozmq::message m) { return push.try_send(m); });
}

TEST_CASE("K7 a message of a shared sender for whose wake there is no memory arrives with the next one")
{
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::pull_socket pull{ctx};
  cozmq::push_socket push{ctx};
  push.connect(pull.bind("inproc://shortage"));
  cozmq::shared_sender const sender{push};
  send_without_memory(io, io, pull, [&](cozmq::message m) { return sender.try_send(m); });
}

TEST_CASE("K7 a message of a blocking socket for whose wake there is no memory arrives with the next one")
{
  asio::io_context unused;
  asio::io_context io;
  cozmq::context ctx{cozmq::io_threads{1}};
  cozmq::pull_socket pull{ctx, io.get_executor()};
  cozmq::blocking<cozmq::push_socket> push{ctx};
  push.connect(pull.bind("inproc://shortage"));
  send_without_memory(unused, io, pull, [&](cozmq::message m) { return push.try_send(m); });
}

TEST_CASE("K7 a sender for whose wake there was no memory is woken when the receiver next finds nothing")
{
  std::size_t number = 0;
  for (bool came = true; came; ++number) {
    CAPTURE(number);
    asio::io_context here;
    asio::io_context there;
    cozmq::context ctx{here};
    cozmq::pull_socket pull{ctx, there.get_executor()};
    cozmq::push_socket push{ctx};
    pull.set_option(cozmq::option::receive_hwm{1});
    push.set_option(cozmq::option::send_hwm{1});
    push.connect(pull.bind("inproc://shortage"));
    there.poll();
    here.poll();
    for (bool room = true; room;) {
      cozmq::message m{"fills"};
      room = push.try_send(m);
    }
    bool sent = false;
    push.async_send(cozmq::message{"waits"}, [&](std::error_code ec) { sent = !ec; });
    there.restart();
    there.poll();
    {
      shortage const one{number};
      while (pull.try_recv())
        continue;
      came = one.came();
    }
    REQUIRE_FALSE(pull.try_recv());
    run_until(here, [&] { return sent; });
  }
  REQUIRE(number > 1);
}
