#include <cozmq/curve/keys.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

using namespace cozmq;
using namespace cozmq::test;

namespace {

// A pair of the tests of libzmq, which is public.
constexpr std::string_view server_public = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
constexpr std::string_view server_secret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

template <class T>
concept equality_comparable = requires(T const& a) { a == a; };

}  // namespace

TEST_CASE("a secret key makes the public key that libzmq has for it")
{
  curve_keys const keys{curve_secret_key::from_z85(server_secret)};
  CHECK(keys.public_key().to_z85() == server_public);
  CHECK(keys.public_key() == curve_public_key::from_z85(server_public));
  CHECK(fmt::format("{}", keys.public_key()) == server_public);
}

TEST_CASE("a secret key neither prints nor compares, and shows itself only when asked")
{
  STATIC_REQUIRE_FALSE(fmt::is_formattable<curve_secret_key>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<curve_keys>::value);
  STATIC_REQUIRE_FALSE(equality_comparable<curve_secret_key>);
  STATIC_REQUIRE_FALSE(equality_comparable<curve_keys>);
  STATIC_REQUIRE(equality_comparable<curve_public_key>);

  curve_secret_key const secret = curve_secret_key::from_z85(server_secret);
  std::array<char, curve_key_length> text{};
  secret.expose_z85(text);
  CHECK((std::string_view{text.data(), text.size()} == server_secret));
  CHECK((curve_secret_key::from_bytes(secret.expose()).public_key() == secret.public_key()));
}

TEST_CASE("copies of a secret key share its place")
{
  curve_keys const keys = curve_keys::generate();
  curve_keys const copy = keys;
  CHECK((copy.secret_key().expose().data() == keys.secret_key().expose().data()));
}

TEST_CASE("keys that were moved from are keys still")
{
  curve_keys from = curve_keys::generate();
  std::byte const* const place = from.secret_key().expose().data();
  curve_keys to{std::move(from)};
  CHECK((to.secret_key().expose().data() == place));
  CHECK((from.secret_key().expose().data() == place));
  curve_keys other = curve_keys::generate();
  other = std::move(to);
  CHECK((to.secret_key().expose().data() == place));
  curve_secret_key secret = other.secret_key();
  curve_keys const made{std::move(secret)};
  CHECK(secret.public_key() == made.public_key());
}

TEST_CASE("generated keys differ")
{
  CHECK(curve_keys::generate().public_key() != curve_keys::generate().public_key());
}

TEST_CASE("a text that is no key is refused, and not repeated")
{
  std::string const almost{server_secret.substr(0, 39)};
  std::string const of_its_length =
      "not a key: it has 40 characters, but not all are of Z85, or some were changed; copy it again, in "
      "single "
      "quotes in a shell";
  for (std::string const& text :
       {std::string{}, almost, std::string{server_secret} + "0", almost + " ", std::string(40, '#')}) {
    CAPTURE(text.size());
    CHECK_FALSE(curve_public_key::try_from_z85(text));
    std::string said;
    try {
      curve_secret_key::from_z85(text);
    } catch (error const& failure) {
      CHECK(failure.code() == errc::invalid_option);
      said = failure.what();
    }
    std::string const of_another =
        "not a key: a key has 40 characters of Z85, this text has " + std::to_string(text.size());
    CHECK(said == (text.size() == 40 ? of_its_length : of_another));
    CHECK_THROWS_AS(curve_public_key::from_z85(text), error);
  }
}

TEST_CASE("a public key comes from the 32 bytes that an authenticator gets")
{
  curve_public_key const key = curve_public_key::from_z85(server_public);
  std::string const bytes{as_text(key.bytes())};
  CHECK(curve_public_key::from_bytes(bytes) == key);
  CHECK_FALSE(curve_public_key::from_bytes(bytes + "x"));
  CHECK_FALSE(curve_public_key::from_bytes({}));
  std::map<curve_public_key, int> const known{{key, 1}};
  CHECK(known.count(key) == 1);
}
