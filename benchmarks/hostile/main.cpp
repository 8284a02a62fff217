// What strangers can do to a socket: measures what it costs, and says whether that is within the bars. Exit status 1 when
// one is not met.
#include "hostile/attacker.hpp"
#include "hostile/victim.hpp"
#include "support/descriptors.hpp"
#include "support/row.hpp"
#if __has_include(<sodium.h>) && __has_include(<cozmq/curve.hpp>)
#include "hostile/curve.hpp"
#define COZMQ_BENCH_CURVE
#endif

#include <fmt/format.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace hostile;

namespace {

using bench::row;

// A PULL whose application does not receive.
auto idle_pull()
{
  return [](cozmq::context& ctx, auto report, asio::io_context& io) {
    cozmq::pull_socket pull{ctx};
    pull.set_option(cozmq::option::handshake_timeout{std::chrono::minutes{5}});
    stand_there(pull, report, io);
  };
}

void pause(double seconds)
{
  ::usleep(static_cast<useconds_t>(seconds * 1e6));
}

double worst_welcome(std::uint16_t port, int rounds)
{
  double worst = 0;
  for (int i = 0; i < rounds; ++i)
    worst = std::max(worst, welcome_time(port, "PUSH"));
  return worst;
}

double share_of_processor(victim const& v, double seconds)
{
  double const cpu = v.cpu();
  double const begun = now();
  pause(seconds);
  return (v.cpu() - cpu) / (now() - begun);
}

void measure_connections()
{
  std::size_t const count = 10'000;
  victim v{idle_pull()};
  welcome_time(v.port(), "PUSH");
  pause(0.2);
  double const before = v.resident();
  double const allocated = v.allocated();
  double allocated_by_all = 0;
  {
    std::vector<attacker> peers;
    peers.reserve(count);
    double const begun = now();
    while (peers.size() < count) {
      peers.emplace_back(v.port());
      peers.back().send(hello("PUSH"));
      if (peers.size() % 500 == 0)  // so that no handshake gives way
        for (std::size_t i = peers.size() - 500; i < peers.size(); ++i) {
          peers[i].read(cozmq::wire::greeting_size);
          peers[i].read_frame();
        }
    }
    row("B16", "10,000 connections: until all have shaken hands", now() - begun, 3, "s");
    pause(0.5);
    allocated_by_all = v.allocated() - allocated;
    row("B16", "10,000 idle connections: memory of each", (v.resident() - before) / double{count}, 8192, "B");
    row("B16", "10,000 idle connections: processor", 100 * share_of_processor(v, 2), 1, "%");
  }
  pause(1);
  // Of malloc's; how much of that the system gets back is between these two.
  row("B16", "10,000 connections, when they are gone: memory kept",
      100 * (v.allocated() - allocated) / allocated_by_all, 15, "%");
}

void measure_half_open(std::string_view what, std::size_t count, octets const& said)
{
  victim v{idle_pull()};
  worst_welcome(v.port(), 3);
  std::vector<attacker> warm;
  for (int i = 0; i < 20; ++i)
    warm.emplace_back(v.port());
  pause(0.2);
  double const before = v.resident();
  std::vector<attacker> peers;
  for (std::size_t i = 0; i < count; ++i) {
    peers.emplace_back(v.port());
    peers.back().send(said);
  }
  row("B17", fmt::format("{} {}: a good client waits", count, what), 1000 * worst_welcome(v.port(), 20), 50,
      "ms");
  row("B17", fmt::format("{} {}: memory of each", count, what),
      (v.resident() - before) / static_cast<double>(count), 4096, "B");
}

void measure_flood()
{
  victim v{idle_pull()};
  std::vector<attacker> peers;
  double worst = 0;
  for (int i = 0; i < 5000; ++i) {
    peers.emplace_back(v.port());
    if (i % 250 == 0)
      worst = std::max(worst, welcome_time(v.port(), "PUSH"));
  }
  row("B17", "5000 silent peers, more than max_handshakes: a client waits", 1000 * worst, 50, "ms");
}

void measure_descriptors()
{
  victim v{[](cozmq::context& ctx, auto report, asio::io_context& io) {
    rlimit few{};
    ::getrlimit(RLIMIT_NOFILE, &few);
    few.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &few);
    cozmq::pull_socket pull{ctx};
    stand_there(pull, report, io);
  }};
  std::vector<attacker> peers;
  for (int i = 0; i < 200; ++i)
    peers.emplace_back(v.port());
  pause(0.3);
  row("B18", "200 silent clients, 64 descriptors: a good client waits", welcome_time(v.port(), "PUSH"), 1,
      "s");
  row("B18", "200 silent clients, 64 descriptors: processor", 100 * share_of_processor(v, 2), 5, "%");
  peers.clear();
  for (int i = 0; i < 60; ++i) {  // more than the victim takes
    peers.emplace_back(v.port());
    peers.back().send(hello("PUSH"));
  }
  pause(0.3);
  row("B18", "60 connected clients, 64 descriptors: processor", 100 * share_of_processor(v, 2), 5, "%");
  peers.clear();
  row("B18", "the first client after they have gone: waits", welcome_time(v.port(), "PUSH"), 1, "s");
}

void measure_subscriptions(std::size_t size)
{
  std::size_t const count = 200'000;
  victim v{[](cozmq::context& ctx, auto report, asio::io_context& io) {
    cozmq::pub_socket pub{ctx};
    report(pub.bind("tcp://127.0.0.1:*"));
    io.run();
  }};
  attacker peer{v.port()};
  peer.shake_hands("SUB");
  peer.send(command("SUBSCRIBE", "warm"));
  peer.ping();
  double const before = v.resident();
  std::mt19937 random{1};
  octets all;
  std::string topic(size, ' ');
  for (std::size_t i = 0; i < count; ++i) {
    for (char& c : topic)
      c = static_cast<char>(random());
    cozmq::wire::append_command(all, "SUBSCRIBE", cozmq::as_bytes(topic));
  }
  peer.send(all);
  peer.ping();
  row("B19", fmt::format("200,000 random topics of {} B: memory by bytes sent", size),
      (v.resident() - before) / static_cast<double>(all.size()), 4, "x");
}

void measure_frames()
{
  std::size_t const frames = 65536;
  std::size_t const count = 20;
  victim v{idle_pull()};
  welcome_time(v.port(), "PUSH");
  octets most;
  for (std::size_t i = 0; i < frames; ++i) {
    most.push_back(std::byte{i + 1 < frames});
    most.push_back(std::byte{0});
  }
  double const before = v.resident();
  std::vector<attacker> peers;
  for (std::size_t i = 0; i < count; ++i) {
    peers.emplace_back(v.port());
    peers.back().shake_hands("PUSH");
    peers.back().send(most);
    peers.back().ping();
  }
  row("B19", "messages of 65,536 empty frames: memory of each frame",
      (v.resident() - before) / static_cast<double>(count * frames), 64, "B");
  std::fill(most.begin(), most.end(), std::byte{0});
  for (std::size_t i = 0; i < most.size(); i += 2)
    most[i] = std::byte{1};
  most.push_back(std::byte{0});
  most.push_back(std::byte{0});
  attacker greedy{v.port()};
  greedy.shake_hands("PUSH");
  greedy.send(most);
  row("B19", "a message of one frame more: is not refused", greedy.is_closed() ? 0 : 1, 0, "");
}

void measure_claims()
{
  std::size_t const count = 100;
  victim v{[](cozmq::context& ctx, auto report, asio::io_context& io) {
    cozmq::pull_socket pull{ctx};
    pull.set_option(cozmq::option::max_message_size{cozmq::option::unlimited});
    stand_there(pull, report, io);
  }};
  worst_welcome(v.port(), 3);
  octets claim(cozmq::wire::max_frame_header_size);
  cozmq::wire::encode_frame_header(claim.data(), 0, std::uint64_t{1} << 40);
  claim.resize(claim.size() + 64);
  double const before = v.resident();
  std::vector<attacker> peers;
  for (std::size_t i = 0; i < count; ++i) {
    peers.emplace_back(v.port());
    peers.back().shake_hands("PUSH");
    peers.back().send(claim);
  }
  pause(0.3);
  row("B19", "a frame of 1 TiB is announced, max_message_size{unlimited}",
      (v.resident() - before) / double{count} / 1024, 64, "KiB");
}

}  // namespace

int main()
{
  try {
    bench::allow_descriptors(12'000);
    measure_connections();
    measure_half_open("silent peers", 1000, {});
    measure_half_open("peers that have greeted", 1000, greeting());
    measure_flood();
    measure_descriptors();
    measure_subscriptions(4);
    measure_subscriptions(16);
    measure_frames();
    measure_claims();
#ifdef COZMQ_BENCH_CURVE
    measure_curve_half_open();
    measure_curve_forged();
    measure_secrets();
#else
    fmt::print("B17, B21: CURVE is not measured, this build has no libsodium\n");
#endif
  } catch (std::exception const& e) {
    fmt::print(stderr, "bench_hostile: {}\n", e.what());
    return 2;
  }
  fmt::print("{}\n", bench::all_met ? "all bars are met" : "not all bars are met");
  return bench::all_met ? 0 : 1;
}
