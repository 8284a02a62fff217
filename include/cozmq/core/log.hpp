// The library's log: one line per trouble, to standard error unless the application wants it elsewhere.
#pragma once

#include <cozmq/core/escape.hpp>

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cozmq {

/// How much is logged; each level includes those before it.
enum class log_level : std::uint8_t { off, error, warn, info, debug, trace };

inline constexpr std::array<std::string_view, 6> log_level_names{"off",  "error", "warn",
                                                                 "info", "debug", "trace"};

constexpr std::string_view to_string(log_level level) noexcept
{
  return log_level_names[static_cast<std::size_t>(level)];
}

/// The level of that name, or nothing.
constexpr std::optional<log_level> parse_log_level(std::string_view name) noexcept
{
  for (std::size_t i = 0; i < log_level_names.size(); ++i)
    if (log_level_names[i] == name)
      return static_cast<log_level>(i);
  return std::nullopt;
}

/// Receives log lines, without a line end and with control characters escaped. Called from any thread, one
/// call at a time; what it throws is ignored.
using log_sink = std::function<void(log_level, std::string_view)>;

namespace detail {

inline void log_to_stderr(log_level level, std::string_view text)
{
  std::string line = "cozmq ";
  line.append(to_string(level)).append(": ").append(text).append("\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

struct log_state {
  std::recursive_mutex mutex;  // recursive: a sink may log, or replace itself
  std::shared_ptr<log_sink const> sink = std::make_shared<log_sink const>(&log_to_stderr);
};

inline log_state& the_log_state()
{
  // Never destroyed: threads may still log while static objects go.
  static auto* const state = new log_state;
  return *state;
}

// Above every level: the environment has not been read yet.
inline constexpr std::uint8_t log_level_unset = 255;
inline std::atomic<std::uint8_t> log_level_now{log_level_unset};

inline void emit_log(log_level level, std::string_view text) noexcept
{
  try {
    std::string const line = escaped(text);
    log_state& state = the_log_state();
    std::lock_guard const lock{state.mutex};
    std::shared_ptr<log_sink const> const sink = state.sink;
    (*sink)(level, line);
  } catch (...) {
    // A log that fails must not take down what it reports on.
  }
}

/// The level that a value of COZMQ_LOG asks for; warn when there is none or it is no level.
inline log_level log_level_from_environment(char const* value)
{
  if (value == nullptr)
    return log_level::warn;
  if (auto const level = parse_log_level(value))
    return *level;
  emit_log(log_level::warn,
           std::string{"COZMQ_LOG="} + value + ": no such level; use off, error, warn, info, debug or trace");
  return log_level::warn;
}

[[gnu::noinline]] inline std::uint8_t read_log_environment() noexcept
{
  static log_level const level = log_level_from_environment(std::getenv("COZMQ_LOG"));
  std::uint8_t expected = log_level_unset;
  log_level_now.compare_exchange_strong(expected, static_cast<std::uint8_t>(level));
  return log_level_now.load();
}

}  // namespace detail

/// Whether a line of this level would go anywhere: ask before building an expensive text. Thread-safe, one
/// load.
inline bool log_enabled(log_level level) noexcept
{
  std::uint8_t now = detail::log_level_now.load(std::memory_order_relaxed);
  if (now == detail::log_level_unset) [[unlikely]]
    now = detail::read_log_environment();
  return level != log_level::off && static_cast<std::uint8_t>(level) <= now;
}

/// Sets the level and where the lines go; an empty sink is standard error. Wins over the environment variable
/// COZMQ_LOG, which is read once when nothing was set. Thread-safe: when it returns, no other thread is
/// inside the old sink any more.
inline void set_log(log_level level, log_sink sink = {})
{
  if (!sink)
    sink = &detail::log_to_stderr;
  auto next = std::make_shared<log_sink const>(std::move(sink));
  detail::log_state& state = detail::the_log_state();
  std::lock_guard const lock{state.mutex};
  state.sink.swap(next);
  detail::log_level_now.store(static_cast<std::uint8_t>(level));
}

/// Writes one line if its level is enabled. Never throws. Thread-safe.
inline void write_log(log_level level, std::string_view text) noexcept
{
  if (log_enabled(level))
    detail::emit_log(level, text);
}

/// Formats and writes one line; nothing is formatted when the level is disabled.
template <class First, class... More>
void write_log(log_level level, fmt::format_string<First, More...> format, First&& first,
               More&&... more) noexcept
{
  if (!log_enabled(level))
    return;
  try {
    detail::emit_log(level, fmt::format(format, std::forward<First>(first), std::forward<More>(more)...));
  } catch (...) {
    // As in emit_log: a text that cannot be built is not worth an exception.
  }
}

}  // namespace cozmq
