// Publish and subscribe: views, parts, several endpoints, several frames.
#include <cozmq/cozmq.hpp>

#include <fmt/format.h>

asio::awaitable<void> subscribe(cozmq::context& ctx)
{
  cozmq::sub_socket sub{ctx};
  sub.connect("tcp://localhost:5556");
  sub.subscribe("10001 ");
  cozmq::message update = co_await sub.recv();
  std::string_view zipcode = update[0].view();
  auto [zip, body] = (co_await sub.recv()).parts<2>();
  fmt::print("{} {} {}\n", zipcode, zip, body);
}

asio::awaitable<void> publish(cozmq::context& ctx, int temperature, int humidity)
{
  cozmq::pub_socket pub{ctx};
  pub.bind("tcp://*:5556");
  pub.bind("ipc://weather.ipc");
  co_await pub.send("10001 ", fmt::format("{} {}", temperature, humidity));
}
