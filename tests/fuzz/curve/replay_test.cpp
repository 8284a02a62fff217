// The targets of CURVE with their corpora and mutations of them.
#include "fuzz/replay.hpp"

using namespace cozmq;
using fuzz::replay;

TEST_CASE("2.8 fuzzing a server of CURVE lets nobody in without every proof, and tells the others nothing")
{
  replay("curve_server", &fuzz::curve_server, 1000);
}

TEST_CASE("2.8 fuzzing a client of CURVE goes on with nobody but its server")
{
  replay("curve_client", &fuzz::curve_client, 1000);
}

TEST_CASE("2.8 fuzzing sealed frames come back as they were, or not at all")
{
  replay("curve_messages", &fuzz::curve_messages, 2000);
}
