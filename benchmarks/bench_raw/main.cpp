// Measures what the kernel allows: bare sockets that carry ZMTP frames, without a library.
#include "bench_raw/fanout.hpp"
#include "bench_raw/latency.hpp"
#include "bench_raw/throughput.hpp"
#include "support/worker.hpp"

int main(int argc, char** argv)
{
  using namespace bench::raw;
  bench::worker const raw{
      "raw", "sockets", {{"throughput", throughput}, {"latency", latency}, {"fanout", fanout}}};
  return raw.main(argc, argv);
}
