// Says once what is wrong with an endpoint, not at every attempt.
#pragma once

#include <cozmq/core/log.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace cozmq::engine {

/// The troubles of one endpoint: a cause is logged when it first shows, and again only after another one or after
/// things went well for a while. Strangers make up causes, so there is a limit to the lines of a minute.
class trouble {
 public:
  explicit trouble(std::string endpoint) : endpoint_{std::move(endpoint)} {}

  void report(std::string_view cause) { report(cause, cause); }

  /// With a `text` that says more than the cause, such as a port that differs each time.
  void report(std::string_view cause, std::string_view text)
  {
    ++count_;
    if (cause == last_)
      return;
    last_ = cause;
    auto const now = std::chrono::steady_clock::now();
    if (now - since_ >= std::chrono::minutes{1}) {
      since_ = now;
      lines_ = 0;
    }
    if (lines_++ < most_lines)
      write_log(log_level::warn, "{}: {}", endpoint_, text);
    else if (lines_ == most_lines + 1)
      write_log(log_level::warn, "{}: and other troubles, which are not logged for a minute", endpoint_);
  }

  /// A connection that was good for `that_long` has ended. One that the peer drops at once, every time, is trouble too.
  void over(std::chrono::steady_clock::duration that_long)
  {
    if (that_long < lasting)
      return;
    if (count_ > 0)
      write_log(log_level::info, "{}: connected after {} failed attempts", endpoint_, count_);
    count_ = 0;
    last_.clear();
  }

  std::uint64_t count() const noexcept { return count_; }

 private:
  static constexpr std::chrono::seconds lasting{5};
  static constexpr std::uint64_t most_lines = 8;

  std::string endpoint_;
  std::string last_;
  std::uint64_t count_ = 0;
  std::uint64_t lines_ = 0;  // since then
  std::chrono::steady_clock::time_point since_{};
};

}  // namespace cozmq::engine
