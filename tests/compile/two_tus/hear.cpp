// The second translation unit: instantiates a receiver, and the same helpers as the first.
#include "two_tus.hpp"

asio::awaitable<std::string> hear(cozmq::context& ctx, std::string endpoint)
{
  cozmq::pull_socket in{ctx};
  in.bind(endpoint);
  cozmq::message const heard = co_await in.recv();
  co_return std::string{heard[0].view()};
}
