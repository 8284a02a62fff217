// The other end of CURVE for the fuzzers, made of RFC 26 and crypto_box alone. All its keys and nonces are the same every
// time, and so are those of our side: what is random comes from a generator that is set back before each input.
#pragma once

#include "fuzz/shake_hands.hpp"
#include <cozmq/curve/keys.hpp>

#include <sodium.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace cozmq::fuzz {

// ---- numbers that are not random ------------------------------------------------------------------------------

inline std::uint64_t& random_state()
{
  static std::uint64_t state = 1;
  return state;
}

inline std::uint32_t next_number()
{
  std::uint64_t& state = random_state();
  state = state * 6364136223846793005U + 1442695040888963407U;
  return static_cast<std::uint32_t>(state >> 32);
}

// Everything that libsodium takes for random is the same from here on.
inline void set_random_back()
{
  static randombytes_implementation generator = [] {  // not const: libsodium 1.0.18
    randombytes_implementation g{};
    g.implementation_name = [] { return "fuzz"; };
    g.random = [] { return next_number(); };
    g.buf = [](void* to, std::size_t size) {
      for (std::size_t i = 0; i < size; ++i)
        static_cast<unsigned char*>(to)[i] = static_cast<unsigned char>(next_number() >> 11);
    };
    return g;
  }();
  static bool const installed = randombytes_set_implementation(&generator) == 0 && sodium_init() >= 0;
  expect(installed, "libsodium starts");
  random_state() = 20260101;
}

// ---- boxes ----------------------------------------------------------------------------------------------------

using key = std::array<unsigned char, 32>;

inline unsigned char const* raw(octets const& bytes)
{
  return reinterpret_cast<unsigned char const*>(bytes.data());
}

inline octets text(std::string_view of)
{
  return {as_bytes(of).begin(), as_bytes(of).end()};
}

inline octets operator+(octets a, octets const& b)
{
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline octets of_number(std::uint64_t number)
{
  octets result(8);
  store_big_endian(result.data(), number);
  return result;
}

inline octets part(byte_view all, std::size_t from, std::size_t size)
{
  return {all.begin() + static_cast<std::ptrdiff_t>(from),
          all.begin() + static_cast<std::ptrdiff_t>(from + size)};
}

struct pair {
  explicit pair(unsigned seed)
  {
    key seed_octets{};
    seed_octets[0] = static_cast<unsigned char>(seed);
    expect(crypto_box_seed_keypair(public_key.data(), secret_key.data(), seed_octets.data()) == 0,
           "a key pair is made");
  }

  octets shown() const
  {
    byte_view const bytes = std::as_bytes(std::span{public_key});
    return {bytes.begin(), bytes.end()};
  }
  curve_keys keys() const
  {
    return curve_keys{curve_secret_key::from_bytes(std::as_bytes(std::span{secret_key}))};
  }

  key public_key{};
  key secret_key{};
};

// The key between two pairs is dear, and there are few of them.
inline key const& between(octets const& theirs, pair const& ours)
{
  static std::map<std::pair<octets, key>, key> known;
  auto const [at, is_new] = known.try_emplace({theirs, ours.secret_key});
  if (is_new)
    expect(crypto_box_beforenm(at->second.data(), raw(theirs), ours.secret_key.data()) == 0,
           "two keys agree");
  return at->second;
}

inline octets sealed(octets const& clear, octets const& nonce, octets const& to, pair const& from)
{
  octets box(clear.size() + crypto_box_MACBYTES);
  expect(nonce.size() == crypto_box_NONCEBYTES &&
             crypto_box_easy_afternm(reinterpret_cast<unsigned char*>(box.data()), raw(clear), clear.size(),
                                     raw(nonce), between(to, from).data()) == 0,
         "a box is made");
  return box;
}

inline octets opened(octets const& box, octets const& nonce, octets const& from, pair const& to)
{
  expect(box.size() >= crypto_box_MACBYTES, "a box has its size");
  octets clear(box.size() - crypto_box_MACBYTES);
  expect(crypto_box_open_easy_afternm(reinterpret_cast<unsigned char*>(clear.data()), raw(box), box.size(),
                                      raw(nonce), between(from, to).data()) == 0,
         "our box can be opened");
  return clear;
}

inline octets frame_of(std::string_view name, octets const& data)
{
  octets out;
  wire::append_command(out, name, data);
  return out;
}

// The data of our only command in `sent`, from `at` on.
inline octets data_of(octets const& sent, std::size_t at, std::string_view name)
{
  auto const command = command_at(sent, at, 65536);
  expect(command && command->name == name && command->end == sent.size(),
         "what is due is sent, and nothing else");
  return {command->data.begin(), command->data.end()};
}

inline octets default_metadata(wire::handshake_config const& config)
{
  octets data;
  wire::append_property(data, "Socket-Type", config.type == socket_type::router ? "DEALER" : "PUSH");
  return data;
}

// What an input does to an honest peer.
struct bend {
  explicit bend(byte_view& input)
      : what{take(input)}, at{take(input, 2)}, by{static_cast<std::byte>(take(input))}
  {
  }

  // One octet of `bytes` is another one, if this is what the input bends.
  void apply(std::size_t which, octets& bytes) const
  {
    if (what % 16 == which && !bytes.empty())
      bytes[at % bytes.size()] ^= by;
  }
  bool is(std::size_t which) const { return what % 16 == which; }
  bool changes(std::size_t which) const { return is(which) && by != std::byte{0}; }

  std::size_t what;
  std::size_t at;
  std::byte by;
};

// ---- our side ---------------------------------------------------------------------------------------------------

class our_side {
 public:
  our_side(wire::handshake_config config, form how, cuts reads)
      : machine_{std::move(config)}, how_{how}, reads_{reads}
  {
    collect();
  }

  void feed(octets const& stream)
  {
    byte_view rest = stream;
    while (!rest.empty() && machine_.state() == status::needs_input) {
      std::size_t const size = std::min(reads_.next(), rest.size());
      octets const piece = part(rest, 0, size);
      byte_view input{piece};
      machine_.feed(input);
      while (machine_.state() == status::needs_decision) {
        ++decisions;
        decide(machine_, how_);
        machine_.feed(input);
      }
      rest = rest.subspan(size - input.size());
      collect();
    }
    unread = unread + octets(rest.begin(), rest.end());
  }

  wire::handshake& machine() { return machine_; }
  status state() const { return machine_.state(); }

  octets sent{};
  octets unread{};
  std::size_t decisions = 0;

 private:
  void collect()
  {
    byte_view const output = machine_.output();
    sent.insert(sent.end(), output.begin(), output.end());
    machine_.sent(output.size());
  }

  wire::handshake machine_;
  form how_;
  cuts reads_;
};

// A failure says as little as it may.
inline void check_end(our_side& side)
{
  wire::handshake const& machine = side.machine();
  expect((side.state() == status::failed) == static_cast<bool>(machine.error()), "what fails has an error");
  expect(machine.reason().size() <= 255 && is_printable(machine.reason()), "a reason is short and printable");
  if (machine.error() == errc::not_authentic)
    expect(machine.reason() == make_error_code(errc::not_authentic).message(),
           "whatever is not authentic is so in the same words");
}

}  // namespace cozmq::fuzz
