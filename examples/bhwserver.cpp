// Hello World server without an event loop: its calls block. Usage: bhwserver [endpoint]
#include <cozmq/cozmq.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <exception>

int main(int argc, char* argv[])
try {
  cozmq::context ctx;  // its own thread connects, receives and sends in the background
  cozmq::blocking<cozmq::rep_socket> server{ctx};
  fmt::print("listening on {}\n", server.bind(argc > 1 ? argv[1] : "tcp://*:5555"));
  for (;;) {
    std::fflush(stdout);
    fmt::print("received {}\n", server.recv());
    server.send("World");
  }
} catch (std::exception const& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
