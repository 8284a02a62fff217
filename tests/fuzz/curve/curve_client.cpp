// The client of CURVE and a server that is honest but for one thing, which the input chooses.
#include "fuzz/curve/hand_made.hpp"
#include <cozmq/curve/client.hpp>

namespace cozmq::fuzz {

namespace {

enum : std::size_t {
  nothing,
  greeting_octet,
  welcome_octet,
  ready_octet,
  welcome_cut,  // what is in the box ends early, or goes on
  short_key_is_low,
  cookie_octet,     // which the client hands back as it is
  sealed_by,        // WELCOME comes from one who has not the server's key
  ready_sealed_by,  // READY from another short-term key
  ready_number,     // any number will do for the first
  ready_first,
  welcome_twice,
  octets_first,    // of the input, instead of WELCOME
  octets_at_last,  // of the input, instead of READY
  an_error,        // at either time
  late_error,
};

struct world {
  pair server{1};
  pair short_term{3};
  pair client{2};
  pair stranger{4};
  std::shared_ptr<curve::client_settings const> settings = std::make_shared<curve::client_settings const>(
      curve::client_settings{client.keys(), curve_public_key{std::as_bytes(std::span{server.public_key})}});
};

void check_initiate(world const& w, octets const& data, octets const& cookie, octets const& client_short,
                    std::uint64_t hello_number, octets const& own)
{
  expect(part(data, 0, 96) == cookie, "the cookie comes back");
  expect(load_big_endian<std::uint64_t>(data.data() + 96) > hello_number, "numbers grow");
  octets const inside = opened(part(data, 104, data.size() - 104),
                               text("CurveZMQINITIATE") + part(data, 96, 8), client_short, w.short_term);
  expect(part(inside, 0, 32) == w.client.shown(), "the client shows its key");
  octets const vouch =
      opened(part(inside, 48, 80), text("VOUCH---") + part(inside, 32, 16), w.client.shown(), w.short_term);
  expect(vouch == client_short + w.server.shown(), "and vouches for its short-term key, and for whom it is");
  expect(part(inside, 128, inside.size() - 128) == own, "INITIATE has our properties");
}

}  // namespace

void curve_client(byte_view input)
{
  set_random_back();
  static world const w;  // which has taken some numbers, the first time
  set_random_back();
  form const how{take(input)};
  std::uint32_t const seed = static_cast<std::uint32_t>(take(input));
  bend const b{input};
  octets const rest{input.begin(), input.end()};
  wire::handshake_config config = config_of(how);
  config.max_command = 65536;
  octets const metadata = b.what >= 128 ? rest : default_metadata(config);
  wire::metadata_verdict const verdict = judge(metadata, config);
  config.security = std::make_unique<curve::client>(w.settings);
  octets own;
  wire::append_properties(own, wire::own_metadata(config.type, config.identity, config.extra));

  our_side side{std::move(config), how, cuts{100'000, seed}};
  auto const theirs = wire::encode_greeting("CURVE", true);
  octets greeting(theirs.begin(), theirs.end());
  b.apply(greeting_octet, greeting);
  side.feed(greeting);
  if (!greets(greeting, "CURVE", false)) {
    check_end(side);
    return expect(side.sent.size() == wire::greeting_size, "who does not greet is told nothing");
  }
  octets const hello = data_of(side.sent, wire::greeting_size, "HELLO");
  expect(hello.size() == 194 && part(hello, 0, 74) == octets{std::byte{1}} + octets(73),
         "HELLO is as the RFC has it");
  octets const client_short = part(hello, 74, 32);
  auto const hello_number = load_big_endian<std::uint64_t>(hello.data() + 106);
  expect(opened(part(hello, 114, 80), text("CurveZMQHELLO---") + part(hello, 106, 8), client_short,
                w.server) == octets(64),
         "and its box holds zeros");
  std::size_t before = side.sent.size();

  octets cookie(96, std::byte{9});
  b.apply(cookie_octet, cookie);
  octets inside = w.short_term.shown() + cookie;
  if (b.is(short_key_is_low))
    std::fill(inside.begin(), inside.begin() + 32, std::byte{0});
  if (b.is(welcome_cut))
    inside.resize(b.at % 300);
  octets const random(16, std::byte{5});
  octets welcome = frame_of("WELCOME", random + sealed(inside, text("WELCOME-") + random, client_short,
                                                       b.is(sealed_by) ? w.stranger : w.server));
  b.apply(welcome_octet, welcome);
  std::uint64_t const number = b.is(ready_number) ? b.at * 0x0001'0001'0001'0001U : 1;
  octets ready = frame_of(
      "READY", of_number(number) + sealed(metadata, text("CurveZMQREADY---") + of_number(number),
                                          client_short, b.is(ready_sealed_by) ? w.stranger : w.short_term));
  b.apply(ready_octet, ready);

  if (b.is(ready_first))
    side.feed(ready);
  if (b.is(octets_first))
    side.feed(rest);
  if (b.is(an_error))
    side.feed(frame_of("ERROR", rest));
  side.feed(welcome);
  check_end(side);
  bool const welcome_is_good = !b.is(ready_first) && !(b.is(octets_first) && !rest.empty()) &&
                               !b.is(an_error) && !b.changes(welcome_octet) && !b.is(short_key_is_low) &&
                               !b.is(sealed_by) && !(b.is(welcome_cut) && inside.size() != 128);
  if (!welcome_is_good)
    return expect(side.sent.size() == before && side.state() != status::done,
                  "who has no proof is told nothing");
  check_initiate(w, data_of(side.sent, before, "INITIATE"), part(inside, 32, 96), client_short, hello_number,
                 own);

  before = side.sent.size();
  if (b.is(welcome_twice))
    side.feed(welcome);
  if (b.is(octets_at_last))
    side.feed(rest);
  if (b.is(late_error))
    side.feed(frame_of("ERROR", rest));
  octets const behind(b.at % 7, b.by);
  side.feed(ready + behind);
  check_end(side);
  bool const done = !b.is(welcome_twice) && !(b.is(octets_at_last) && !rest.empty()) && !b.is(late_error) &&
                    !b.changes(ready_octet) && !b.is(ready_sealed_by) && verdict.error == errc{};
  expect((side.state() == status::done) == done, "a handshake is done when the server has proved who it is");
  expect(side.sent.size() == before, "a client says nothing after INITIATE");
  if (done)
    expect(side.unread == behind, "what follows the handshake stays unread");
}

}  // namespace cozmq::fuzz
