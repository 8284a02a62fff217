// Hello World client without an event loop: asks ten times and prints the answers. Usage: bhwclient [endpoint]
#include <cozmq/cozmq.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <exception>

int main(int argc, char* argv[])
try {
  cozmq::context ctx;
  cozmq::blocking<cozmq::req_socket> client{ctx};
  client.connect(argc > 1 ? argv[1] : "tcp://localhost:5555");
  for (int number = 1; number <= 10; ++number) {
    client.send("Hello");
    fmt::print("Hello {}: {}\n", number, client.recv());
  }
} catch (std::exception const& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
