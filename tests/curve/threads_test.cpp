// What CURVE's servers share, they share between threads.
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include <cozmq/cozmq.hpp>
#include <cozmq/curve.hpp>
#include <cozmq/curve/certificate.hpp>
#include <cozmq/curve/known_clients.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::blocking;
using cozmq::curve_certificate;
using cozmq::curve_keys;
namespace option = cozmq::option;

namespace {

// Reads the list again and again, until it goes.
class reloading {
 public:
  explicit reloading(cozmq::known_clients list, cozmq::curve_public_key who)
      : thread_{[this, list, who]() mutable {
          do {
            list.reload();
            has_missed = has_missed || !list.contains(who) || list.size() != 1;
            ++count;
          } while (!stop_);
        }}
  {
  }
  reloading(reloading const&) = delete;
  reloading& operator=(reloading const&) = delete;
  ~reloading()
  {
    stop_ = true;
    thread_.join();
  }

  std::atomic<bool> has_missed = false;
  std::atomic<int> count = 0;

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("CURVE servers on several threads share keys, cookies and a list that is read again meanwhile")
{
  constexpr std::size_t servers = 3;
  temporary_folder const folder;
  curve_certificate const bob{curve_keys::generate()};
  bob.save_public(folder.path("bob.key"));
  cozmq::known_clients const clients{folder.path(), 0ms};
  curve_keys const keys = curve_keys::generate();
  option::curve_server const as_server{keys};
  option::curve_client const as_client{bob.keys(), keys.public_key()};

  cozmq::context ctx{cozmq::io_threads{4}};
  std::array<std::unique_ptr<blocking<cozmq::pull_socket>>, servers> pulls;
  std::array<std::string, servers> endpoints;
  for (std::size_t i = 0; i < servers; ++i) {
    pulls[i] = std::make_unique<blocking<cozmq::pull_socket>>(ctx);
    pulls[i]->set_option(as_server);
    pulls[i]->set_option(option::authenticator{clients});
    pulls[i]->set_receive_timeout(60s);
    endpoints[i] = pulls[i]->bind("tcp://127.0.0.1:*");
  }
  reloading again{clients, bob.public_key()};
  for (int round = 0; round < 15; ++round) {
    std::vector<std::unique_ptr<blocking<cozmq::push_socket>>> pushes;
    for (std::string const& endpoint : endpoints) {
      pushes.push_back(std::make_unique<blocking<cozmq::push_socket>>(ctx));
      pushes.back()->set_option(as_client);
      pushes.back()->connect(endpoint);
    }
    for (auto const& push : pushes)
      push->send(std::to_string(round));
    for (auto const& pull : pulls)
      REQUIRE(pull->recv()[0] == std::to_string(round));
  }
  CHECK_FALSE(again.has_missed);
  CHECK(again.count > 0);
}
