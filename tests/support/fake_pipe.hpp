// A peer without a connection: it keeps what is written to it and hands out what the test puts in.
#pragma once

#include <cozmq/routing/pipe.hpp>

#include <cstddef>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::test {

using texts = std::vector<std::string>;

inline texts frames_of(message const& m)
{
  texts result;
  for (frame const& part : m)
    result.push_back(part.str());
  return result;
}

inline message message_of(texts const& parts)
{
  message result;
  for (std::string const& part : parts)
    result.push_back(frame{part});
  return result;
}

class fake_pipe final : public routing::pipe {
 public:
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  explicit fake_pipe(std::size_t room_for = unlimited) : room{room_for} {}

  std::size_t room;                                         // how many messages it still takes
  std::deque<message> written;                              // what routing wrote or published
  std::deque<message> unread;                               // what read() gives
  std::vector<std::vector<std::byte>> encoded;              // of each published message
  std::vector<std::pair<bool, std::string>> subscriptions;  // what the peer was told
  std::vector<std::error_code> rejections;
  bool held = false;        // routing does not want to be told more
  bool has_settled = true;  // the peer has handled its subscriptions
  std::string announced;    // the peer's routing id

  bool write(message& m) override
  {
    if (room == 0)
      return false;
    --room;
    m.keep();
    written.push_back(std::move(m));
    m.clear();
    return true;
  }

  bool publish(routing::published const& m) override
  {
    if (room == 0)
      return false;
    --room;
    written.push_back(m.body);
    encoded.emplace_back(m.encoded.begin(), m.encoded.end());
    return true;
  }

  bool read(message& to) override
  {
    if (unread.empty())
      return false;
    to = std::move(unread.front());
    unread.pop_front();
    return true;
  }

  bool writable() noexcept override { return room > 0; }
  std::size_t queued() const noexcept override { return written.size(); }

  void subscribe(bool wanted, byte_view topic) override
  {
    subscriptions.emplace_back(wanted, std::string{as_text(topic)});
  }

  bool settled() override { return has_settled; }
  void hold(bool on) override { held = on; }

  void reject(std::error_code why) override { rejections.push_back(why); }
  byte_view identity() const noexcept override { return as_bytes(announced); }
  void inject(message m) override { unread.push_back(std::move(m)); }
  void greet(std::span<message const> messages) override
  {
    written.insert(written.begin(), messages.begin(), messages.end());
  }
  void retract() override { written.clear(); }

  // The oldest message written, as texts; none when nothing was written.
  texts next()
  {
    if (written.empty())
      return {};
    texts result = frames_of(written.front());
    written.pop_front();
    return result;
  }
};

}  // namespace cozmq::test
