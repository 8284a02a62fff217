// Measures cozmq the way its users write it: coroutines, one co_await per message.
#include "bench_cozmq/fanout.hpp"
#include "bench_cozmq/latency.hpp"
#include "bench_cozmq/throughput.hpp"
#include "support/worker.hpp"
#include <cozmq/version.hpp>

#include <string>

int main(int argc, char** argv)
{
  bench::worker const cozmq_worker{"cozmq", std::string{cozmq::version()}, bench::with_cozmq::throughput,
                                   bench::with_cozmq::latency, bench::with_cozmq::fanout};
  return cozmq_worker.main(argc, argv);
}
