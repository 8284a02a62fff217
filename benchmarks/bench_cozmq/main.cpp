// Measures cozmq the way its users write it: coroutines, one co_await per message.
#include "bench_cozmq/blocking.hpp"
#include "bench_cozmq/connections.hpp"
#include "bench_cozmq/crossing.hpp"
#include "bench_cozmq/fanout.hpp"
#include "bench_cozmq/latency.hpp"
#include "bench_cozmq/pipelined.hpp"
#include "bench_cozmq/serving.hpp"
#include "bench_cozmq/throughput.hpp"
#include "bench_cozmq/topics.hpp"
#include "support/worker.hpp"
#include <cozmq/version.hpp>

#include <string>

int main(int argc, char** argv)
{
  using namespace bench::with_cozmq;
  bench::worker const cozmq_worker{"cozmq",
                                   std::string{cozmq::version()},
                                   {{"throughput", throughput},
                                    {"latency", latency},
                                    {"fanout", fanout},
                                    {"crossing", crossing},
                                    {"crossing_latency", crossing_latency},
                                    {"blocking", blocking},
                                    {"connections", connections},
                                    {"pipelined", pipelined},
                                    {"proxied", proxied},
                                    {"serving", serving},
                                    {"topics_hit", topics_hit},
                                    {"topics_missed", topics_missed}}};
  return cozmq_worker.main(argc, argv);
}
