// Four sockets on strands of eight threads, and two on threads of the context, with all operations at once.
#include "support/catch.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using cozmq::errc;

namespace {

using clock_type = std::chrono::steady_clock;

std::uint32_t seed_of_this_run()
{
  char const* const given = std::getenv("COZMQ_TEST_SEED");
  return given == nullptr ? 1U : static_cast<std::uint32_t>(std::stoul(given));
}

// What all have done, and what went wrong. Any thread.
struct tally {
  std::atomic<std::size_t> received{0};
  std::atomic<std::size_t> operations{0};
  std::atomic<std::size_t> spoilt{0};  // not as it was sent
  std::atomic<std::size_t> twice{0};   // received before
  std::atomic<bool> over{false};
  std::mutex mutex{};
  std::vector<std::string> unexpected{};  // errors that nothing here explains

  void met(std::string_view where, std::error_code ec)
  {
    for (errc const usual :
         {errc::terminated, errc::socket_closed, errc::operation_in_progress, errc::would_block,
          errc::no_such_endpoint, errc::no_such_peer, errc::address_in_use, errc::timed_out})
      if (ec == usual)
        return;
    if (ec == asio::error::operation_aborted)
      return;
    std::lock_guard const lock{mutex};
    if (unexpected.size() < 20)
      unexpected.push_back(std::string{where} + ": " + ec.message());
  }
};

// Three frames: who has sent it, its number, and so many bytes that they tell the number, too.
class numbered_messages {
 public:
  explicit numbered_messages(char sender) : sender_(1, sender) {}

  cozmq::message next()
  {
    std::size_t const number = made_++;
    return {sender_, std::to_string(number), std::string(size_of(number), 'x')};
  }

  static std::size_t size_of(std::size_t number) { return number % 97 == 0 ? 5'000 : number % 61; }

 private:
  std::string sender_;
  std::size_t made_ = 0;
};

// For one receiver: each message whole, and those of one peer once. Some are lost, where connections are ended.
class receipts {
 public:
  explicit receipts(tally& all) : all_{all} {}

  void take(cozmq::message const& m)
  {
    if (m.size() != 3 || m[0].size() != 1 || m[1].empty() ||
        m[1].view().find_first_not_of("0123456789") != std::string_view::npos) {
      ++all_.spoilt;
      return;
    }
    std::size_t const number = std::stoul(m[1].str());
    if (m[2].size() != numbered_messages::size_of(number) ||
        m[2].view().find_first_not_of('x') != std::string_view::npos)
      ++all_.spoilt;
    std::vector<bool>& seen = seen_[static_cast<unsigned char>(m[0].view()[0]) % seen_.size()];
    if (number >= seen.size())
      seen.resize(2 * number + 1'000);
    if (seen[number] && m[0] != "p")  // a SUB has one from each connection to its PUB
      ++all_.twice;
    seen[number] = true;
    ++all_.received;
  }

 private:
  tally& all_;
  std::array<std::vector<bool>, 4> seen_;
};

// Where a socket can be reached, for those on other strands.
class board {
 public:
  void show(std::string endpoint)
  {
    std::lock_guard const lock{mutex_};
    endpoints_.push_back(std::move(endpoint));
  }

  std::optional<std::string> take(std::size_t which)
  {
    std::lock_guard const lock{mutex_};
    if (endpoints_.empty())
      return std::nullopt;
    auto const at = endpoints_.begin() + static_cast<std::ptrdiff_t>(which % endpoints_.size());
    std::string taken = std::move(*at);
    endpoints_.erase(at);
    return taken;
  }

  std::optional<std::string> look(std::size_t which)
  {
    std::lock_guard const lock{mutex_};
    if (endpoints_.empty())
      return std::nullopt;
    return endpoints_[which % endpoints_.size()];
  }

  void clear()
  {
    std::lock_guard const lock{mutex_};
    endpoints_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> endpoints_;
};

// A socket on a strand, and what is done with it there.
template <typename Socket>
struct station {
  station(cozmq::context& c, asio::thread_pool& pool, tally& t, char n)
      : ctx{c}, strand{asio::make_strand(pool)}, all{t}, name{n}, socket{ctx, strand}, sent{n}, received{t}
  {
    set_up();
  }

  void set_up()
  {
    socket.set_option(cozmq::option::reconnect_interval{1ms});
    socket.set_option(cozmq::option::linger{50ms});
    if constexpr (requires { socket.subscribe(""); })
      socket.subscribe("");
  }

  cozmq::context& ctx;
  asio::any_io_executor strand;
  tally& all;
  char name;
  Socket socket;
  numbered_messages sent;
  receipts received;
  board bound;                         // of ours; everybody looks
  std::vector<std::string> connected;  // of the others'
};

template <typename Socket>
asio::awaitable<void> keep_sending(station<Socket>& me)
{
  for (int i = 0; !me.all.over; ++i) {
    std::error_code ec;
    try {
      co_await me.socket.send(me.sent.next());
      if constexpr (Socket::type() != cozmq::socket_type::pub)
        continue;
      if (i % 8 != 0)
        continue;
    } catch (cozmq::error const& e) {
      ec = e.code();
    }
    if (ec)
      me.all.met("send", ec);
    co_await asio::post(me.strand, asio::use_awaitable);  // a PUB never waits by itself
  }
}

template <typename Socket>
asio::awaitable<void> keep_receiving(station<Socket>& me)
{
  std::array<cozmq::message, 8> some;
  for (int i = 0; !me.all.over; ++i) {
    std::error_code ec;
    try {
      if (i % 5 == 0) {
        std::size_t const count = co_await me.socket.recv_some(some);
        for (std::size_t k = 0; k < count; ++k)
          me.received.take(some[k]);
      } else if (i % 5 == 1) {
        auto const got = co_await (me.socket.recv() || cozmq::timeout(1ms));
        if (auto const* const m = std::get_if<0>(&got))
          me.received.take(*m);
      } else {
        cozmq::message const m = co_await me.socket.recv();
        me.received.take(m);
      }
      continue;
    } catch (cozmq::error const& e) {
      ec = e.code();
    }
    me.all.met("recv", ec);
    co_await asio::post(me.strand, asio::use_awaitable);
  }
}

template <typename Socket>
asio::awaitable<void> keep_reading_events(station<Socket>& me)
{
  while (!me.all.over) {
    std::error_code ec;
    try {
      auto const events = me.socket.events();
      for (;;)
        (void)co_await events.next();
    } catch (cozmq::error const& e) {
      ec = e.code();
    }
    me.all.met("events", ec);
    co_await asio::post(me.strand, asio::use_awaitable);
  }
}

// One operation. On the station's strand; `other` is somewhere else.
template <typename Socket, typename Other>
asio::awaitable<void> act(station<Socket>& me, station<Other>& other, std::uint32_t what,
                          std::uint32_t detail)
{
  std::error_code ec;
  try {
    switch (what % 16) {
      case 0:
      case 1: {
        static constexpr std::array<char const*, 3> everywhere{"tcp://127.0.0.1:*", "ipc://*", "inproc://"};
        std::string endpoint = everywhere[detail % 3];
        if (detail % 3 == 2)
          endpoint += std::string{me.name} + std::to_string(detail % 7);
        me.bound.show(me.socket.bind(endpoint));
        break;
      }
      case 2:
        if (auto const endpoint = me.bound.take(detail))
          me.socket.unbind(*endpoint);
        break;
      case 3:
      case 4:
      case 5:
        if (auto const endpoint = other.bound.look(detail); endpoint && me.connected.size() < 8) {
          (void)me.socket.connect(*endpoint);
          me.connected.push_back(*endpoint);
        }
        break;
      case 6:
        if (!me.connected.empty()) {
          std::swap(me.connected[detail % me.connected.size()], me.connected.back());
          std::string const endpoint = std::move(me.connected.back());
          me.connected.pop_back();
          me.socket.disconnect(endpoint);
        }
        break;
      case 7:
        if (auto const peers = me.socket.peers(); !peers.empty())
          me.socket.disconnect(peers[detail % peers.size()].id);
        break;
      case 8:
        (void)me.socket.stats();
        (void)me.socket.connected_peers();
        break;
      case 9:
        if constexpr (Socket::type() != cozmq::socket_type::sub)
          me.socket.set_option(cozmq::option::send_hwm{1 + detail % 500});
        (void)me.socket.template get_option<cozmq::option::linger>();
        break;
      case 10:
        if constexpr (Socket::type() != cozmq::socket_type::pub)
          me.socket.set_option(cozmq::option::receive_hwm{1 + detail % 500});
        break;
      case 11:
        if (detail % 8 == 0)
          me.socket.cancel();
        break;
      case 12:
        if constexpr (requires { me.socket.subscribe(""); }) {
          std::string const topic(1, static_cast<char>('0' + detail % 10));
          me.socket.subscribe(topic);
          (void)me.socket.unsubscribe(topic);
        }
        break;
      case 13: {
        if constexpr (Socket::type() != cozmq::socket_type::sub) {
          cozmq::message m = me.sent.next();
          (void)me.socket.try_send(m);
        }
        if constexpr (Socket::type() != cozmq::socket_type::pub)
          if (auto const m = me.socket.try_recv())
            me.received.take(*m);
        break;
      }
      case 14: (void)co_await (me.socket.wait_connected() || cozmq::timeout(1ms)); break;
      case 15:
        if (detail % 16 == 0) {
          me.bound.clear();
          me.connected.clear();
          me.socket = Socket{me.ctx, me.strand};  // the one before is closed
          me.set_up();
        }
        break;
    }
    ++me.all.operations;
  } catch (cozmq::error const& e) {
    ec = e.code();
  }
  if (ec)
    me.all.met("operation " + std::to_string(what % 16), ec);
}

// Operations on both, from a strand, or a thread of the context, that is neither's.
template <typename One, typename Two>
asio::awaitable<void> keep_acting(station<One>& one, station<Two>& two, std::uint32_t seed)
{
  std::mt19937 random{seed};
  while (!one.all.over) {
    std::uint32_t const what = static_cast<std::uint32_t>(random());
    std::uint32_t const detail = static_cast<std::uint32_t>(random());
    co_await asio::co_spawn(one.strand, act(one, two, what, detail), asio::use_awaitable);
    co_await asio::co_spawn(two.strand, act(two, one, detail, what), asio::use_awaitable);
    co_await cozmq::timeout(std::chrono::microseconds{random() % 1'000});
  }
}

// Ends a coroutine's promise whatever leaves it.
template <typename Coroutine>
std::future<void> begin(asio::any_io_executor const& executor, Coroutine coroutine)
{
  return asio::co_spawn(executor, std::move(coroutine), asio::use_future);
}

// Two threads that block, with their sockets on the context's own.
void send_blocking(cozmq::context& ctx, tally& all, board& at)
{
  try {
    numbered_messages sent{'t'};
    while (!all.over) {
      cozmq::blocking<cozmq::push_socket> push{ctx};
      push.set_option(cozmq::option::linger{50ms});
      auto const endpoint = at.look(0);
      push.connect(*endpoint);
      for (int i = 0; i < 5'000 && !all.over; ++i)
        push.send(sent.next());
      (void)push.stats();
    }
  } catch (cozmq::error const& e) {
    all.met("blocking send", e.code());
  }
}

void receive_blocking(tally& all, cozmq::blocking<cozmq::pull_socket>& pull)
{
  try {
    receipts received{all};
    for (std::size_t i = 0; !all.over; ++i) {
      if (auto const m = pull.recv_for(10ms))
        received.take(*m);
      if (i % 1'000 == 0)
        pull.set_option(cozmq::option::receive_hwm{1 + i / 1'000 % 500});
    }
  } catch (cozmq::error const& e) {
    all.met("blocking recv", e.code());
  }
}

}  // namespace

TEST_CASE(
    "K6 K16 B14 eight threads do everything to four sockets on strands, and what arrives is whole and came "
    "once")
{
  bool const at_length = std::getenv("COZMQ_TEST_ALL") != nullptr;
  std::size_t const enough =
      10'000;  // a slow machine with a sanitizer has them; others pass many more in the time
  auto const long_enough = at_length ? 45s : 5s;
  std::uint32_t const seed = seed_of_this_run();
  CAPTURE(seed);
  cozmq::set_log(cozmq::log_level::off);  // connections that end are what this is about
  tally all;
  auto const begun = clock_type::now();
  {
    asio::thread_pool pool{8};
    cozmq::context ctx{cozmq::io_threads{2}};
    station<cozmq::dealer_socket> a{ctx, pool, all, 'a'};
    station<cozmq::dealer_socket> b{ctx, pool, all, 'b'};
    station<cozmq::pub_socket> p{ctx, pool, all, 'p'};
    station<cozmq::sub_socket> s{ctx, pool, all, 's'};
    cozmq::blocking<cozmq::pull_socket> pull{ctx};
    board at;
    at.show(pull.bind("inproc://blocking"));

    std::vector<std::future<void>> running;
    running.push_back(begin(a.strand, keep_sending(a)));
    running.push_back(begin(a.strand, keep_receiving(a)));
    running.push_back(begin(a.strand, keep_reading_events(a)));
    running.push_back(begin(b.strand, keep_sending(b)));
    running.push_back(begin(b.strand, keep_receiving(b)));
    running.push_back(begin(p.strand, keep_sending(p)));
    running.push_back(begin(s.strand, keep_receiving(s)));
    running.push_back(begin(s.strand, keep_reading_events(s)));
    running.push_back(begin(asio::make_strand(pool), keep_acting(a, b, seed)));
    running.push_back(begin(asio::make_strand(pool), keep_acting(p, s, seed + 1)));
    running.push_back(begin(ctx.get_executor(0), keep_acting(b, a, seed + 2)));
    running.push_back(begin(ctx.get_executor(1), keep_acting(s, p, seed + 3)));
    running.push_back(std::async(std::launch::async, [&] { send_blocking(ctx, all, at); }));
    running.push_back(std::async(std::launch::async, [&] { receive_blocking(all, pull); }));

    auto const patience = begun + 300s;
    while ((all.received < enough || clock_type::now() < begun + long_enough) && clock_type::now() < patience)
      std::this_thread::sleep_for(1ms);  // this thread only watches
    all.over = true;
    ctx.shutdown();
    bool all_ended = true;
    for (auto& each : running)
      all_ended = each.wait_for(30s) == std::future_status::ready && all_ended;
    if (!all_ended)
      std::fputs("something did not end\n", stderr), std::abort();  // its frames are in use still
    for (auto& each : running)
      REQUIRE_NOTHROW(each.get());
    pool.stop();
    pool.join();
  }
  cozmq::set_log(cozmq::log_level::warn);
  CAPTURE(all.unexpected, all.operations.load());
  REQUIRE(all.received >= enough);
  REQUIRE(all.spoilt == 0);
  REQUIRE(all.twice == 0);
  REQUIRE(all.unexpected.empty());
  if (at_length)
    WARN(all.received << " messages and " << all.operations << " operations in "
                      << std::chrono::duration_cast<std::chrono::seconds>(clock_type::now() - begun).count()
                      << " s");
}
