// Lazy pirate client: a request that survives a server that is dead, or busy for too long.
// Usage: lpclient [endpoint] [ms to wait for a reply]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>

asio::awaitable<int> ask(cozmq::context& ctx, std::string endpoint, std::chrono::milliseconds patience)
{
  cozmq::req_socket client{ctx};
  client.connect(endpoint);
  for (int number = 1; number <= 3; ++number) {
    try {
      cozmq::message reply =
          co_await client.request(fmt::to_string(number), {.timeout = patience, .retries = 2});
      fmt::print("the server replied {}\n", reply);
      std::fflush(stdout);
    } catch (std::system_error const& failure) {
      if (failure.code() != cozmq::errc::timed_out)
        throw;
      fmt::print("the server seems to be offline, giving up: {}\n", failure.what());
      co_return 1;
    }
  }
  co_return 0;
}

int main(int argc, char* argv[])
{
  std::string endpoint = argc > 1 ? argv[1] : "tcp://localhost:5555";
  std::chrono::milliseconds patience{argc > 2 ? std::stoi(argv[2]) : 2500};
  return cozmq::run([&](cozmq::context& ctx) { return ask(ctx, endpoint, patience); });
}
