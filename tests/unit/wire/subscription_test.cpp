#include <cozmq/wire/subscription.hpp>

#include "support/catch.hpp"
#include "support/octets.hpp"

using namespace cozmq;
using namespace cozmq::test;

namespace {

std::string encode(bool subscribe, octets const& topic, std::uint8_t minor)
{
  octets out;
  wire::append_subscription(out, {subscribe, topic}, minor);
  CHECK(out.size() == wire::subscription_frame_size({subscribe, topic}, minor));
  return to_hex(out);
}

}  // namespace

TEST_CASE("a peer of minor 1 and later gets commands, one of minor 0 messages")
{
  octets const topic = from_text("A");
  CHECK(encode(true, topic, 1) == "040b0953554253435249424541");
  CHECK(encode(false, topic, 1) == "04080643414e43454c41");
  CHECK(encode(true, topic, 2) == encode(true, topic, 1));
  CHECK(encode(true, topic, 0) == "00020141");
  CHECK(encode(false, topic, 0) == "00020041");
  CHECK(encode(true, {}, 1) == "040a09535542534352494245");
  CHECK(encode(false, {}, 0) == "000100");
}

TEST_CASE("topics around the limit of a short frame are read back in both forms")
{
  for (std::size_t size : {244U, 245U, 246U, 247U, 248U, 254U, 255U, 256U, 100'000U})
    for (bool subscribe : {true, false})
      for (std::uint8_t minor : {std::uint8_t{0}, std::uint8_t{1}}) {
        octets out;
        wire::append_subscription(out, {subscribe, octets(size, std::byte{'t'})}, minor);
        std::error_code ec;
        auto const header = wire::parse_frame_header(out, ec);
        REQUIRE(header);
        REQUIRE(header->length + header->size == out.size());
        REQUIRE(header->command == (minor == 1));
        REQUIRE_FALSE(header->more);
        byte_view const body = byte_view{out}.subspan(header->length);
        auto const parsed = minor == 1 ? wire::parse_subscription(wire::parse_command(body).value())
                                       : wire::parse_subscription_message(body);
        REQUIRE(parsed);
        REQUIRE(parsed->subscribe == subscribe);
        REQUIRE(parsed->topic.size() == size);
      }
}

TEST_CASE("other commands are no subscriptions")
{
  for (std::string_view name : {"JOIN", "subscribe", "SUBSCRIBED", "PING"})
    CHECK_FALSE(wire::parse_subscription({name, {}}));
}

TEST_CASE("a message is a subscription when it begins with 0 or 1")
{
  CHECK_FALSE(wire::parse_subscription_message({}));
  CHECK_FALSE(wire::parse_subscription_message(from_hex("0241")));
  octets const unsubscribe_all = from_hex("00");
  auto const parsed = wire::parse_subscription_message(unsubscribe_all);
  REQUIRE(parsed);
  CHECK_FALSE(parsed->subscribe);
  CHECK(parsed->topic.empty());
}
