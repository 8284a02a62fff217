// Every target of this folder with its corpus and mutations of it.
#include "fuzz/replay.hpp"

using namespace cozmq;
using fuzz::replay;

TEST_CASE("2.8 fuzzing a decoder says the same of any octets, however they are split")
{
  replay("decoder", &fuzz::decoder, 1500);
}

TEST_CASE("2.8 fuzzing a handshake ends the same with any octets, however they are split")
{
  replay("handshake", &fuzz::handshake, 6000);
}

TEST_CASE("2.8 fuzzing any metadata is malformed, or written back alike")
{
  replay("properties", &fuzz::properties, 20'000);
}

TEST_CASE("2.8 fuzzing any command is malformed, or written back alike")
{
  replay("commands", &fuzz::commands, 20'000);
}

TEST_CASE("2.8 fuzzing any endpoint is refused in words, or comes back from its text")
{
  replay("endpoint", &fuzz::endpoint, 10'000);
}

TEST_CASE("2.8 fuzzing any greeting is judged octet by octet as the RFC has it")
{
  replay("greeting", &fuzz::greeting, 10'000);
}

TEST_CASE("2.8 fuzzing a server of PLAIN lets nobody in who has not shown a name and a password")
{
  replay("plain_server", &fuzz::plain_server, 6000);
}

TEST_CASE("2.8 fuzzing a client of PLAIN says what is due, and to whom")
{
  replay("plain_client", &fuzz::plain_client, 6000);
}

TEST_CASE("2.8 fuzzing any requests leave the subscriptions as a naive model has them")
{
  replay("subscriptions", &fuzz::subscriptions, 3000);
}

TEST_CASE("2.8 fuzzing any bytes are Z85 and back, and any other text is none")
{
  replay("z85", &fuzz::z85, 10'000);
}

TEST_CASE("2.8 fuzzing any frames are a ZAP request or a refusal, and a reply or a failure")
{
  replay("zap_frames", &fuzz::zap_frames, 10'000);
}

TEST_CASE("2.8 fuzzing a list has the addresses that a naive model has")
{
  replay("address_list", &fuzz::address_list, 3000);
}
