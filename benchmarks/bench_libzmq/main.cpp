// Measures libzmq the way its own users call it.
#include "bench_libzmq/fanout.hpp"
#include "bench_libzmq/handles.hpp"
#include "bench_libzmq/latency.hpp"
#include "bench_libzmq/throughput.hpp"
#include "support/worker.hpp"

int main(int argc, char** argv)
{
  bench::worker const libzmq{"libzmq", bench::libzmq::version(), bench::libzmq::throughput,
                             bench::libzmq::latency, bench::libzmq::fanout};
  return libzmq.main(argc, argv);
}
