// What is promised when a peer dies: peers in processes of their own are killed at random moments.
#include "support/child_process.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <fmt/format.h>

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <random>
#include <sstream>
#include <string>

using namespace cozmq::test;
using namespace std::chrono_literals;
namespace option = cozmq::option;

namespace {

// ---- messages that tell when something is wrong with them ---------------------------------------------------

// Three frames whose parts all tell the sender and the number, of some 40 or some 40'000 bytes.
cozmq::message numbered(int sender, std::size_t n)
{
  std::string const text = fmt::format("{} {}", sender, n);
  return {text, std::string(n % 50 == 0 ? 40'000 : n % 37, 'x'), text};
}

struct stamp {
  int sender = 0;
  std::size_t number = 0;
};

// Throws for a message that is not whole: the child's assertions are nobody's.
stamp read_stamp(cozmq::message const& m)
{
  if (m.size() != 3 || m[0].view() != m[2].view())
    throw std::runtime_error{"a message is not whole"};
  stamp result;
  std::istringstream{m[0].str()} >> result.sender >> result.number;
  if (m[1].size() != (result.number % 50 == 0 ? 40'000 : result.number % 37))
    throw std::runtime_error{"a frame is not whole"};
  return result;
}

// What a receiver has seen: nothing twice, nothing overtaken, from each sender.
class receipts {
 public:
  void add(stamp s)
  {
    REQUIRE(s.number > last_[s.sender]);
    last_[s.sender] = s.number;
    ++count_;
  }
  std::size_t last(int sender) const { return last_.contains(sender) ? last_.at(sender) : 0; }
  std::size_t count() const { return count_; }

 private:
  std::map<int, std::size_t> last_;
  std::size_t count_ = 0;
};

// ---- the peer in a process of its own -----------------------------------------------------------------------

void print(std::string line)
{
  line = "=" + line + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0)
    ::_exit(3);
}

// Where the child before has listened. An outgoing connection of any process may have that port for a moment.
template <typename Socket>
asio::awaitable<std::string> bind_again(Socket& socket, std::string endpoint)
{
  for (;;) {
    std::error_code ec;
    std::string bound = socket.bind(endpoint, ec);
    if (ec != cozmq::errc::address_in_use)
      co_return ec ? ec.message() : bound;
    co_await asio::post(socket.get_executor(), asio::use_awaitable);
  }
}

template <typename Socket>
asio::awaitable<void> be_peer(cozmq::context& ctx, bool binds, std::string endpoint, int id)
{
  Socket socket{ctx};
  socket.set_option(option::reconnect_interval{1ms});
  if constexpr (requires { socket.subscribe(""); })
    socket.subscribe("");
  if (binds)
    print(co_await bind_again(socket, endpoint));
  else
    print(socket.connect(endpoint));
  for (std::size_t n = 1;; ++n) {
    if constexpr (std::same_as<Socket, cozmq::req_socket>) {
      co_await socket.send(numbered(id, n));
      stamp const reply = read_stamp(co_await socket.recv());
      print(fmt::format("{} {}", reply.sender, reply.number));
    } else if constexpr (std::same_as<Socket, cozmq::rep_socket>) {
      cozmq::message question = co_await socket.recv();
      read_stamp(question);
      co_await socket.send(std::move(question));
    } else if constexpr (cozmq::can_receive<typename Socket::pattern_type>) {
      stamp const received = read_stamp(co_await socket.recv());
      print(fmt::format("{} {}", received.sender, received.number));
    } else {
      co_await socket.send(numbered(id, n));
      if (n % 100 == 0)
        co_await asio::post(ctx.get_executor(), asio::use_awaitable);
    }
  }
}

// A child and what it reports. Its program is this one, with the hidden test case below.
class peer {
 public:
  peer(asio::io_context& io, std::string const& type, bool binds, std::string const& endpoint, int id)
      : process_{io, command(fmt::format("{} {} {} {}", type, binds, endpoint, id))}
  {
  }

  // The next report; empty when there will be no more.
  asio::awaitable<std::string> report()
  {
    for (;;) {
      std::string const line = co_await process_.read_line();
      if (line.empty() || line.front() == '=')
        co_return line.empty() ? line : line.substr(1);
    }
  }

  void kill() { process_.kill(); }

 private:
  static std::vector<std::string> command(std::string const& what)
  {
    ::setenv("COZMQ_TEST_PEER", what.c_str(), 1);
    return {std::filesystem::read_symlink("/proc/self/exe").string(), "[.peer]"};
  }

  child_process process_;
};

stamp to_stamp(std::string const& report)
{
  stamp result;
  std::istringstream{report} >> result.sender >> result.number;
  return result;
}

// ---- the tests ----------------------------------------------------------------------------------------------

constexpr int kills = 4;

std::mt19937 random_numbers{20'260'731};  // the same in each run

std::size_t some(std::size_t from, std::size_t to)
{
  return std::uniform_int_distribution<std::size_t>{from, to}(random_numbers);
}

std::string tcp_or_ipc()
{
  return GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
}

template <typename Socket>
void hurry(Socket& socket)
{
  socket.set_option(option::reconnect_interval{1ms});
  socket.set_option(option::linger{0ms});
}

// Where our socket and its children meet: ours binds, or the first child does and the later ones take its place.
template <typename Socket>
class meeting {
 public:
  meeting(asio::io_context& io, Socket& ours, std::string type, bool we_bind, std::string endpoint)
      : io_{io}, ours_{ours}, type_{std::move(type)}, we_bind_{we_bind}, endpoint_{std::move(endpoint)}
  {
    if (we_bind_)
      endpoint_ = ours_.bind(endpoint_);
  }

  asio::awaitable<std::unique_ptr<peer>> next_child()
  {
    auto child = std::make_unique<peer>(io_, type_, !we_bind_, endpoint_, ++children_);
    std::string const where = co_await child->report();
    REQUIRE(where.find("://") != std::string::npos);  // else it could not bind
    if (!we_bind_ && children_ == 1)
      ours_.connect(endpoint_ = where);
    co_return child;
  }

  int children() const { return children_; }

 private:
  asio::io_context& io_;
  Socket& ours_;
  std::string type_;
  bool we_bind_;
  std::string endpoint_;
  int children_ = 0;
};

}  // namespace

TEST_CASE("a peer in a process of its own", "[.peer]")
{
  char const* const what = ::getenv("COZMQ_TEST_PEER");
  REQUIRE(what != nullptr);
  std::istringstream words{what};
  std::string type;
  std::string binds;
  std::string endpoint;
  int id = 0;
  words >> type >> binds >> endpoint >> id;
  asio::io_context io;
  cozmq::context ctx{io};
  cozmq::set_log(cozmq::log_level::off);
  auto const start = [&]<typename Socket>(std::type_identity<Socket>) {
    asio::co_spawn(io, be_peer<Socket>(ctx, binds == "true", endpoint, id), [](std::exception_ptr failure) {
      print(failure ? "failed" : "ended");  // which no test expects
    });
  };
  if (type == "PUSH")
    start(std::type_identity<cozmq::push_socket>{});
  else if (type == "PULL")
    start(std::type_identity<cozmq::pull_socket>{});
  else if (type == "PUB")
    start(std::type_identity<cozmq::pub_socket>{});
  else if (type == "SUB")
    start(std::type_identity<cozmq::sub_socket>{});
  else if (type == "REQ")
    start(std::type_identity<cozmq::req_socket>{});
  else if (type == "REP")
    start(std::type_identity<cozmq::rep_socket>{});
  io.run();
}

TEST_CASE("B2 B38 the receivers of a PUSH are killed: nothing comes twice, in pieces or out of order")
{
  bool const we_bind = GENERATE(true, false);
  std::string const endpoint = tcp_or_ipc();
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::push_socket push{ctx};
    hurry(push);
    meeting<cozmq::push_socket> here{io, push, "PULL", we_bind, endpoint};
    receipts all;
    std::size_t sent = 0;
    for (int i = 0; i <= kills; ++i) {
      auto const child = co_await here.next_child();
      co_await push.wait_connected();
      for (std::size_t n = some(50, 400); n > 0; --n)
        co_await push.send(numbered(0, ++sent));
      if (i < kills) {
        for (std::size_t n = some(1, 40); n > 0; --n)
          all.add(to_stamp(co_await child->report()));
        child->kill();
        for (std::string line = co_await child->report(); !line.empty(); line = co_await child->report())
          all.add(to_stamp(line));
        co_await until(io, [&] { return push.connected_peers() == 0; });
        // Where we connect, what is sent now waits for the next one; where we bind, there is nobody to wait for.
        cozmq::message m = numbered(0, sent + 1);
        bool const taken = push.try_send(m);
        REQUIRE(taken == !we_bind);
        sent += taken ? 1 : 0;
      } else {
        while (all.last(0) < sent)
          all.add(to_stamp(co_await child->report()));
      }
    }
  });
  cozmq::set_log(cozmq::log_level::warn);
}

TEST_CASE("B26 what a connecting PUSH sends while its receiver is dead arrives, all of it")
{
  std::string const endpoint = tcp_or_ipc();
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::push_socket push{ctx};
    hurry(push);
    meeting<cozmq::push_socket> here{io, push, "PULL", false, endpoint};
    std::size_t sent = 0;
    for (int i = 0; i < kills; ++i) {
      auto const child = co_await here.next_child();
      std::size_t expected = sent - std::min(sent, std::size_t{300});
      co_await push.wait_connected();
      while (expected < sent) {
        stamp const s = to_stamp(co_await child->report());
        REQUIRE(s.number == ++expected);
      }
      child->kill();
      co_await until(io, [&] { return push.connected_peers() == 0; });
      for (int n = 0; n < 300; ++n)
        co_await push.send(numbered(0, ++sent));
    }
  });
  cozmq::set_log(cozmq::log_level::warn);
}

TEST_CASE("B38 the senders of a PULL are killed: of each arrives what it sent first, without a gap")
{
  bool const we_bind = GENERATE(true, false);
  std::string const endpoint = tcp_or_ipc();
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket pull{ctx};
    hurry(pull);
    meeting<cozmq::pull_socket> here{io, pull, "PUSH", we_bind, endpoint};
    std::map<int, std::size_t> last;
    for (int i = 0; i < kills; ++i) {
      auto const child = co_await here.next_child();
      // What its predecessor sent is still readable; this one's comes too.
      for (std::size_t n = some(1, 3'000); n > 0 || last[here.children()] == 0; n -= n > 0 ? 1 : 0) {
        stamp const s = read_stamp(co_await pull.recv());
        REQUIRE(s.number == ++last[s.sender]);
      }
      child->kill();
    }
  });
  cozmq::set_log(cozmq::log_level::warn);
}

TEST_CASE("B25 B38 publishers are killed: a SUB hears each in order, and the next one after it")
{
  bool const we_bind = GENERATE(true, false);
  std::string const endpoint = tcp_or_ipc();
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::sub_socket sub{ctx};
    hurry(sub);
    sub.subscribe("");
    meeting<cozmq::sub_socket> here{io, sub, "PUB", we_bind, endpoint};
    receipts all;
    for (int i = 0; i < kills; ++i) {
      auto const child = co_await here.next_child();
      std::size_t const wanted = some(1, 1'000);
      for (std::size_t n = 0; n < wanted || all.last(here.children()) == 0; ++n)
        all.add(read_stamp(co_await sub.recv()));
      child->kill();
    }
  });
  cozmq::set_log(cozmq::log_level::warn);
}

TEST_CASE("B2 B38 subscribers are killed: a PUB goes on, and the next one hears it in order")
{
  bool const we_bind = GENERATE(true, false);
  std::string const endpoint = tcp_or_ipc();
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pub_socket pub{ctx};
    hurry(pub);
    meeting<cozmq::pub_socket> here{io, pub, "SUB", we_bind, endpoint};
    receipts all;
    std::size_t sent = 0;
    for (int i = 0; i < kills; ++i) {
      auto const child = co_await here.next_child();
      co_await pub.wait_subscribers("");
      for (std::size_t n = some(50, 400); n > 0; --n)
        co_await pub.send(numbered(0, ++sent));
      for (std::size_t n = some(1, 40); n > 0; --n)
        all.add(to_stamp(co_await child->report()));
      child->kill();
      for (std::string line = co_await child->report(); !line.empty(); line = co_await child->report())
        all.add(to_stamp(line));
      co_await until(io, [&] { return pub.connected_peers() == 0; });
      co_await pub.send(numbered(0, ++sent));  // to nobody, and without waiting
    }
  });
  cozmq::set_log(cozmq::log_level::warn);
}

TEST_CASE("B3 servers are killed: request() gets each answer once, from the server that is there")
{
  bool const we_bind = GENERATE(true, false);
  std::string const endpoint = tcp_or_ipc();
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::req_socket req{ctx};
    hurry(req);
    meeting<cozmq::req_socket> here{io, req, "REP", we_bind, endpoint};
    std::size_t asked = 0;
    for (int i = 0; i < kills; ++i) {
      auto const child = co_await here.next_child();  // its predecessor is gone for good: the address is free
      for (std::size_t n = some(1, 100); n > 0; --n) {
        cozmq::message const reply =
            co_await req.request(numbered(0, ++asked), {.timeout = 50ms, .retries = 200});
        REQUIRE(reply == numbered(0, asked));
      }
      child->kill();
    }
  });
  cozmq::set_log(cozmq::log_level::warn);
}

TEST_CASE("B2 S30 clients are killed: a REP answers the next one")
{
  bool const we_bind = GENERATE(true, false);
  std::string const endpoint = tcp_or_ipc();
  cozmq::set_log(cozmq::log_level::off);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket rep{ctx};
    hurry(rep);
    meeting<cozmq::rep_socket> here{io, rep, "REQ", we_bind, endpoint};
    cozmq::spawn(ctx, [&]() -> asio::awaitable<void> {
      for (;;) {
        cozmq::message question = co_await rep.recv();
        read_stamp(question);
        co_await rep.send(std::move(question));
      }
    });
    for (int i = 0; i < kills; ++i) {
      auto const child = co_await here.next_child();
      std::size_t last = 0;
      for (std::size_t n = some(1, 100); n > 0; --n) {
        stamp const s = to_stamp(co_await child->report());
        REQUIRE(s.sender == here.children());
        REQUIRE(s.number == ++last);
      }
      child->kill();
    }
  });
  cozmq::set_log(cozmq::log_level::warn);
}
