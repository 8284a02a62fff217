// cozmq, inproc between two I/O threads of one context: PUSH to PULL as fast as it goes, and REQ to REP.
#pragma once

#include "bench_cozmq/latency.hpp"
#include "bench_cozmq/throughput.hpp"
#include "support/meter.hpp"
#include "support/plan.hpp"
#include "support/report.hpp"
#include "support/round_trips.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bench::with_cozmq {

/// What another thread does until the context ends.
template <class Coroutine>
void start_on(cozmq::context& ctx, std::size_t thread, Coroutine work)
{
  asio::co_spawn(ctx.get_executor(thread), std::move(work), [](std::exception_ptr) {});
}

inline asio::awaitable<void> count_window(cozmq::pull_socket pull, meter& m)
{
  do {
    cozmq::message const received = co_await pull.recv();
    [[maybe_unused]] char const volatile touched = received[0].view().front();
  } while (!m.count());
}

inline asio::awaitable<void> time_window(cozmq::req_socket req, std::size_t size, round_trips& trips)
{
  std::string const payload(size, 'x');
  do {
    co_await req.send(std::string_view{payload});
    cozmq::message const reply = co_await req.recv();
    [[maybe_unused]] char const volatile touched = reply[0].view().front();
  } while (!trips.lap());
}

inline report crossing(plan const& p)
{
  cozmq::context ctx{cozmq::io_threads{2}};
  cozmq::pull_socket pull{ctx, ctx.get_executor(0)};
  std::string const endpoint = pull.bind("inproc://bench");
  meter m{p, 0};
  start_on(ctx, 1, send_for_ever(ctx, endpoint, p));
  asio::co_spawn(ctx.get_executor(0), count_window(std::move(pull), m), asio::use_future).get();
  return {p, m.result()};
}

inline report crossing_latency(plan const& p)
{
  cozmq::context ctx{cozmq::io_threads{2}};
  cozmq::rep_socket rep{ctx, ctx.get_executor(1)};
  cozmq::req_socket req{ctx, ctx.get_executor(0)};
  req.connect(rep.bind("inproc://bench"));
  start_on(ctx, 1, answer_for_ever(std::move(rep)));
  round_trips trips{p, 0};
  asio::co_spawn(ctx.get_executor(0), time_window(std::move(req), p.size, trips), asio::use_future).get();
  report result{p, trips.result()};
  result.round_trip_quantiles(trips);
  return result;
}

}  // namespace bench::with_cozmq
