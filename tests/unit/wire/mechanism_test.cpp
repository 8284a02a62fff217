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
};

}  // namespace

TEST_CASE("a mechanism transforms nothing unless it says so")
{
  plain_words words;
  CHECK_FALSE(words.transforms());
  octets out;
  words.seal(wire::flag_more, from_hex("6162"), out);
  words.seal(0, octets(256), out);
  CHECK(to_hex(byte_view{out}.first(13)) == "01026162020000000000000100");
  CHECK(out.size() == 4 + 9 + 256);

  octets const body = from_hex("6162");
  wire::opened_frame frame;
  CHECK_FALSE(words.open({true, false, 2, 2}, body, frame));
  CHECK(frame.flags == wire::flag_more);
  CHECK(frame.body.data() == body.data());
  CHECK_FALSE(words.open({false, true, 2, 2}, body, frame));
  CHECK(frame.flags == wire::flag_command);
}

TEST_CASE("a mechanism refuses with an ERROR unless it has another way")
{
  octets out;
  plain_words{}.refuse("no", out);
  CHECK(to_hex(out) == "0409054552524f52026e6f");
}
