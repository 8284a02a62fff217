// Clients with keys, let in by lists of certificates: directly, behind a list of addresses, and by way of a ZAP handler.
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/scenario.hpp"
#include "support/temporary_folder.hpp"
#include <cozmq/cozmq.hpp>
#include <cozmq/curve.hpp>
#include <cozmq/curve/certificate.hpp>
#include <cozmq/curve/known_clients.hpp>

#include <optional>
#include <string>

using namespace cozmq::test;
using cozmq::curve_certificate;
using cozmq::curve_keys;
using cozmq::event_kind;
namespace option = cozmq::option;

namespace {

asio::awaitable<cozmq::event> end_of_handshake(cozmq::event_reader from)
{
  for (;;) {
    cozmq::event e = co_await from.next();
    if (e.kind == event_kind::handshake_succeeded || e.kind == event_kind::handshake_failed)
      co_return e;
  }
}

}  // namespace

TEST_CASE("2.3 CURVE 2.3 ZAP clients come in by their certificates, and others do not")
{
  captured_log const log;
  int const way = GENERATE(0, 1, 2);
  scenario([&](asio::io_context&, cozmq::context& ctx) -> asio::awaitable<void> {
    temporary_folder const folder;
    curve_certificate bob{curve_keys::generate()};
    bob.metadata.set("Name", "Bob");
    bob.save_public(folder.path("bob.key"));
    cozmq::known_clients const clients{folder.path()};
    cozmq::address_list const here = cozmq::address_list::allow({"127.0.0.0/8"});
    std::optional<cozmq::zap_server> handler;
    curve_keys const keys = curve_keys::generate();
    cozmq::rep_socket server{ctx};
    server.set_option(option::curve_server{keys});
    server.set_option(option::receive_metadata{true});
    if (way == 0)
      server.set_option(option::authenticator{clients});
    else if (way == 1)
      server.set_option(here.then(clients));
    else
      server.set_option(here.then(cozmq::zap_authenticator(ctx)));
    if (way == 2)
      handler.emplace(ctx, clients);
    cozmq::event_reader const seen = server.events();
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");

    cozmq::req_socket client{ctx};
    client.set_option(option::curve_client{bob.keys(), keys.public_key()});
    client.connect(endpoint);
    co_await client.send("Hello");
    cozmq::message const m = co_await server.recv();
    REQUIRE(m[0] == "Hello");
    REQUIRE(m.property("User-Id") == bob.public_key().to_z85());
    REQUIRE(m.property("Name") == "Bob");
    co_await server.send("World");
    cozmq::message const reply = co_await client.recv();
    REQUIRE(reply[0] == "World");
    cozmq::event const first = co_await end_of_handshake(seen);
    REQUIRE(first.kind == event_kind::handshake_succeeded);

    cozmq::req_socket stranger{ctx};
    stranger.set_option(option::curve_client{keys.public_key()});
    stranger.connect(endpoint);
    cozmq::event const second = co_await end_of_handshake(seen);
    REQUIRE(second.kind == event_kind::handshake_failed);
    REQUIRE(second.error == cozmq::errc::access_denied);
    REQUIRE(second.reason.find("is not the key of a known client") != std::string::npos);
  });
}

TEST_CASE(
    "2.3 CURVE a client of pyzmq comes in with a certificate that we wrote, and we with one that it wrote")
{
  captured_log const log{cozmq::log_level::error};
  scenario([&](asio::io_context& io, cozmq::context& ctx) -> asio::awaitable<void> {
    temporary_folder const folder;
    std::string const program =
        "import sys, zmq, zmq.auth\n"
        "folder, endpoint = sys.argv[1:]\n"
        "s = zmq.Context().socket(zmq.REQ)\n"
        "s.curve_publickey, s.curve_secretkey = zmq.auth.load_certificate(folder + '/theirs.key_secret')\n"
        "s.curve_serverkey = zmq.auth.load_certificate(folder + '/server.key')[0]\n"
        "s.connect(endpoint)\n"
        "s.send(b'Hello')\n"
        "print(s.recv().decode(), flush=True)\n";
    curve_certificate const server_side{curve_keys::generate()};
    server_side.save_public(folder.path("server.key"));
    curve_certificate const theirs{curve_keys::generate()};
    theirs.save_public(folder.path("theirs.key"));
    theirs.save_secret(folder.path("theirs.key_secret"));
    {
      child_process made{io,
                         {COZMQ_TEST_PYTHON, "-c",
                          "import sys, zmq.auth\n"
                          "zmq.auth.create_certificates(sys.argv[1], 'made')\nprint('done', flush=True)\n",
                          folder.path()}};
      std::string const done = co_await made.read_line();
      REQUIRE(done == "done");
    }
    cozmq::rep_socket server{ctx};
    server.set_option(option::curve_server{server_side.keys()});
    server.set_option(option::authenticator{cozmq::known_clients{folder.path()}});
    server.set_option(option::receive_metadata{true});
    std::string const endpoint = server.bind("tcp://127.0.0.1:*");
    child_process python{io, {COZMQ_TEST_PYTHON, "-c", program, folder.path(), endpoint}};
    cozmq::message const m = co_await server.recv();
    REQUIRE(m.property("User-Id") == theirs.public_key().to_z85());
    co_await server.send("World");
    std::string const line = co_await python.read_line();
    REQUIRE(line == "World");

    auto const made = curve_certificate::load(folder.path("made.key_secret"));
    cozmq::req_socket client{ctx};
    client.set_option(option::curve_client{made.keys(), server_side.public_key()});
    client.connect(endpoint);
    co_await client.send("Hello");
    cozmq::message const again = co_await server.recv();
    REQUIRE(again.property("User-Id") == made.public_key().to_z85());
  });
}
