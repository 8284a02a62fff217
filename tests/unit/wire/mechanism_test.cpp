#include <cozmq/wire/mechanism.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

using namespace cozmq;
using namespace cozmq::test;

namespace {

// The least that a mechanism must write itself.
class plain_words final : public wire::mechanism {
 public:
  std::string_view name() const noexcept override { return "WORDS"; }
  void start(bool, properties, octets&) override {}
  wire::mechanism_result on_command(wire::command_view, octets&) override { return {}; }
  void accept(octets&) override {}
  void refuse(std::string_view, octets&) override {}
};

}  // namespace

TEST_CASE("a mechanism seals nothing unless it says so")
{
  plain_words words;
  CHECK_FALSE(words.seals());
  octets out(words.sealed_size(2) + words.sealed_size(256));
  words.seal(wire::flag_more, from_hex("6162"), out.data());
  words.seal(0, octets(256), out.data() + words.sealed_size(2));
  CHECK(to_hex(byte_view{out}.first(13)) == "01026162020000000000000100");
  CHECK(out.size() == 4 + 9 + 256);

  octets body = from_hex("6162");
  wire::opened_frame frame;
  CHECK_FALSE(words.open(wire::flag_more, body, frame));
  CHECK(frame.flags == wire::flag_more);
  CHECK(frame.body.data() == body.data());
}

TEST_CASE("a mechanism that says nothing of itself is nobody's client and shows nothing")
{
  plain_words const words;
  CHECK(words.role() == wire::mechanism_role::peer);
  CHECK(words.shown().user_name.empty());
  CHECK(words.shown().public_key.empty());
}
