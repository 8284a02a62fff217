// ZAP as frames: what a server asks about a peer, and what the handler answers.
#pragma once

#include <cozmq/engine/authentication.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/wire/printable.hpp>
#include <cozmq/wire/properties_codec.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq {

/// Where the one handler of a context is bound.
inline constexpr std::string_view zap_endpoint = "inproc://zeromq.zap.01";

namespace detail {

inline constexpr std::string_view zap_version = "1.0";
inline constexpr std::size_t max_zap_text = 255;  // [RFC 27, message format] of every string field
inline constexpr std::size_t zap_key_size = 32;

/// A request, as a handler has it.
struct zap_question {
  message envelope{};  ///< what goes in front of the reply
  std::string id{};
  auth_request request{};
  std::optional<auth_reply> verdict{};  ///< the answer, when there is something wrong with the request itself
};

inline void append_frames(message& to, std::initializer_list<std::string_view> fields)
{
  for (std::string_view const field : fields)
    to.push_back(frame{field});
}

/// Appends a request to its envelope.
inline void append_zap_request(message& to, std::string_view id, auth_request const& r)
{
  append_frames(to, {zap_version, id, r.domain, r.address, r.identity, r.mechanism});
  if (r.mechanism == "PLAIN")
    append_frames(to, {r.user_name, r.password});
  else if (r.mechanism == "CURVE")
    append_frames(to, {r.public_key});
}

/// Appends a reply to its envelope.
inline void append_zap_reply(message& to, std::string_view id, auth_reply const& r)
{
  append_frames(to, {zap_version, id});
  std::string reason = r.reason();
  std::string_view status = r.status();
  if (r.admits()) {
    properties told = r.told();
    std::string const user_id{told.get("User-Id").value_or("")};
    told.erase("User-Id");
    std::vector<std::byte> metadata;
    if (user_id.size() <= max_zap_text && wire::append_properties(metadata, told))
      return append_frames(to, {"200", "OK", user_id, as_text(metadata)});
    reason = "the authenticator let it in, with properties that a reply cannot carry";
    status = "500";
  }
  append_frames(to, {status.empty() ? "300" : status, wire::printable(reason, max_zap_text), "", ""});
}

// Why a request is not one; empty when it is. `at` is where its version is, or would be.
inline std::string wrong_zap_request(message const& m, std::size_t at)
{
  if (m.size() - at < 6)
    return "a ZAP request of " + std::to_string(m.size() - at) + " frames";
  if (m[at] != zap_version)
    return "a ZAP request of version \"" + wire::printable(m[at].view(), 16) + "\"";
  for (std::size_t i = at + 2; i < m.size(); ++i)
    if (m[i].size() > max_zap_text)
      return "a ZAP request with a field of " + std::to_string(m[i].size()) + " bytes";
  std::string_view const mechanism = m[at + 5].view();
  std::size_t const credentials = m.size() - at - 6;
  std::optional<std::size_t> const expected = mechanism == "NULL"    ? std::optional<std::size_t>{0}
                                              : mechanism == "PLAIN" ? std::optional<std::size_t>{2}
                                              : mechanism == "CURVE" ? std::optional<std::size_t>{1}
                                                                     : std::nullopt;
  if (!expected)
    return "a ZAP request for mechanism \"" + wire::printable(mechanism, 32) + "\"";
  if (credentials != *expected)
    return "a ZAP request for " + std::string{mechanism} + " with " + std::to_string(credentials) +
           " credentials";
  if (mechanism == "CURVE" && m.back().size() != zap_key_size)
    return "a ZAP request for CURVE with a key of " + std::to_string(m.back().size()) + " bytes";
  return {};
}

/// Takes a request apart, as a ROUTER receives it: any number of routing ids, an empty frame, the request.
inline zap_question parse_zap_request(message const& m)
{
  zap_question q;
  std::size_t at = 0;
  while (at < m.size() && !m[at].empty())
    q.envelope.push_back(m[at++]);
  if (at == m.size()) {
    // Whoever has sent it without an envelope gets one: it may look for nothing else.
    while (q.envelope.size() > 1)
      q.envelope.pop_back();
    q.envelope.push_back(frame{});
    q.verdict = auth_reply::fail("a ZAP request without an empty frame in front");
    return q;
  }
  q.envelope.push_back(m[at++]);
  if (m.size() - at > 1)
    q.id = m[at + 1].str();
  if (std::string wrong = wrong_zap_request(m, at); !wrong.empty()) {
    q.verdict = auth_reply::fail(std::move(wrong));
    return q;
  }
  q.request.domain = m[at + 2].str();
  q.request.address = m[at + 3].str();
  q.request.identity = m[at + 4].str();
  q.request.mechanism = m[at + 5].str();
  if (q.request.mechanism == "PLAIN") {
    q.request.user_name = m[at + 6].str();
    q.request.password = m[at + 7].str();
  } else if (q.request.mechanism == "CURVE") {
    q.request.public_key = m[at + 6].str();
  }
  return q;
}

/// Reads a reply, as a DEALER receives it, to the request of that id. What is wrong in any way is a failure of the handler.
inline auth_reply parse_zap_reply(message const& m, std::string_view id)
{
  auto const wrong = [](std::string what) {
    return auth_reply::fail("the reply of the ZAP handler has " + std::move(what));
  };
  if (m.size() != 7)
    return wrong(std::to_string(m.size()) + " frames instead of 7");
  if (!m[0].empty())
    return wrong("no empty frame in front");
  if (m[1] != zap_version)
    return wrong("version \"" + wire::printable(m[1].view(), 16) + "\"");
  if (m[2] != id)
    return wrong("another request's id");
  std::string_view const status = m[3].view();
  std::string said =
      m[4].empty() ? "the ZAP handler said " + wire::printable(status, 16) : wire::printable(m[4].view());
  if (status == "300")
    return auth_reply::refuse_for_now(std::move(said));
  if (status == "400")
    return auth_reply::refuse(std::move(said));
  if (status == "500")
    return auth_reply::fail(std::move(said));
  if (status != "200")
    return wrong("status code \"" + wire::printable(status, 16) + "\"");
  if (m[5].size() > max_zap_text)
    return wrong("a user id of " + std::to_string(m[5].size()) + " bytes");
  std::error_code ec;
  properties told = wire::parse_properties(m[6].bytes(), ec);
  if (ec)
    return wrong("malformed metadata");
  told.erase("User-Id");  // it has a frame of its own
  return auth_reply::admit(m[5].str(), std::move(told));
}

}  // namespace detail

}  // namespace cozmq
