// Starts coroutines of both translation units in one context.
#include "two_tus.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>

int main()
{
  asio::io_context io;
  cozmq::context ctx{io};
  std::string heard;
  auto const rethrow = [](std::exception_ptr failure) {
    if (failure)
      std::rethrow_exception(failure);
  };
  asio::co_spawn(io, hear(ctx, "inproc://two-tus"), [&](std::exception_ptr failure, std::string text) {
    rethrow(failure);
    heard = text;
  });
  asio::co_spawn(io, say(ctx, "inproc://two-tus"), rethrow);
  io.run();
  return heard == "hello" ? 0 : 1;
}
