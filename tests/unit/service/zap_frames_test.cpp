#include <cozmq/service/zap_frames.hpp>

#include "support/catch.hpp"
#include "support/parts.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace cozmq;
using namespace cozmq::test;

namespace {

std::string const key(32, 'k');

parts const plain_request{"", "1.0", "7", "home", "192.0.2.1", "me", "PLAIN", "bob", "secret"};
parts const admitting{"", "1.0", "7", "200", "OK", "bob", ""};

parts with(parts list, std::size_t at, std::string text)
{
  list.at(at) = std::move(text);
  return list;
}

parts without_last(parts list)
{
  list.pop_back();
  return list;
}

parts and_then(parts list, std::string text)
{
  list.push_back(std::move(text));
  return list;
}

// As a ROUTER receives it.
detail::zap_question question_of(parts const& request, parts from = {"peer"})
{
  from.insert(from.end(), request.begin(), request.end());
  return detail::parse_zap_request(to_message(from));
}

auth_reply reply_of(parts const& reply)
{
  return detail::parse_zap_reply(to_message(reply), "7");
}

parts reply_frames(auth_reply const& reply)
{
  message m{frame{}};
  detail::append_zap_reply(m, "7", reply);
  return to_parts(m);
}

}  // namespace

TEST_CASE("2.3 ZAP a request has a version, an id, who asks for whom, and the credentials of its mechanism")
{
  auth_request r;
  r.domain = "home";
  r.address = "192.0.2.1";
  r.identity = "me";
  r.user_name = "bob";
  r.password = "secret";
  r.public_key = key;
  auto const frames_for = [&r](std::string mechanism) {
    r.mechanism = std::move(mechanism);
    message m{frame{}};
    detail::append_zap_request(m, "7", r);
    return to_parts(m);
  };
  CHECK(frames_for("PLAIN") == plain_request);
  CHECK(frames_for("NULL") == parts{"", "1.0", "7", "home", "192.0.2.1", "me", "NULL"});
  CHECK(frames_for("CURVE") == parts{"", "1.0", "7", "home", "192.0.2.1", "me", "CURVE", key});
}

TEST_CASE("2.3 ZAP a request is read with its envelope")
{
  for (parts const& from : {parts{"peer"}, parts{"proxy", "peer", "further"}}) {
    auto const q = question_of(plain_request, from);
    REQUIRE_FALSE(q.verdict);
    CHECK(to_parts(q.envelope) == and_then(from, ""));
    CHECK(q.id == "7");
    CHECK(q.request.domain == "home");
    CHECK(q.request.address == "192.0.2.1");
    CHECK(q.request.identity == "me");
    CHECK(q.request.mechanism == "PLAIN");
    CHECK(q.request.user_name == "bob");
    CHECK(q.request.password == "secret");
    CHECK(q.request.public_key.empty());
  }
  auto const null = question_of({"", "1.0", "", "", "", "", "NULL"});
  REQUIRE_FALSE(null.verdict);
  CHECK(null.request.mechanism == "NULL");
  CHECK(null.request.domain.empty());
  auto const curve = question_of({"", "1.0", "1", "", "", "", "CURVE", key});
  REQUIRE_FALSE(curve.verdict);
  CHECK(curve.request.public_key == key);
}

TEST_CASE("2.3 ZAP what is wrong with a request is said in a 500 with its id")
{
  auto const [request, reason] = GENERATE(table<parts, std::string>({
      {with(plain_request, 1, "1.1"), "a ZAP request of version \"1.1\""},
      {with(plain_request, 1, ""), "a ZAP request of version \"\""},
      {without_last(plain_request), "a ZAP request for PLAIN with 1 credentials"},
      {and_then(plain_request, ""), "a ZAP request for PLAIN with 3 credentials"},
      {{"", "1.0", "7", "home", "192.0.2.1", "me"}, "a ZAP request of 5 frames"},
      {with(plain_request, 3, std::string(256, 'd')), "a ZAP request with a field of 256 bytes"},
      {with(plain_request, 5, std::string(256, 'i')), "a ZAP request with a field of 256 bytes"},
      {with(plain_request, 8, std::string(256, 'p')), "a ZAP request with a field of 256 bytes"},
      {with(plain_request, 6, "GSSAPI"), "a ZAP request for mechanism \"GSSAPI\""},
      {with(plain_request, 6, ""), "a ZAP request for mechanism \"\""},
      {with(plain_request, 6, "NULL"), "a ZAP request for NULL with 2 credentials"},
      {{"", "1.0", "7", "", "", "", "CURVE", std::string(31, 'k')},
       "a ZAP request for CURVE with a key of 31 bytes"},
      {{"", "1.0", "7", "", "", "", "CURVE", std::string(40, 'k')},
       "a ZAP request for CURVE with a key of 40 bytes"},
  }));
  auto const q = question_of(request);
  REQUIRE(q.verdict);
  CHECK(q.verdict->status() == "500");
  CHECK(q.verdict->reason() == reason);
  CHECK(q.id == "7");
  CHECK(to_parts(q.envelope) == parts{"peer", ""});
}

TEST_CASE("2.3 ZAP nothing but an envelope, and no envelope at all, get an answer too")
{
  for (parts const& frames :
       {parts{"peer"}, parts{"peer", "1.0", "7", "home"}, parts{"peer", ""}, parts{"peer", "", "1.0"}}) {
    auto const q = detail::parse_zap_request(to_message(frames));
    REQUIRE(q.verdict);
    CHECK(q.verdict->status() == "500");
    CHECK(q.id.empty());
    CHECK(to_parts(q.envelope) == parts{"peer", ""});
  }
}

TEST_CASE("2.3 ZAP answers as frames")
{
  properties told;
  told.set("Group", "admins");
  CHECK(reply_frames(auth_reply::admit("bob")) == admitting);
  CHECK(reply_frames(auth_reply::admit()) == with(admitting, 5, ""));
  CHECK(reply_frames(auth_reply::admit("bob", told)) == with(admitting, 6,
                                                             std::string{"\x05Group\0\0\0\x06"
                                                                         "admins",
                                                                         16}));
  CHECK(reply_frames(auth_reply::refuse("not here")) == parts{"", "1.0", "7", "400", "not here", "", ""});
  CHECK(reply_frames(auth_reply::refuse_for_now("busy")) == parts{"", "1.0", "7", "300", "busy", "", ""});
  CHECK(reply_frames(auth_reply::fail("broken\n")) == parts{"", "1.0", "7", "500", "broken\\x0a", "", ""});
  CHECK(reply_frames({})[3] == "500");
  CHECK(reply_frames(auth_reply::refuse(std::string(1000, 'x')))[4].size() == 255);
}

TEST_CASE("2.3 ZAP what a reply cannot carry lets nobody in")
{
  properties told;
  told.set("not a name", "value");
  CHECK(reply_frames(auth_reply::admit("bob", told))[3] == "500");
  CHECK(reply_frames(auth_reply::admit(std::string(256, 'u')))[3] == "500");
  CHECK(reply_frames(auth_reply::admit(std::string(255, 'u')))[3] == "200");
  CHECK(reply_frames(auth_reply::admit("bob", told)).size() == 7);
}

TEST_CASE("2.3 ZAP answers are read")
{
  auto const yes = reply_of(with(admitting, 6,
                                 std::string{"\x05Group\0\0\0\x06"
                                             "admins",
                                             16}));
  REQUIRE(yes.admits());
  CHECK(yes.told().get("User-Id") == "bob");
  CHECK(yes.told().get("Group") == "admins");
  CHECK(reply_of(with(admitting, 5, "")).told().empty());

  auto const later = reply_of({"", "1.0", "7", "300", "busy", "", ""});
  CHECK_FALSE(later.admits());
  CHECK(later.status().empty());
  CHECK(later.reason() == "busy");
  auto const no = reply_of({"", "1.0", "7", "400", "not\there", "", ""});
  CHECK_FALSE(no.admits());
  CHECK(no.status() == "400");
  CHECK(no.reason() == "not\\x09here");
  auto const broken = reply_of({"", "1.0", "7", "500", "", "bob", ""});
  CHECK_FALSE(broken.admits());
  CHECK(broken.status() == "500");
  CHECK(broken.reason() == "the ZAP handler said 500");
}

TEST_CASE("2.3 ZAP a reply that is wrong in any way is a failure")
{
  auto const [reply, reason] = GENERATE(table<parts, std::string>({
      {with(admitting, 0, "x"), "no empty frame in front"},
      {with(admitting, 1, "2.0"), "version \"2.0\""},
      {with(admitting, 1, "1.0\n"), "version \"1.0\\x0a\""},
      {with(admitting, 2, "8"), "another request's id"},
      {with(admitting, 2, ""), "another request's id"},
      {with(admitting, 3, "201"), "status code \"201\""},
      {with(admitting, 3, "20"), "status code \"20\""},
      {with(admitting, 3, "2000"), "status code \"2000\""},
      {with(admitting, 3, "600"), "status code \"600\""},
      {with(admitting, 3, ""), "status code \"\""},
      {with(admitting, 5, std::string(256, 'u')), "a user id of 256 bytes"},
      {with(admitting, 6, "x"), "malformed metadata"},
      {without_last(admitting), "6 frames instead of 7"},
      {and_then(admitting, ""), "8 frames instead of 7"},
      {{""}, "1 frames instead of 7"},
  }));
  auto const r = reply_of(reply);
  CHECK_FALSE(r.admits());
  CHECK(r.status() == "500");
  CHECK(r.reason() == "the reply of the ZAP handler has " + reason);
}
