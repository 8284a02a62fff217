// The limit for a stream of messages: batches of 64 KiB written, owned messages read.
#pragma once

#include "bench_raw/framing.hpp"
#include "bench_raw/stream.hpp"
#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/worker.hpp"

#include <cstddef>
#include <string>

namespace bench::raw {

inline void send_for_ever(stream& to, std::size_t size)
{
  std::string const payload(size, 'x');
  if (longest_header + size > batch_size) {
    char header[longest_header];
    std::size_t const header_size = put_header(header, size);
    for (;;) {
      to.write_both(header, header_size, payload.data(), payload.size());
    }
  }
  for (batch packed;;) {
    if (!packed.add(payload)) {
      to.write_all(packed.data(), packed.size());
      packed.clear();
    }
  }
}

inline report throughput(plan const& p)
{
  reject_inproc(p);
  scratch_directory scratch;
  listener incoming{p.transport, scratch.path() + "/socket"};
  partner sender{[&] {
    stream to = dial(p.transport, incoming.address());
    send_for_ever(to, p.size);
  }};
  stream from = incoming.accept();
  frame_reader reader{from};
  meter m{p, sender.pid()};
  char volatile touched = 0;
  while (!reader.step([&](char first) {
    touched = first;
    return m.count();
  })) {
  }
  sender.stop();
  return {p, m.result()};
}

}  // namespace bench::raw
