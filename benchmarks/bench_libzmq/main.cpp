// Measures libzmq the way its own users call it.
#include "bench_libzmq/connections.hpp"
#include "bench_libzmq/crossing.hpp"
#include "bench_libzmq/fanout.hpp"
#include "bench_libzmq/handles.hpp"
#include "bench_libzmq/latency.hpp"
#include "bench_libzmq/pipelined.hpp"
#include "bench_libzmq/serving.hpp"
#include "bench_libzmq/throughput.hpp"
#include "bench_libzmq/topics.hpp"
#include "support/worker.hpp"

int main(int argc, char** argv)
{
  using namespace bench::libzmq;
  bench::worker const libzmq{"libzmq",
                             version(),
                             {{"throughput", throughput},
                              {"latency", latency},
                              {"fanout", fanout},
                              {"crossing", crossing},
                              {"crossing_latency", crossing_latency},
                              {"blocking", throughput},
                              {"connections", connections},
                              {"pipelined", pipelined},
                              {"proxied", proxied},
                              {"serving", serving},
                              {"topics_hit", topics_hit},
                              {"topics_missed", topics_missed}}};
  return libzmq.main(argc, argv);
}
