#include <cozmq/core/endpoint.hpp>

#include "support/catch.hpp"

using cozmq::endpoint;
using cozmq::transport_type;

TEST_CASE("an endpoint prints the text that leads back to it")
{
  endpoint tcp;
  tcp.host = "localhost";
  tcp.port = 5555;
  CHECK(to_string(tcp) == "tcp://localhost:5555");

  tcp.host = "fe80::1%eth0";
  CHECK(to_string(tcp) == "tcp://[fe80::1%eth0]:5555");

  endpoint any;
  any.host = "*";
  any.any_host = any.any_port = true;
  CHECK(to_string(any) == "tcp://*:*");

  endpoint ipc;
  ipc.transport = transport_type::ipc;
  ipc.path = "@abstract";
  CHECK(ipc.abstract());
  CHECK(to_string(ipc) == "ipc://@abstract");

  endpoint inproc;
  inproc.transport = transport_type::inproc;
  inproc.name = "a";
  CHECK_FALSE(inproc.abstract());
  CHECK(to_string(inproc) == "inproc://a");
}

TEST_CASE(
    "an endpoint with a source address prints it in front, with a star for a port that the system chooses")
{
  endpoint tcp;
  tcp.host = "10.0.0.1";
  tcp.port = 5555;
  tcp.source_host = "10.0.0.2";
  CHECK(to_string(tcp) == "tcp://10.0.0.2:*;10.0.0.1:5555");
  tcp.source_port = 7;
  CHECK(to_string(tcp) == "tcp://10.0.0.2:7;10.0.0.1:5555");
}

TEST_CASE("endpoints are equal when all their parts are")
{
  endpoint a;
  a.host = "h";
  endpoint b = a;
  CHECK(a == b);
  b.port = 1;
  CHECK_FALSE(a == b);
}
