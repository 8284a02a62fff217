#include <cozmq/wire/handshake.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"
#include <cozmq/wire/plain_mechanism.hpp>

#include <memory>
#include <string>

using namespace cozmq;
using namespace cozmq::test;
using status = wire::handshake::status;

namespace {

octets greeting(std::string_view mechanism = "NULL")
{
  auto const bytes = wire::encode_greeting(mechanism);
  return {bytes.begin(), bytes.end()};
}

octets ready(properties const& metadata)
{
  octets data;
  wire::append_properties(data, metadata);
  octets out;
  wire::append_command(out, "READY", data);
  return out;
}

octets ready(std::string_view type)
{
  properties metadata;
  metadata.add("Socket-Type", type);
  return ready(metadata);
}

wire::handshake_config config_of(socket_type type, socket_type_set accepts, bool binding)
{
  wire::handshake_config config;
  config.type = type;
  config.accepts = accepts;
  config.binding = binding;
  return config;
}

wire::handshake bound_pull()
{
  return wire::handshake{config_of(socket_type::pull, {socket_type::push}, true)};
}

wire::handshake connecting_push()
{
  return wire::handshake{config_of(socket_type::push, {socket_type::pull}, false)};
}

struct outcome {
  status state = status::needs_input;
  std::error_code error;
  octets sent;
  octets unread;
};

outcome feed(wire::handshake& machine, std::vector<octets> const& pieces)
{
  outcome result;
  auto const flush = [&] {
    result.sent = result.sent + exact(machine.output());
    machine.sent(machine.output().size());
  };
  flush();
  for (octets const& piece : pieces) {
    byte_view input{piece};
    result.state = machine.feed(input);
    result.unread = result.unread + exact(input);
    flush();
  }
  result.error = machine.error();
  return result;
}

using maker = wire::handshake (*)();

// Every way to deliver `bytes` must fail alike and answer alike.
void fails(maker make, octets const& bytes, errc error, octets const& answer = {})
{
  in_every_way(bytes, [&](std::vector<octets> const& pieces) {
    wire::handshake machine = make();
    octets const own = exact(machine.output()) + answer;
    outcome const result = feed(machine, pieces);
    REQUIRE(result.state == status::failed);
    REQUIRE(result.error == error);
    REQUIRE(to_hex(result.sent) == to_hex(own));
    REQUIRE_FALSE(machine.reason().empty());
    REQUIRE(machine.reason().size() <= 255);
  });
}

void fails_after_greeting(std::string_view hex, errc error)
{
  INFO(hex);
  fails(bound_pull, greeting() + from_hex(hex), error);
}

}  // namespace

TEST_CASE("the whole greeting is there to send before anything is received")
{
  CHECK(to_hex(bound_pull().output()) == to_hex(greeting()));
  CHECK(to_hex(connecting_push().output()) == to_hex(greeting()));
}

TEST_CASE("output is handed out until it is reported as sent")
{
  wire::handshake machine = bound_pull();
  machine.sent(10);
  CHECK(machine.output().size() == 54);
  machine.sent(54);
  CHECK(machine.output().empty());
}

TEST_CASE("a connecting peer sends READY once the greetings have matched")
{
  wire::handshake machine = connecting_push();
  outcome const result = feed(machine, {greeting()});
  CHECK(result.state == status::needs_input);
  CHECK(to_hex(result.sent) == to_hex(greeting() + ready("PUSH")));
}

TEST_CASE("READY follows a greeting that is only partly sent")
{
  wire::handshake machine = connecting_push();
  machine.sent(11);
  octets const peer = greeting();
  byte_view input{peer};
  machine.feed(input);
  CHECK(to_hex(machine.output()) == to_hex(exact(byte_view{greeting()}.subspan(11)) + ready("PUSH")));
}

TEST_CASE("a bound peer holds its READY until it has checked the other's")
{
  wire::handshake machine = bound_pull();
  CHECK(to_hex(feed(machine, {greeting()}).sent) == to_hex(greeting()));
  outcome const result = feed(machine, {ready("PUSH")});
  CHECK(result.state == status::done);
  CHECK(to_hex(result.sent) == to_hex(ready("PULL")));
}

TEST_CASE("a handshake completes in any pieces and leaves early messages unread")
{
  octets const early = from_hex("000161 000162");
  octets const script = greeting() + ready("PUSH") + early;
  in_every_way(script, [&](std::vector<octets> const& pieces) {
    wire::handshake machine = bound_pull();
    outcome const result = feed(machine, pieces);
    REQUIRE(result.state == status::done);
    REQUIRE(to_hex(result.unread) == to_hex(early));
    REQUIRE(to_hex(result.sent) == to_hex(greeting() + ready("PULL")));
    REQUIRE(machine.peer().type == socket_type::push);
    REQUIRE(machine.peer().minor == 1);
    REQUIRE(machine.peer().mechanism == "NULL");
    REQUIRE(machine.peer().metadata.get("socket-type") == "PUSH");
    REQUIRE(machine.output().empty());
  });
}

TEST_CASE("a READY over 255 octets, and a long size on a short one, complete in any pieces")
{
  properties metadata;
  metadata.add("Socket-Type", "PUSH");
  metadata.add("X-" + std::string(253, 'n'), std::string(300, '\xff'));
  octets const long_form = from_hex("06000000000000001a0552454144590b536f636b65742d547970650000000450555348");
  for (octets const& command : {ready(metadata), long_form})
    in_every_way(greeting() + command, [&](std::vector<octets> const& pieces) {
      wire::handshake machine = bound_pull();
      REQUIRE(feed(machine, pieces).state == status::done);
    });
}

TEST_CASE("two machines agree, whoever is fed first")
{
  wire::handshake_config config = config_of(socket_type::dealer, {socket_type::router}, false);
  config.identity = std::string{"\0me", 3};
  config.extra.add("X-Place", "here");
  wire::handshake client{std::move(config)};
  wire::handshake server{config_of(socket_type::router, {socket_type::dealer}, true)};
  while (!client.output().empty() || !server.output().empty()) {
    byte_view input = client.output();
    server.feed(input);
    client.sent(client.output().size());
    octets const answer = exact(server.output());
    server.sent(answer.size());
    input = answer;
    client.feed(input);
  }
  CHECK(client.state() == status::done);
  CHECK(server.state() == status::done);
  CHECK(server.peer().identity == std::string{"\0me", 3});
  CHECK(server.peer().metadata.get("x-place") == "here");
  CHECK(client.peer().type == socket_type::router);
}

TEST_CASE("a 3.0 peer is accepted and its version kept")
{
  octets peer = greeting();
  peer[11] = std::byte{0};
  wire::handshake machine = bound_pull();
  CHECK(feed(machine, {peer + ready("PUSH")}).state == status::done);
  CHECK(machine.peer().minor == 0);
}

TEST_CASE("a greeting that is none or too old fails before READY")
{
  fails(bound_pull, from_text("GET / HTTP/1.0\r\n\r\n"), errc::bad_greeting);
  fails(bound_pull, from_hex("ff00000000000000007f0108"), errc::peer_too_old);
  fails(connecting_push, from_text("HTTP/1.1 400"), errc::bad_greeting);
}

TEST_CASE("another mechanism fails for good")
{
  for (std::string_view name : {"PLAIN", "CURVE", "NUL", "NULLX", ""})
    fails(bound_pull, greeting(name), errc::mechanism_mismatch);
  wire::handshake machine = connecting_push();
  feed(machine, {greeting("CURVE")});
  CHECK(machine.permanent());
  CHECK(machine.reason() ==
        "the peer uses mechanism \"CURVE\", this socket NULL; set option::curve_client here, or "
        "option::curve_server if this end decides");
}

TEST_CASE("a frame that is no command before READY fails")
{
  fails_after_greeting("001a0552454144590b536f636b65742d547970650000000450555348", errc::unexpected_command);
  fails_after_greeting("00056561726c79", errc::unexpected_command);
  fails_after_greeting("0000", errc::unexpected_command);
}

TEST_CASE("illegal flags before READY fail")
{
  fails_after_greeting("051a0552454144590b536f636b65742d547970650000000450555348", errc::malformed_frame);
  fails_after_greeting("0c1a0552454144590b536f636b65742d547970650000000450555348", errc::malformed_frame);
  // The greeting once more.
  fails(bound_pull, greeting() + greeting(), errc::malformed_frame);
  fails_after_greeting("068000000000000000", errc::malformed_frame);
}

TEST_CASE("a command that is not READY fails")
{
  fails_after_greeting("04070450494e470000", errc::unexpected_command);
  fails_after_greeting("040a09535542534352494245", errc::unexpected_command);
  fails_after_greeting("040806464f4f42415278", errc::unexpected_command);
  fails_after_greeting("04130548454c4c4f0561646d696e06736563726574", errc::unexpected_command);
}

TEST_CASE("a command without a legal name fails")
{
  fails_after_greeting("0400", errc::malformed_command);
  fails_after_greeting("060000000000000000", errc::malformed_command);
  fails_after_greeting("040100", errc::malformed_command);
  fails_after_greeting("0403055245", errc::malformed_command);
  fails_after_greeting("041a0552450044590b536f636b65742d547970650000000450555348", errc::malformed_command);
}

TEST_CASE("malformed properties fail without an ERROR")
{
  for (std::string_view hex :
       {"041205524541445920536f636b65742d54797065",
        "041a0552454144590b536f636b65742d54797065000000ff50555348",
        "041a0552454144590b536f636b65742d54797065ffffffff50555348",
        "041a0552454144590b536f636b65742d547970658000000050555348",
        "041b0552454144590b536f636b65742d54797065000000045055534800",
        "04200552454144590b536f636b65742d54797065000000045055534803582d610000",
        "04200552454144590b536f636b65742d547970650000000450555348000000000176",
        "04250552454144590b536f636b65742d54797065000000045055534805582d0020ff0000000176"})
    fails_after_greeting(hex, errc::malformed_metadata);
}

TEST_CASE("a bound peer answers a wrong Socket-Type with an ERROR instead of its READY")
{
  octets error;
  wire::append_error(error, "PULL does not talk to SUB");
  fails(bound_pull, greeting() + ready("SUB"), errc::incompatible_peer, error);

  error.clear();
  wire::append_error(error, "PULL does not talk to push");
  fails(bound_pull, greeting() + ready("push"), errc::incompatible_peer, error);

  error.clear();
  wire::append_error(error, "the peer announced no Socket-Type");
  fails(bound_pull, greeting() + ready(properties{}), errc::malformed_metadata, error);
}

TEST_CASE("a connecting peer finds a wrong Socket-Type without an ERROR, and for good")
{
  fails(connecting_push, greeting() + ready("SUB"), errc::incompatible_peer, ready("PUSH"));
  wire::handshake machine = connecting_push();
  feed(machine, {greeting() + ready("SUB")});
  CHECK(machine.permanent());
}

TEST_CASE("only a refusal or a mismatch is for good")
{
  wire::handshake machine = connecting_push();
  CHECK_FALSE(machine.permanent());
  feed(machine, {from_text("HTTP")});
  CHECK_FALSE(machine.permanent());
  wire::handshake other = connecting_push();
  feed(other, {greeting() + from_hex("0400")});
  CHECK_FALSE(other.permanent());
}

TEST_CASE("an ERROR is a refusal for good, whatever its reason looks like")
{
  for (std::string_view hex :
       {"040a054552524f5203343030", "040a054552524f52ff343030", "0406054552524f52", "0407054552524f5200"}) {
    INFO(hex);
    fails(bound_pull, greeting() + from_hex(hex), errc::refused_by_peer);
    fails(connecting_push, greeting() + from_hex(hex), errc::refused_by_peer, ready("PUSH"));
  }
  wire::handshake machine = connecting_push();
  feed(machine, {greeting() + from_hex("0415054552524f520e256e256e25731b5b324a007ffffe")});
  CHECK(machine.permanent());
  CHECK(machine.reason() == "the peer refused this connection: %n%n%s\\x1b[2J\\x00\\x7f\\xff\\xfe");
}

TEST_CASE("the longest reasons stay within 255 printable characters")
{
  octets error;
  wire::append_command(error, "ERROR", from_hex("ff") + octets(255, std::byte{0x1b}));
  for (octets const& command : {error, ready(std::string(60'000, '\x1b')), [] {
                                  octets out;
                                  wire::append_command(out, std::string(255, 'a'), {});
                                  return out;
                                }()}) {
    wire::handshake machine = bound_pull();
    feed(machine, {greeting() + command});
    CHECK(machine.state() == status::failed);
    CHECK(machine.reason().size() <= 255);
    for (char c : machine.reason())
      CHECK((c >= ' ' && c <= '~'));
  }
}

TEST_CASE("a command over the limit fails at its header")
{
  auto const header = [](std::uint64_t size) {
    octets out(wire::max_frame_header_size);
    wire::encode_frame_header(out.data(), wire::flag_command, size);
    return out;
  };
  fails(bound_pull, greeting() + header(65537), errc::malformed_command);
  fails(bound_pull, greeting() + header(std::uint64_t{1} << 62), errc::malformed_command);
  wire::handshake machine = bound_pull();
  CHECK(feed(machine, {greeting() + header(65536)}).state == status::needs_input);
}

TEST_CASE("a READY of exactly the limit is accepted")
{
  properties metadata;
  metadata.add("Socket-Type", "PUSH");
  std::size_t const used = ready(metadata).size() - 2 + 1 + 3 + 4;
  metadata.add("X-a", std::string(65536 - used, 'v'));
  octets const command = ready(metadata);
  REQUIRE(command.size() == 9 + 65536);
  wire::handshake machine = bound_pull();
  CHECK(feed(machine,
             {greeting(), exact(byte_view{command}.first(1000)), exact(byte_view{command}.subspan(1000))})
            .state == status::done);
}

TEST_CASE("all commands of a handshake together are limited, whichever way they come")
{
  auto const begun = [](std::size_t most) {
    wire::handshake_config config;
    config.type = socket_type::pull;
    config.accepts = {socket_type::push};
    config.binding = true;
    config.security = std::make_unique<wire::plain_server>();
    config.asks = true;
    config.max_size = most;
    return wire::handshake{std::move(config)};
  };
  auto const greeted = wire::encode_greeting("PLAIN");
  octets hello;
  wire::append_command(hello, "HELLO",
                       from_hex("04") + from_text("user") + from_hex("06") + from_text("secret"));
  properties metadata;
  metadata.add("Socket-Type", "PUSH");
  octets initiate;
  octets data;
  wire::append_properties(data, metadata);
  wire::append_command(initiate, "INITIATE", data);
  octets const first = octets{greeted.begin(), greeted.end()} + hello;
  std::size_t const all = first.size() + initiate.size();

  in_every_way(initiate, [&](std::vector<octets> const& pieces) {
    for (bool const fits : {true, false}) {
      // The body of the last command, with what came before it.
      wire::handshake machine = begun(all - (fits ? 0 : 10));
      byte_view so_far{first};
      REQUIRE(machine.feed(so_far) == status::needs_decision);
      machine.admit({});
      for (octets const& piece : pieces) {
        byte_view rest{piece};
        machine.feed(rest);
      }
      CHECK(machine.state() == (fits ? status::done : status::failed));
      CHECK(machine.error() == (fits ? std::error_code{} : errc::malformed_command));
    }
  });
}

TEST_CASE("thousands of properties are accepted")
{
  properties metadata;
  metadata.add("Socket-Type", "PUSH");
  for (int i = 1000; i < 5000; ++i)
    metadata.add("X-" + std::to_string(i), "");
  wire::handshake machine = bound_pull();
  CHECK(feed(machine, {greeting() + ready(metadata)}).state == status::done);
  CHECK(machine.peer().metadata.size() == 4001);
}

TEST_CASE("a handshake that is over takes no more input")
{
  octets const more = from_hex("0400");
  wire::handshake done = bound_pull();
  feed(done, {greeting() + ready("PUSH")});
  byte_view input{more};
  CHECK(done.feed(input) == status::done);
  CHECK(input.size() == 2);

  wire::handshake failed = bound_pull();
  feed(failed, {from_hex("00")});
  CHECK(failed.feed(input) == status::failed);
  CHECK(input.size() == 2);
}

namespace {

// Two commands before the properties, to see that the machine leaves their number to the mechanism.
class two_steps final : public wire::mechanism {
 public:
  std::string_view name() const noexcept override { return "TWO"; }
  void start(bool, properties own, octets&) override { own_ = std::move(own); }
  wire::mechanism_result on_command(wire::command_view command, octets& out) override
  {
    if (command.name == "HELLO") {
      wire::append_command(out, "WELCOME", {});
      return {};
    }
    if (command.name == "NONSENSE")
      return wire::mechanism_result::failure(errc::malformed_command, std::string(300, 'x'));
    std::error_code ec;
    return wire::mechanism_result::received(wire::parse_properties(command.data, ec));
  }
  void accept(octets& out) override { wire::append_command(out, "FINE", {}); }
  void refuse(std::string_view, octets& out) override { wire::append_command(out, "NO", {}); }
  bool seals() const noexcept override { return true; }

 private:
  properties own_;
};

}  // namespace

TEST_CASE("a mechanism decides how many commands there are and has the last word")
{
  auto const start = [] {
    wire::handshake_config config = config_of(socket_type::pull, {socket_type::push}, true);
    config.security = std::make_unique<two_steps>();
    return wire::handshake{std::move(config)};
  };
  octets hello;
  wire::append_command(hello, "HELLO", {});
  octets welcome;
  wire::append_command(welcome, "WELCOME", {});
  octets fine;
  wire::append_command(fine, "FINE", {});
  octets no;
  wire::append_command(no, "NO", {});

  wire::handshake machine = start();
  outcome const result = feed(machine, {greeting("TWO") + hello + ready("PUSH")});
  CHECK(result.state == status::done);
  CHECK(to_hex(result.sent) == to_hex(greeting("TWO") + welcome + fine));
  CHECK(machine.peer().mechanism == "TWO");
  CHECK(machine.take_mechanism()->seals());

  wire::handshake refused = start();
  CHECK(to_hex(feed(refused, {greeting("TWO") + hello + ready("SUB")}).sent) ==
        to_hex(greeting("TWO") + welcome + no));
  CHECK(refused.error() == errc::incompatible_peer);

  octets nonsense;
  wire::append_command(nonsense, "NONSENSE", {});
  wire::handshake failed = start();
  feed(failed, {greeting("TWO") + nonsense});
  CHECK(failed.error() == errc::malformed_command);
  CHECK(failed.reason() == std::string(255, 'x'));
}

// ---- who is let in ------------------------------------------------------------------------------------------------

namespace {

wire::handshake plain_pull()
{
  wire::handshake_config config = config_of(socket_type::pull, {socket_type::push}, true);
  config.security = std::make_unique<wire::plain_server>();
  return wire::handshake{std::move(config)};
}

wire::handshake plain_push()
{
  wire::handshake_config config = config_of(socket_type::push, {socket_type::pull}, false);
  config.security = std::make_unique<wire::plain_client>("admin", "secret");
  return wire::handshake{std::move(config)};
}

wire::handshake asking_pull()
{
  wire::handshake_config config = config_of(socket_type::pull, {socket_type::push}, true);
  config.asks = true;
  return wire::handshake{std::move(config)};
}

octets greeting_of_server()
{
  auto const bytes = wire::encode_greeting("PLAIN", true);
  return {bytes.begin(), bytes.end()};
}

octets command(std::string_view name, octets const& data = {})
{
  octets out;
  wire::append_command(out, name, data);
  return out;
}

octets initiate(std::string_view type)
{
  properties metadata;
  metadata.add("Socket-Type", type);
  octets data;
  wire::append_properties(data, metadata);
  return command("INITIATE", data);
}

octets const hello = from_hex("04130548454c4c4f0561646d696e06736563726574");

}  // namespace

TEST_CASE("a PLAIN server says so in its greeting, a client and NULL do not")
{
  CHECK(to_hex(plain_pull().output()) == to_hex(greeting_of_server()));
  CHECK(to_hex(plain_push().output()) == to_hex(greeting("PLAIN")));
}

TEST_CASE("a PLAIN handshake stops for a decision and completes in any pieces")
{
  in_every_way(greeting("PLAIN") + hello, [&](std::vector<octets> const& pieces) {
    wire::handshake machine = plain_pull();
    REQUIRE(feed(machine, pieces).state == status::needs_decision);
    REQUIRE(machine.shown().user_name == "admin");
    REQUIRE(machine.shown().password == "secret");
    REQUIRE(machine.mechanism_name() == "PLAIN");
    REQUIRE(machine.identity().empty());
    REQUIRE(machine.output().empty());
    properties told;
    told.add("User-Id", "root");
    machine.admit(told);
    REQUIRE(machine.state() == status::needs_input);
    REQUIRE(to_hex(machine.output()) == to_hex(command("WELCOME")));
    machine.sent(machine.output().size());
    REQUIRE(feed(machine, {initiate("PUSH")}).state == status::done);
    REQUIRE(machine.had_last_word());
    REQUIRE(machine.peer().mechanism == "PLAIN");
    REQUIRE(machine.peer().told.get("User-Id") == "root");
  });
  in_every_way(initiate("PUSH"), [&](std::vector<octets> const& pieces) {
    wire::handshake machine = plain_pull();
    feed(machine, {greeting("PLAIN") + hello});
    machine.admit({});
    REQUIRE(to_hex(feed(machine, pieces).sent) == to_hex(command("WELCOME") + ready("PULL")));
    REQUIRE(machine.state() == status::done);
    REQUIRE(machine.peer().type == socket_type::push);
  });
  in_every_way(greeting_of_server() + command("WELCOME") + ready("PULL"),
               [&](std::vector<octets> const& pieces) {
                 wire::handshake machine = plain_push();
                 outcome const result = feed(machine, pieces);
                 REQUIRE(result.state == status::done);
                 REQUIRE_FALSE(machine.had_last_word());
                 REQUIRE(to_hex(result.sent) == to_hex(greeting("PLAIN") + hello + initiate("PUSH")));
               });
}

TEST_CASE("a PLAIN peer that goes on before it is let in fails, in any pieces")
{
  for (octets const& more : {initiate("PUSH"), hello, ready("PUSH"), from_hex("000178"), from_hex("04")})
    in_every_way(greeting("PLAIN") + hello + more, [&](std::vector<octets> const& pieces) {
      wire::handshake machine = plain_pull();
      outcome const result = feed(machine, pieces);
      REQUIRE(result.state == status::failed);
      REQUIRE(result.error == errc::unexpected_command);
      REQUIRE(to_hex(result.sent) == to_hex(greeting_of_server()));
    });
}

TEST_CASE("whoever is not let in is told the status, or nothing, and fails")
{
  for (std::string_view status_told : {"400", "500", ""}) {
    wire::handshake machine = plain_pull();
    feed(machine, {greeting("PLAIN") + hello});
    machine.refuse("because", status_told);
    CHECK(machine.state() == status::failed);
    CHECK(machine.error() == errc::access_denied);
    CHECK(machine.reason() == "because");
    CHECK_FALSE(machine.permanent());
    octets error;
    if (!status_told.empty())
      wire::append_error(error, status_told);
    CHECK(to_hex(machine.output()) == to_hex(error));
    octets const more = initiate("PUSH");
    byte_view input{more};
    CHECK(machine.feed(input) == status::failed);
    CHECK(input.size() == more.size());
  }
}

TEST_CASE("an admitted PLAIN peer of a wrong type gets an ERROR")
{
  wire::handshake machine = plain_pull();
  feed(machine, {greeting("PLAIN") + hello});
  machine.admit({});
  octets error;
  wire::append_error(error, "PULL does not talk to SUB");
  CHECK(to_hex(feed(machine, {initiate("SUB")}).sent) == to_hex(command("WELCOME") + error));
  CHECK(machine.error() == errc::incompatible_peer);
}

TEST_CASE("PLAIN with somebody to ask decides once")
{
  wire::handshake_config config = config_of(socket_type::pull, {socket_type::push}, true);
  config.security = std::make_unique<wire::plain_server>();
  config.asks = true;
  wire::handshake machine{std::move(config)};
  REQUIRE(feed(machine, {greeting("PLAIN") + hello}).state == status::needs_decision);
  machine.admit({});
  CHECK(feed(machine, {initiate("PUSH")}).state == status::done);
}

TEST_CASE("a client does not ask about its server")
{
  wire::handshake_config config = config_of(socket_type::push, {socket_type::pull}, false);
  config.security = std::make_unique<wire::plain_client>("admin", "secret");
  config.asks = true;
  wire::handshake machine{std::move(config)};
  CHECK(feed(machine, {greeting_of_server() + command("WELCOME") + ready("PULL")}).state == status::done);
}

TEST_CASE("NULL with somebody to ask stops behind READY, in any pieces, and keeps what follows")
{
  octets const early = from_hex("000161");
  properties metadata;
  metadata.add("Socket-Type", "PUSH");
  in_every_way(greeting() + ready(metadata) + early, [&](std::vector<octets> const& pieces) {
    wire::handshake machine = asking_pull();
    outcome const result = feed(machine, pieces);
    REQUIRE(result.state == status::needs_decision);
    REQUIRE(to_hex(result.unread) == to_hex(early));
    REQUIRE(to_hex(result.sent) == to_hex(greeting()));
    machine.admit({});
    REQUIRE(machine.state() == status::done);
    REQUIRE(machine.had_last_word());
    REQUIRE(to_hex(machine.output()) == to_hex(ready("PULL")));
  });
  wire::handshake refused = asking_pull();
  feed(refused, {greeting() + ready("PUSH")});
  refused.refuse("no", "400");
  CHECK(to_hex(refused.output()) == to_hex(from_hex("040a054552524f5203343030")));

  wire::handshake wrong = asking_pull();  // nobody is asked about a peer that does not fit
  CHECK(feed(wrong, {greeting() + ready("SUB")}).state == status::failed);
}

TEST_CASE("NULL on the connecting side, whose READY is out, refuses without an ERROR")
{
  wire::handshake_config config = config_of(socket_type::dealer, {socket_type::router}, false);
  config.asks = true;
  wire::handshake machine{std::move(config)};
  properties metadata;
  metadata.add("Socket-Type", "ROUTER");
  metadata.add("Identity", "them");
  REQUIRE(feed(machine, {greeting() + ready(metadata)}).state == status::needs_decision);
  CHECK(machine.identity() == "them");
  machine.refuse("no", "400");
  CHECK(machine.output().empty());
  CHECK(machine.error() == errc::access_denied);
}

TEST_CASE("two servers fail for good, if they say so; libzmq's says nothing")
{
  fails(plain_pull, greeting_of_server(), errc::mechanism_mismatch);
  wire::handshake machine = plain_pull();
  feed(machine, {greeting_of_server()});
  CHECK(machine.permanent());
  CHECK(machine.reason() == "both ends are the server of PLAIN: one of them must be the client");

  wire::handshake client = plain_push();
  CHECK(feed(client, {greeting("PLAIN") + command("WELCOME") + ready("PULL")}).state == status::done);
}

TEST_CASE("a mismatch names the option that is to be set")
{
  wire::handshake machine = plain_pull();
  feed(machine, {greeting("NULL")});
  CHECK(machine.permanent());
  CHECK(machine.reason() ==
        "the peer uses mechanism \"NULL\", this socket PLAIN; the peer has no security set: set the same "
        "there");
  wire::handshake other = bound_pull();
  feed(other, {greeting("PLAIN")});
  CHECK(other.reason() ==
        "the peer uses mechanism \"PLAIN\", this socket NULL; set option::plain_client here, or "
        "option::plain_server if this end decides");
  wire::handshake unknown = bound_pull();
  feed(unknown, {greeting("GSSAPI")});
  CHECK(unknown.reason() == "the peer uses mechanism \"GSSAPI\", this socket NULL");
}

TEST_CASE("an ERROR with a status says what it means, also as libzmq's PLAIN spells it")
{
  auto const reason_of = [](octets const& error) {
    wire::handshake machine = plain_push();
    feed(machine, {greeting_of_server() + error});
    CHECK(machine.error() == errc::refused_by_peer);
    CHECK(machine.permanent());
    return machine.reason();
  };
  CHECK(reason_of(from_hex("040a054552524f5203343030")) ==
        "the peer refused this connection: 400: it does not accept the credentials");
  CHECK(reason_of(from_hex("04095e52524f5203343030")) ==
        "the peer refused this connection: 400: it does not accept the credentials");
  CHECK(reason_of(from_hex("04095e52524f5203353030")) ==
        "the peer refused this connection: 500: its authenticator failed");
  CHECK(reason_of(from_hex("04095e52524f5203333030")) ==
        "the peer refused this connection: 300: it does not let us in at present");
  CHECK(reason_of(from_hex("04055e52524f52")) == "the peer refused this connection: (malformed reason)");
  // Not in NULL.
  fails_after_greeting("04095e52524f5203343030", errc::malformed_command);
}

TEST_CASE("that a peer closes may mean something")
{
  wire::handshake part = plain_push();
  feed(part, {exact(byte_view{greeting()}.first(11))});
  CHECK(part.closed_hint() ==
        ", before the end of its greeting: it may use another security mechanism than PLAIN, or be no ZeroMQ "
        "peer at all");
  wire::handshake all = plain_push();
  feed(all, {greeting_of_server()});
  CHECK(all.closed_hint() ==
        ", without a reason: its authenticator does not let this PLAIN client in at present, or it has none");
  wire::handshake server = plain_pull();
  feed(server, {greeting("PLAIN")});
  CHECK(server.closed_hint().empty());
}
