// The limit for request and reply: blocking sockets that echo the octets a REQ/REP round trip has on the wire.
#pragma once

#include "bench_raw/framing.hpp"
#include "bench_raw/stream.hpp"
#include "support/endpoint.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/round_trips.hpp"
#include "support/worker.hpp"

#include <cstddef>
#include <vector>

namespace bench::raw {

// [RFC 28] a request is an empty delimiter frame (two octets) and the body's frame.
inline std::vector<char> request_on_the_wire(std::size_t size)
{
  char header[longest_header];
  return std::vector<char>(2 + put_header(header, size) + size, 'x');
}

inline report latency(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  listener incoming{p.transport, scratch.path() + "/socket"};
  partner server{[&] {
    stream client = incoming.accept();
    for (auto octets = request_on_the_wire(p.size);;) {
      client.read_exactly(octets.data(), octets.size());
      client.write_all(octets.data(), octets.size());
    }
  }};
  stream server_end = dial(p.transport, incoming.address());
  auto octets = request_on_the_wire(p.size);
  round_trips trips{p, server.pid()};
  do {
    server_end.write_all(octets.data(), octets.size());
    server_end.read_exactly(octets.data(), octets.size());
  } while (!trips.lap());
  server.stop();
  report result{p, trips.result()};
  result.round_trip_quantiles(trips);
  return result;
}

}  // namespace bench::raw
