// Security with libzmq and pyzmq: every mechanism both ways, with good and bad credentials, and with the wrong mechanism.
#include "interop/conversation.hpp"
#include "interop/libzmq_end.hpp"
#include "interop/our_end.hpp"
#include "interop/pairing.hpp"
#include "interop/remote_end.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/libzmq_monitor.hpp"
#include "support/libzmq_zap_handler.hpp"
#include "support/parts.hpp"
#include "support/run_test.hpp"
#include "support/scenario.hpp"
#include <cozmq/cozmq.hpp>
#if __has_include(<cozmq/curve.hpp>) && defined(COZMQ_WITH_CURVE)
#include <cozmq/curve.hpp>
#define TEST_WITH_CURVE
#endif

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace cozmq::test;
using namespace std::chrono_literals;
using cozmq::auth_reply;
using cozmq::auth_request;
using cozmq::errc;
using cozmq::event;
using cozmq::event_kind;
using cozmq::event_reader;
using cozmq::pull_socket;
using cozmq::push_socket;
namespace option = cozmq::option;

namespace {

// ---- the mechanisms ---------------------------------------------------------------------------------------------

enum class part { client, intruder, server };  // an intruder has credentials that the server does not know

// One mechanism, as a row of a table: how each side is set up for it, and how a server knows whom to let in.
struct security {
  std::string_view name;
  void (*set_up_ours)(cozmq::context&, part);
  void (*set_up_theirs)(libzmq_peer&, part);
  bool (*we_know)(auth_request const&);
  bool (*they_know)(parts const& zap_request);
  std::string (*line_for_python)(part);
};

constexpr security plain{
    "PLAIN",
    [](cozmq::context& ctx, part as) {
      if (as == part::server)
        ctx.set_default(option::plain_server{});
      else
        ctx.set_default(option::plain_client{"admin", as == part::client ? "secret" : "guess"});
    },
    [](libzmq_peer& peer, part as) {
      if (as == part::server) {
        peer.set(ZMQ_PLAIN_SERVER, 1);
      } else {
        peer.set(ZMQ_PLAIN_USERNAME, "admin");
        peer.set(ZMQ_PLAIN_PASSWORD, as == part::client ? "secret" : "guess");
      }
    },
    [](auth_request const& peer) { return peer.user_name == "admin" && peer.password == "secret"; },
    [](parts const& request) {
      return request.size() == 8 && request[6] == "admin" && request[7] == "secret";
    },
    [](part as) {
      return std::string{as == part::server   ? "plain_server admin secret"
                         : as == part::client ? "plain_client admin secret"
                                              : "plain_client admin guess"};
    }};

#ifdef TEST_WITH_CURVE

// In Z85, as libzmq makes them.
struct key_pair {
  key_pair()
  {
    std::array<char, 41> open_key{};
    std::array<char, 41> secret_key{};
    if (zmq_curve_keypair(open_key.data(), secret_key.data()) != 0)
      throw std::runtime_error{"this libzmq is built without CURVE"};
    open = open_key.data();
    secret = secret_key.data();
  }

  std::string bytes() const
  {
    std::array<std::uint8_t, 32> raw{};
    zmq_z85_decode(raw.data(), open.c_str());
    return {reinterpret_cast<char const*>(raw.data()), raw.size()};
  }

  std::string open;
  std::string secret;
};

key_pair const& keys_of(part whose)
{
  static key_pair const client;
  static key_pair const intruder;
  static key_pair const server;
  return whose == part::client ? client : whose == part::intruder ? intruder : server;
}

constexpr security curve{
    "CURVE",
    [](cozmq::context& ctx, part as) {
      cozmq::curve_keys const own{cozmq::curve_secret_key::from_z85(keys_of(as).secret)};
      if (as == part::server)
        ctx.set_default(option::curve_server{own});
      else
        ctx.set_default(
            option::curve_client{own, cozmq::curve_public_key::from_z85(keys_of(part::server).open)});
    },
    [](libzmq_peer& peer, part as) {
      if (as == part::server) {
        peer.set(ZMQ_CURVE_SERVER, 1);
      } else {
        peer.set(ZMQ_CURVE_SERVERKEY, std::string_view{keys_of(part::server).open});
        peer.set(ZMQ_CURVE_PUBLICKEY, std::string_view{keys_of(as).open});
      }
      peer.set(ZMQ_CURVE_SECRETKEY, std::string_view{keys_of(as).secret});
    },
    [](auth_request const& peer) { return peer.public_key == keys_of(part::client).bytes(); },
    [](parts const& request) { return request.size() == 7 && request[6] == keys_of(part::client).bytes(); },
    [](part as) {
      return as == part::server
                 ? "curve_server " + keys_of(part::server).secret + " " + keys_of(part::client).open
                 : "curve_client " + keys_of(as).open + " " + keys_of(as).secret + " " +
                       keys_of(part::server).open;
    }};

constexpr security mechanisms[] = {plain, curve};

#else

constexpr security mechanisms[] = {plain};

#endif

option::authenticator our_authenticator(security const& how)
{
  return option::authenticator{[knows = how.we_know](auth_request const& peer) {
    return knows(peer) ? auth_reply::admit("known") : auth_reply::refuse("not known");
  }};
}

// [libzmq 4.3.4] a REQ that is the mechanism's server, and is told a user id, drops every reply.
libzmq_zap_handler::decider their_decider(security const& how, bool tells_user_id)
{
  return [knows = how.they_know, tells_user_id](parts const& request) {
    return knows(request) ? std::pair<std::string, std::string>{"200", tells_user_id ? "known" : ""}
                          : std::pair<std::string, std::string>{"400", ""};
  };
}

// A libzmq end with a part in a mechanism; its handler, if it has one, goes first.
struct their_secure_end {
  their_secure_end(asio::io_context& io, std::string_view type, security const& how, part as)
      : end{io, type, their_id}
  {
    if (as == part::server)
      handler.emplace(end.peer(), their_decider(how, type != "REQ"));
    how.set_up_theirs(end.peer(), as);
    end.peer().set(ZMQ_HEARTBEAT_IVL, 10);
    end.peer().set(ZMQ_HEARTBEAT_TIMEOUT, 10'000);
  }

  libzmq_end end;
  std::optional<libzmq_zap_handler> handler;
};

void set_up(cozmq::context& ctx, security const& how, part as)
{
  how.set_up_ours(ctx, as);
  if (as == part::server)
    ctx.set_default(our_authenticator(how));
}

std::vector<parts> few_samples()
{
  return {{"Hello"}, {""}, {blob(255)}, {blob(256)}, {"a", "", blob(70'000)}};
}

std::string secure_title(security const& how, cell types, bool we_bind, bool we_serve)
{
  return fmt::format("{}, {}, {} the server", title(types, "tcp", we_bind), how.name,
                     we_serve ? "we are" : "they are");
}

asio::awaitable<event> first(event_reader from, event_kind kind)
{
  event e = co_await from.next();
  while (e.kind != kind)
    e = co_await from.next();
  co_return e;
}

template <typename Socket>
asio::awaitable<std::string> why_not_connected(Socket& socket, errc expected)
{
  try {
    co_await socket.wait_connected();
  } catch (cozmq::error const& e) {
    REQUIRE(e.code() == expected);
    co_return e.what();
  }
  FAIL("it was let in");
  co_return "";
}

}  // namespace

TEST_CASE("B56 every pair of socket types talks with libzmq through every mechanism, with heartbeats on")
{
  for (security const& how : mechanisms)
    for (bool we_serve : {true, false})
      for (bool we_bind : {true, false})
        for (cell const& types : cells) {
          INFO(secure_title(how, types, we_bind, we_serve));
          asio::io_context io;
          cozmq::context ctx{io};
          set_up(ctx, how, we_serve ? part::server : part::client);
          auto const ours = make_our_end(types.ours, ctx, our_id, true);
          their_secure_end theirs{io, types.theirs, how, we_serve ? part::client : part::server};
          auto test = [&]() -> asio::awaitable<void> {
            co_await join_ends(*ours, theirs.end, "tcp://127.0.0.1:*", we_bind);
            co_await converse(types, *ours, theirs.end, few_samples());
          };
          captured_log log;
          run_test(io, test());
          REQUIRE((log.lines == std::vector<std::string>{}));
        }
}

TEST_CASE("B4 B56 every pair of socket types talks with pyzmq through every mechanism, with heartbeats on")
{
  asio::io_context io;
  remote_program program{io, {COZMQ_TEST_PYTHON, COZMQ_TEST_SOURCE_DIR "/interop/pyzmq_peer.py"}};
  auto test = [&](security const& how, cell types, bool we_bind, bool we_serve) -> asio::awaitable<void> {
    captured_log log;
    cozmq::context ctx{io};
    set_up(ctx, how, we_serve ? part::server : part::client);
    auto const ours = make_our_end(types.ours, ctx, our_id, true);
    remote_end theirs{program};
    co_await theirs.open(std::string{types.theirs}, their_id, true);
    co_await theirs.tell(how.line_for_python(we_serve ? part::client : part::server));
    co_await join_ends(*ours, theirs, "tcp://127.0.0.1:*", we_bind);
    co_await converse(types, *ours, theirs, few_samples());
    REQUIRE((log.lines == std::vector<std::string>{}));
    co_await theirs.close();
  };
  for (security const& how : mechanisms)
    for (bool we_serve : {true, false})
      for (bool we_bind : {true, false})
        for (cell const& types : cells) {
          // pyzmq's authenticator tells a user id, and libzmq's REQ then drops every reply.
          if (!we_serve && types.theirs == "REQ")
            continue;
          INFO(secure_title(how, types, we_bind, we_serve));
          run_test(io, test(how, types, we_bind, we_serve));
        }
}

TEST_CASE("B56 libzmq's handler is told of us, and libzmq's application who we are; and ours of libzmq's")
{
  asio::io_context io;
  cozmq::context ctx{io};
  std::vector<auth_request> asked;
  auto test = [&]() -> asio::awaitable<void> {
    libzmq_end theirs{io, "PULL", their_id};
    libzmq_zap_handler handler{theirs.peer(), their_decider(plain, true)};
    plain.set_up_theirs(theirs.peer(), part::server);
    theirs.peer().set(ZMQ_ZAP_DOMAIN, "their domain");
    cozmq::push_socket push{ctx};
    push.set_option(option::plain_client{"admin", "secret"});
    std::string const endpoint = co_await theirs.bind("tcp://127.0.0.1:*");
    push.connect(endpoint);
    co_await push.send("x");
    std::string user;
    peer_thread receiving{io, [&] { user = theirs.peer().receive_property("User-Id"); }};
    co_await receiving.join();
    REQUIRE(user == "known");
    std::vector<parts> const requests = handler.requests();
    REQUIRE(requests.size() == 1);
    REQUIRE(requests[0].at(0) == "1.0");
    REQUIRE(requests[0].at(2) == "their domain");
    REQUIRE(requests[0].at(3) == "127.0.0.1");
    REQUIRE(requests[0].at(5) == "PLAIN");

    option::authenticator const keeps{[&asked](auth_request const& peer) {
      asked.push_back(peer);
      return auth_reply::admit("libzmq");
    }};
    pull_socket pull{ctx};
    pull.set_option(option::plain_server{});
    pull.set_option(keeps);
    libzmq_peer client{ZMQ_PUSH};
    plain.set_up_theirs(client, part::client);
    client.connect(pull.bind("tcp://127.0.0.1:*"));
    client.send({"y"});
    cozmq::message const m = co_await pull.recv();
    REQUIRE(m.property("User-Id") == "libzmq");
    REQUIRE(asked.size() == 1);
    REQUIRE(asked[0].address == "127.0.0.1");
    REQUIRE(asked[0].user_name == "admin");
    REQUIRE(asked[0].password == "secret");
  };
  run_test(io, test());
}

TEST_CASE("B56 libzmq does not let us in with wrong credentials: we learn why and do not try again")
{
  for (security const& how : mechanisms)
    for (bool we_bind : {true, false}) {
      INFO(how.name << (we_bind ? ", bound" : ", connected"));
      captured_log log;
      asio::io_context io;
      cozmq::context ctx{io};
      set_up(ctx, how, part::intruder);
      push_socket ours{ctx};
      their_secure_end theirs{io, "PULL", how, part::server};
      auto test = [&]() -> asio::awaitable<void> {
        event_reader const seen = ours.events();
        if (we_bind) {
          theirs.end.peer().connect(ours.bind("tcp://127.0.0.1:*"));
        } else {
          ours.connect(theirs.end.peer().bind("tcp://127.0.0.1:*"));
          std::string const why = co_await why_not_connected(ours, errc::refused_by_peer);
          REQUIRE(why.find("400: it does not accept the credentials") != std::string::npos);
        }
        event const failed = co_await first(seen, event_kind::handshake_failed);
        REQUIRE(failed.error == errc::refused_by_peer);
        co_await turns(io);
        REQUIRE(ours.connected_peers() == 0);
        REQUIRE(log.count("400: it does not accept the credentials") == 1);
        REQUIRE(theirs.handler->requests().size() == 1);
      };
      run_test(io, test());
    }
}

TEST_CASE("B56 we do not let libzmq in with wrong credentials")
{
  for (security const& how : mechanisms)
    for (bool we_bind : {true, false}) {
      INFO(how.name << (we_bind ? ", bound" : ", connected"));
      captured_log log;
      asio::io_context io;
      cozmq::context ctx{io};
      set_up(ctx, how, part::server);
      pull_socket ours{ctx};
      their_secure_end theirs{io, "PUSH", how, part::intruder};
      theirs.end.peer().set(ZMQ_LINGER, 0);
      auto test = [&]() -> asio::awaitable<void> {
        event_reader const seen = ours.events();
        if (we_bind)
          theirs.end.peer().connect(ours.bind("tcp://127.0.0.1:*"));
        else
          ours.connect(theirs.end.peer().bind("tcp://127.0.0.1:*"));
        event const failed = co_await first(seen, event_kind::handshake_failed);
        REQUIRE(failed.error == errc::access_denied);
        REQUIRE(failed.reason == "not let in: not known");
        co_await turns(io);
        REQUIRE(ours.connected_peers() == 0);
        REQUIRE(log.count("not let in: not known") == 1);
      };
      run_test(io, test());
    }
}

TEST_CASE("B56 refused for now by libzmq, which says nothing, we try again until we are let in")
{
  captured_log log;
  asio::io_context io;
  cozmq::context ctx{io};
  auto test = [&]() -> asio::awaitable<void> {
    libzmq_end theirs{io, "PULL", their_id};
    int asked = 0;
    libzmq_zap_handler handler{theirs.peer(), [&asked](parts const&) {
                                 return std::pair<std::string, std::string>{++asked == 1 ? "300" : "200", ""};
                               }};
    plain.set_up_theirs(theirs.peer(), part::server);
    theirs.peer().set(ZMQ_HANDSHAKE_IVL, 50);  // it keeps whom it refuses so long
    push_socket ours{ctx};
    ours.set_option(option::reconnect_interval{1ms});
    ours.set_option(option::plain_client{"admin", "secret"});
    ours.connect(theirs.peer().bind("tcp://127.0.0.1:*"));
    co_await ours.send("in the end");
    parts const received = co_await theirs.receive();
    REQUIRE((received == parts{"in the end"}));
    REQUIRE(log.count("without a reason") == 1);
  };
  run_test(io, test());
}

namespace {

// Every mechanism, and none.
struct mismatch {
  security const* ours;    // null: NULL
  security const* theirs;  // null: NULL
};

std::vector<mismatch> mismatches()
{
  std::vector<security const*> all{nullptr};
  for (security const& how : mechanisms)
    all.push_back(&how);
  std::vector<mismatch> result;
  for (security const* ours : all)
    for (security const* theirs : all)
      if (ours != theirs)
        result.push_back({ours, theirs});
  return result;
}

}  // namespace

// libzmq closes before all of its greeting is out, so we may see that its mechanism is another one, or not.
TEST_CASE("B56 no two mechanisms go together, with libzmq at the other end, and we say what may be wrong")
{
  for (mismatch const& how : mismatches())
    for (bool we_serve : {true, false})
      for (bool we_bind : {true, false}) {
        INFO((how.ours ? how.ours->name : "NULL")
             << " with " << (how.theirs ? how.theirs->name : "NULL")
             << (we_serve ? ", we are the server" : "") << (we_bind ? ", bound" : ", connected"));
        captured_log log;
        asio::io_context io;
        cozmq::context ctx{io};
        if (how.ours)
          set_up(ctx, *how.ours, we_serve ? part::server : part::client);
        pull_socket ours{ctx};
        libzmq_peer theirs{ZMQ_PUSH};
        theirs.set(ZMQ_LINGER, 0);
        std::optional<libzmq_zap_handler> handler;
        if (how.theirs) {
          if (!we_serve)
            handler.emplace(theirs, their_decider(*how.theirs, true));
          how.theirs->set_up_theirs(theirs, we_serve ? part::client : part::server);
        }
        auto test = [&]() -> asio::awaitable<void> {
          event_reader const seen = ours.events();
          if (we_bind)
            theirs.connect(ours.bind("tcp://127.0.0.1:*"));
          else
            ours.connect(theirs.bind("tcp://127.0.0.1:*"));
          event const failed = co_await first(seen, event_kind::handshake_failed);
          INFO(failed.reason);
          bool const seen_it = failed.error == errc::mechanism_mismatch;
          REQUIRE(
              (seen_it || failed.reason.find("it may use another security mechanism") != std::string::npos));
          REQUIRE(log.count(failed.reason) == 1);
          REQUIRE(ours.connected_peers() == 0);
          REQUIRE_FALSE(ours.readable());
        };
        run_test(io, test());
      }
}
