// Publish-subscribe broker, by hand: publishers and subscribers know only its two endpoints, and not each other.
// Usage: broker [endpoint for publishers] [endpoint for subscribers]
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

asio::awaitable<void> broke(cozmq::context& ctx, std::string publishers, std::string subscribers)
{
  cozmq::xsub_socket frontend{ctx};
  fmt::print("publishers at {}\n", frontend.bind(publishers));
  cozmq::xpub_socket backend{ctx};
  fmt::print("subscribers at {}\n", backend.bind(subscribers));

  for (;;) {
    std::fflush(stdout);
    auto got = co_await (frontend.recv() || backend.recv());
    if (auto* update = std::get_if<0>(&got)) {
      co_await backend.send(std::move(*update));
    } else {
      // An XPUB receives subscriptions as messages: a byte, 1 or 0, and the topic. An XSUB passes them on.
      cozmq::message& subscription = std::get<1>(got);
      std::string_view bytes = subscription[0].view();
      if (bytes.starts_with('\1') || bytes.starts_with('\0'))  // an XSUB may send other messages, too
        fmt::print("{} \"{}\"\n", bytes[0] == '\1' ? "subscribed to" : "no longer", bytes.substr(1));
      co_await frontend.send(std::move(subscription));
    }
  }
}

int main(int argc, char* argv[])
{
  std::string publishers = argc > 1 ? argv[1] : "tcp://*:5555";
  std::string subscribers = argc > 2 ? argv[2] : "tcp://*:5556";
  return cozmq::run([&](cozmq::context& ctx) { return broke(ctx, publishers, subscribers); });
}
