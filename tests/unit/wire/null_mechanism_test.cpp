#include <cozmq/wire/null_mechanism.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

using namespace cozmq;
using namespace cozmq::test;
using kind = wire::mechanism_result::kind;

namespace {

std::string const ready = "041a0552454144590b536f636b65742d547970650000000450555348";

properties push_metadata()
{
  properties own;
  own.add("Socket-Type", "PUSH");
  return own;
}

}  // namespace

TEST_CASE("the connecting side sends READY at the start and nothing more")
{
  wire::null_mechanism null;
  octets out;
  null.start(false, push_metadata(), out);
  CHECK(to_hex(out) == ready);
  null.accept(out);
  CHECK(to_hex(out) == ready);
}

TEST_CASE("the binding side holds its READY until the peer is accepted")
{
  wire::null_mechanism null;
  octets out;
  null.start(true, push_metadata(), out);
  CHECK(out.empty());
  auto const result = null.on_command({"READY", {}}, out);
  CHECK(result.what == kind::metadata);
  CHECK(out.empty());
  null.accept(out);
  CHECK(to_hex(out) == ready);
}

TEST_CASE("the peer's READY gives its properties")
{
  wire::null_mechanism null;
  octets out;
  null.start(true, {}, out);
  octets const data = from_hex("0b536f636b65742d547970650000000450555348");
  auto const result = null.on_command({"READY", data}, out);
  CHECK(result.what == kind::metadata);
  CHECK(result.metadata == push_metadata());
}

TEST_CASE("malformed properties and other commands fail")
{
  wire::null_mechanism null;
  octets out;
  null.start(true, {}, out);
  auto const malformed = null.on_command({"READY", from_hex("00")}, out);
  CHECK(malformed.what == kind::failed);
  CHECK(malformed.error == errc::malformed_metadata);
  for (std::string_view name : {"PING", "HELLO", "SUBSCRIBE", "ready"}) {
    auto const other = null.on_command({name, {}}, out);
    CHECK(other.what == kind::failed);
    CHECK(other.error == errc::unexpected_command);
  }
  CHECK(out.empty());
}
