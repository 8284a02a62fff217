#include <cozmq/wire/heartbeat.hpp>

#include "support/catch.hpp"

#include <chrono>

using namespace std::chrono_literals;
using cozmq::wire::deciseconds;
using cozmq::wire::heartbeat;
using cozmq::wire::heartbeat_config;
using action = heartbeat::action;

namespace {

constexpr heartbeat::time_point start{1000s};

heartbeat make(heartbeat_config config, std::uint8_t minor = 1)
{
  return {config, minor, start};
}

constexpr heartbeat_config ping_every_second{1s, 3s, 0s, false};

}  // namespace

TEST_CASE("a heartbeat that is off waits for nothing")
{
  heartbeat beat = make({});
  CHECK_FALSE(beat.next_deadline());
  CHECK(beat.poll(start + 24h) == action::nothing);
}

TEST_CASE("a PING is due every interval, whatever arrives")
{
  heartbeat beat = make(ping_every_second);
  CHECK(beat.next_deadline() == start + 1s);
  CHECK(beat.poll(start + 999ms) == action::nothing);
  beat.on_bytes_received();
  CHECK(beat.poll(start + 1s) == action::send_ping);
  CHECK(beat.poll(start + 1s) == action::nothing);
  CHECK(beat.next_deadline() == start + 2s);
}

TEST_CASE("a poll that comes late sends one PING, not one for every interval missed")
{
  heartbeat beat = make(ping_every_second);
  CHECK(beat.poll(start + 10s) == action::send_ping);
  CHECK(beat.poll(start + 10s) == action::nothing);
  CHECK(beat.next_deadline() == start + 11s);
}

TEST_CASE("silence after a PING ends the connection after the timeout of the first one")
{
  heartbeat beat = make(ping_every_second);
  CHECK(beat.poll(start + 1s) == action::send_ping);
  CHECK(beat.poll(start + 2s) == action::send_ping);
  CHECK(beat.poll(start + 3s) == action::send_ping);
  CHECK(beat.next_deadline() == start + 4s);
  CHECK(beat.poll(start + 3999ms) == action::nothing);
  CHECK(beat.poll(start + 4s) == action::expired);
}

TEST_CASE("any bytes are a sign of life")
{
  heartbeat beat = make(ping_every_second);
  CHECK(beat.poll(start + 1s) == action::send_ping);
  beat.on_bytes_received();
  CHECK(beat.poll(start + 4s) == action::send_ping);
  CHECK(beat.poll(start + 6999ms) == action::send_ping);
  CHECK(beat.poll(start + 7s) == action::expired);
}

TEST_CASE("a timeout of zero is the interval")
{
  heartbeat beat = make({1s, 0s, 0s, false});
  CHECK(beat.poll(start + 1s) == action::send_ping);
  CHECK(beat.poll(start + 2s) == action::expired);
}

TEST_CASE("the peer's TTL counts from its PING and ends with any further traffic")
{
  heartbeat beat = make({});
  beat.on_bytes_received();
  beat.on_ping(deciseconds{3}, start);
  CHECK(beat.next_deadline() == start + 300ms);
  CHECK(beat.poll(start + 299ms) == action::nothing);

  heartbeat fed = beat;
  fed.on_bytes_received();
  CHECK_FALSE(fed.next_deadline());
  CHECK(fed.poll(start + 1h) == action::nothing);

  CHECK(beat.poll(start + 300ms) == action::expired);
}

TEST_CASE("a TTL of zero says nothing and the largest is honoured in full")
{
  heartbeat beat = make({});
  beat.on_ping(deciseconds{0}, start);
  CHECK_FALSE(beat.next_deadline());
  beat.on_ping(deciseconds{65535}, start);
  CHECK(beat.next_deadline() == start + 6553500ms);
}

TEST_CASE("our TTL is rounded up to tenths and never over 65.5 s")
{
  CHECK(make({}).wire_ttl() == deciseconds{0});
  CHECK(make({0s, 0s, 1ms, false}).wire_ttl() == deciseconds{1});
  CHECK(make({0s, 0s, 2500ms, false}).wire_ttl() == deciseconds{25});
  CHECK(make({0s, 0s, 65501ms, false}).wire_ttl() == deciseconds{655});
  CHECK(make({0s, 0s, 1h, false}).wire_ttl() == deciseconds{655});
}

TEST_CASE("a 3.0 peer is sent a PING only after it has sent one itself")
{
  heartbeat beat = make(ping_every_second, 0);
  CHECK_FALSE(beat.next_deadline());
  CHECK(beat.poll(start + 1h) == action::nothing);
  beat.on_ping(deciseconds{0}, start + 1h);
  CHECK(beat.next_deadline() == start + 1h + 1s);
  CHECK(beat.poll(start + 1h + 1s) == action::send_ping);
}

TEST_CASE("further PINGs of a 3.0 peer do not put ours off")
{
  heartbeat beat = make(ping_every_second, 0);
  beat.on_ping(deciseconds{0}, start);
  beat.on_ping(deciseconds{0}, start + 900ms);
  CHECK(beat.next_deadline() == start + 1s);
}

TEST_CASE("a 3.0 peer is sent PINGs from the start when the option says so")
{
  heartbeat_config config = ping_every_second;
  config.ping_minor_0 = true;
  CHECK(make(config, 0).poll(start + 1s) == action::send_ping);
}

TEST_CASE("the silence of a 3.0 peer ends nothing before its first PONG")
{
  heartbeat_config config = ping_every_second;
  config.ping_minor_0 = true;
  heartbeat beat = make(config, 0);
  for (auto after = 1s; after < 20s; after += 1s)
    CHECK(beat.poll(start + after) == action::send_ping);
  beat.on_bytes_received();
  beat.on_pong();
  CHECK(beat.poll(start + 20s) == action::send_ping);
  CHECK(beat.poll(start + 23s) == action::expired);
}

TEST_CASE("while reading is paused nothing expires and PINGs go on")
{
  heartbeat beat = make(ping_every_second);
  beat.on_ping(deciseconds{5}, start);
  beat.pause();
  CHECK(beat.next_deadline() == start + 1s);
  for (auto after = 1s; after < 20s; after += 1s)
    CHECK(beat.poll(start + after) == action::send_ping);
}

TEST_CASE("after a pause the timeout and the TTL start anew")
{
  heartbeat silent = make(ping_every_second);
  CHECK(silent.poll(start + 1s) == action::send_ping);
  silent.pause();
  silent.resume(start + 10s);
  CHECK(silent.poll(start + 12999ms) == action::send_ping);
  CHECK(silent.poll(start + 13s) == action::expired);

  heartbeat ttl = make({});
  ttl.on_ping(deciseconds{5}, start);
  ttl.pause();
  CHECK_FALSE(ttl.next_deadline());
  ttl.resume(start + 10s);
  CHECK(ttl.next_deadline() == start + 10500ms);
  CHECK(ttl.poll(start + 10500ms) == action::expired);
}

TEST_CASE("after a pause with nothing outstanding nothing is waited for")
{
  heartbeat beat = make({});
  beat.pause();
  beat.resume(start + 10s);
  CHECK_FALSE(beat.next_deadline());
}
