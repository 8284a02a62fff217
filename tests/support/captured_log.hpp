// The library's log lines, kept for a test instead of being printed.
#pragma once

#include <cozmq/core/log.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cozmq::test {

class captured_log {
 public:
  explicit captured_log(log_level level = log_level::warn)
  {
    set_log(level, [this](log_level, std::string_view line) { lines.emplace_back(line); });
  }

  captured_log(captured_log const&) = delete;
  captured_log& operator=(captured_log const&) = delete;
  ~captured_log() { set_log(log_level::warn); }

  // How many lines say `text`.
  std::size_t count(std::string_view text) const
  {
    auto const says = [text](std::string const& line) { return line.find(text) != std::string::npos; };
    return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), says));
  }

  std::vector<std::string> lines;
};

}  // namespace cozmq::test
