// libzmq's clients, workers, publishers and subscribers through our proxies, and ours through libzmq's.
#include "interop/pairing.hpp"
#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

using namespace cozmq::test;

namespace {

std::string any_address()
{
  return GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
}

void expect(bool holds, char const* what)
{
  if (!holds)
    throw std::runtime_error{what};
}

// zmq_proxy_steerable on a thread of its own, until it is destroyed.
class libzmq_proxy {
 public:
  libzmq_proxy(int front, int back)
  {
    for (void** const each : {&front_, &back_, &control_, &steers_})
      *each = zmq_socket(context_, each == &front_ ? front : each == &back_ ? back : ZMQ_PAIR);
    zmq_bind(control_, "inproc://control");
    zmq_connect(steers_, "inproc://control");
    int const off = 0;
    zmq_setsockopt(front_, ZMQ_LINGER, &off, sizeof off);
    zmq_setsockopt(back_, ZMQ_LINGER, &off, sizeof off);
  }
  libzmq_proxy(libzmq_proxy const&) = delete;
  libzmq_proxy& operator=(libzmq_proxy const&) = delete;
  ~libzmq_proxy()
  {
    if (thread_.joinable()) {
      zmq_send(steers_, "TERMINATE", 9, 0);
      thread_.join();
    }
    for (void* const each : {front_, back_, control_, steers_})
      zmq_close(each);
    zmq_ctx_term(context_);
  }

  // Returns the endpoints of the front and the back.
  std::pair<std::string, std::string> run()
  {
    std::pair<std::string, std::string> endpoints{bind(front_), bind(back_)};
    thread_ = std::thread{[this] { zmq_proxy_steerable(front_, back_, nullptr, control_); }};
    return endpoints;
  }

 private:
  static std::string bind(void* socket)
  {
    REQUIRE(zmq_bind(socket, "tcp://127.0.0.1:*") == 0);
    std::array<char, 256> text{};
    std::size_t size = text.size();
    REQUIRE(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, text.data(), &size) == 0);
    return text.data();
  }

  void* context_ = zmq_ctx_new();
  void* front_ = nullptr;
  void* back_ = nullptr;
  void* control_ = nullptr;
  void* steers_ = nullptr;
  std::thread thread_;
};

asio::awaitable<void> echo(cozmq::rep_socket& server)
{
  for (;;) {
    cozmq::message request = co_await server.recv();
    co_await server.send(std::move(request));
  }
}

}  // namespace

TEST_CASE("A39 B47 libzmq's REQ clients and REP workers meet at our ROUTER and DEALER proxy")
{
  std::string const any = any_address();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::router_socket front{ctx};
    cozmq::dealer_socket back{ctx};
    std::string const clients = front.bind(any);
    std::string const workers = back.bind(any);
    cozmq::spawn(ctx, cozmq::proxy(front, back));
    auto const serve = [&] {
      libzmq_peer worker{ZMQ_REP};
      worker.connect(workers);
      for (parts request; request != parts{"stop"};) {
        request = worker.receive();
        worker.send(request);
      }
    };
    auto const ask = [&] {
      libzmq_peer client{ZMQ_REQ};
      client.connect(clients);
      for (parts const& sample : samples()) {
        client.send(sample);
        expect(client.receive() == sample, "the reply is another one");
      }
    };
    {
      peer_thread first_worker{io, serve};
      peer_thread second_worker{io, serve};
      peer_thread first{io, ask};
      peer_thread second{io, ask};
      co_await first.join();
      co_await second.join();
      // One for each worker: replies come round robin.
      co_await back.wait_connected(2);
      peer_thread stop{io, [&] {
                         libzmq_peer client{ZMQ_REQ};
                         client.connect(clients);
                         for (int i = 0; i < 2; ++i) {
                           client.send({"stop"});
                           client.receive();
                         }
                       }};
      co_await stop.join();
      co_await first_worker.join();
      co_await second_worker.join();
    }
    front.close();
    back.close();
  });
}

TEST_CASE("A39 B45 libzmq's PUB and SUB meet at our XSUB and XPUB proxy, with a capture")
{
  std::string const any = any_address();
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::xsub_socket front{ctx};
    cozmq::xpub_socket back{ctx};
    cozmq::push_socket capture{ctx};
    cozmq::pull_socket log{ctx};
    std::string const feeds = front.bind(any);
    std::string const readers = back.bind(any);
    capture.bind("inproc://capture");
    log.connect("inproc://capture");
    cozmq::spawn(ctx, cozmq::proxy(front, back, capture));
    libzmq_peer publisher{ZMQ_XPUB};  // an XPUB, to see when it is subscribed to
    publisher.connect(feeds);
    libzmq_peer subscriber{ZMQ_SUB};
    subscriber.set(ZMQ_SUBSCRIBE, "topic");
    subscriber.connect(readers);
    peer_thread publishing{io, [&] {
                             expect(publisher.receive() == parts{"\1topic"},
                                    "the subscription is another one");
                             publisher.send({"other", "not wanted"});
                             publisher.send({"topic", "", "update"});
                             expect(subscriber.receive() == parts{"topic", "", "update"}, "another update");
                           }};
    co_await publishing.join();
    cozmq::message m = co_await log.recv();
    REQUIRE((to_parts(m) == parts{"\1topic"}));
    m = co_await log.recv();
    REQUIRE((to_parts(m) == parts{"topic", "", "update"}));
    front.close();
    back.close();
  });
}

TEST_CASE("A39 B51 libzmq's PUSH reaches libzmq's PULL through our proxy, in order, from tcp to ipc")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket front{ctx};
    cozmq::push_socket back{ctx};
    std::string const from = front.bind("tcp://127.0.0.1:*");
    std::string const to = back.bind("ipc://*");
    cozmq::spawn(ctx, cozmq::proxy(front, back));
    peer_thread pushing{io, [&] {
                          libzmq_peer push{ZMQ_PUSH};
                          push.connect(from);
                          for (parts const& sample : samples())
                            push.send(sample);
                          for (int i = 0; i < 10'000; ++i)
                            push.send({std::to_string(i)});
                        }};
    peer_thread pulling{io, [&] {
                          libzmq_peer pull{ZMQ_PULL};
                          pull.connect(to);
                          for (parts const& sample : samples())
                            expect(pull.receive() == sample, "the message is another one");
                          for (int i = 0; i < 10'000; ++i)
                            expect(pull.receive() == parts{std::to_string(i)}, "out of order");
                        }};
    co_await pushing.join();
    co_await pulling.join();
    front.close();
    back.close();
  });
}

TEST_CASE("5.5 proxy_steerable libzmq's REQ steers our forwarder")
{
  scenario([](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pull_socket front{ctx};
    cozmq::push_socket back{ctx};
    cozmq::rep_socket control{ctx};
    std::string const from = front.bind("tcp://127.0.0.1:*");
    std::string const to = back.bind("tcp://127.0.0.1:*");
    std::string const commands = control.bind("tcp://127.0.0.1:*");
    cozmq::forwarder f{front, back};
    f.steered_by(control);
    peer_thread other{io, [&] {
                        libzmq_peer steers{ZMQ_REQ};
                        libzmq_peer push{ZMQ_PUSH};
                        libzmq_peer pull{ZMQ_PULL};
                        steers.connect(commands);
                        push.connect(from);
                        pull.connect(to);
                        auto const say = [&](std::string const& word) {
                          steers.send({word});
                          return steers.receive();
                        };
                        expect(say("PAUSE") == parts{""}, "PAUSE is answered by an empty message");
                        push.send({"1234"});
                        expect(say("RESUME") == parts{""}, "RESUME is answered by an empty message");
                        expect(pull.receive() == parts{"1234"}, "another message");
                        parts const numbers = say("STATISTICS");
                        expect(numbers.size() == 8, "eight numbers");
                        std::array<std::uint64_t, 8> values{};
                        for (std::size_t i = 0; i < 8; ++i)
                          std::memcpy(&values[i], numbers[i].data(), numbers[i].size());
                        expect(values == std::array<std::uint64_t, 8>{1, 4, 0, 0, 0, 0, 1, 4},
                               "other numbers");
                        expect(say("TERMINATE") == parts{""}, "TERMINATE is answered by an empty message");
                      }};
    co_await f.run();
    co_await other.join();
  });
}

TEST_CASE("A39 B49 our REQ and REP meet at libzmq's proxy")
{
  libzmq_proxy broker{ZMQ_ROUTER, ZMQ_DEALER};
  auto const [front, back] = broker.run();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::rep_socket server{ctx};
    server.connect(back);
    cozmq::spawn(ctx, echo(server));
    cozmq::req_socket client{ctx};
    client.connect(front);
    for (parts const& sample : samples()) {
      cozmq::message const reply = co_await client.request(to_message(sample));
      REQUIRE((to_parts(reply) == sample));
    }
  });
}

TEST_CASE("A39 B45 our PUB and SUB meet at libzmq's proxy")
{
  libzmq_proxy broker{ZMQ_XSUB, ZMQ_XPUB};
  auto const [front, back] = broker.run();
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    cozmq::pub_socket pub{ctx};
    cozmq::sub_socket sub{ctx};
    pub.connect(front);
    sub.connect(back);
    sub.subscribe("topic");
    co_await pub.wait_subscribers("topic");
    for (int i = 0; i < 100; ++i) {
      co_await pub.send("other");
      co_await pub.send("topic", std::to_string(i));
      cozmq::message const update = co_await sub.recv();
      REQUIRE((to_parts(update) == parts{"topic", std::to_string(i)}));
    }
  });
}
