// Contexts, sockets, loops and threads that end in every order, while everything is under way.
#include "stress/grounds.hpp"
#include "stress/party.hpp"
#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/watchdog.hpp"
#include "support/witness.hpp"
#include <cozmq/cozmq.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
namespace option = cozmq::option;
using clock_type = std::chrono::steady_clock;

namespace {

// Nothing that ends takes longer, however slow the machine and a sanitizer are.
constexpr clock_type::duration longest_round = 10s;
// What no round should take on a machine that has nothing else to do; it is told.
constexpr clock_type::duration long_round = 1s;

// ---- sockets of every type ----------------------------------------------------------------------------------

template <typename Socket>
std::shared_ptr<party> make_party(cozmq::context& ctx, asio::any_io_executor const& where)
{
  Socket s{ctx, where};
  if constexpr (requires { s.subscribe(""); } && !std::same_as<Socket, cozmq::xpub_socket>)
    s.subscribe("");
  return std::make_shared<party_of<Socket>>(std::move(s));
}

template <typename Socket>
void start_alone(cozmq::context& ctx, asio::any_io_executor const& where, std::string const& endpoint,
                 bool binds, tally& t, bool by_handlers)
{
  Socket s{ctx, where};
  std::error_code ignored;
  binds ? s.bind(endpoint, ignored) : s.connect(endpoint, ignored);
  if (by_handlers)
    receive_on(std::make_shared<Socket>(std::move(s)), t);
  else
    asio::co_spawn(where, live(std::move(s), t), [w = witness{t}](std::exception_ptr) mutable { w.runs(); });
}

struct kind {
  std::shared_ptr<party> (*make)(cozmq::context&, asio::any_io_executor const&);
  void (*start)(cozmq::context&, asio::any_io_executor const&, std::string const&, bool, tally&, bool);
  std::vector<std::size_t> partners;
};

template <typename Socket>
kind kind_of(std::vector<std::size_t> partners)
{
  return {make_party<Socket>, start_alone<Socket>, std::move(partners)};
}

std::vector<kind>& kinds()
{
  static std::vector<kind> all{
      kind_of<cozmq::push_socket>({1}),         kind_of<cozmq::pull_socket>({0}),
      kind_of<cozmq::pub_socket>({3, 5}),       kind_of<cozmq::sub_socket>({2, 4}),
      kind_of<cozmq::xpub_socket>({3, 5}),      kind_of<cozmq::xsub_socket>({2, 4}),
      kind_of<cozmq::req_socket>({7, 9}),       kind_of<cozmq::rep_socket>({6, 8}),
      kind_of<cozmq::dealer_socket>({7, 8, 9}), kind_of<cozmq::router_socket>({6, 8, 9}),
      kind_of<cozmq::pair_socket>({10}),        kind_of<cozmq::stream_socket>({11}),
  };
  return all;
}

// ---- threads that block -------------------------------------------------------------------------------------

// Until the context ends.
template <typename Socket>
void use(cozmq::blocking<Socket> s)
{
  for (;;) {
    try {
      cozmq::message m{"from a thread"};
      if constexpr (std::same_as<Socket, cozmq::req_socket>) {
        s.request(m, {.timeout = 1ms});
      } else {
        if constexpr (cozmq::can_receive<typename Socket::pattern_type>)
          s.recv_for(1ms);
        if constexpr (cozmq::can_send<typename Socket::pattern_type> &&
                      !std::same_as<Socket, cozmq::rep_socket>)
          s.send_for(m, 1ms);
      }
    } catch (std::system_error const& e) {
      if (e.code() != cozmq::errc::timed_out)
        return;
    }
  }
}

template <typename Socket>
std::thread thread_of(cozmq::context& ctx, std::string const& endpoint)
{
  cozmq::blocking<Socket> s{ctx};
  std::error_code ignored;
  s.connect(endpoint, ignored);
  return std::thread{[s = std::move(s)]() mutable { use(std::move(s)); }};
}

// ---- a round ------------------------------------------------------------------------------------------------

struct meeting_point {
  std::string endpoint;
  std::size_t kind;
};

// The context and the sockets of a round, and what is under way on them.
class cast {
 public:
  explicit cast(std::uint32_t seed) : dice_{seed} {}

  std::optional<cozmq::context> ctx;
  std::vector<std::shared_ptr<party>> parties;
  tally handlers;
  bool one_executor = true;  // where handlers run is where all is done: they may do anything themselves
  bool slots = true;         // operations may be cancelled by their slots, from where all is done
  bool inproc_only = false;

  void set_defaults()
  {
    ctx->set_default(option::linger{dice_.pick(lingers_)});
    ctx->set_default(option::reconnect_interval{1ms});
    if (dice_.one_in(3)) {
      ctx->set_default(option::send_hwm{1 + dice_.below(3)});
      ctx->set_default(option::receive_hwm{1 + dice_.below(3)});
    }
  }

  // One that is on its own from now on, or one of the parties.
  void make_socket(asio::any_io_executor const& where, bool may_be_alone)
  {
    auto const [at, binds] = next_place();
    if (may_be_alone && dice_.one_in(5))
      return kinds()[at.kind].start(*ctx, where, at.endpoint, binds, handlers, dice_.one_in(2));
    std::shared_ptr<party> const p = kinds()[at.kind].make(*ctx, where);
    parties.push_back(p);
    if (!binds)
      p->connect(at.endpoint);
    else if (std::string const bound = p->bind(at.endpoint); !bound.empty())
      places_.push_back({bound, at.kind});
    if (dice_.one_in(8))
      p->connect("inproc://nobody");
  }

  std::thread block()
  {
    std::string const endpoint = next_place().first.endpoint;
    std::string const where = endpoint.find('*') == std::string::npos ? endpoint : "inproc://blocked";
    switch (dice_.below(6)) {
      case 0: return thread_of<cozmq::pull_socket>(*ctx, where);
      case 1: return thread_of<cozmq::push_socket>(*ctx, where);
      case 2: return thread_of<cozmq::sub_socket>(*ctx, where);
      case 3: return thread_of<cozmq::req_socket>(*ctx, where);
      case 4: return thread_of<cozmq::rep_socket>(*ctx, where);
      default: return thread_of<cozmq::dealer_socket>(*ctx, where);
    }
  }

  // Does something with a socket; `at(socket, f)` does `f` where that one lives.
  template <typename At>
  void take_step(At at)
  {
    if (parties.empty())
      return;
    std::shared_ptr<party> const p = dice_.pick(parties);
    switch (dice_.below(16)) {
      case 0: return at(*p, [&] { emit_one(); });
      case 1: return at(*p, [&] { move_one(); });
      case 2: return at(*p, [&] { p->close(); });
      case 3: return at(*p, [&] { p->cancel(); });
      case 4: return at(*p, [&] { p->set_linger(0ms); });
      case 5: return drop_one();
      default: return at(*p, [&] { begin(p); });
    }
  }

  void drop_one()
  {
    if (!parties.empty())
      parties.erase(parties.begin() + static_cast<std::ptrdiff_t>(dice_.below(parties.size())));
  }

  void shut_down()
  {
    if (ctx)
      ctx->shutdown();
  }

 private:
  void begin(std::shared_ptr<party> const& on)
  {
    asio::cancellation_slot slot;
    if (slots && dice_.one_in(3))
      slot = signals_.emplace_back().slot();
    on->begin(dice_, handlers, {slot, one_executor ? reaction(on) : nullptr});
  }

  void emit_one()
  {
    if (!signals_.empty())
      signals_[dice_.below(signals_.size())].emit(dice_.pick(cancellations_));
  }

  void move_one()
  {
    std::shared_ptr<party>& p = dice_.pick(parties);
    if (dice_.one_in(2))
      p = p->move();
    else
      dice_.pick(parties)->take(*p);
  }

  // A place and who comes there; true for the first one, who binds.
  std::pair<meeting_point, bool> next_place()
  {
    if (!places_.empty() && !dice_.one_in(4)) {
      meeting_point const at = dice_.pick(places_);
      return {{at.endpoint, dice_.pick(kinds()[at.kind].partners)}, false};
    }
    std::size_t const type = dice_.below(kinds().size());
    if (!inproc_only && dice_.one_in(8))
      return {{dice_.pick(nowhere_), type}, false};
    switch (inproc_only ? 0 : dice_.below(5)) {
      case 0:
      case 1: return {{fmt::format("inproc://{}", places_.size()), type}, true};
      case 2: return {{"ipc://*", type}, true};
      default: return {{"tcp://127.0.0.1:*", type}, true};
    }
  }

  // What a handler does: mostly nothing.
  std::function<void()> reaction(std::shared_ptr<party> const& on)
  {
    std::weak_ptr<party> const own = on;
    switch (dice_.below(24)) {
      case 0: return [this, own] { std::erase(parties, own.lock()); };  // the end of its own socket
      case 1: return [this] { parties.clear(); };
      case 2:
        return [own] {
          if (auto const p = own.lock())
            p->close();
        };
      case 3: return [this] { shut_down(); };
      case 4: return [this] { ctx.reset(); };
      case 5:
      case 6:
      case 7:
        return [this, own] {
          if (auto const p = own.lock())
            p->begin(dice_, handlers, {});
        };
      default: return nullptr;
    }
  }

  dice dice_;
  std::vector<meeting_point> places_;
  std::deque<asio::cancellation_signal> signals_;
  std::vector<std::chrono::milliseconds> lingers_{0ms, 0ms, 1ms, 5ms};
  std::vector<std::string> nowhere_{"tcp://127.0.0.1:1", "ipc:///nonexistent/nobody", "inproc://nobody"};
  std::vector<asio::cancellation_type> cancellations_{
      asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total};
};

// On an executor of the application. False when something went on for ever.
bool round_on(ground where, dice& d, cast& c, std::weak_ptr<cozmq::engine::context_core>& alive)
{
  grounds g{where};
  c.slots = !g.goes_last();  // a slot keeps its executor
  c.ctx.emplace(g.executor());
  alive = c.ctx->core();
  c.set_defaults();
  for (std::size_t left = 4 + d.below(26); left > 0; --left) {
    switch (d.below(5)) {
      case 0: g.run(d); break;
      case 1:
        g.at([&] {
          if (c.ctx && !c.ctx->core()->terminated())
            c.make_socket(g.executor(), true);
        });
        break;
      default: g.at([&] { c.take_step([](party&, auto f) { f(); }); });
    }
  }

  std::vector<std::function<void()>> ends(6, [&] { c.drop_one(); });
  ends.push_back([&] { c.parties.clear(); });
  ends.push_back([&] { c.ctx.reset(); });
  if (d.one_in(3))
    ends.push_back([&] { c.shut_down(); });
  d.shuffle(ends);
  std::size_t const before_stop = d.one_in(2) ? ends.size() : d.below(ends.size());
  for (std::size_t i = 0; i < before_stop; ++i) {
    g.at(ends[i]);
    if (d.one_in(3))
      g.run(d);
  }
  if (before_stop == ends.size() && d.one_in(2))
    return g.finish();  // what waits ends, so that it returns
  g.stop();
  ends.erase(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(before_stop));
  if (!g.goes_last()) {
    ends.push_back([&] { g.destroy(); });
    d.shuffle(ends);
  }
  for (auto const& end : ends)
    end();
  return true;
}

// On threads of the context's own.
void round_on_threads(std::size_t count, dice& d, cast& c, std::weak_ptr<cozmq::engine::context_core>& alive)
{
  c.one_executor = false;
  c.slots = count < 2;
  c.inproc_only = count == 0;
  c.ctx.emplace(cozmq::io_threads{count});
  alive = c.ctx->core();
  c.set_defaults();
  auto const there = [count](party& p, auto f) { count == 0 ? f() : run_there(p.executor(), f); };
  std::vector<std::thread> threads;
  for (std::size_t left = 4 + d.below(26); left > 0; --left) {
    switch (d.below(5)) {
      case 0:
        if (count > 0 && threads.size() < 3 && d.one_in(3))
          threads.push_back(c.block());
        else
          wait_busily(d.time_below(200us));
        break;
      case 1: {
        asio::any_io_executor const where = c.ctx->get_executor();
        if (count > 0 && d.one_in(2))
          run_there(where, [&] { c.make_socket(where, true); });
        else
          c.make_socket(where, false);
        break;
      }
      default: c.take_step(there);
    }
  }

  for (std::size_t left = d.below(8); left > 0; --left)
    c.drop_one();
  switch (d.below(count == 0 ? 2 : 4)) {
    case 0: c.ctx.reset(); break;
    case 1:
      c.shut_down();
      c.parties.clear();
      c.ctx.reset();
      break;
    case 2:
      c.ctx->shutdown_and_wait(2ms);
      c.ctx.reset();
      break;
    default: {
      // On one of its own threads, which does not wait for itself; but for us, who are still at its loop when we post.
      cozmq::context last{std::move(*c.ctx)};
      asio::any_io_executor const where = last.get_executor();
      auto const posted = std::make_shared<std::binary_semaphore>(0);
      asio::post(where, [ctx = std::move(last), posted] { posted->acquire(); });
      posted->release();
      c.ctx.reset();
    }
  }
  for (std::thread& t : threads)
    t.join();
  c.parties.clear();
}

std::size_t open_files()
{
  std::filesystem::directory_iterator const all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

template <typename Condition>
bool becomes_true(Condition condition)
{
  auto const end = clock_type::now() + longest_round;
  while (!condition()) {
    if (clock_type::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE(
    "A2 B19 B20 B22 X-12 K5 K12 everything may end in any order at any time: nothing hangs or leaks, and "
    "each handler runs once or goes")
{
  cozmq::set_log(cozmq::log_level::off);
  std::uint32_t const first = first_seed(1);
  std::size_t const files_before = open_files();
  clock_type::duration longest{};
  std::uint32_t seed_of_longest = 0;
  std::size_t slow_rounds = 0;
  std::size_t begun = 0;
  std::size_t ran = 0;
  watchdog alarm{60s};
  for (std::size_t i = 0; i < rounds(1'000, 10'000); ++i) {
    std::uint32_t const seed = first + static_cast<std::uint32_t>(i);
    CAPTURE(seed);
    dice d{seed};
    cast c{seed + 0x8000'0000U};
    std::size_t const where = d.below(ground_kinds + 4);
    alarm.feed(fmt::format("the round of COZMQ_TEST_SEED={}", seed));
    auto const begin = clock_type::now();
    bool ended = true;
    std::weak_ptr<cozmq::engine::context_core> alive;
    if (where < ground_kinds)
      ended = round_on(static_cast<ground>(where), d, c, alive);
    else
      round_on_threads(where - ground_kinds, d, c, alive);
    REQUIRE(ended);
    REQUIRE(becomes_true([&] { return c.handlers.settled() && alive.expired(); }));
    auto const took = clock_type::now() - begin;
    REQUIRE(took < longest_round);
    if (took > longest) {
      longest = took;
      seed_of_longest = seed;
    }
    slow_rounds += took > long_round ? 1u : 0u;
    begun += c.handlers.begun();
    ran += c.handlers.ran();
  }
  REQUIRE(becomes_true([&] { return open_files() == files_before; }));
  CAPTURE(longest / 1ms);
  if (slow_rounds > 0)
    WARN(fmt::format("{} rounds took more than a second, COZMQ_TEST_SEED={} {} ms", slow_rounds,
                     seed_of_longest, longest / 1ms));
  REQUIRE(ran > begun / 10);  // it is not that nothing happens
  SUCCEED(fmt::format("{} operations, {} completed; the longest round took {} ms, with COZMQ_TEST_SEED={}",
                      begun, ran, longest / 1ms, seed_of_longest));
  cozmq::set_log(cozmq::log_level::warn);
}
