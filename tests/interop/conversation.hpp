// Two ends of any types that fit, and what they say to each other.
#pragma once

#include "interop/end.hpp"
#include "interop/our_end.hpp"
#include "interop/pairing.hpp"
#include "support/catch.hpp"
#include "support/parts.hpp"
#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cozmq::test {

// ---- the table --------------------------------------------------------------------------------------------------

struct cell {
  std::string_view ours;
  std::string_view theirs;
};

inline constexpr cell cells[] = {
    {"PAIR", "PAIR"},     {"PUSH", "PULL"},     {"PULL", "PUSH"},     {"PUB", "SUB"},    {"PUB", "XSUB"},
    {"SUB", "PUB"},       {"SUB", "XPUB"},      {"XPUB", "SUB"},      {"XPUB", "XSUB"},  {"XSUB", "PUB"},
    {"XSUB", "XPUB"},     {"REQ", "REP"},       {"REQ", "ROUTER"},    {"REP", "REQ"},    {"REP", "DEALER"},
    {"DEALER", "REP"},    {"DEALER", "DEALER"}, {"DEALER", "ROUTER"}, {"ROUTER", "REQ"}, {"ROUTER", "DEALER"},
    {"ROUTER", "ROUTER"},
};

inline std::string const our_id = "ours";
inline std::string const their_id = "theirs";

inline bool publishes(std::string_view type)
{
  return type == "PUB" || type == "XPUB";
}

inline bool subscribes(std::string_view type)
{
  return type == "SUB" || type == "XSUB";
}

// What a program sends and receives around the body: a ROUTER its peer's id, and who talks to a REQ or REP without
// being one the empty delimiter.
inline parts envelope(std::string_view mine, std::string_view other, std::string const& id_of_other)
{
  parts result;
  if (mine == "ROUTER")
    result.push_back(id_of_other);
  if ((other == "REQ" || other == "REP") && (mine == "ROUTER" || mine == "DEALER"))
    result.emplace_back();
  return result;
}

inline parts enveloped(parts message, parts const& body)
{
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

// ---- what two ends say to each other ----------------------------------------------------------------------------

// Raises nothing by itself: a line for each part is what a failure needs to show of messages of a mebibyte.
inline std::string outline(parts const& message)
{
  std::string text;
  for (std::string const& part : message)
    text += fmt::format(" [{} bytes: {}]", part.size(), cozmq::frame{part.substr(0, 20)});
  return text;
}

inline asio::awaitable<void> expect(end& at, parts expected)
{
  parts const received = co_await at.receive();
  INFO("received" << outline(received) << ", expected" << outline(expected));
  REQUIRE((received == expected));
}

inline asio::awaitable<void> stream(end& from, end& to, std::vector<parts> const& samples)
{
  for (parts const& sample : samples)
    co_await from.send(sample);
  for (parts const& sample : samples)
    co_await expect(to, sample);
}

inline asio::awaitable<void> subscribe(end& at, std::string_view type, bool on)
{
  if (type == "XSUB") {
    parts const command{std::string(1, on ? '\1' : '\0')};
    co_await at.send(command);
  } else if (on) {
    co_await at.subscribe("");
  } else {
    co_await at.unsubscribe("");
  }
}

// A PUB does not know who has subscribed, and ours knows more than theirs: theirs repeats "sync" until we have it.
inline asio::awaitable<void> listen_to_pub(our_end& ours, end& theirs, std::vector<parts> const& samples)
{
  parts const sync{"sync"};
  while (!ours.readable())
    co_await theirs.send(sync);
  for (parts const& sample : samples)
    co_await theirs.send(sample);
  parts received = sync;
  while (received == sync)
    received = co_await ours.receive();
  REQUIRE((received == samples.front()));
  for (std::size_t i = 1; i < samples.size(); ++i)
    co_await expect(ours, samples[i]);
}

inline asio::awaitable<void> publish(cell types, our_end& ours, end& theirs,
                                     std::vector<parts> const& samples)
{
  bool const we_publish = publishes(types.ours);
  end& publisher = we_publish ? ours : theirs;
  end& subscriber = we_publish ? theirs : ours;
  std::string_view const publisher_type = we_publish ? types.ours : types.theirs;
  std::string_view const subscriber_type = we_publish ? types.theirs : types.ours;

  co_await subscribe(subscriber, subscriber_type, true);
  if (types.theirs == "PUB") {
    co_await listen_to_pub(ours, theirs, samples);
    co_return;
  }
  while (we_publish && !ours.has_subscribers())
    co_await theirs.attend();
  if (publisher_type == "XPUB") {
    parts const subscription{std::string(1, '\1')};
    co_await expect(publisher, subscription);
  }
  co_await stream(publisher, subscriber, samples);
  if (publisher_type == "XPUB") {
    co_await subscribe(subscriber, subscriber_type, false);
    parts const cancellation{std::string(1, '\0')};
    co_await expect(publisher, cancellation);
  }
  if (publisher_type == "XPUB" && subscriber_type == "XSUB") {
    parts const upstream{"what an XSUB sends"};
    co_await subscriber.send(upstream);
    co_await expect(publisher, upstream);
  }
}

// Each sample there and back. A ROUTER, unless it knows its peer's id already, and a REP wait to be spoken to.
inline asio::awaitable<void> talk(cell types, our_end& ours, end& theirs, std::vector<parts> const& samples)
{
  parts const around_ours = envelope(types.ours, types.theirs, their_id);
  parts const around_theirs = envelope(types.theirs, types.ours, our_id);
  bool const they_begin = types.theirs == "REQ" || types.theirs == "DEALER";
  if (!they_begin)
    co_await ours.wait_connected();
  for (parts const& sample : samples) {
    end& first = they_begin ? theirs : ours;
    end& second = they_begin ? ours : theirs;
    parts const at_first = enveloped(they_begin ? around_theirs : around_ours, sample);
    parts const at_second = enveloped(they_begin ? around_ours : around_theirs, sample);
    co_await first.send(at_first);
    co_await expect(second, at_second);
    co_await second.send(at_second);
    co_await expect(first, at_first);
  }
}

inline asio::awaitable<void> converse(cell types, our_end& ours, end& theirs,
                                      std::vector<parts> const& samples)
{
  if (publishes(types.ours) || subscribes(types.ours))
    co_await publish(types, ours, theirs, samples);
  else if (types.ours == "PUSH")
    co_await stream(ours, theirs, samples);
  else if (types.ours == "PULL")
    co_await stream(theirs, ours, samples);
  else
    co_await talk(types, ours, theirs, samples);
}

inline asio::awaitable<void> join_ends(our_end& ours, end& theirs, std::string any_address, bool we_bind)
{
  if (we_bind) {
    std::string const endpoint = co_await ours.bind(any_address);
    co_await theirs.connect(endpoint);
  } else {
    std::string const endpoint = co_await theirs.bind(any_address);
    co_await ours.connect(endpoint);
  }
}

inline std::string title(cell types, std::string const& any_address, bool we_bind)
{
  return fmt::format("our {} {} their {} at {}", types.ours, we_bind ? "bound, " : "connected to",
                     types.theirs, any_address);
}

// Messages whose hex is no burden to either side.
inline std::vector<parts> modest_samples()
{
  std::vector<parts> result;
  for (parts const& sample : samples()) {
    std::size_t size = 0;
    for (std::string const& part : sample)
      size += part.size();
    if (size <= 70'000)
      result.push_back(sample);
  }
  return result;
}

}  // namespace cozmq::test
