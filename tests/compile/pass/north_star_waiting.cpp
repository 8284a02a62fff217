// Waiting on several sockets and on time, asking again, and never waiting.
#include <cozmq/cozmq.hpp>

#include <chrono>
#include <concepts>
#include <variant>

using namespace std::chrono_literals;

asio::awaitable<void> wait(cozmq::pull_socket& tasks, cozmq::sub_socket& updates, cozmq::req_socket& client)
{
  auto got = co_await (tasks.recv() || updates.recv());
  static_assert(std::same_as<decltype(got), std::variant<cozmq::message, cozmq::message>>);
  auto reply = co_await (client.recv() || cozmq::timeout(2500ms));
  static_assert(std::same_as<decltype(reply), std::variant<cozmq::message, std::monostate>>);
  if (auto m = tasks.try_recv()) {
    updates.subscribe((*m)[0].view());
  }
}

asio::awaitable<cozmq::message> ask(cozmq::req_socket& client)
{
  cozmq::message reply = co_await client.request("Hello", {.timeout = 2500ms, .retries = 3});
  co_return reply;
}
