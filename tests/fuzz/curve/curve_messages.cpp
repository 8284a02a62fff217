// Sealed frames: they are the boxes that libsodium makes, they come back as they were, and one that was changed, repeated or
// sent back is not taken for one.
#include "fuzz/curve/hand_made.hpp"
#include <cozmq/curve/session.hpp>

namespace cozmq::fuzz {

namespace {

constexpr std::size_t most_steps = 24;
constexpr std::string_view names[] = {"CurveZMQMESSAGEC", "CurveZMQMESSAGES"};

// A session as it is after a handshake.
class end_of final : public curve::session {
 public:
  end_of(curve::shared_key const& shared, bool server)
  {
    open_for_messages(shared, names[server ? 1 : 0], names[server ? 0 : 1]);
  }
  void start(bool, cozmq::properties, octets&) override {}
  wire::mechanism_result on_command(wire::command_view, octets&) override { return {}; }
  void accept(octets&) override {}
  void refuse(std::string_view, octets&) override {}
};

struct world {
  world()
  {
    set_random_back();
    pair const server{1};
    pair const client{2};
    expect(shared.agree(std::as_bytes(std::span{server.public_key}).first<32>(),
                        std::as_bytes(std::span{client.secret_key}).first<32>()),
           "two keys agree");
  }
  curve::shared_key shared;
};

struct frame_in_flight {
  octets wire;
  octets clear;
  unsigned flags;
  std::uint64_t number;
};

// [RFC 26, MESSAGE] the same by hand.
octets by_hand(curve::shared_key const& shared, std::string_view prefix, std::uint64_t number, unsigned flags,
               octets const& clear)
{
  unsigned const inside =
      ((flags & wire::flag_more) != 0 ? 1U : 0U) | ((flags & wire::flag_command) != 0 ? 2U : 0U);
  octets const payload = octets{static_cast<std::byte>(inside)} + clear;
  octets box(payload.size() + 16);
  octets const nonce = text(prefix) + of_number(number);
  expect(crypto_box_easy_afternm(reinterpret_cast<unsigned char*>(box.data()), raw(payload), payload.size(),
                                 raw(nonce), shared.raw()) == 0,
         "a box is made");
  octets const body = text("\7MESSAGE") + of_number(number) + box;
  octets frame(wire::frame_header_length(body.size()));
  wire::encode_frame_header(frame.data(), 0, body.size());
  return frame + body;
}

// The error, and `frame.body` within `body`.
std::error_code open(curve::session& by, octets const& wire, octets& body, wire::opened_frame& frame)
{
  std::error_code ec;
  auto const header = wire::parse_frame_header(wire, ec);
  expect(header && !ec, "a sealed frame is a frame");
  body = part(wire, header->length, wire.size() - header->length);
  return by.open(header->command ? wire::flag_command : 0U, body, frame);
}

}  // namespace

void curve_messages(byte_view input)
{
  static world const w;
  bool const from_server = (take(input) & 1U) != 0;
  end_of sender{w.shared, from_server};
  end_of receiver{w.shared, !from_server};
  std::uint64_t number = 0;
  std::uint64_t heard = 0;
  std::vector<frame_in_flight> sent;
  for (std::size_t steps = 0; !input.empty() && steps < most_steps; ++steps) {
    std::size_t const what = take(input);
    std::size_t const size = take(input, 2) % 2048;
    std::byte const by = static_cast<std::byte>(take(input));
    frame_in_flight f;
    f.flags = (what & 1U) != 0 ? wire::flag_more : (what & 2U) != 0 ? wire::flag_command : 0U;
    f.clear.assign(size, by);
    f.number = ++number;
    f.wire.resize(sender.sealed_size(size));
    sender.seal(f.flags, f.clear, f.wire.data());
    expect(f.wire == by_hand(w.shared, names[from_server ? 1 : 0], number, f.flags, f.clear),
           "a sealed frame is the one that libsodium's box makes");
    sent.push_back(f);

    frame_in_flight const& came = (what & 128U) != 0 ? sent[take(input) % sent.size()] : sent.back();
    octets wire = came.wire;
    std::size_t const header = wire::frame_header_length(wire.size() - 9);
    bool good = came.number > heard;
    switch (what >> 2 & 7U) {
      case 0: {  // an octet is another one
        std::size_t const at = header + take(input, 2) % (wire.size() - header);
        std::byte const mask = static_cast<std::byte>(take(input));
        wire[at] ^= mask;
        good = good && mask == std::byte{0};
        break;
      }
      case 1: {  // the end is missing
        std::size_t const left = take(input, 2) % (wire.size() - header);
        octets const body = part(wire, header, left);
        octets frame(wire::frame_header_length(left));
        wire::encode_frame_header(frame.data(), 0, left);
        wire = frame + body;
        good = false;
        break;
      }
      case 2: continue;  // it is lost, as no frame of TCP is: numbers need only grow
      case 3: {          // it comes back to its sender
        octets body;
        wire::opened_frame frame;
        end_of fresh{w.shared, from_server};
        expect(open(fresh, wire, body, frame) == errc::not_authentic, "what comes back is not the peer's");
        continue;
      }
      case 4: {  // reserved flags, from one who has the key
        std::byte const flags = static_cast<std::byte>(take(input));
        octets const payload = octets{flags} + came.clear;
        octets box(payload.size() + 16);
        octets const nonce = text(names[from_server ? 1 : 0]) + of_number(came.number);
        expect(crypto_box_easy_afternm(reinterpret_cast<unsigned char*>(box.data()), raw(payload),
                                       payload.size(), raw(nonce), w.shared.raw()) == 0,
               "a box is made");
        std::copy(box.begin(), box.end(), wire.end() - static_cast<std::ptrdiff_t>(box.size()));
        if (good && std::to_integer<unsigned>(flags) > 2) {
          octets body;
          wire::opened_frame frame;
          return expect(open(receiver, wire, body, frame) == errc::malformed_frame,
                        "reserved flags are not taken");
        }
        if (good) {
          octets body;
          wire::opened_frame frame;
          expect(!open(receiver, wire, body, frame), "the others are");
          heard = came.number;
          continue;
        }
        break;
      }
      default: break;
    }
    octets body;
    wire::opened_frame frame;
    std::error_code const ec = open(receiver, wire, body, frame);
    if (!good)
      return expect(ec == errc::not_authentic, "what is not authentic closes the connection");
    expect(!ec && frame.flags == came.flags && as_text(frame.body) == as_text(came.clear),
           "a frame comes as it was sent");
    expect(frame.body.data() >= body.data() &&
               frame.body.data() + frame.body.size() <= body.data() + body.size(),
           "and lies within what was opened");
    heard = came.number;
  }
}

}  // namespace cozmq::fuzz
