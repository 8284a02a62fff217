// A socket in an application that already has Asio.
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

asio::awaitable<void> serve(cozmq::context& ctx);

int main()
{
  asio::io_context io;
  cozmq::context ctx{io};
  asio::co_spawn(io, serve(ctx), asio::detached);
  io.run();
}
