// CURVE with libzmq: messages of every size, with heartbeats among them, whichever side is the server.
#ifdef COZMQ_WITH_CURVE

#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"
#include "support/peer_thread.hpp"
#include "support/scenario.hpp"
#include "support/wire_frames.hpp"
#include <cozmq/cozmq.hpp>
#include <cozmq/curve.hpp>

#include <chrono>
#include <cstddef>
#include <string>

using namespace cozmq::test;
using namespace std::chrono_literals;
namespace option = cozmq::option;

namespace {

// The key pairs in libzmq's manual.
constexpr char const* server_public = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
constexpr char const* server_secret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
constexpr char const* client_public = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
constexpr char const* client_secret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

cozmq::curve_keys keys_of(char const* secret)
{
  return cozmq::curve_keys{cozmq::curve_secret_key::from_z85(secret)};
}

// From nothing to 1 MiB, around all sizes at which something changes; every third has several frames.
parts numbered(std::size_t n)
{
  std::size_t const sizes[]{0,      1,      54,     55,     221,    222,     223,
                            255,    256,    1000,   8192,   32'700, 32'734,  32'735,
                            32'768, 65'493, 65'494, 65'503, 65'536, 100'000, 1'048'576};
  std::size_t const size = n % 5 == 0 ? sizes[n / 5 % std::size(sizes)] : n % 500;
  std::string body = pattern_text(size, n);
  if (n % 3 != 0)
    return {std::move(body)};
  return {std::to_string(n), "", std::move(body), std::string(n % 300, 'x')};
}

}  // namespace

TEST_CASE("CURVE messages of 0 bytes to 1 MiB go to libzmq and come back, with heartbeats")
{
  bool const we_serve = GENERATE(true, false);
  bool const we_bind = GENERATE(true, false);
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    constexpr std::size_t count = 1000;
    cozmq::pair_socket ours{ctx};
    libzmq_peer theirs{ZMQ_PAIR};
    if (we_serve) {
      ours.set_option(option::curve_server{keys_of(server_secret)});
      theirs.set(ZMQ_CURVE_SERVERKEY, std::string_view{server_public});
      theirs.set(ZMQ_CURVE_PUBLICKEY, std::string_view{client_public});
      theirs.set(ZMQ_CURVE_SECRETKEY, std::string_view{client_secret});
    } else {
      ours.set_option(
          option::curve_client{keys_of(client_secret), cozmq::curve_public_key::from_z85(server_public)});
      theirs.set(ZMQ_CURVE_SERVER, 1);
      theirs.set(ZMQ_CURVE_SECRETKEY, std::string_view{server_secret});
    }
    ours.set_option(option::heartbeat_interval{5ms});
    ours.set_option(option::heartbeat_timeout{10s});
    theirs.set(ZMQ_HEARTBEAT_IVL, 5);
    theirs.set(ZMQ_HEARTBEAT_TIMEOUT, 10'000);
    if (we_bind)
      theirs.connect(ours.bind("tcp://127.0.0.1:*"));
    else
      ours.connect(theirs.bind("tcp://127.0.0.1:*"));
    peer_thread echo{io, [&] {
                       for (std::size_t i = 0; i < count; ++i)
                         theirs.send(theirs.receive());
                     }};
    cozmq::spawn(ctx, [&]() -> asio::awaitable<void> {
      for (std::size_t i = 0; i < count; ++i) {
        parts const sent = numbered(i);
        cozmq::message m;
        for (std::string const& part : sent)
          m.push_back(cozmq::frame{part});
        co_await ours.send(std::move(m));
      }
    });
    for (std::size_t i = 0; i < count; ++i) {
      cozmq::message const m = co_await ours.recv();
      parts const expected = numbered(i);
      REQUIRE(m.size() == expected.size());
      for (std::size_t f = 0; f < m.size(); ++f)
        REQUIRE((m[f] == expected[f]));
    }
    co_await echo.join();
    REQUIRE(ours.peers()[0].mechanism == "CURVE");
    REQUIRE(ours.stats().disconnects == 0);
  });
}

#endif
