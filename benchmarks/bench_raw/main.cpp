// Measures what the kernel allows: bare sockets that carry ZMTP frames, without a library.
#include "bench_raw/fanout.hpp"
#include "bench_raw/latency.hpp"
#include "bench_raw/throughput.hpp"
#include "support/worker.hpp"

int main(int argc, char** argv)
{
  bench::worker const raw{"raw", "sockets", bench::raw::throughput, bench::raw::latency, bench::raw::fanout};
  return raw.main(argc, argv);
}
