// The first translation unit: instantiates a sender.
#include "two_tus.hpp"

asio::awaitable<void> say(cozmq::context& ctx, std::string endpoint)
{
  cozmq::push_socket out{ctx};
  out.connect(endpoint);
  co_await out.send("hello", endpoint);
}
