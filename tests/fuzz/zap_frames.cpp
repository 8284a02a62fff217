// ZAP: frames are a request, or a refusal in words; and a reply that lets somebody in, or one that does not.
#include <cozmq/service/zap_frames.hpp>

#include "fuzz/targets.hpp"

#include <string>

namespace cozmq::fuzz {

namespace {

using texts = std::vector<std::string>;

// Frames: a size each, and its octets; or the words that requests and replies are made of.
texts frames_of(byte_view input)
{
  constexpr std::string_view words[] = {
      "",    "1.0", "1",   "NULL", "PLAIN", "CURVE", "192.0.2.1",
      "200", "300", "400", "500",  "OK",    "admin", "01234567890123456789012345678901"};
  texts frames;
  while (!input.empty() && frames.size() < 24) {
    std::size_t const what = take(input);
    if (what >= 240 && what - 240 < std::size(words)) {
      frames.emplace_back(words[what - 240]);
      continue;
    }
    std::size_t const announced = what == 239 ? take(input, 2) : what;
    std::size_t const size = std::min(announced, input.size());
    frames.emplace_back(as_text(input.first(size)));
    input = input.subspan(size);
  }
  return frames;
}

message message_of(texts const& frames)
{
  message m;
  for (std::string const& each : frames)
    m.push_back(frame{each});
  return m;
}

texts texts_of(message const& m)
{
  texts frames;
  for (frame const& each : m)
    frames.push_back(each.str());
  return frames;
}

void check_reason(auth_reply const& reply)
{
  std::string const& reason = reply.reason();
  expect(!reply.admits() && !reason.empty() && reason.size() < 256, "a refusal has a short reason");
  expect(std::all_of(reason.begin(), reason.end(), [](char c) { return c >= ' ' && c <= '~'; }),
         "that is safe to print");
}

// [RFC 27] Is it a request, from its version on?
bool is_request(texts const& frames, std::size_t at)
{
  if (frames.size() < at + 6 || frames[at] != "1.0")
    return false;
  for (std::size_t i = at + 2; i < frames.size(); ++i)
    if (frames[i].size() > 255)
      return false;
  std::string const& mechanism = frames[at + 5];
  std::size_t const more = frames.size() - at - 6;
  return (mechanism == "NULL" && more == 0) || (mechanism == "PLAIN" && more == 2) ||
         (mechanism == "CURVE" && more == 1 && frames.back().size() == 32);
}

void check_request(texts const& frames)
{
  std::size_t const delimiter =
      static_cast<std::size_t>(std::find(frames.begin(), frames.end(), std::string{}) - frames.begin());
  detail::zap_question const q = detail::parse_zap_request(message_of(frames));
  bool const good = delimiter < frames.size() && is_request(frames, delimiter + 1);
  expect(q.verdict.has_value() == !good, "a request is understood, and nothing else is");
  expect(!q.envelope.empty() && q.envelope.back().empty(), "an answer goes behind an empty frame");
  if (delimiter < frames.size())
    expect(texts_of(q.envelope) ==
               texts(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(delimiter) + 1),
           "an answer has the envelope of its request");
  if (q.verdict)
    return check_reason(*q.verdict);
  message again = q.envelope;
  detail::append_zap_request(again, q.id, q.request);
  expect(texts_of(again) == frames, "a request is written alike");
}

// Told properties, whatever their order.
std::vector<std::pair<std::string, std::string>> sorted(cozmq::properties const& all)
{
  std::vector<std::pair<std::string, std::string>> result;
  for (auto const& [name, value] : all)
    result.emplace_back(name, value);
  std::sort(result.begin(), result.end());
  return result;
}

void check_reply(texts const& frames)
{
  std::string const id = frames.size() > 2 ? frames[2] : "7";
  auth_reply const reply = detail::parse_zap_reply(message_of(frames), id);
  bool const form = frames.size() == 7 && frames[0].empty() && frames[1] == "1.0";
  if (!form || frames[3] != "200")
    expect(!reply.admits(), "nobody is let in but by a reply that says so");
  if (!reply.admits())
    check_reason(reply);
  expect(!detail::parse_zap_reply(message_of(frames), id + "x").admits(),
         "the answer to another question is none");
  message written{frame{}};
  detail::append_zap_reply(written, id, reply);
  expect(written.size() == 7, "a reply has seven frames");
  for (std::size_t const i : {1U, 3U, 4U, 5U})
    expect(written[i].size() <= 255, "a reply keeps to the sizes of its fields");
  auth_reply const again = detail::parse_zap_reply(written, id);
  if (!reply.admits()) {
    expect(!again.admits() && again.status() == reply.status(), "a refusal stays one, with its status");
  } else if (reply.told().get("User-Id").value_or("").size() <= 255) {
    expect(again.admits() && sorted(again.told()) == sorted(reply.told()),
           "what is told of a peer stays the same");
  } else {
    expect(!again.admits(), "what cannot be said does not let anybody in");
  }
}

}  // namespace

void zap_frames(byte_view input)
{
  bool const replies = (take(input) & 1U) != 0;
  texts const frames = frames_of(input);
  if (replies)
    check_reply(frames);
  else
    check_request(frames);
}

}  // namespace cozmq::fuzz
