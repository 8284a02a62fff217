// Strangers against CURVE: handshakes that are left half way, forged ones, and what is left of secrets in memory.
#pragma once

#include "hostile/attacker.hpp"
#include "hostile/victim.hpp"
#include "support/row.hpp"
#include <cozmq/curve.hpp>
#include <cozmq/wire/handshake.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hostile {

inline std::shared_ptr<cozmq::curve::client_settings const> client_of(cozmq::curve_public_key const& server)
{
  return std::make_shared<cozmq::curve::client_settings const>(
      cozmq::curve::client_settings{cozmq::curve_keys::generate(), server});
}

inline octets curve_hello(std::shared_ptr<cozmq::curve::client_settings const> const& settings)
{
  octets bytes = greeting("CURVE");
  cozmq::curve::client mechanism{settings};
  mechanism.start(false, {}, bytes);
  return bytes;
}

/// As welcome_time(), for a client with a key.
inline double curve_welcome_time(std::uint16_t port,
                                 std::shared_ptr<cozmq::curve::client_settings const> const& settings)
{
  using cozmq::socket_type;
  double const begun = now();
  attacker good{port};
  cozmq::wire::handshake_config config;
  config.type = socket_type::push;
  config.accepts = {socket_type::pull};
  config.security = std::make_unique<cozmq::curve::client>(settings);
  cozmq::wire::handshake machine{std::move(config)};
  while (machine.state() == cozmq::wire::handshake::status::needs_input) {
    cozmq::byte_view const out = machine.output();
    good.send({out.begin(), out.end()});
    machine.sent(out.size());
    octets const in = good.read_some();
    cozmq::byte_view rest{in};
    machine.feed(rest);
  }
  if (machine.state() != cozmq::wire::handshake::status::done)
    throw std::runtime_error{"no handshake with the victim: " + machine.reason()};
  return now() - begun;
}

inline auto curve_pull(cozmq::curve_keys const& keys)
{
  return [keys](cozmq::context& ctx, auto report, asio::io_context& io) {
    cozmq::pull_socket pull{ctx};
    pull.set_option(cozmq::option::curve_server{keys});
    pull.set_option(cozmq::option::handshake_timeout{std::chrono::minutes{5}});
    pull.set_option(cozmq::option::max_handshakes{cozmq::option::unlimited});
    pull.set_option(cozmq::option::max_handshakes_per_second{cozmq::option::unlimited});
    stand_there(pull, report, io);
  };
}

inline void measure_curve_half_open()
{
  auto const keys = cozmq::curve_keys::generate();
  auto const settings = client_of(keys.public_key());
  victim v{curve_pull(keys)};
  std::vector<attacker> peers;
  octets const hello = curve_hello(settings);
  auto const grow = [&](std::size_t silent, std::size_t half_open) {
    for (std::size_t i = 0; i < silent; ++i)
      peers.emplace_back(v.port());
    for (std::size_t i = 0; i < half_open; ++i) {
      peers.emplace_back(v.port());
      peers.back().send(hello);
      peers.back().read(cozmq::wire::greeting_size);
      peers.back().read_frame();
    }
    curve_welcome_time(v.port(), settings);  // now all of them have been accepted
  };
  grow(20, 20);
  double const before = v.resident();
  grow(1000, 0);
  double const silent = v.resident();
  grow(0, 300);
  double const all = v.resident();
  double worst = 0;
  for (int i = 0; i < 20; ++i)
    worst = std::max(worst, curve_welcome_time(v.port(), settings));
  bench::row("B17", "CURVE, 1000 silent and 300 half open: a good client waits", 1000 * worst, 50, "ms");
  bench::row("B17", "CURVE, 1000 silent peers: memory of each", (silent - before) / 1000, 4096, "B");
  bench::row("B17", "CURVE, 300 half open (WELCOME received): memory of each", (all - silent) / 300, 4096,
             "B");
}

inline void measure_curve_forged()
{
  auto const keys = cozmq::curve_keys::generate();
  victim v{curve_pull(keys)};
  std::size_t const rounds = 20;
  std::size_t const at_once = 50;  // a flood, not one that waits for the end of the one before
  octets const good = curve_hello(client_of(keys.public_key()));
  auto const cost = [&](octets const& said) {
    double const before = v.cpu();
    for (std::size_t i = 0; i < rounds; ++i) {
      std::vector<attacker> peers;
      for (std::size_t k = 0; k < at_once; ++k) {
        peers.emplace_back(v.port());
        peers.back().send(said);
      }
      for (attacker& each : peers)
        if (!each.is_closed())
          throw std::runtime_error{"the victim believes it"};
    }
    return (v.cpu() - before) / static_cast<double>(rounds * at_once) * 1e6;
  };
  octets forged = good;
  forged.back() ^= std::byte{1};
  octets other = greeting("CURVE");
  other[12] = std::byte{'c'};  // closed as soon as it is read
  cost(other);
  double const connection = cost(other);
  bench::row("B17", "CURVE, a forged HELLO: processor, the connection included", cost(forged), 150, "us");
  bench::row("B17", "CURVE, a connection that does not get that far: processor", connection, 150, "us");
}

namespace detail {

// How often these bytes, each of them xor `mask`, are in the memory of this process.
inline std::size_t hits(std::array<std::byte, 32> const& masked, std::byte mask)
{
  std::size_t found = 0;
  int const memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  std::ifstream maps{"/proc/self/maps"};
  static std::array<std::byte, 1 << 20> window;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = std::stoull(line, nullptr, 16);
    std::uintptr_t const to = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    while (from < to) {
      ssize_t const size = ::pread(memory, window.data(), std::min<std::size_t>(window.size(), to - from),
                                   static_cast<off_t>(from));
      if (size < 32)
        break;
      auto const end = window.begin() + size;
      for (auto at = window.begin();
           (at = std::search(at, end, masked.begin(), masked.end(),
                             [mask](std::byte a, std::byte b) { return (a ^ mask) == b; })) != end;
           ++at)
        found += from + static_cast<std::size_t>(at - window.begin()) <
                             reinterpret_cast<std::uintptr_t>(window.data()) ||
                         from + static_cast<std::size_t>(at - window.begin()) >=
                             reinterpret_cast<std::uintptr_t>(window.data()) + window.size()
                     ? 1
                     : 0;
      if (static_cast<std::size_t>(size) < window.size())
        break;
      from += static_cast<std::size_t>(size) - 31;
    }
  }
  ::close(memory);
  window.fill({});
  return found;
}

// A client and a server talk, and go. Returns what is left of their secret keys.
inline std::size_t secrets_left()
{
  constexpr std::byte mask{0x5A};
  std::array<std::array<std::byte, 32>, 2> masked{};
  {
    auto const server = cozmq::curve_keys::generate();
    auto const client = cozmq::curve_keys::generate();
    for (std::size_t i = 0; i < 2; ++i)
      std::transform((i == 0 ? server : client).secret_key().expose().begin(),
                     (i == 0 ? server : client).secret_key().expose().end(), masked[i].begin(),
                     [](std::byte b) { return b ^ mask; });
    asio::io_context io;
    cozmq::context ctx{io};
    cozmq::rep_socket rep{ctx};
    cozmq::req_socket req{ctx};
    rep.set_option(cozmq::option::curve_server{server});
    req.set_option(cozmq::option::curve_client{client, server.public_key()});
    req.connect(rep.bind("tcp://127.0.0.1:*"));
    bool answered = false;
    auto const ask = [&]() -> asio::awaitable<void> {
      co_await req.send("question");
      cozmq::message const question = co_await rep.recv();
      co_await rep.send("answer");
      cozmq::message const answer = co_await req.recv();
      answered = answer.size() == 1 && question.size() == 1;
      req.close();
      rep.close();
    };
    asio::co_spawn(io, ask(), asio::detached);
    io.run();
    if (!answered || hits(masked[0], mask) == 0 || hits(masked[1], mask) == 0)
      return 1000;  // what is there was not found either
  }
  return hits(masked[0], mask) + hits(masked[1], mask);
}

}  // namespace detail

inline void measure_secrets()
{
  pid_t const child = ::fork();  // nobody else has been in its memory
  if (child == 0)
    ::_exit(static_cast<int>(std::min<std::size_t>(detail::secrets_left(), 100)));
  int status = 0;
  ::waitpid(child, &status, 0);
  bench::row("B21", "CURVE, secret keys in memory when the sockets have gone",
             WIFEXITED(status) ? WEXITSTATUS(status) : 100, 0, "");
}

}  // namespace hostile
