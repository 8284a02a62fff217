// Our client and server of CURVE against libzmq over TCP: the mechanism alone, without a socket of ours around it.
#include "support/catch.hpp"
#include "support/libzmq_monitor.hpp"
#include "support/libzmq_peer.hpp"
#include "support/octets.hpp"
#include "support/parts.hpp"
#include <cozmq/curve/client.hpp>
#include <cozmq/curve/keys.hpp>
#include <cozmq/curve/server.hpp>
#include <cozmq/wire/handshake.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace cozmq;
using namespace cozmq::test;
using status = wire::handshake::status;

namespace {

wire::handshake_config config_of(socket_type type, socket_type accepts,
                                 std::unique_ptr<wire::mechanism> security)
{
  wire::handshake_config config;
  config.type = type;
  config.accepts = {accepts};
  config.security = std::move(security);
  return config;
}

std::unique_ptr<wire::mechanism> client_of(curve_keys const& keys, curve_public_key const& server)
{
  return std::make_unique<curve::client>(
      std::make_shared<curve::client_settings const>(curve::client_settings{keys, server}));
}

std::unique_ptr<wire::mechanism> server_of(curve_keys const& keys)
{
  return std::make_unique<curve::server>(std::make_shared<curve::server_settings>(keys));
}

// A connection on which every call blocks, for 10 s at most.
class wire_end {
 public:
  wire_end(asio::ip::tcp::socket stream, wire::handshake_config config)
      : stream_{std::move(stream)}, handshake_{std::move(config)}
  {
    timeval const limit{10, 0};
    REQUIRE(setsockopt(stream_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
  }

  status shake_hands()
  {
    octets piece(4096);
    byte_view unread;
    while (handshake_.state() == status::needs_input) {
      flush();
      std::error_code ec;
      std::size_t const count = stream_.read_some(asio::buffer(piece), ec);
      if (ec)
        return status::needs_input;  // the peer has left
      unread = byte_view{piece}.first(count);
      handshake_.feed(unread);
    }
    unread_ = exact(unread);
    if (handshake_.state() == status::done) {
      flush();
      mechanism_ = handshake_.take_mechanism();
    }
    return handshake_.state();
  }

  void flush()
  {
    asio::write(stream_, asio::buffer(handshake_.output().data(), handshake_.output().size()));
    handshake_.sent(handshake_.output().size());
  }

  void send(std::string_view text, unsigned flags = 0)
  {
    octets frame(mechanism_->sealed_size(text.size()));
    mechanism_->seal(flags, as_bytes(text), frame.data());
    asio::write(stream_, asio::buffer(frame));
  }

  void send(parts const& message)
  {
    for (std::size_t i = 0; i < message.size(); ++i)
      send(message[i], i + 1 < message.size() ? wire::flag_more : 0);
  }

  // The flags and the body of the next frame.
  std::pair<unsigned, std::string> receive_frame()
  {
    octets head = take(2);
    if ((std::to_integer<unsigned>(head[0]) & wire::flag_long) != 0)
      head = head + take(7);
    std::error_code ec;
    auto const header = wire::parse_frame_header(head, ec);
    REQUIRE(header);
    octets body = take(static_cast<std::size_t>(header->size));
    wire::opened_frame frame;
    REQUIRE_FALSE(mechanism_->open(header->command ? wire::flag_command : 0, body, frame));
    return {frame.flags, std::string{as_text(frame.body)}};
  }

  parts receive()
  {
    parts message;
    unsigned more = wire::flag_more;
    while (more != 0) {
      auto const [flags, body] = receive_frame();
      message.push_back(body);
      more = flags & wire::flag_more;
    }
    return message;
  }

  wire::handshake& handshake() noexcept { return handshake_; }

 private:
  octets take(std::size_t size)
  {
    if (unread_.size() < size) {
      octets more(size - unread_.size());
      asio::read(stream_, asio::buffer(more));
      unread_ = unread_ + more;
    }
    octets const result{unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(size)};
    unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(size));
    return result;
  }

  asio::ip::tcp::socket stream_;
  wire::handshake handshake_;
  std::unique_ptr<wire::mechanism> mechanism_;
  octets unread_;
};

struct ground {
  wire_end connect(std::string const& endpoint, wire::handshake_config config)
  {
    auto const port = static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1)));
    asio::ip::tcp::socket stream{io};
    stream.connect({asio::ip::address_v4::loopback(), port});
    return wire_end{std::move(stream), std::move(config)};
  }

  wire_end accept(wire::handshake_config config)
  {
    config.binding = true;
    return wire_end{acceptor.accept(), std::move(config)};
  }

  std::string endpoint() const
  {
    return "tcp://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  }

  asio::io_context io;
  asio::ip::tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  curve_keys server_keys = curve_keys::generate();
  curve_keys client_keys = curve_keys::generate();
};

void make_server(libzmq_peer& peer, curve_keys const& keys)
{
  peer.set(ZMQ_CURVE_SERVER, 1);
  peer.set(ZMQ_CURVE_SECRETKEY, as_text(keys.secret_key().expose()));
}

void make_client(libzmq_peer& peer, curve_keys const& keys, curve_public_key const& server)
{
  peer.set(ZMQ_CURVE_SERVERKEY, as_text(server.bytes()));
  peer.set(ZMQ_CURVE_PUBLICKEY, as_text(keys.public_key().bytes()));
  peer.set(ZMQ_CURVE_SECRETKEY, as_text(keys.secret_key().expose()));
}

std::vector<parts> messages()
{
  std::vector<parts> result{{""}, {"a"}, {blob(10), "", blob(300)}, {blob(70'000)}};
  for (std::size_t size = 200; size < 560; size += 3)
    result.push_back({blob(size)});
  return result;
}

void exchange(wire_end& ours, libzmq_peer& theirs)
{
  for (parts const& message : messages()) {
    ours.send(message);
    REQUIRE(theirs.receive() == message);
    theirs.send(message);
    REQUIRE(ours.receive() == message);
  }
}

}  // namespace

TEST_CASE("our CURVE client talks to a libzmq server")
{
  ground here;
  libzmq_peer theirs{ZMQ_DEALER};
  make_server(theirs, here.server_keys);
  std::string const endpoint = theirs.bind("tcp://127.0.0.1:*");
  wire_end ours =
      here.connect(endpoint, config_of(socket_type::dealer, socket_type::dealer,
                                       client_of(here.client_keys, here.server_keys.public_key())));
  REQUIRE(ours.shake_hands() == status::done);
  exchange(ours, theirs);
}

TEST_CASE("our CURVE server talks to a libzmq client")
{
  ground here;
  libzmq_peer theirs{ZMQ_DEALER};
  make_client(theirs, here.client_keys, here.server_keys.public_key());
  theirs.connect(here.endpoint());
  wire_end ours =
      here.accept(config_of(socket_type::dealer, socket_type::dealer, server_of(here.server_keys)));
  REQUIRE(ours.shake_hands() == status::done);
  exchange(ours, theirs);
}

TEST_CASE("the commands of a libzmq peer come through CURVE as commands")
{
  ground here;
  libzmq_peer theirs{ZMQ_SUB};
  make_client(theirs, here.client_keys, here.server_keys.public_key());
  theirs.set(ZMQ_HEARTBEAT_IVL, 50);
  theirs.set(ZMQ_SUBSCRIBE, "topic");
  theirs.connect(here.endpoint());
  wire_end ours = here.accept(config_of(socket_type::pub, socket_type::sub, server_of(here.server_keys)));
  REQUIRE(ours.shake_hands() == status::done);
  auto const [flags, body] = ours.receive_frame();
  CHECK(flags == wire::flag_command);
  CHECK(body == "\x09SUBSCRIBEtopic");
  auto const [ping_flags, ping] = ours.receive_frame();
  CHECK(ping_flags == wire::flag_command);
  CHECK(ping.substr(0, 5) == "\4PING");
  ours.send("\4PONG", wire::flag_command);
  ours.send("topic and more");
  CHECK(theirs.receive() == parts{"topic and more"});
}

TEST_CASE("a libzmq client that takes us for another CURVE server is refused without a word")
{
  ground here;
  libzmq_peer theirs{ZMQ_DEALER};
  make_client(theirs, here.client_keys, curve_keys::generate().public_key());
  theirs.connect(here.endpoint());
  wire_end ours =
      here.accept(config_of(socket_type::dealer, socket_type::dealer, server_of(here.server_keys)));
  CHECK(ours.shake_hands() == status::failed);
  CHECK(ours.handshake().error() == errc::not_authentic);
  CHECK(ours.handshake().output().empty());
}

TEST_CASE("a libzmq server refuses our CURVE client that takes it for another")
{
  ground here;
  libzmq_peer theirs{ZMQ_DEALER};
  make_server(theirs, here.server_keys);
  std::string const endpoint = theirs.bind("tcp://127.0.0.1:*");
  wire_end ours =
      here.connect(endpoint, config_of(socket_type::dealer, socket_type::dealer,
                                       client_of(here.client_keys, curve_keys::generate().public_key())));
  CHECK(ours.shake_hands() == status::needs_input);
}

TEST_CASE("a libzmq client understands that our CURVE server does not let it in")
{
  ground here;
  libzmq_peer theirs{ZMQ_DEALER};
  make_client(theirs, here.client_keys, here.server_keys.public_key());
  libzmq_monitor denied{theirs, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH};
  theirs.connect(here.endpoint());
  auto config = config_of(socket_type::dealer, socket_type::dealer, server_of(here.server_keys));
  config.asks = true;
  wire_end ours = here.accept(std::move(config));
  REQUIRE(ours.shake_hands() == status::needs_decision);
  CHECK(ours.handshake().shown().public_key == as_text(here.client_keys.public_key().bytes()));
  ours.handshake().refuse("not on the list", "400");
  ours.flush();
  CHECK(denied.wait(std::chrono::seconds{10}));
}
