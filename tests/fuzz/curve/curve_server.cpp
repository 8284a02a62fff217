// The server of CURVE and a client that is honest but for one thing, which the input chooses: a server lets it in when that
// thing does not matter, and otherwise tells it nothing.
#include "fuzz/curve/hand_made.hpp"
#include <cozmq/curve/server.hpp>

namespace cozmq::fuzz {

namespace {

// What can be bent.
enum : std::size_t {
  nothing,
  greeting_octet,
  hello_octet,
  initiate_octet,
  signature_octet,   // in the box of HELLO
  short_key_is_low,  // of low order: with it there is no secret
  initiate_number,   // not above that of HELLO
  initiate_cut,      // what is in the box ends early
  vouched_short,     // the vouch is for another short-term key
  vouched_server,    // or for another server
  vouched_by,        // or made by another
  claimed_key,       // the long-term key is somebody else's
  hello_twice,
  initiate_first,
  octets_at_last,  // of the input, instead of INITIATE
  hello_version,
};

struct world {
  pair server{1};
  pair long_term{2};
  pair short_term{3};
  pair stranger{4};
  std::shared_ptr<curve::server_settings> settings = std::make_shared<curve::server_settings>(server.keys());
};

octets hello_of(world const& w, bend const& b, std::uint64_t number)
{
  octets version{std::byte{1}, std::byte{0}};
  octets signature(64);
  octets short_key = w.short_term.shown();
  b.apply(hello_version, version);
  b.apply(signature_octet, signature);
  octets const box =
      sealed(signature, text("CurveZMQHELLO---") + of_number(number), w.server.shown(), w.short_term);
  if (b.is(short_key_is_low)) {  // 0 and 1 are
    short_key.assign(32, std::byte{0});
    short_key[0] = static_cast<std::byte>(b.at % 2);
  }
  octets frame = frame_of("HELLO", version + octets(72) + short_key + of_number(number) + box);
  b.apply(hello_octet, frame);
  return frame;
}

octets initiate_of(world const& w, bend const& b, octets const& welcome, std::uint64_t number,
                   octets const& metadata)
{
  octets const inside =
      opened(part(welcome, 16, 144), text("WELCOME-") + part(welcome, 0, 16), w.server.shown(), w.short_term);
  octets const theirs = part(inside, 0, 32);
  octets const cookie = part(inside, 32, 96);
  octets vouch = w.short_term.shown();
  octets for_whom = w.server.shown();
  b.apply(vouched_short, vouch);
  b.apply(vouched_server, for_whom);
  octets const random(16, std::byte{7});
  octets const box = sealed(vouch + for_whom, text("VOUCH---") + random, theirs,
                            b.is(vouched_by) ? w.stranger : w.long_term);
  octets clear = (b.is(claimed_key) ? w.stranger : w.long_term).shown() + random + box + metadata;
  if (b.is(initiate_cut))
    clear.resize(b.at % clear.size());
  octets frame = frame_of(
      "INITIATE", cookie + of_number(number) +
                      sealed(clear, text("CurveZMQINITIATE") + of_number(number), theirs, w.short_term));
  b.apply(initiate_octet, frame);
  return frame;
}

}  // namespace

void curve_server(byte_view input)
{
  set_random_back();
  static world const w;  // which has taken some numbers, the first time
  set_random_back();
  form const how{take(input)};
  std::uint32_t const seed = static_cast<std::uint32_t>(take(input));
  bend const b{input};
  wire::handshake_config config = config_of(how);
  config.max_command = 65536;
  octets const metadata = b.what >= 128 ? octets{input.begin(), input.end()} : default_metadata(config);
  wire::metadata_verdict const verdict = judge(metadata, config);
  config.security = std::make_unique<curve::server>(w.settings);
  octets own;
  wire::append_properties(own, wire::own_metadata(config.type, config.identity, config.extra));

  our_side side{std::move(config), how, cuts{100'000, seed}};
  auto const mine = wire::encode_greeting("CURVE", true);
  auto const theirs = wire::encode_greeting("CURVE");
  octets greeting(theirs.begin(), theirs.end());
  b.apply(greeting_octet, greeting);
  side.feed(greeting);
  std::uint64_t const number = 1 + b.at % 256;
  bool const greeted = greets(greeting, "CURVE", true);
  octets const hello = hello_of(w, b, number);
  if (b.is(initiate_first))
    side.feed(frame_of("INITIATE", octets(300)));
  side.feed(hello);

  // Only the padding of HELLO means nothing: it begins behind the header, the name and the version.
  std::size_t const changed = b.at % hello.size();
  bool const hello_is_good = greeted && !b.is(initiate_first) && !b.is(short_key_is_low) &&
                             !b.changes(signature_octet) && !b.changes(hello_version) &&
                             (!b.changes(hello_octet) || (changed >= 10 && changed < 82));
  expect(side.sent.size() == mine.size() + (hello_is_good ? 170U : 0U) && side.decisions == 0,
         "a WELCOME is due to a HELLO, and nothing to anything else");
  check_end(side);
  if (!hello_is_good)
    return;

  octets const welcome = data_of(side.sent, mine.size(), "WELCOME");
  std::size_t const before = side.sent.size();
  if (b.is(hello_twice)) {
    side.feed(hello);
    return expect(side.state() == status::failed && side.sent.size() == before, "a second HELLO is none");
  }
  octets const behind(b.at % 7, b.by);
  if (b.is(octets_at_last)) {
    side.feed(octets{input.begin(), input.end()});
    expect(side.state() != status::done && side.sent.size() == before, "nobody comes in without an INITIATE");
    return check_end(side);
  }
  std::uint64_t const next =
      b.is(initiate_number) ? number - std::min<std::uint64_t>(number, b.at / 256) : number + 1;
  side.feed(initiate_of(w, b, welcome, next, metadata) + behind);
  check_end(side);
  bool const authentic = !b.changes(initiate_octet) && !b.is(initiate_number) && !b.is(vouched_by) &&
                         !b.is(claimed_key) && !b.changes(vouched_short) && !b.changes(vouched_server) &&
                         !b.is(initiate_cut);
  octets said = part(side.sent, before, side.sent.size() - before);
  if (!authentic) {
    // What is cut within the properties may be a list of fewer ones.
    if (b.is(initiate_cut) && side.machine().error() != errc::not_authentic)
      return;
    return expect(side.state() != status::done && said.empty() && side.decisions == 0,
                  "who has no proof is told nothing");
  }
  bool const welcomed = verdict.error == errc{};
  expect(side.decisions == (welcomed && how.asks() ? 1U : 0U), "a decision is asked for when it is due");
  bool const in = welcomed && (!how.asks() || how.admits());
  expect((side.state() == status::done) == in, "who has proof comes in, if it is let in");
  if (!in) {
    bool const told = welcomed ? how.verdict() == 2 : verdict.tell_peer;
    octets error;
    if (told)
      wire::append_error(error, welcomed ? told_to_peer : std::string_view{verdict.reason});
    return expect(as_text(said) == as_text(error), "who is refused is told why, if it shall know");
  }
  expect(side.unread == behind, "what follows the handshake stays unread");
  expect(side.machine().shown().public_key == as_text(w.long_term.shown()),
         "its key is the one it has shown");
  octets const ready = data_of(said, 0, "READY");
  octets const inside = opened(part(ready, 8, ready.size() - 8), text("CurveZMQREADY---") + part(ready, 0, 8),
                               part(opened(part(welcome, 16, 144), text("WELCOME-") + part(welcome, 0, 16),
                                           w.server.shown(), w.short_term),
                                    0, 32),
                               w.short_term);
  expect(inside == own, "READY has our properties");
}

}  // namespace cozmq::fuzz
