// Work for whoever asks: ten workers with REQ ask a ROUTER for tasks, and so the quick ones get more of them.
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <utility>

constexpr int workers = 10;
constexpr int tasks = 100;

asio::awaitable<void> work(cozmq::context& ctx, int number)
{
  cozmq::req_socket worker{ctx};
  worker.set_option(cozmq::option::routing_id{fmt::format("worker {}", number)});
  worker.connect("inproc://broker");
  for (int done = 0;; ++done) {
    cozmq::message task = co_await worker.request(fmt::to_string(done));
    if (task[0] == "fired")
      break;
    co_await cozmq::timeout(std::chrono::milliseconds{number});  // the work; number 1 is the quickest
  }
}

asio::awaitable<void> deal(cozmq::context& ctx)
{
  cozmq::router_socket broker{ctx};
  broker.bind("inproc://broker");
  for (int number = 1; number <= workers; ++number)
    cozmq::spawn(ctx, work(ctx, number));

  for (int i = 0; i < tasks + workers; ++i) {
    cozmq::message request = co_await broker.recv();  // id of the worker, empty, what it says
    cozmq::frame done = request.pop_back();
    if (i >= tasks)
      fmt::print("{} completed {} tasks\n", request[0], done);
    request.push_back(cozmq::frame{i < tasks ? "work harder" : "fired"});
    co_await broker.send(std::move(request));
  }
}

int main()
{
  return cozmq::run(deal);
}
