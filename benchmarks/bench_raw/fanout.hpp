// The limit for one publisher and many subscribers: each batch is packed once and written to every connection.
#pragma once

#include "bench_raw/framing.hpp"
#include "bench_raw/stream.hpp"
#include "support/endpoint.hpp"
#include "support/meter.hpp"
#include "support/partner.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/worker.hpp"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench::raw {

struct subscriber {
  stream to;
  std::size_t written = 0;  // octets of the batch at hand
};

// Fills the batch's unwritten rest into every connection that takes some. True when all have all of it.
inline bool write_what_fits(std::vector<subscriber>& subscribers, batch const& packed)
{
  bool complete = true;
  for (subscriber& s : subscribers) {
    if (s.written < packed.size()) {
      ssize_t const put = ::write(s.to.descriptor(), packed.data() + s.written, packed.size() - s.written);
      check(put < 0 && errno != EAGAIN ? -1 : 0, "write");
      s.written += put < 0 ? 0 : static_cast<std::size_t>(put);
    }
    complete = complete && s.written == packed.size();
  }
  return complete;
}

inline void wait_until_writable(std::vector<subscriber> const& subscribers, batch const& packed)
{
  std::vector<pollfd> blocked;
  for (subscriber const& s : subscribers) {
    if (s.written < packed.size()) {
      blocked.push_back({s.to.descriptor(), POLLOUT, 0});
    }
  }
  check(::poll(blocked.data(), blocked.size(), -1), "poll");
}

inline void publish_for_ever(std::vector<subscriber>& subscribers, std::string const& payload)
{
  for (batch packed;;) {
    packed.clear();
    while (packed.add(payload)) {
    }
    for (subscriber& s : subscribers) {
      s.written = 0;
    }
    while (!write_what_fits(subscribers, packed)) {
      wait_until_writable(subscribers, packed);
    }
  }
}

inline void receive_window(std::vector<stream>& streams, meter& m)
{
  std::vector<frame_reader> readers;
  std::vector<pollfd> items;
  for (stream& s : streams) {
    readers.emplace_back(s);
    items.push_back({s.descriptor(), POLLIN, 0});
  }
  char volatile touched = 0;
  for (;;) {
    check(::poll(items.data(), items.size(), -1), "poll");
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].revents != 0 && readers[i].step([&](char first) {
            touched = first;
            return m.count();
          })) {
        return;
      }
    }
  }
}

inline report fanout(plan const& p)
{
  reject_inproc(p);
  if (longest_header + p.size > batch_size) {
    throw std::invalid_argument{"the raw fan-out wants messages that fit into one batch of 64 KiB"};
  }
  scratch_directory scratch;
  listener incoming{p.transport, scratch.path() + "/socket"};
  partner publisher{[&] {
    std::vector<subscriber> subscribers;
    for (std::size_t i = 0; i < p.peers; ++i) {
      subscribers.push_back({incoming.accept()});
      check(::fcntl(subscribers.back().to.descriptor(), F_SETFL, O_NONBLOCK), "O_NONBLOCK");
    }
    publish_for_ever(subscribers, std::string(p.size, 'x'));
  }};
  std::vector<stream> streams;
  for (std::size_t i = 0; i < p.peers; ++i) {
    streams.push_back(dial(p.transport, incoming.address()));
  }
  meter m{p, publisher.pid()};
  receive_window(streams, m);
  publisher.stop();
  return {p, m.result()};
}

}  // namespace bench::raw
