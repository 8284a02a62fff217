#include <cozmq/curve/box.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"
#include <cozmq/curve/keys.hpp>
#include <cozmq/curve/message_key.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

using namespace cozmq;
using namespace cozmq::test;

namespace {

constexpr std::string_view prefix = "CurveZMQMESSAGEC";

octets some_octets(std::size_t size)
{
  octets result(size);
  for (std::size_t i = 0; i < size; ++i)
    result[i] = static_cast<std::byte>(i * 7 + (i >> 8) + 1);
  return result;
}

struct two {
  two()
  {
    REQUIRE(here.agree(b.public_key().bytes(), a.secret_key().expose()));
    REQUIRE(there.agree(a.public_key().bytes(), b.secret_key().expose()));
    sends.set(here, prefix);
    receives.set(there, prefix);
  }

  // What libsodium's own crypto_box makes of it.
  octets reference(std::uint64_t number, byte_view clear) const
  {
    curve::nonce const nonce{prefix, number};
    octets box(clear.size() + curve::mac_size);
    REQUIRE(crypto_box_easy(curve::raw(box.data()), curve::raw(clear.data()), clear.size(), nonce.raw(),
                            curve::raw(b.public_key().bytes().data()),
                            curve::raw(a.secret_key().expose().data())) == 0);
    return box;
  }

  octets sealed(std::uint64_t number, byte_view clear) const
  {
    octets box(clear.size() + curve::mac_size);
    sends.seal(number, clear[0], clear.subspan(1), box.data());
    return box;
  }

  curve_keys a = curve_keys::generate();
  curve_keys b = curve_keys::generate();
  curve::shared_key here;
  curve::shared_key there;
  curve::message_key sends;
  curve::message_key receives;
};

std::vector<std::size_t> sizes()
{
  std::vector<std::size_t> result;
  for (std::size_t size = 1; size <= 1301; ++size)
    result.push_back(size);
  for (std::size_t size : {1504U, 2015U, 2016U, 2017U, 4096U, 65'535U, 65'537U, 1'000'003U})
    result.push_back(size);
  return result;
}

}  // namespace

TEST_CASE("a message's box is the one that crypto_box makes, and opens in place, at any size")
{
  two const peers;
  std::uint64_t number = 0xFFFF'FF00;  // the number's octets are all in use before long
  for (std::size_t size : sizes()) {
    CAPTURE(size);
    octets const clear = some_octets(size);
    octets box = peers.sealed(++number, clear);
    REQUIRE(box == peers.reference(number, clear));
    REQUIRE(peers.receives.open(number, box));
    REQUIRE(std::equal(clear.begin(), clear.end(), box.begin() + curve::mac_size, box.end()));
  }
}

TEST_CASE("a message's box with one bit turned does not open, and is left as it was")
{
  two const peers;
  for (std::size_t size : {1U, 33U, 300U, 600U, 1100U}) {
    octets const box = peers.sealed(7, some_octets(size));
    for (std::size_t i = 0; i < box.size(); ++i) {
      octets turned = box;
      turned[i] ^= static_cast<std::byte>(1U << (i % 8));
      octets const before = turned;
      CAPTURE(size, i);
      REQUIRE_FALSE(peers.receives.open(7, turned));
      REQUIRE(turned == before);
    }
  }
}

TEST_CASE("a message's box opens with its own number, direction and length only")
{
  two const peers;
  octets box = peers.sealed(7, some_octets(100));
  CHECK_FALSE(peers.receives.open(8, box));
  curve::message_key other;
  other.set(peers.there, "CurveZMQMESSAGES");
  CHECK_FALSE(other.open(7, box));
  for (std::size_t cut = 0; cut < box.size(); ++cut) {
    octets shorter = exact(byte_view{box}.first(cut));
    REQUIRE_FALSE(peers.receives.open(7, shorter));
  }
  CHECK(peers.receives.open(7, box));
}

TEST_CASE("a box of the handshake opens for the other side only, as it was sealed")
{
  two const peers;
  octets const clear = some_octets(64);
  std::array<std::byte, curve::long_nonce_size> random{};
  random[15] = std::byte{9};
  curve::nonce const nonce{"WELCOME-", random};
  octets box(clear.size() + curve::mac_size);
  peers.here.seal(nonce, clear, box.data());
  octets back(clear.size());
  REQUIRE(peers.there.open(nonce, box, back.data()));
  CHECK(back == clear);
  random[15] = std::byte{8};
  CHECK_FALSE(peers.there.open(curve::nonce{"WELCOME-", random}, box, back.data()));
  CHECK_FALSE(peers.there.open(nonce, byte_view{box}.first(curve::mac_size - 1), back.data()));
  box[0] ^= std::byte{1};
  CHECK_FALSE(peers.there.open(nonce, box, back.data()));
}

TEST_CASE("there is nothing to share with a public key of low order")
{
  curve_keys const keys = curve_keys::generate();
  std::array<std::byte, curve::key_size> low{};
  curve::shared_key shared;
  CHECK_FALSE(shared.agree(low, keys.secret_key().expose()));
  low[0] = std::byte{1};
  CHECK_FALSE(shared.agree(low, keys.secret_key().expose()));
}
