// A whole server, as the README shows it.
#include <cozmq/cozmq.hpp>

#include <fmt/format.h>

asio::awaitable<void> serve(cozmq::context& ctx)
{
  cozmq::rep_socket server{ctx};
  server.bind("tcp://*:5555");
  for (;;) {
    cozmq::message request = co_await server.recv();
    fmt::print("received {}\n", request);
    co_await server.send("World");
  }
}

int main()
{
  return cozmq::run(serve);
}
