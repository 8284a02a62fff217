// What one socket counts, and whom it tells what happens: nobody, until somebody asks.
#pragma once

#include <cozmq/engine/event_stream.hpp>
#include <cozmq/engine/options.hpp>
#include <cozmq/engine/socket_stats.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace cozmq::engine {

/// Where connections, listeners and dialers report to. Not thread-safe.
class observer {
 public:
  /// Counts what is over. What live connections have passed and queued is theirs, and is added when asked for.
  socket_stats counters;

  peer_id new_peer() noexcept { return ++last_peer_; }

  /// `make()` gives the event; it is called only if somebody wants events.
  template <class Make>
  void report(Make&& make)
  {
    if (stream_)
      stream_->push(std::forward<Make>(make)());
  }

  std::shared_ptr<event_stream> const& stream() const noexcept { return stream_; }

  /// Does what the options say about events.
  void configure(asio::any_io_executor const& executor, socket_options const& options)
  {
    if (options.events_kept == 0)
      return end(asio::error::operation_aborted);
    if (stream_)
      stream_->configure(options.events_kept, options.events_wanted);
    else
      stream_ = std::make_shared<event_stream>(executor, options.events_kept, options.events_wanted);
  }

  /// As end(), when the execution context goes first.
  void abandon(std::error_code why) noexcept
  {
    if (auto const going = std::exchange(stream_, nullptr))
      going->abandon(why);
  }

  /// No event follows.
  void end(std::error_code why)
  {
    if (auto const ending = std::exchange(stream_, nullptr))
      ending->end(why);
  }

 private:
  peer_id last_peer_ = 0;
  std::shared_ptr<event_stream> stream_;
};

}  // namespace cozmq::engine
