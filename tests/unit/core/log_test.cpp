#include <cozmq/core/log.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using cozmq::log_enabled;
using cozmq::log_level;
using cozmq::set_log;
using cozmq::write_log;

namespace {

// Collects lines while it lives, then puts the log back to what it is by default.
struct captured_log {
  explicit captured_log(log_level level)
  {
    set_log(level, [this](log_level at, std::string_view line) {
      lines.push_back(std::string{to_string(at)}.append(": ").append(line));
    });
  }
  captured_log(captured_log const&) = delete;
  captured_log& operator=(captured_log const&) = delete;
  ~captured_log() { set_log(log_level::warn); }

  std::vector<std::string> lines;
};

struct costly {
  int* formatted;
};

}  // namespace

template <>
struct fmt::formatter<costly> : fmt::formatter<int> {
  template <class Context>
  auto format(costly const& value, Context& context) const
  {
    return fmt::formatter<int>::format(++*value.formatted, context);
  }
};

TEST_CASE("levels have names, and unknown names have no level")
{
  CHECK(cozmq::parse_log_level("off") == log_level::off);
  CHECK(cozmq::parse_log_level("trace") == log_level::trace);
  CHECK_FALSE(cozmq::parse_log_level("WARN"));
  CHECK_FALSE(cozmq::parse_log_level(""));
  CHECK(to_string(log_level::info) == "info");
}

TEST_CASE("a line goes to the sink when its level is enabled")
{
  captured_log log{log_level::info};
  write_log(log_level::error, "one");
  write_log(log_level::info, "two {}", 2);
  write_log(log_level::debug, "three");
  write_log(log_level::debug, "four {}", 4);
  write_log(log_level::off, "five");
  CHECK(log.lines == std::vector<std::string>{"error: one", "info: two 2"});
  CHECK(log_enabled(log_level::warn));
  CHECK_FALSE(log_enabled(log_level::debug));
}

TEST_CASE("off logs nothing at all")
{
  captured_log log{log_level::off};
  write_log(log_level::error, "one");
  write_log(log_level::off, "two");
  CHECK(log.lines.empty());
  CHECK_FALSE(log_enabled(log_level::error));
  CHECK_FALSE(log_enabled(log_level::off));
}

TEST_CASE("what a peer puts into a line cannot end it or steer the terminal")
{
  captured_log log{log_level::warn};
  write_log(log_level::warn, "peer said: a\nforged\x1b[2J");
  write_log(log_level::warn, "peer said: {}", "b\r");
  CHECK(log.lines ==
        std::vector<std::string>{R"(warn: peer said: a\x0aforged\x1b[2J)", R"(warn: peer said: b\x0d)"});
}

TEST_CASE("a text without arguments is no format")
{
  captured_log log{log_level::warn};
  write_log(log_level::warn, "{} {x");
  CHECK(log.lines == std::vector<std::string>{"warn: {} {x"});
}

TEST_CASE("a disabled line is not formatted")
{
  captured_log log{log_level::warn};
  int formatted = 0;
  write_log(log_level::debug, "{}", costly{&formatted});
  CHECK(formatted == 0);
  write_log(log_level::warn, "{}", costly{&formatted});
  CHECK(formatted == 1);
}

TEST_CASE("a sink may throw, log, and replace itself")
{
  std::vector<std::string> lines;
  set_log(log_level::warn, [](log_level, std::string_view) { throw std::runtime_error{"sink"}; });
  write_log(log_level::warn, "lost");
  set_log(log_level::warn, [&lines, depth = 0](log_level, std::string_view line) mutable {
    lines.emplace_back(line);
    if (++depth == 1)
      write_log(log_level::warn, "inner");
    else
      set_log(log_level::warn,
              [&lines](log_level, std::string_view next) { lines.push_back("new " + std::string{next}); });
    lines.emplace_back("end " + std::string{line});
  });
  write_log(log_level::warn, "outer");
  write_log(log_level::warn, "last");
  set_log(log_level::warn);
  CHECK(lines == std::vector<std::string>{"outer", "inner", "end inner", "end outer", "new last"});
}

TEST_CASE("many threads may log, and the sink sees one line at a time")
{
  std::atomic<int> inside{0};
  int lines = 0;
  bool overlapped = false;
  set_log(log_level::info, [&](log_level, std::string_view) {
    overlapped = overlapped || ++inside != 1;
    ++lines;
    --inside;
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int line = 0; line < 500; ++line)
        write_log(log_level::info, "{}", line);
    });
  for (std::thread& each : threads)
    each.join();
  set_log(log_level::warn);
  CHECK(lines == 2000);
  CHECK_FALSE(overlapped);
}

TEST_CASE("COZMQ_LOG names the level; without it, or with another word, it is warn")
{
  captured_log log{log_level::warn};
  CHECK(cozmq::detail::log_level_from_environment(nullptr) == log_level::warn);
  CHECK(cozmq::detail::log_level_from_environment("debug") == log_level::debug);
  CHECK(cozmq::detail::log_level_from_environment("off") == log_level::off);
  CHECK(log.lines.empty());
  CHECK(cozmq::detail::log_level_from_environment("verbose") == log_level::warn);
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0] == "warn: COZMQ_LOG=verbose: no such level; use off, error, warn, info, debug or trace");
}
