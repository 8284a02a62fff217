// Asynchronous server: clients send requests and read whatever answers come; workers answer each request 0 to 4 times.
// Usage: asyncsrv [endpoint] [requests of each client]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using steady = std::chrono::steady_clock;

void ask(cozmq::context& ctx, int number, std::string endpoint, int requests)
try {
  std::string const name = fmt::format("client {}", number);
  cozmq::blocking<cozmq::dealer_socket> client{ctx};
  client.set_option(cozmq::option::routing_id{name});  // what the server's ROUTER knows it by
  client.connect(endpoint);
  for (int request = 1; request <= requests; ++request) {
    client.send(fmt::format("request {}", request));
    // Nobody knows how many answers there will be: read what comes until it is time for the next request.
    auto const next = steady::now() + std::chrono::milliseconds{200};
    auto const left = [&] { return std::chrono::ceil<std::chrono::milliseconds>(next - steady::now()); };
    while (std::optional<cozmq::message> answer = client.recv_for(left())) {
      fmt::print("{}: {}\n", name, *answer);
      std::fflush(stdout);
    }
  }
} catch (std::exception const& e) {
  fmt::print(stderr, "client {}: {}\n", number, e.what());
}

void work(cozmq::context& ctx, int number)
try {
  cozmq::blocking<cozmq::dealer_socket> worker{ctx};  // not a REP, which answers once
  worker.connect("inproc://workers");
  std::mt19937 random{std::random_device{}()};
  for (;;) {
    cozmq::message request = worker.recv();  // who asks, and what
    int const answers = std::uniform_int_distribution{0, 4}(random);
    for (int answer = 1; answer <= answers; ++answer) {
      std::this_thread::sleep_for(std::chrono::milliseconds{std::uniform_int_distribution{1, 10}(random)});
      worker.send(request[0],
                  fmt::format("{}, answer {} of {} by worker {}", request[1], answer, answers, number));
    }
  }
} catch (cozmq::error const& e) {
  if (e.code() != cozmq::errc::terminated)
    fmt::print(stderr, "worker {}: {}\n", number, e.what());
}

asio::awaitable<void> deal(cozmq::router_socket clients, cozmq::dealer_socket workers)
{
  co_await cozmq::proxy(clients, workers);
}

int main(int argc, char* argv[])
try {
  std::string endpoint = argc > 1 ? argv[1] : "tcp://127.0.0.1:5570";
  int requests = argc > 2 ? std::stoi(argv[2]) : 5;

  cozmq::context server;
  cozmq::router_socket frontend{server};
  endpoint = frontend.bind(endpoint);
  fmt::print("listening on {}\n", endpoint);
  std::fflush(stdout);
  cozmq::dealer_socket backend{server};
  backend.bind("inproc://workers");
  server.spawn(deal(std::move(frontend), std::move(backend)));
  std::vector<std::jthread> workers;
  for (int number = 1; number <= 5; ++number)
    workers.emplace_back(work, std::ref(server), number);

  {
    cozmq::context elsewhere;  // the clients might as well be other programs
    std::vector<std::jthread> clients;
    for (int number = 1; number <= 3; ++number)
      clients.emplace_back(ask, std::ref(elsewhere), number, endpoint, requests);
  }
  server.shutdown();  // ends the proxy, and what the workers wait for
} catch (std::exception const& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
