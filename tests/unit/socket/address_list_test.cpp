#include <cozmq/socket/address_list.hpp>

#include "support/catch.hpp"

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using cozmq::address_list;
using cozmq::auth_reply;
using cozmq::auth_request;

namespace {

auth_request from(std::string address)
{
  auth_request r;
  r.address = std::move(address);
  r.mechanism = "NULL";
  return r;
}

std::string error_of(std::string_view entry)
{
  try {
    address_list::allow({entry});
  } catch (cozmq::error const& e) {
    CHECK(e.code() == cozmq::errc::invalid_option);
    return e.what();
  }
  return {};
}

auth_reply answer_of(cozmq::option::authenticator const& who, auth_request request)
{
  asio::io_context io;
  std::optional<auth_reply> result;
  who.asks()(io.get_executor(), std::move(request),
             cozmq::engine::auth_answer{[&](auth_reply r) { result = std::move(r); }});
  io.run();
  return result.value();
}

}  // namespace

TEST_CASE("2.3 ZAP a list of addresses covers single ones and ranges, IPv4 and IPv6")
{
  auto const list = address_list::allow(
      {"192.0.2.1", "198.51.100.0/24", "10.128.0.0/9", "2001:db8::1", "2001:db8:2::/47", "fe80::/10"});
  CHECK(list.size() == 6);
  for (auto const* const inside :
       {"192.0.2.1", "198.51.100.0", "198.51.100.255", "10.128.0.1", "10.255.255.255", "2001:db8::1",
        "2001:db8:0::1", "2001:db8:3:ffff::1", "fe80::1", "febf::1", "fe80::1%eth0", "fe80::1%2",
        "::ffff:192.0.2.1", "::ffff:c000:201", "::ffff:198.51.100.7"})
    CHECK(list.contains(inside));
  for (auto const* const outside :
       {"192.0.2.0", "192.0.2.2", "198.51.101.0", "198.51.99.255", "10.127.255.255", "11.128.0.0",
        "2001:db8::2", "2001:db8:1::", "2001:db8:4::", "fec0::1", "::192.0.2.1", "::1", "", "localhost",
        "192.0.2.1 ", "192.0.2", "192.0.2.01", "%eth0"})
    CHECK_FALSE(list.contains(outside));
}

TEST_CASE("2.3 ZAP a range that covers all is for its family; mapped ranges are IPv4")
{
  auto const v4 = address_list::deny({"0.0.0.0/0"});
  CHECK(v4.contains("255.255.255.255"));
  CHECK(v4.contains("::ffff:1.2.3.4"));
  CHECK_FALSE(v4.contains("::1"));
  auto const v6 = address_list::deny({"::/0"});
  CHECK(v6.contains("::1"));
  CHECK(v6.contains("ffff::"));
  CHECK_FALSE(v6.contains("1.2.3.4"));
  CHECK_FALSE(v6.contains("::ffff:1.2.3.4"));
  auto const mapped = address_list::deny({"::ffff:192.0.2.0/120", "::ffff:198.51.100.1"});
  CHECK(mapped.contains("192.0.2.200"));
  CHECK(mapped.contains("198.51.100.1"));
  CHECK_FALSE(mapped.contains("192.0.3.0"));
  CHECK(address_list::deny({"::ffff:0:0/96"}).contains("1.2.3.4"));
  CHECK(address_list::deny({"192.0.2.1/32"}).contains("192.0.2.1"));
  CHECK(address_list::deny({"::1/128"}).contains("::1"));
}

TEST_CASE("2.3 ZAP those on a list of allow come in, of a list of deny the others")
{
  auto const allow = address_list::allow({"192.0.2.0/24"});
  CHECK(allow(from("192.0.2.9")).admits());
  CHECK(allow(from("192.0.3.9")).status() == "400");
  CHECK(allow(from("192.0.3.9")).reason() == "192.0.3.9 is not on the list of those who may come");
  CHECK_FALSE(address_list::allow({})(from("192.0.2.9")).admits());

  auto const deny = address_list::deny({"192.0.2.0/24"});
  CHECK(deny(from("192.0.3.9")).admits());
  CHECK(deny(from("192.0.2.9")).status() == "400");
  CHECK(deny(from("192.0.2.9")).reason() == "192.0.2.9 is on the list of those who may not come");
  CHECK(address_list::deny({})(from("192.0.2.9")).admits());
  for (address_list const& list : {allow, deny})
    CHECK_FALSE(list(from("somewhere")).admits());
}

TEST_CASE("2.3 ZAP peers without an address are on a list as ipc")
{
  CHECK_FALSE(address_list::allow({"0.0.0.0/0", "::/0"})(from("")).admits());
  CHECK(address_list::allow({"192.0.2.1", "ipc"})(from("")).admits());
  CHECK_FALSE(address_list::allow({"ipc"})(from("192.0.2.1")).admits());
  CHECK(address_list::deny({"0.0.0.0/0", "::/0"})(from("")).admits());
  auto list = address_list::deny({"ipc"});
  CHECK(list.size() == 1);
  CHECK_FALSE(list(from("")).admits());
  CHECK(list(from("")).reason() == "a peer without an address is on the list of those who may not come");
  CHECK(list(from("192.0.2.1")).admits());
  CHECK(list.remove("ipc"));
  CHECK_FALSE(list.remove("ipc"));
  CHECK(list(from("")).admits());
}

TEST_CASE("2.3 ZAP a malformed entry of a list says what is wrong with it")
{
  std::string const write = "; write 192.0.2.1, 192.0.2.0/24, 2001:db8::1 or 2001:db8::/32";
  auto const says = [](std::string_view entry, std::string const& what) {
    CHECK(error_of(entry) ==
          "\"" + std::string{entry} + "\" is not an IP address or a range of them: " + what);
  };
  says("", "it has no address" + write);
  says("/24", "it has no address" + write);
  for (auto const* const malformed : {"localhost", "192.0.2", "192.0.2.256", "192.0.2.1.", "192.0.2.01",
                                      "1234:", "::1::", "192.0.2.1:80", " 192.0.2.1", "IPC", "*"})
    says(malformed, "its address is malformed" + write);
  for (auto const* const no_number :
       {"192.0.2.0/", "192.0.2.0/x", "192.0.2.0/24x", "192.0.2.0/-1", "192.0.2.0/+1", "192.0.2.0/24/8",
        "192.0.2.0/255.255.255.0", "192.0.2.0/99999999999999999999999"})
    says(no_number, "behind / there must be a number of bits, such as 24");
  says("192.0.2.0/33", "it has no more than 32 bits");
  says("2001:db8::/129", "it has no more than 128 bits");
  says("::ffff:192.0.2.0/129", "it has no more than 128 bits");
  says("::ffff:192.0.2.0/24", "the first 96 bits of a mapped address must count");
  says("192.0.2.1/24", "there are bits behind the first 24; write /32 for one address, or zeros for a range");
  says("2001:db8::1/32",
       "there are bits behind the first 32; write /128 for one address, or zeros for a range");
  says("::ffff:192.0.2.1/120",
       "there are bits behind the first 120; write /128 for one address, or zeros for a range");
  says("fe80::1%eth0", "leave out the zone behind %");
  CHECK(error_of(std::string_view{"192.0.2.1\0x", 11}).find("its address is malformed") != std::string::npos);
  CHECK(error_of("a\nb").find("\"a\\x0ab\"") != std::string::npos);
}

TEST_CASE("2.3 ZAP a list changes in all its copies, or not at all")
{
  auto list = address_list::allow({"192.0.2.1"});
  address_list const copy = list;
  list.add("198.51.100.0/24");
  list.add("198.51.100.0/24");
  CHECK(copy.size() == 2);
  CHECK(copy(from("198.51.100.1")).admits());
  CHECK_THROWS_AS(list.add("198.51.100.0/240"), cozmq::error);
  CHECK(list.remove("::ffff:192.0.2.1"));
  CHECK_FALSE(list.remove("192.0.2.1"));
  CHECK_FALSE(list.remove("198.51.100.0/25"));
  CHECK_FALSE(copy(from("192.0.2.1")).admits());
  std::vector<std::string> entries{"10.0.0.0/8", "nonsense"};
  CHECK_THROWS_AS(list.assign(entries), cozmq::error);
  CHECK(copy(from("198.51.100.1")).admits());
  entries.pop_back();
  list.assign(entries);
  CHECK(copy.size() == 1);
  CHECK_FALSE(copy(from("198.51.100.1")).admits());
  CHECK(copy(from("10.1.1.1")).admits());
  CHECK(address_list::deny(entries).contains("10.1.1.1"));
  list.assign({});
  CHECK(copy.size() == 0);
}

TEST_CASE("2.3 ZAP a list in front of an authenticator, of any kind")
{
  auto const list = address_list::deny({"192.0.2.0/24"});
  auto const good = from("198.51.100.1");
  auto const bad = from("192.0.2.1");
  int asked = 0;
  auto const function = list.then([&](auth_request const& r) {
    ++asked;
    return auth_reply::admit(r.address);
  });
  CHECK(answer_of(function, good).told().get("User-Id") == "198.51.100.1");
  CHECK(answer_of(function, bad).status() == "400");
  CHECK(asked == 1);
  auto const coroutine = list.then(
      [](auth_request) -> asio::awaitable<auth_reply> { co_return auth_reply::refuse_for_now("busy"); });
  CHECK(answer_of(coroutine, good).reason() == "busy");
  CHECK(answer_of(coroutine, bad).status() == "400");
  auto const both = list.then(address_list::allow({"198.51.100.1"}));
  CHECK(answer_of(both, good).admits());
  CHECK(answer_of(both, bad).status() == "400");
  CHECK(answer_of(both, from("198.51.100.2")).status() == "400");
  CHECK(answer_of(cozmq::option::authenticator{list}, good).admits());
  CHECK(answer_of(list.then(function), good).admits());
  CHECK_FALSE(answer_of(list.then(cozmq::option::authenticator::none()), good).admits());
}

TEST_CASE("2.3 ZAP a list is changed by some threads while others look at it")
{
  auto list = address_list::allow({"192.0.2.1"});
  std::atomic<bool> over = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      while (!over)
        if (!list.contains("192.0.2.1"))
          ++wrong;
    });
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 200; ++n)
        list.add("10." + std::to_string(i) + ".0." + std::to_string(n));
    });
  for (std::size_t i = 2; i < 4; ++i)
    threads[i].join();
  over = true;
  for (std::size_t i = 0; i < 2; ++i)
    threads[i].join();
  CHECK(wrong == 0);
  CHECK(list.size() == 401);
}
